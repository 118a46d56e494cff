"""Provides imports of small invented lists into a ledger, and what the ledger then holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from charity.reporting.dates import GivenDay
from charity.reporting.importing import import_donation_list
from charity.reporting.requests import ImportRequest, ImportResult
from ledger.log import Ledger
from tests.charity.lists import TODAY, write_csv
from tests.conftest import ORGANISATION

COLUMNS = "捐赠日期,捐赠人,金额（元）,备注"
NUMBERED_COLUMNS = "捐赠日期,捐赠人,金额（元）,交易单号"


def write_list(folder: Path, *rows: str, name: str = "list.csv", columns: str = COLUMNS) -> Path:
    """Write a list: each row is what stands behind its date, 2025-12-01."""
    return write_csv(folder / name, columns, *(f"2025-12-01,{row}" for row in rows))


async def run_import(
    ledger: Ledger,
    path: Path,
    accept: Sequence[str] = (),
    *,
    consent: str | None = None,
    dry_run: bool = False,
    given: str | None = None,
    organisation: str = ORGANISATION,
    fund: str = "general",
    columns: Mapping[str, str] | None = None,
) -> ImportResult:
    """Import a list as of the first day of 2026."""
    request = ImportRequest(
        path=path,
        organisation=organisation,
        today=TODAY,
        fund=fund,
        given_day=GivenDay.parse(given) if given else None,
        consent=consent,
        accept=accept,
        dry_run=dry_run,
        columns=columns or {},
    )
    return await import_donation_list(ledger, request)


def told(result: ImportResult) -> tuple[int, int, list[str]]:
    """Return what an import appended, what it knew, and the kinds of its problems."""
    return result.appended, result.known, [problem.code for problem in result.problems]
