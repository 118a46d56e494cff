"""Provides the careful reading of a table's rows into gifts: it knows what can be wrong."""

import re
from collections.abc import Iterable
from datetime import date

from charity.donors.names import clean_name, split_on_behalf
from charity.reporting.cells import (
    Cell,
    Unreadable,
    cell_name,
    clean_text,
    exact_fen,
    plain_text,
    transaction_id,
    yuan_text,
)
from charity.reporting.credit_codes import credit_code
from charity.reporting.dates import Moment, PartialDay, check_day, read_moment, read_time
from charity.reporting.gift_rows import DayRules, ListRow, RowFindings
from charity.reporting.headers import Table
from charity.reporting.problems import Findings
from charity.reporting.row_words import is_yuan, standing
from charity.reporting.total_rows import TotalRowReader, row_texts
from charity.reporting.totals import Sums

LONGEST_NAME = 2_000
LONGEST_TRANSACTION = 200
FORMULA_SIGNS = "=+-@＝＋－＠"
AGGREGATE = "汇总"


class CarefulReader(TotalRowReader):
    """Reads the rows of one table with all checks.

    Every row that it gets ends in one more cell, a blank one, from which the columns that the
    table lacks are read; where the day comes from the transaction id, it stands in a second one.

    Attributes:
        rows: The gifts.
        unread: Number of rows whose amount is not known and that nobody accepted to leave out.
        open: Number of rows with an open problem.
        skipped: Number of rows left out, as accepted.
        filled: Number of rows without a date that took the day given for the list.
        yearless: First cell whose date lacks a year, with what it says.
        bad_times: Cells whose time could not be read.
        unknown_statuses: Cells whose status is not known, with what they say.
        notes: Number of rows that are notes.
        has_donors: Whether the table has a column of donors.
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
        super().__init__(table, findings)
        self.rows: list[ListRow] = []
        self.unread = self.open = self.skipped = self.filled = self.notes = 0
        self.yearless: tuple[str, PartialDay] | None = None
        self.bad_times: list[str] = []
        self.unknown_statuses: list[tuple[str, str]] = []
        self.has_donors = table.columns.donor is not None
        self._days, self._seen = days, seen
        self._skipped_fens: list[int] = []
        self._outside = 0
        self._header = row_texts(table.sheet.rows[table.header][: self._width])
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
        texts = row_texts(row[: self._width])
        if not any(texts) or texts == self._header:
            return
        if self._read_if_total(row, texts, number, last):
            return
        found = RowFindings(number)
        fen = self._amount(row)
        outside = self._is_outside(row, texts, found, last)
        gift = None if outside else self._gift(row, texts, fen, found)
        settled = found.settle(self._sheet, self._findings)
        self.open += settled.open
        self.skipped += settled.skipped
        self._count(fen, found, skipped=settled.skipped)
        if gift is not None and settled.kept:
            words = settled.accepted
            self.rows.append(gift if words is None else gift._replace(accepted=words))

    def sums(self) -> Sums:
        """Return what the rows sum to."""
        return Sums(
            rows=self.listed,
            fen=self.listed_fen,
            open=self.open,
            unread=self.unread > 0,
            skipped=len(self._skipped_fens),
            skipped_fen=sum(self._skipped_fens),
            outside=self._outside,
            outside_fen=self.outside_fen,
        )

    def met_rows(self) -> bool:
        """Tell whether there are rows that are gifts, or would be without their problems."""
        return bool(self.listed or self.open or self.skipped)

    def _count(self, fen: int | None, found: RowFindings, *, skipped: bool) -> None:
        if fen is None:
            self.unread += not skipped
            return
        self.listed_fen += fen
        self.listed += 1
        if skipped:
            self._skipped_fens.append(fen)
        if skipped or "not_received" in found or "currency_foreign" in found:
            self._outside += 1
            self.outside_fen += fen

    def _amount(self, row: list[Cell]) -> int | None:
        try:
            return exact_fen(row[self._at.amount], self._table.scale)
        except Unreadable:
            return None

    def _is_outside(self, row: list[Cell], texts: list[str], found: RowFindings, last: int) -> bool:
        """Report the one cause for which a row need not be looked at any further."""
        at = self._at
        if self._overflows(row, texts, found.number, last):
            self._report(found, "row_too_long", self._headed_width)
        elif not is_yuan(row[at.currency]):
            self._report(found, "currency_foreign", at.currency, found=texts[at.currency])
        else:
            told = standing(row[at.status])
            if told == "not_received":
                self._report(found, "not_received", at.status, found=texts[at.status])
            elif told == "unknown":
                cell = cell_name(found.number, at.status)
                self.unknown_statuses.append((cell, texts[at.status]))
            return told == "not_received"
        return True

    def _gift(
        self, row: list[Cell], texts: list[str], fen: int | None, found: RowFindings
    ) -> ListRow | None:
        self._check_amount(row, fen, found)
        if fen is None and sum(map(bool, texts)) == 1:
            return None  # a line of text or a mere number: that it has no amount says it all
        payer, donor = self._donor(row, found)
        moment = self._moment(row, found)
        time = self._time(row, found)
        transaction = self._transaction(row, found)
        code = self._code(row, found)
        if fen is None or moment is None:
            return None
        day, clock, start = moment
        remark = _cell_text(row[self._at.remark]) or None
        return ListRow(
            self._sheet, found.number, day, start, time or clock, fen, donor, payer, remark,
            transaction, None, code,
        )  # fmt: skip

    def _report(self, found: RowFindings, code: str, at: int, /, **values: object) -> None:
        # A day taken out of a transaction id is mended in the id.
        at = at if at < self._width else self._at.transaction
        found.add(code, cell_name(found.number, at) if at < self._width else None, **values)

    def _overflows(self, row: list[Cell], texts: list[str], number: int, last: int) -> bool:
        if not self._table.sheet.ragged:
            return False
        # One stray figure in the last row is the list's total, and is compared as such.
        if number == last and self._stray_column(row) is not None:
            return False
        return any(texts[self._headed_width :])

    def _check_amount(self, row: list[Cell], fen: int | None, found: RowFindings) -> None:
        at = self._at.amount
        if fen is None:
            try:
                exact_fen(row[at], self._table.scale)
            except Unreadable as error:
                self._report(found, error.code, at, found=error.found)
        elif fen == 0:
            self._report(found, "amount_zero", at)
        elif fen < 0:
            self._report(found, "amount_not_positive", at, found=yuan_text(fen))

    def _report_missing(self, found: RowFindings, code: str, at: int) -> None:
        """Report what a row lacks, unless it lacks its amount too: then it is no full row."""
        if "amount_missing" not in found:
            self._report(found, code, at)

    def _donor(self, row: list[Cell], found: RowFindings) -> tuple[str | None, str | None]:
        """Return payer and donor."""
        if self._table.columns.donor is None:
            return None, None
        at = self._at.donor
        name = clean_name(_cell_text(row[at]))
        payer: str | None = None
        if name and len(name) <= LONGEST_NAME:
            payer, name = split_on_behalf(name)
        if found.number in self._formula_rows or _is_formula(name) or _is_formula(payer):
            self._report(found, "formula_in_name", at)
        elif name is None:
            self._report_missing(found, "donor_missing", at)
        elif len(name) > LONGEST_NAME:
            self._report(found, "name_too_long", at, length=len(name), limit=LONGEST_NAME)
        elif AGGREGATE in name:
            self._report(found, "aggregate_row", at)
        return payer, name

    def _moment(self, row: list[Cell], found: RowFindings) -> Moment | None:
        days, at = self._days, self._at.day
        if not days.by_row:
            # Where nothing tells the day of the list, that is one problem and not one of each row.
            found.incomplete = found.incomplete or days.blank is None
            return days.blank
        try:
            return self._dated(read_moment(row[at]), found)
        except Unreadable as error:
            if error.code == "row_date_missing" and days.blank:
                self.filled += 1
                return days.blank
            if error.code == "row_date_missing":
                self._report_missing(found, error.code, at)
            else:
                self._report(found, error.code, at, found=error.found)
            return None

    def _dated(self, told: Moment | PartialDay, found: RowFindings) -> Moment | None:
        if isinstance(told, PartialDay):
            self.yearless = self.yearless or (cell_name(found.number, self._at.day), told)
            year = self._days.year_of(told.month, told.day)
            if year is None:
                # That the file tells no year is one problem and not one of each row.
                found.incomplete = True
                return None
            try:
                moment = Moment(date(year, told.month, told.day), told.time)
            except ValueError:
                raise Unreadable("date_unreadable", f"{told.month}月{told.day}日") from None
        else:
            moment = told
        check_day(moment.day, self._days.today)
        return moment

    def _time(self, row: list[Cell], found: RowFindings) -> str | None:
        try:
            return read_time(row[self._at.time])
        except Unreadable:
            self.bad_times.append(cell_name(found.number, self._at.time))
            return None

    def _transaction(self, row: list[Cell], found: RowFindings) -> str | None:
        columns, at = self._table.columns, self._at.transaction
        try:
            code = transaction_id(row[at])
        except Unreadable as error:
            self._report(found, error.code, at)
            return None
        if code is None:
            if columns.transaction is not None and columns.donor is None:
                self._report_missing(found, "transaction_missing", at)
            return None
        if len(code) > LONGEST_TRANSACTION:
            length = len(code)
            self._report(
                found, "transaction_too_long", at, length=length, limit=LONGEST_TRANSACTION
            )
            return None
        if code in self._seen:
            self._report(found, "transaction_twice", at, first=self._seen[code])
        else:
            self._seen[code] = f"{self._sheet}!{cell_name(found.number, at)}"
        return code

    def _code(self, row: list[Cell], found: RowFindings) -> str | None:
        at = self._at.code
        try:
            return credit_code(row[at])
        except Unreadable as error:
            self._report(found, error.code, at)
            return None


def _cell_text(cell: Cell) -> str:
    return clean_text(cell) if isinstance(cell, str) else plain_text(cell)


def _is_formula(name: str | None) -> bool:
    return name is not None and name[:1] in FORMULA_SIGNS and name != ""


def _rows_of_column(cells: frozenset[str], column: int | None) -> frozenset[int]:
    if column is None:
        return frozenset()
    pattern = re.compile(cell_name(0, column)[:-1] + "([0-9]+)")
    return frozenset(int(match[1]) for cell in cells if (match := pattern.fullmatch(cell)))
