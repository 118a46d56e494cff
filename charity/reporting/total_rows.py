"""Provides the recognition of the rows of a table that hold a total and no gift."""

from typing import NamedTuple

from charity.reporting.cells import (
    Cell,
    Unreadable,
    cell_name,
    exact_fen,
    is_number,
    plain_text,
    total_fen,
)
from charity.reporting.headers import Table
from charity.reporting.problems import Findings
from charity.reporting.totals import (
    TotalRow,
    figures_of,
    is_money,
    is_subtotal_label,
    is_total_label,
    sum_figures,
)

SUM_BEGINNINGS = frozenset("合总共大小金人¥RrCc")
"""With one of these begins a sum that ends in digits, such as `合计叁佰元整¥300.00`."""


class Places(NamedTuple):
    """The columns of a table as `Columns`, with a blank one for each that it does not have."""

    amount: int
    donor: int
    day: int
    time: int
    transaction: int
    remark: int
    number: int
    currency: int
    status: int
    code: int


class TotalRowReader:
    """Reads the total rows of one table.

    Attributes:
        totals: Total rows met on the way.
        listed_fen: Sum of every amount that could be read, in fen, also of rows left out.
        listed: Number of those amounts.
        outside_fen: Sum of those amounts that are left out, did not come or are no yuan, in fen.
    """

    def __init__(self, table: Table, findings: Findings) -> None:
        """Prepare for one table."""
        self.totals: list[TotalRow] = []
        self.listed_fen = self.listed = self.outside_fen = 0
        self._table, self._findings = table, findings
        self._sheet = table.sheet.name
        self._width = len(table.sheet.rows[table.header]) - table.added
        self._headed_width = max(table.headed) + 1
        self._at = Places(*(self._width if at is None else at for at in table.columns))
        self._marks = (0, 0)

    def read_total(self, row: list[Cell], number: int, last: int) -> bool:
        """Read a row as a total if it is one, and tell whether it is.

        Args:
            row: The row.
            number: Its 1-based number.
            last: 1-based number of the last row of the table that has an amount.
        """
        return self._read_if_total(row, row_texts(row[: self._width]), number, last)

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

    def _read_if_total(self, row: list[Cell], texts: list[str], number: int, last: int) -> bool:
        if not self._is_total(texts) and (number != last or not self._is_bare_total(row, texts)):
            return False
        self._take_total(row, texts, number)
        return True

    def _stray_column(self, row: list[Cell]) -> int | None:
        headed = self._table.headed
        stray = [
            at for at, text in enumerate(row_texts(row[: self._width])) if text and at not in headed
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

    def _is_total(self, texts: list[str]) -> bool:
        at, columns, scale = self._at, self._table.columns, self._table.scale
        donor = texts[at.donor] if columns.donor is not None else ""
        if donor and not _is_no_name(donor, scale):
            return False
        others = [text for column, text in enumerate(texts) if text and column != at.remark]
        if any(map(is_total_label, others)):
            return True
        said = [text for text in others if sum_figures(text, scale)]
        # A gift may well have its amount in capitals too; a total has nothing else.
        numbered = columns.transaction is not None and texts[at.transaction] != ""
        bare = donor in said or sum(map(bool, texts)) == 1
        return bool(said) and not numbered and (bare or not all(map(is_money, said)))

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
            figures = figures_of(row[: self._width], self._at.amount, self._table.scale)
        except Unreadable as error:
            cell = cell_name(number, self._at.amount)
            self._findings.problem("total_unreadable", self._sheet, cell, found=error.found)
            return
        if not figures:
            return
        listed, outside = self._marks
        above = {self.listed_fen, self.listed_fen - listed}
        above |= {self.listed_fen - self.outside_fen}
        above |= {self.listed_fen - listed - (self.outside_fen - outside)}
        subtotal = any(map(is_subtotal_label, texts))
        for fen, at in figures:
            self.totals.append(TotalRow(cell_name(number, at), fen, subtotal, frozenset(above)))
        self._marks = (self.listed_fen, self.outside_fen)


def _is_no_name(donor: str, scale: int) -> bool:
    """Tell whether a donor's cell labels a total or holds one."""
    if is_total_label(donor) or is_money(donor):
        return True
    # A name may end in digits: only what begins like a sum is one.
    clear = not donor[-1].isdigit() or donor[0] in SUM_BEGINNINGS
    return clear and bool(sum_figures(donor, scale))


def row_texts(row: list[Cell]) -> list[str]:
    """Return the cells of a row as half-width text."""
    return [plain_text(cell) for cell in row]
