"""Provides the careful reading of a table's rows into gifts: it knows what can be wrong."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from charity.donors.names import clean_name, split_on_behalf
from charity.reporting.cells import (
    Cell,
    Unreadable,
    cell_name,
    clean_text,
    exact_fen,
    is_number,
    plain_text,
    total_fen,
    transaction_id,
    yuan_text,
)
from charity.reporting.dates import Moment, PartialDay, check_day, read_moment, read_time
from charity.reporting.headers import Table
from charity.reporting.problems import SKIP, Findings
from charity.reporting.totals import TotalRow, figure_of, is_subtotal_label, is_total_label

LONGEST_NAME = 2_000
FORMULA_SIGNS = "=+-@＝＋－＠"
AGGREGATE = "汇总"
_KEPT_OPEN = {"donor_missing", "aggregate_row", "transaction_imprecise", "transaction_missing"}


class ListRow(NamedTuple):
    """One gift as a list prints it.

    Attributes:
        sheet: Sheet in which it stands.
        row: 1-based row in the sheet.
        day: Day of the gift in Asia/Shanghai; the last day where only a period is known.
        period_start: First day where the list only states a period.
        time: Time of day (`HH:MM:SS`) if the list has one.
        amount_fen: Amount in fen.
        donor: Name as printed, cleaned; None where the list names nobody.
        payer: Who handed the gift on, where the name reads “A转来B捐款”.
        remark: Remark, cleaned.
        transaction: Transaction id, cleaned.
        accepted: Word with which a problem of this row was accepted.
    """

    sheet: str
    row: int
    day: date
    period_start: date | None
    time: str | None
    amount_fen: int
    donor: str | None
    payer: str | None
    remark: str | None
    transaction: str | None
    accepted: str | None


class DayRules(NamedTuple):
    """How the rows of a table get their day.

    Attributes:
        blank: Moment of a row without a date of its own; None if nothing tells it.
        by_row: Whether rows are expected to have dates of their own.
        year_of: Returns the year of a month and day, None if it is not known.
        today: No gift lies after this day.
    """

    blank: Moment | None
    by_row: bool
    year_of: Callable[[int, int], int | None]
    today: date


class _Places(NamedTuple):
    """The columns of a table as `Columns`, with a blank one for each that it does not have."""

    amount: int
    donor: int
    day: int
    time: int
    transaction: int
    remark: int
    number: int


class _State:
    """What has been found about one row: whether it stays out, and what was accepted."""

    __slots__ = ("accepted", "number", "open", "skipped")

    def __init__(self, number: int) -> None:
        self.number = number
        self.open = self.skipped = False
        self.accepted: str | None = None


class CarefulReader:
    """Reads the rows of one table with all checks.

    Every row that it gets ends in one more cell, a blank one, from which the columns that the
    table lacks are read; where the day comes from the transaction id, it stands in a second one.

    Attributes:
        rows: The gifts.
        totals: Total rows met on the way.
        listed_fen: Sum of every amount that could be read, in fen, also of rows left out.
        listed: Number of those amounts.
        unread: Number of rows whose amount is not known and that nobody accepted to leave out.
        skipped: Number of rows left out, as accepted.
        filled: Number of rows without a date that took the day given for the list.
        yearless: First cell whose date lacks a year, with what it says.
        bad_times: Cells whose time could not be read.
        notes: Number of rows that are notes.
    """

    def __init__(
        self, table: Table, days: DayRules, seen: dict[str, str], findings: Findings
    ) -> None:
        """Prepare for one table.

        Args:
            table: The table.
            days: How its rows get their day.
            seen: Transaction ids of the whole file with their cells; is added to.
            findings: Takes up problems and notices.
        """
        self.rows: list[ListRow] = []
        self.totals: list[TotalRow] = []
        self.listed_fen = self.listed = self.unread = self.skipped = self.filled = 0
        self.yearless: tuple[str, PartialDay] | None = None
        self.bad_times: list[str] = []
        self.notes = 0
        self._table, self._days, self._seen, self._findings = table, days, seen, findings
        self._sheet = table.sheet.name
        self._total_mark_fen = 0
        self._width = len(table.sheet.rows[table.header]) - table.added
        self._header = _texts(table.sheet.rows[table.header][: self._width])
        self._headed_width = max(table.headed) + 1
        self._at = _Places(*(self._width if at is None else at for at in table.columns))
        self._formula_rows = _rows_of_column(table.sheet.formulas, table.columns.donor)

    def read(self, rows: Iterable[list[Cell]], first: int, last: int) -> None:
        """Read rows.

        Args:
            rows: The rows.
            first: 1-based number of the first of them.
            last: 1-based number of the last row of the table that has an amount.
        """
        for number, row in enumerate(rows, first):
            self.read_row(row, number, last)

    def read_row(self, row: list[Cell], number: int, last: int) -> None:
        """Read one row: a gift, a total, a repeated header or nothing."""
        texts = _texts(row[: self._width])
        if not any(texts) or texts == self._header or self.read_total(row, number, last):
            return
        state = _State(number)
        if self._overflows(row, texts, number, last):
            self._report(state, "row_too_long", self._headed_width)
        fen = self._amount(row, state)
        payer, donor = self._donor(row, state)
        moment = self._moment(row, state)
        time = self._time(row, state)
        code = self._transaction(row, state)
        if state.open:
            return
        if state.skipped or fen is None or moment is None:
            self.skipped += 1
            self._findings.notice("row_skipped", self._sheet, cell_name(number, self._at.amount))
            return
        day, clock, start = moment
        remark = _cell_text(row[self._at.remark]) or None
        self.rows.append(
            ListRow(
                self._sheet, number, day, start, time or clock, fen, donor, payer, remark, code,
                state.accepted,
            )
        )  # fmt: skip

    def read_total(self, row: list[Cell], number: int, last: int) -> bool:
        """Read a row as a total if it is one, and tell whether it is."""
        texts = _texts(row[: self._width])
        if not self._is_total(texts) and (number != last or not self._is_bare_total(row, texts)):
            return False
        self._take_total(row, texts, number)
        return True

    def read_stray(self, row: list[Cell], number: int) -> bool:
        """Read a number that stands in a column without a header as the list's total."""
        at = self._stray_column(row)
        if at is None:
            return False
        cell = cell_name(number, at)
        try:
            fen = total_fen(row[at], self._table.scale)
        except Unreadable as error:
            self._findings.problem("total_unreadable", self._sheet, cell, found=error.found)
        else:
            self.totals.append(TotalRow(cell, fen, subtotal=False, sums_fen=frozenset()))
        return True

    def _stray_column(self, row: list[Cell]) -> int | None:
        headed = self._table.headed
        stray = [
            at for at, text in enumerate(_texts(row[: self._width])) if text and at not in headed
        ]
        if len(stray) != 1 or not self._is_figure(row[stray[0]]):
            return None
        return stray[0]

    def _is_figure(self, cell: Cell) -> bool:
        if is_number(cell):
            return True
        try:
            return self._table.sheet.ragged and exact_fen(cell) >= 0
        except Unreadable:
            return False

    def _report(self, state: _State, code: str, at: int, **values: object) -> None:
        # A day taken out of a transaction id is mended in the id.
        at = at if at < self._width else self._at.transaction
        cell = cell_name(state.number, at) if at < self._width else None
        word = self._findings.problem(code, self._sheet, cell, **values)
        if word is None:
            state.open = state.open or code not in _KEPT_OPEN
        elif word == SKIP:
            state.skipped = True
        else:
            state.accepted = word

    def _is_total(self, texts: list[str]) -> bool:
        at = self._at
        if self._table.columns.donor is not None:
            donor = texts[at.donor]
            if donor and not is_total_label(donor):
                return False
        return any(is_total_label(text) for column, text in enumerate(texts) if column != at.remark)

    def _is_bare_total(self, row: list[Cell], texts: list[str]) -> bool:
        """Tell whether a last row without any label holds exactly the sum of the rows above."""
        if self.listed < 2 or sum(map(bool, texts)) != 1:
            return False
        try:
            return exact_fen(row[self._at.amount], self._table.scale) == self.listed_fen
        except Unreadable:
            return False

    def _take_total(self, row: list[Cell], texts: list[str], number: int) -> None:
        try:
            figure = figure_of(row[: self._width], self._at.amount, self._table.scale)
        except Unreadable as error:
            cell = cell_name(number, self._at.amount)
            self._findings.problem("total_unreadable", self._sheet, cell, found=error.found)
            return
        if figure is None:
            return
        fen, at = figure
        sums = frozenset({self.listed_fen, self.listed_fen - self._total_mark_fen})
        subtotal = any(map(is_subtotal_label, texts))
        self.totals.append(TotalRow(cell_name(number, at), fen, subtotal, sums))
        self._total_mark_fen = self.listed_fen

    def _overflows(self, row: list[Cell], texts: list[str], number: int, last: int) -> bool:
        if not self._table.sheet.ragged:
            return False
        # One stray figure in the last row is the list's total, and is compared as such.
        if number == last and self._stray_column(row) is not None:
            return False
        return any(texts[self._headed_width :])

    def _amount(self, row: list[Cell], state: _State) -> int | None:
        at = self._at.amount
        try:
            fen = exact_fen(row[at], self._table.scale)
        except Unreadable as error:
            self._report(state, error.code, at, found=error.found)
            self.unread += state.open
            return None
        self.listed_fen += fen
        self.listed += 1
        if fen <= 0:
            self._report(state, "amount_not_positive", at, found=yuan_text(fen))
        return fen

    def _donor(self, row: list[Cell], state: _State) -> tuple[str | None, str | None]:
        """Return payer and donor."""
        if self._table.columns.donor is None:
            return None, None
        at = self._at.donor
        name = clean_name(_cell_text(row[at]))
        payer: str | None = None
        if name and len(name) <= LONGEST_NAME:
            payer, name = split_on_behalf(name)
        if state.number in self._formula_rows or _is_formula(name) or _is_formula(payer):
            self._report(state, "formula_in_name", at)
        elif name is None:
            self._report(state, "donor_missing", at)
        elif len(name) > LONGEST_NAME:
            self._report(state, "name_too_long", at, length=len(name), limit=LONGEST_NAME)
        elif AGGREGATE in name:
            self._report(state, "aggregate_row", at)
        return payer, name

    def _moment(self, row: list[Cell], state: _State) -> Moment | None:
        days, at = self._days, self._at.day
        if not days.by_row:
            # Where nothing tells the day of the list, that is one problem and not one of each row.
            state.open = state.open or days.blank is None
            return days.blank
        try:
            return self._dated(read_moment(row[at]), state)
        except Unreadable as error:
            if error.code == "row_date_missing" and days.blank:
                self.filled += 1
                return days.blank
            self._report(state, error.code, at, found=error.found)
            return None

    def _dated(self, found: Moment | PartialDay, state: _State) -> Moment | None:
        if isinstance(found, PartialDay):
            self.yearless = self.yearless or (cell_name(state.number, self._at.day), found)
            year = self._days.year_of(found.month, found.day)
            if year is None:
                # That the file tells no year is one problem and not one of each row.
                state.open = True
                return None
            try:
                moment = Moment(date(year, found.month, found.day), found.time)
            except ValueError:
                raise Unreadable("date_unreadable", f"{found.month}月{found.day}日") from None
        else:
            moment = found
        check_day(moment.day, self._days.today)
        return moment

    def _time(self, row: list[Cell], state: _State) -> str | None:
        try:
            return read_time(row[self._at.time])
        except Unreadable:
            self.bad_times.append(cell_name(state.number, self._at.time))
            return None

    def _transaction(self, row: list[Cell], state: _State) -> str | None:
        columns, at = self._table.columns, self._at.transaction
        try:
            code = transaction_id(row[at])
        except Unreadable as error:
            self._report(state, error.code, at)
            return None
        if code is None:
            if columns.transaction is not None and columns.donor is None:
                self._report(state, "transaction_missing", at)
            return None
        if code in self._seen:
            self._report(state, "transaction_twice", at, first=self._seen[code])
        else:
            self._seen[code] = f"{self._sheet}!{cell_name(state.number, at)}"
        return code


def _texts(row: list[Cell]) -> list[str]:
    return [plain_text(cell) for cell in row]


def _cell_text(cell: Cell) -> str:
    return clean_text(cell) if isinstance(cell, str) else plain_text(cell)


def _is_formula(name: str | None) -> bool:
    return name is not None and name[:1] in FORMULA_SIGNS and name != ""


def _rows_of_column(cells: frozenset[str], column: int | None) -> frozenset[int]:
    if column is None:
        return frozenset()
    pattern = re.compile(cell_name(0, column)[:-1] + "([0-9]+)")
    return frozenset(int(match[1]) for cell in cells if (match := pattern.fullmatch(cell)))
