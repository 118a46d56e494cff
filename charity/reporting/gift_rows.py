"""Provides one gift as a list prints it, and what the reading of a row finds out on the way."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from charity.reporting.dates import Moment
from charity.reporting.problems import PROBLEMS, SKIP, Findings

# An open problem of these kinds leaves the row among the gifts.
_KEPT_OPEN = {
    "donor_missing",
    "aggregate_row",
    "code_invalid",
    "transaction_imprecise",
    "transaction_missing",
    "transaction_too_long",
}


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
        accepted: Words with which problems of this row were accepted, separated by commas.
        code: The donor's unified social credit code.
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
    code: str | None = None


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


class RowFindings:
    """What has been found about one row, until all of it is known.

    A row that is left out is not told to be wrong in other ways too.

    Attributes:
        number: 1-based row.
        incomplete: Whether something is not known that is no problem of this row alone.
    """

    __slots__ = ("_found", "incomplete", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.incomplete = False
        self._found: list[tuple[str, str | None, dict[str, object]]] = []

    def add(self, code: str, cell: str | None, /, **values: object) -> None:
        """Add a problem."""
        self._found.append((code, cell, values))

    def __contains__(self, code: str) -> bool:
        return any(found == code for found, _, _ in self._found)

    def settle(self, sheet: str, findings: Findings) -> "Settled":
        """Record the problems, and return what they mean for the row."""
        if not self._found:
            return _INCOMPLETE if self.incomplete else _FLAWLESS
        left_out = [
            (code, cell, values)
            for code, cell, values in self._found
            if PROBLEMS[code].accept == SKIP and findings.accepts(code, sheet, cell)
        ]
        for code, cell, values in left_out:
            findings.problem(code, sheet, cell, **values)
        if left_out:
            findings.notice("row_skipped", sheet, left_out[0][1])
            return Settled(skipped=True, open=False, kept=False, accepted=None)
        words: dict[str, None] = {}
        unsettled = []
        for code, cell, values in self._found:
            word = findings.problem(code, sheet, cell, **values)
            if word is None:
                unsettled.append(code)
            else:
                words[word] = None
        return Settled(
            skipped=False,
            open=self.incomplete or bool(unsettled),
            kept=not self.incomplete and _KEPT_OPEN.issuperset(unsettled),
            accepted=",".join(words) or None,
        )


class Settled(NamedTuple):
    """What becomes of a row: left out, open, kept among the gifts; the words that accepted it."""

    skipped: bool
    open: bool
    kept: bool
    accepted: str | None


_FLAWLESS = Settled(skipped=False, open=False, kept=True, accepted=None)
_INCOMPLETE = Settled(skipped=False, open=True, kept=False, accepted=None)
