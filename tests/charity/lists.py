"""Provides donation lists with invented donors, written as files for tests."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from charity.reporting.amount_checks import NOTHING_EXPECTED, Expected
from charity.reporting.donation_list import DonationList, GivenDay, read_donation_list
from charity.reporting.workbooks import open_file, read_workbook

TODAY = date(2026, 1, 1)
HEADER = ("捐赠日期", "捐赠人", "金额（元）", "备注")


def write_xlsx(path: Path, *sheets: Sequence[Any], names: Sequence[str] = ()) -> Path:
    """Write sheets of rows; text that begins with `=` becomes a formula, as in a spreadsheet."""
    with xlsxwriter.Workbook(path, {"nan_inf_to_errors": True}) as book:
        for index, rows in enumerate(sheets):
            sheet = book.add_worksheet(names[index] if names else None)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return path


def write_csv(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    """Write lines of text."""
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    return path


def gift(
    donor: object = "虚构捐赠人", amount: object = 100.0, day: object = "2020.01.22"
) -> list[object]:
    """Return one row under `HEADER`."""
    return [day, donor, amount, ""]


def read(
    path: Path,
    *accept: str,
    given: str | None = None,
    columns: Mapping[str, str] | None = None,
    expected: Expected = NOTHING_EXPECTED,
) -> DonationList:
    """Read a list as of the first day of 2026."""
    given_day = GivenDay.parse(given) if given else None
    return read_donation_list(
        read_workbook(open_file(path)),
        given_day=given_day,
        accept=accept,
        today=TODAY,
        columns=columns or {},
        expected=expected,
    )


def codes(gifts: DonationList) -> list[tuple[str, str | None]]:
    """Return the kinds and cells of the open problems."""
    return [(problem.code, problem.cell) for problem in gifts.problems]


def noticed(gifts: DonationList) -> set[str]:
    """Return the kinds of notices."""
    return {notice.code for notice in gifts.notices}
