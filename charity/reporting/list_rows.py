"""Provides the fast reading of a table's rows: ordinary rows take a short way.

Most rows of most lists are ordinary: an amount, a clean name, a date that can be read. A row in
which anything needs care is handed to the careful reader; for an ordinary row both give the same.
"""

from collections.abc import Callable, Iterable

from charity.donors.names import HANDED_ON, NO_NAMES
from charity.reporting.careful_rows import (
    AGGREGATE,
    FORMULA_SIGNS,
    LONGEST_NAME,
    LONGEST_TRANSACTION,
    CarefulReader,
)
from charity.reporting.cells import LARGEST_FEN, Cell, Unreadable, amount_fen, cell_name, clean_text
from charity.reporting.credit_codes import credit_code
from charity.reporting.dates import Moment, PartialDay, check_day, read_moment, read_time
from charity.reporting.gift_rows import DayRules, ListRow
from charity.reporting.headers import Table
from charity.reporting.problems import Findings
from charity.reporting.row_words import is_yuan, standing
from charity.reporting.total_rows import SUM_BEGINNINGS
from charity.reporting.totals import TOTAL_LABELS

_UNUSUAL_NAMES = TOTAL_LABELS | NO_NAMES
_UNUSUAL_BEGINNINGS = frozenset(FORMULA_SIGNS) | SUM_BEGINNINGS | {"￥"}
_UNUSUAL_ENDS = frozenset("计)）:：写币额整正元圆圓角分")


class RowReader(CarefulReader):
    """Reads the rows of one table, the ordinary ones fast."""

    def __init__(
        self, table: Table, days: DayRules, seen: dict[str, str], findings: Findings
    ) -> None:
        super().__init__(table, days, seen, findings)
        self._amounts: dict[Cell, int] = {}
        self._moments: dict[Cell, Moment | None] = {} if days.by_row else {"": days.blank}
        self._has_codes = table.columns.transaction is not None
        self._wanted = self._at[1:6]
        self._has_words = (table.columns.currency, table.columns.status) != (None, None)
        self._codes: dict[Cell, str | None] = {}
        self._may_overflow = table.sheet.ragged and self._width > self._headed_width

    def read(self, rows: Iterable[list[Cell]], first: int, last: int) -> None:
        """Read rows; see the careful reader."""
        scale, sheet = self._table.scale, self._sheet
        short_way = self._short_way()
        largest = LARGEST_FEN / scale
        amount_at, append = self._at.amount, self.rows.append
        for number, row in enumerate(rows, first):
            cell = row[amount_at]
            if type(cell) is float and 0.0 < cell <= largest:
                fen = round(cell * scale)
                fen = fen if fen / scale == cell else 0  # exact: see cells.exact_fen
            else:
                fen = self._text_fen(cell)
            if fen and (gift := short_way(row, number, sheet, fen)):
                append(gift)
                self.listed_fen += fen
                self.listed += 1
            else:
                self.read_row(row, number, last)

    def _short_way(self) -> Callable[[list[Cell], int, str, int], ListRow | None]:
        if self._table.columns.code is not None:
            return self._ordinary_with_code
        return self._ordinary_by_its_words if self._has_words else self._ordinary

    def _ordinary_with_code(
        self, row: list[Cell], number: int, sheet: str, fen: int
    ) -> ListRow | None:
        cell = row[self._at.code]
        if cell not in self._codes:
            try:
                self._codes[cell] = credit_code(cell)
            except Unreadable:
                return None
        gift = self._ordinary_by_its_words(row, number, sheet, fen)
        code = self._codes[cell]
        return gift if gift is None or code is None else gift._replace(code=code)

    def _ordinary_by_its_words(
        self, row: list[Cell], number: int, sheet: str, fen: int
    ) -> ListRow | None:
        if is_yuan(row[self._at.currency]) and standing(row[self._at.status]) == "received":
            return self._ordinary(row, number, sheet, fen)
        return None

    def _ordinary(self, row: list[Cell], number: int, sheet: str, fen: int) -> ListRow | None:
        """Return the gift in a row that needs no care, otherwise None."""
        donor_at, day_at, time_at, code_at, remark_at = self._wanted
        moment = self._moments.get(row[day_at]) or self._known_moment(row[day_at])
        donor, code, remark = row[donor_at], row[code_at], row[remark_at]
        if type(donor) is not str or type(code) is not str or type(remark) is not str:
            return None
        if moment is None or not self._is_plain(donor, row, number):
            return None
        time = moment.time
        if row[time_at] != "" and not (time := self._known_time(row[time_at])):
            return None
        if self._has_codes:
            # Padded with blanks is still ordinary; everything else about an id needs care.
            code = code.strip()
            if code in self._seen or len(code) > LONGEST_TRANSACTION:
                return None
            if not (code.isalnum() and code.isascii() and code[-1].isdigit()):
                return None
            self._seen[code] = f"{sheet}!{cell_name(number, code_at)}"
        return ListRow(
            sheet, number, moment.day, moment.start, time, fen, donor or None, None,
            clean_text(remark) or None if remark else None, code or None, None,
        )  # fmt: skip

    def _is_plain(self, donor: str, row: list[Cell], number: int) -> bool:
        if self._may_overflow:
            return False
        if not self.has_donors:
            return TOTAL_LABELS.isdisjoint(row) and self._has_codes
        return (
            1 < len(donor) < LONGEST_NAME
            and donor.isprintable()
            and " " not in donor
            and donor[0] not in _UNUSUAL_BEGINNINGS
            and donor[-1] not in _UNUSUAL_ENDS
            and donor not in _UNUSUAL_NAMES
            and AGGREGATE not in donor
            and HANDED_ON[0] not in donor
            and HANDED_ON[1] not in donor
            and number not in self._formula_rows
        )

    def _text_fen(self, cell: Cell) -> int:
        if type(cell) is not str:
            return 0
        fen = self._amounts.get(cell)
        if fen is None:
            try:
                fen = amount_fen(cell, self._table.scale)
            except Unreadable:
                fen = 0
            self._amounts[cell] = fen
        return fen

    def _known_moment(self, cell: Cell) -> Moment | None:
        if not self._days.by_row:
            return None
        try:
            moment = read_moment(cell)
            if isinstance(moment, PartialDay):
                return None
            check_day(moment.day, self._days.today)
        except Unreadable:
            return None
        self._moments[cell] = moment
        return moment

    def _known_time(self, cell: Cell) -> str | None:
        try:
            return read_time(cell)
        except Unreadable:
            return None
