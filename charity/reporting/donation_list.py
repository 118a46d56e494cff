"""Provides the reading of a published donation list into checked rows, without any database.

Everything that is wrong with rows is collected, so that one reading shows all of it; only a file
that cannot be read at all is refused.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from charity.reporting.amount_checks import NOTHING_EXPECTED, Expected, check_amounts
from charity.reporting.cells import Unreadable, plain_text
from charity.reporting.column_mapping import IGNORE, LONGEST_NAME, check_roles, unmatched
from charity.reporting.dates import GivenDay, Moment, check_day
from charity.reporting.gift_rows import DayRules, ListRow
from charity.reporting.headers import (
    Table,
    find_table,
    lines_above,
    names_in,
    refuse_incomplete,
)
from charity.reporting.list_days import report_unknown_year, settle_list_day
from charity.reporting.list_rows import RowReader
from charity.reporting.periods import MonthDay, Period, Surroundings, dates_around
from charity.reporting.problems import Findings, Notice, Problem
from charity.reporting.table_rows import (
    fill_merged,
    holds_only_notes,
    last_amount_row,
    lines_below,
    read_table,
    same_rows,
    with_day_column,
)
from charity.reporting.totals import StatedTotals, Statement, holds_totals, reconcile
from charity.reporting.workbooks import Sheet, Workbook
from ledger.messages import Refused

__all__ = ["DonationList", "GivenDay", "ListRow", "read_donation_list"]

NOTHING_ASSIGNED: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class DonationList:
    """A donation list as it was read.

    Attributes:
        file_name: Name of the file.
        file_digest: SHA-256 of the file in hexadecimal.
        sheets: Names of the sheets, in the order of the file.
        title: First line above the first table.
        rows: The gifts, in the order of the file.
        total_fen: Sum of their amounts, in fen.
        stated_total_fen: Total that the file states of this list, in fen; None if any table of
            the file states none.
        stated_total_cell: Where it stands; several cells are separated by a comma.
        stated_count: Number of gifts that the file states.
        problems: Open problems; with any of them nothing may be recorded.
        accepted: Accepted problems.
        notices: What is worth saying and stops nothing.
        skipped: Number of rows left out, as accepted.
    """

    file_name: str
    file_digest: str
    sheets: tuple[str, ...]
    title: str | None
    rows: list[ListRow]
    total_fen: int
    stated_total_fen: int | None
    stated_total_cell: str | None
    stated_count: int | None
    problems: list[Problem]
    accepted: list[Problem]
    notices: list[Notice]
    skipped: int


def read_donation_list(
    workbook: Workbook,
    *,
    given_day: GivenDay | None = None,
    accept: Collection[str] = (),
    today: date,
    columns: Mapping[str, str] = NOTHING_ASSIGNED,
    expected: Expected = NOTHING_EXPECTED,
    on_progress: Callable[[int, int], None] | None = None,
) -> DonationList:
    """Read the donation list in a file.

    Args:
        workbook: The file; its sheets are used up by the reading.
        given_day: The day, period or year that a person confirmed; dates in rows come first.
        accept: Words (`anonymous`) or cells (`Sheet1!A222`, or `A222` where one sheet has a
            table) of problems that a person accepts.
        today: Day in Asia/Shanghai after which no gift can lie.
        columns: Role of each column that a person assigned by hand, by its name.
        expected: What is known of the fund from before.
        on_progress: Called with the number of rows read and the number of all rows.

    Raises:
        Refused: if the file holds no table of gifts, is a list of goods or of spending, or if the
            roles given by hand make no table.
    """
    check_roles(columns)
    findings = Findings(accept)
    tables = _tables(workbook, findings, columns)
    reading = _Reading(workbook.name, given_day, today, findings)
    lasts = [last_amount_row(table) for table in tables]
    report = _progress(
        on_progress, sum(last - t.header for t, last in zip(tables, lasts, strict=True))
    )
    for table, last in zip(tables, lasts, strict=True):
        reading.read(table, last, report)
    reading.close()
    places = {table.sheet.name: table.columns.amount for table in tables}
    check_amounts(reading.rows, places, expected, findings)
    findings.close()
    return DonationList(
        file_name=workbook.name,
        file_digest=workbook.digest,
        sheets=tuple(sheet.name for sheet in workbook.sheets),
        title=next((table.title for table in tables), None),
        rows=reading.rows,
        total_fen=sum(row.amount_fen for row in reading.rows),
        stated_total_fen=reading.stated_total_fen(),
        stated_total_cell=reading.stated_total_cell(),
        stated_count=sum(reading.counts) if reading.counts else None,
        problems=findings.problems,
        accepted=findings.accepted,
        notices=findings.notices,
        skipped=reading.skipped,
    )


def _tables(workbook: Workbook, findings: Findings, columns: Mapping[str, str]) -> list[Table]:
    tables = []
    others: set[str] = set()
    for sheet in workbook.sheets:
        if not any(plain_text(cell) for row in sheet.rows for cell in row):
            continue
        table = find_table(sheet, findings, columns)
        if isinstance(table, Table):
            tables.append(table)
            if sheet.hidden:
                findings.notice("sheet_hidden", sheet.name, None, sheet=sheet.name)
        elif table is not None:
            others.add(table)
            findings.notice(f"{table}_left_out", sheet.name, None, sheet=sheet.name)
        elif not any(problem.sheet == sheet.name for problem in findings.problems):
            _notice_without_table(sheet, findings)
    if len(tables) == 1:
        findings.only_sheet = tables[0].sheet.name
    if columns:
        _check_found(workbook, columns)
    if not tables and not findings.problems:
        _refuse(others, by_hand=any(role != IGNORE for role in columns.values()))
    return tables


def _check_found(workbook: Workbook, columns: Mapping[str, str]) -> None:
    """Check that every header to which a role was given stands somewhere."""
    names = {plain_text(name) for sheet in workbook.sheets for name in names_in(sheet)}
    absent = unmatched(columns, names)
    if absent:
        raise Refused(
            "The file has no column “{header}”, which is to be read as {role}.",
            header=absent[0][:LONGEST_NAME],
            role=columns[absent[0]],
        )


def _notice_without_table(sheet: Sheet, findings: Findings) -> None:
    code = "sheet_of_totals" if holds_totals(sheet.rows) else "sheet_without_table"
    findings.notice(code, sheet.name, None, sheet=sheet.name)


def _refuse(others: set[str], *, by_hand: bool) -> NoReturn:
    if "spending" in others:
        raise Refused(
            "This is a list of spending (to whom money was paid), not of gifts. Only lists of "
            "gifts of money are imported by this command."
        )
    if "goods" in others:
        raise Refused(
            "This is a list of goods (it has quantities). Goods lists are not imported by this "
            "command yet; only lists of money are."
        )
    if by_hand:
        refuse_incomplete()
    raise Refused(
        "No table of donations was found. A header row must name the amount (金额) and the donor "
        "(捐赠人), the date (捐赠日期) or the transaction (交易单号)."
    )


def _progress(on_progress: Callable[[int, int], None] | None, total: int) -> Callable[[int], None]:
    done = 0

    def report(count: int) -> None:
        nonlocal done
        done += count
        if on_progress is not None:
            on_progress(done, total)

    return report


class _Reading:
    """Reads the tables of one file one after another."""

    def __init__(
        self, file_name: str, given: GivenDay | None, today: date, findings: Findings
    ) -> None:
        self.rows: list[ListRow] = []
        self.counts: list[int] = []
        self.skipped = 0
        self._statements: list[tuple[str, Statement | None]] = []
        self._states_sum = False
        self._tables = 0
        self._empty: list[str] = []
        self._read: list[tuple[Table, int, Moment | None, frozenset[int]]] = []
        self._seen: dict[str, str] = {}
        self._file_name, self._given, self._today = file_name, given, today
        self._findings = findings

    def read(self, table: Table, last: int, report: Callable[[int], None]) -> None:
        sheet = table.sheet.name
        self._tables += 1
        if holds_only_notes(table, last):
            self._empty.append(sheet)
            return
        above, below = lines_above(table.sheet, table.header), lines_below(table, last)
        around = dates_around(above, below)
        fill_merged(table)
        table = with_day_column(table, last, around, self._given, self._today, self._findings)
        stated = StatedTotals()
        for cell, content in above:
            stated.read_text(cell, content, table.scale, above=True)
        days = self._day_rules(table, around)
        if self._is_repeated(table, last, days, around):
            return
        reader = RowReader(table, days, self._seen, self._findings)
        read_table(table, reader, stated, last, report)
        if not reader.met_rows():
            self._empty.append(sheet)
        self._report(reader, around, days, sheet)
        reconcile(stated, reader.sums(), sheet, self._findings)
        self.rows.extend(reader.rows)
        self.skipped += reader.skipped
        self._statements.append((sheet, stated.statement()))
        self._states_sum = self._states_sum or stated.states_sum()
        count = stated.count()
        self.counts.extend(() if count is None else (count,))

    def close(self) -> None:
        """Say what only the whole file tells: that it has no gifts, or no total."""
        findings = self._findings
        if len(self._empty) == self._tables:
            if self._empty:
                findings.problem("no_gifts", self._empty[0], None)
            return
        for sheet in self._empty:
            findings.notice("table_empty", sheet, None, sheet=sheet)
        unreadable = any(problem.code == "total_unreadable" for problem in findings.problems)
        if not self._states_sum and not unreadable:
            findings.notice("no_total", None, None)

    def _is_repeated(self, table: Table, last: int, days: DayRules, around: Surroundings) -> bool:
        """Report a sheet that repeats an earlier one; tell whether it stays unread for that."""
        years = frozenset(around.years)
        first = next(
            (
                other.sheet.name
                for other, other_last, blank, other_years in self._read
                if other_last - other.header == last - table.header > 0
                and (blank, other_years) == (days.blank, years)
                and same_rows(other, table, last)
            ),
            None,
        )
        self._read.append((table, last, days.blank, years))
        if first is None:
            return False
        sheet = table.sheet.name
        word = self._findings.problem("sheet_repeated", sheet, None, first=first, second=sheet)
        return word is None

    def stated_total_fen(self) -> int | None:
        stated = [statement.fen for _, statement in self._statements if statement]
        return sum(stated) if stated and len(stated) == len(self._statements) else None

    def stated_total_cell(self) -> str | None:
        if self.stated_total_fen() is None:
            return None
        several = len(self._statements) > 1
        return ", ".join(
            f"{sheet}!{statement.cell}" if several else statement.cell
            for sheet, statement in self._statements
            if statement
        )

    def _day_rules(self, table: Table, around: Surroundings) -> DayRules:
        by_row = table.columns.day is not None
        if by_row:
            period = self._given_period()
        else:
            period = settle_list_day(
                around, self._given, self._file_name, table.sheet.name, self._today, self._findings
            )
        blank = Moment(period.end, None, period.start) if period else None

        def year_of(month: int, day: int) -> int | None:
            if found := around.year_of(month, day):
                return found[0]
            return self._given.year_of(month, day) if self._given else None

        return DayRules(blank, by_row, year_of, self._today)

    def _given_period(self) -> Period | None:
        if self._given is None or self._given.day is None:
            return None
        try:
            check_day(self._given.day, self._today)
        except Unreadable:
            return None
        return Period(self._given.start, self._given.day)

    def _report(self, reader: RowReader, around: Surroundings, days: DayRules, sheet: str) -> None:
        findings = self._findings
        if not reader.has_donors and reader.met_rows():
            findings.notice("no_donor_column", sheet, None, sheet=sheet)
        if reader.unknown_statuses:
            cell, told = reader.unknown_statuses[0]
            count = len(reader.unknown_statuses)
            findings.notice("status_unknown", sheet, cell, found=told, count=count)
        if reader.notes:
            findings.notice("rows_below_table", sheet, None, count=reader.notes)
        if reader.bad_times:
            count = len(reader.bad_times)
            findings.notice("time_unreadable", sheet, reader.bad_times[0], count=count)
        if reader.filled:
            findings.notice("given_day_filled", sheet, None, count=reader.filled)
        if reader.yearless:
            self._report_year(*reader.yearless, around=around, sheet=sheet)
        elif days.by_row and self._given and not reader.filled:
            findings.notice("given_day_unused", sheet, None)

    def _report_year(
        self, cell: str, told: tuple[int, int, str | None], *, around: Surroundings, sheet: str
    ) -> None:
        month_day = MonthDay(None, told[0], told[1])
        found = around.year_of(told[0], told[1])
        given = self._given
        if found is None and given is None:
            report_unknown_year(month_day, cell, self._file_name, sheet, self._findings)
        elif found and given and found[0] != given.year_of(told[0], told[1]):
            self._findings.problem(
                "date_differs", sheet, cell, found=month_day._replace(year=found[0]), given=given
            )
        elif found:
            told_day = month_day._replace(year=found[0])
            self._findings.notice("year_inferred", sheet, cell, found=told_day, source=found[1])
