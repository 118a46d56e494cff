"""Provides the findings of reading a list: problems that a person must settle, and notices."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from ledger.messages import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that stops the file unless a person accepts it.

    Attributes:
        code: Stable name of the kind of problem, in snake case.
        message: What is wrong.
        mend: How to mend it.
        sheet: Sheet in which it stands.
        cell: Cell in which it stands, such as `A222`.
        accept: Word that accepts every problem of this kind; None where none can be accepted.
    """

    code: str
    message: Message
    mend: Message
    sheet: str | None
    cell: str | None
    accept: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth saying that stops nothing."""

    code: str
    message: Message
    sheet: str | None
    cell: str | None


class Kind(NamedTuple):
    """The wording of a problem, the word that accepts it, and its code if that is not its key.

    Several wordings may belong to one code: what is wrong is the same, how to say it is not.
    """

    message: Message
    mend: Message
    accept: str | None = None
    code: str | None = None


# What an accepted problem does to its row: "skip" leaves the row out, every other word keeps it.
SKIP = "skip"

PROBLEMS = {
    "donor_missing": Kind(
        Message("This row has an amount and no donor."),
        Message("Write the donor's name, or accept “anonymous” if the donor gave no name."),
        "anonymous",
    ),
    "aggregate_row": Kind(
        Message("This row sums up many gifts; their detail may be published in another list."),
        Message("Take the row out, or accept “aggregate” if no list gives the detail."),
        "aggregate",
    ),
    "formula_in_name": Kind(
        Message("The donor's name is a formula or begins like one (= + - @)."),
        Message("Write the name as plain text."),
    ),
    "name_too_long": Kind(
        Message("The donor's name has {length} characters; at most {limit} are read."),
        Message("Shorten the name, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "amount_missing": Kind(
        Message("This row has no amount."),
        Message("Write the amount, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "amount_unreadable": Kind(
        Message("“{found}” is not an amount."),
        Message("Write the amount in digits, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "amount_not_positive": Kind(
        Message("The amount “{found}” is less than zero."),
        Message("Report a refund as a refund; correct the amount or accept “skip”."),
        SKIP,
    ),
    "amount_zero": Kind(
        Message("The amount is zero."),
        Message("Write the amount, or accept “skip” to leave the row out."),
        SKIP,
        "amount_not_positive",
    ),
    "amount_too_precise": Kind(
        Message("The amount “{found}” is not a whole number of fen."),
        Message("Round the amount to the fen, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "amount_too_large": Kind(
        Message("The amount “{found}” is larger than any gift."),
        Message("Correct the amount, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "row_date_missing": Kind(
        Message("Nothing tells the date of this gift."),
        Message("Write the date, give the list's date with --date, or accept “skip”."),
        SKIP,
    ),
    "date_missing": Kind(
        Message("Nothing in the file tells the date of the gifts. The file's name says: {name}"),
        Message("Confirm the day or the period with --date 2020-01-28 (or 2020-01-22/2020-01-28)."),
    ),
    "date_missing_everywhere": Kind(
        Message("Nothing in the file or its name tells the date of the gifts."),
        Message("Confirm the day or the period with --date 2020-01-28 (or 2020-01-22/2020-01-28)."),
        code="date_missing",
    ),
    "date_only_year": Kind(
        Message("Nothing in the file tells the day of the gifts; the year {year} is not enough."),
        Message("Give the day or the period with --date 2020-01-28 (or 2020-01-22/2020-01-28)."),
        code="date_missing",
    ),
    "date_unreadable": Kind(
        Message("“{found}” is not a date that can be read with certainty."),
        Message("Write it as 2020-01-28, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "date_in_future": Kind(
        Message("The date {found} lies in the future."),
        Message("Correct the date, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "date_too_early": Kind(
        Message("The date {found} lies before 1990."),
        Message("Correct the date, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "list_date_impossible": Kind(
        Message("The date of the list, {found}, does not exist, is before 1990 or is to come."),
        Message("Correct the title, or the date given with --date."),
    ),
    "year_unknown": Kind(
        Message("The file tells the day ({found}) and not the year. The file's name says: {name}"),
        Message("Check the year and confirm it with --date YEAR, or give the whole day."),
    ),
    "year_unknown_everywhere": Kind(
        Message("The file tells the day ({found}) and not the year; its name tells none either."),
        Message("Confirm the year with --date YEAR, or give the whole day."),
        code="year_unknown",
    ),
    "date_ambiguous": Kind(
        Message("The rows above the table tell several dates: {found}"),
        Message("Say which one holds with --date."),
    ),
    "date_differs": Kind(
        Message("The file says {found}, --date says {given}."),
        Message("Correct --date, or the title of the list."),
    ),
    "transaction_twice": Kind(
        Message("The same transaction id stands in {first} already."),
        Message("Correct the id, or accept “skip” to leave the second row out."),
        SKIP,
    ),
    "transaction_imprecise": Kind(
        Message("The transaction id was stored as a number and has lost digits."),
        Message("Export the ids as text, or accept “transaction” to read the row without its id."),
        "transaction",
    ),
    "transaction_missing": Kind(
        Message("This row names neither a donor nor a transaction."),
        Message("Write the transaction id, or accept “transaction” to read the row without."),
        "transaction",
    ),
    "transaction_too_long": Kind(
        Message("The transaction id has {length} characters; at most {limit} are read."),
        Message("Correct the id, or accept “transaction” to read the row without its id."),
        "transaction",
    ),
    "not_received": Kind(
        Message("The money of this row did not come or went back: its status is “{found}”."),
        Message("Correct the status, or accept “skip” to leave the row out."),
        SKIP,
    ),
    "code_invalid": Kind(
        Message("The donor's credit code is not valid: 18 characters, two of them to check it."),
        Message("Correct the code, or accept “code” to read the row without it."),
        "code",
    ),
    "amount_unusual": Kind(
        Message("This gift of {amount} yuan is {times} times the usual gift of {usual} yuan."),
        Message(
            "Compare it with the bank's record; correct it, or accept “unusual” if it is right."
        ),
        "unusual",
    ),
    "target_exceeded": Kind(
        Message(
            "This gift of {amount} yuan exceeds all that “{campaign}” asks for: {target} yuan."
        ),
        Message("Check the amount and the fund; accept “target” if they are right."),
        "target",
    ),
    "row_too_long": Kind(
        Message("This row has more cells than the header: perhaps an amount with a comma."),
        Message("Put quotes around text that holds a comma, or accept “skip”."),
        SKIP,
    ),
    "total_unreadable": Kind(
        Message("The total “{found}” cannot be read."),
        Message("Correct the total, or accept “total”."),
        "total",
    ),
    "total_differs": Kind(
        Message(
            "The file states {stated} yuan, its rows sum to {summed}: difference {difference}."
        ),
        Message("Find the missing or doubled rows, or accept “total”."),
        "total",
    ),
    "subtotal_differs": Kind(
        Message("A subtotal says {stated} yuan; the rows above sum to {summed}."),
        Message("Find the missing or doubled rows, or accept “total”."),
        "total",
        "total_differs",
    ),
    "count_differs": Kind(
        Message("The file states {stated} gifts and no total; it has {counted} rows."),
        Message("Find the missing or doubled rows, or accept “total”."),
        "total",
    ),
    "column_ambiguous": Kind(
        Message("Two columns of this table may be the same thing: {first} and {second}."),
        Message("Leave one such column; put tables that stand side by side under each other."),
    ),
    "unit_contradicts": Kind(
        Message("The header counts in {header}, the rows above it in {above}."),
        Message("State one unit."),
    ),
    "currency_foreign": Kind(
        Message("This amount is not in yuan: “{found}”."),
        Message("Convert it to yuan at the rate of its day, or accept “skip” to leave it out."),
        SKIP,
    ),
    "list_currency_foreign": Kind(
        Message("The amounts are not in yuan: “{found}”."),
        Message("Convert them to yuan at the rate of the day they arrived."),
        code="currency_foreign",
    ),
    "no_gifts": Kind(
        Message("This list has a header and no gifts."),
        Message("Check that this is the right file; there is nothing in it to record."),
    ),
    "sheet_repeated": Kind(
        Message("Sheet “{second}” repeats the table of sheet “{first}”, row by row."),
        Message("Delete one of the two sheets, or accept “overlap” if these are other gifts."),
        "overlap",
    ),
}

ACCEPT_WORDS = frozenset(kind.accept for kind in PROBLEMS.values() if kind.accept is not None)
"""All words with which a problem of a list can be accepted."""

NOTICES = {
    "sheet_without_table": Message("Sheet “{sheet}” holds text and no table of donations."),
    "sheet_of_totals": Message(
        "Sheet “{sheet}” holds no table of donations. It states totals, which are not compared."
    ),
    "sheet_hidden": Message("Sheet “{sheet}” is hidden; its table is read nevertheless."),
    "goods_left_out": Message("Sheet “{sheet}” lists goods, which this command does not read."),
    "spending_left_out": Message("Sheet “{sheet}” lists spending, not gifts; it is not read."),
    "table_empty": Message("The table of sheet “{sheet}” has no gifts."),
    "no_donor_column": Message(
        "Sheet “{sheet}” has no column of donors: all its gifts are recorded without a donor."
    ),
    "status_unknown": Message(
        "The status “{found}” is not known ({count} rows have such a status): they are read as"
        " gifts."
    ),
    "unit_scaled": Message("The amounts are read in {unit}: 1 means {yuan} yuan."),
    "rows_below_table": Message("{count} rows below the table are notes, not gifts."),
    "row_skipped": Message("This row is left out, as accepted."),
    "total_agrees": Message("The stated total, {stated} yuan, agrees with the rows."),
    "total_agrees_above": Message("The total of {stated} yuan agrees with the rows above it."),
    "total_agrees_open": Message(
        "The stated total agrees with all {rows} rows; {open} of them are open."
    ),
    "total_agrees_skipped": Message(
        "The stated total, {stated} yuan, agrees with all {rows} rows; {count} of them, {amount}"
        " yuan, are left out, so {booked} yuan go in."
    ),
    "total_agrees_without": Message(
        "The stated total, {stated} yuan, agrees with the rows if {count} rows of {amount} yuan"
        " are not counted that are left out or whose money did not come."
    ),
    "no_total": Message("The file states no total: nothing confirms that all its rows are here."),
    "total_unchecked": Message("The stated total, {stated} yuan, waits for the open rows."),
    "total_partial": Message("By its own words a partial list: {summed} of {stated} yuan."),
    "count_differs": Message("The file states {stated} gifts and has {counted} rows."),
    "year_inferred": Message("The year of {found} comes from {source} in the same file."),
    "only_end_known": Message("The list tells only the last day of its gifts, {found}."),
    "period_from_title": Message(
        "The title tells the period {first} to {last}; it holds for all gifts."
    ),
    "days_from_transactions": Message("Days and times are those within the transaction ids."),
    "transaction_days_ignored": Message("Dates within the ids contradict the title: not used."),
    "given_day_unused": Message("Every row has its own date; --date was not needed."),
    "given_day_filled": Message("{count} rows without a date took the one given with --date."),
    "time_unreadable": Message("{count} times could not be read, the first here."),
    "columns_remembered": Message(
        "The columns are read as they were assigned by hand for an earlier list with these headers."
    ),
    "accept_unused": Message("“{word}” accepted nothing."),
}

_CELL = re.compile(r"(?:'?(?P<sheet>[^!]*?)'?!)?(?P<cell>[A-Za-z]{1,3}[0-9]+)")


class Findings:
    """Collects problems and notices, and knows which problems a person has accepted.

    Attributes:
        problems: Open problems.
        accepted: Problems that `accept` covers.
        notices: Notices.
        only_sheet: The sheet that a cell without a sheet means; None when it could be several.
    """

    def __init__(self, accept: Collection[str] = ()) -> None:
        self.problems: list[Problem] = []
        self.accepted: list[Problem] = []
        self.notices: list[Notice] = []
        self.only_sheet: str | None = None
        self._accept = {_canonical(word): word for word in accept}
        self._used: set[str] = set()

    def problem(
        self, code: str, sheet: str | None, cell: str | None, /, **values: object
    ) -> str | None:
        """Record a problem and return the accept word if it is accepted, otherwise None."""
        kind = PROBLEMS[code]
        message = Message(kind.message.template, **values) if values else kind.message
        found = Problem(kind.code or code, message, kind.mend, sheet, cell, kind.accept)
        if self._is_accepted(found):
            self.accepted.append(found)
            return found.accept
        self.problems.append(found)
        return None

    def notice(self, code: str, sheet: str | None, cell: str | None, /, **values: object) -> None:
        """Record a notice."""
        self.notices.append(Notice(code, Message(NOTICES[code].template, **values), sheet, cell))

    def close(self) -> None:
        """Say which accept words and cells accepted nothing."""
        for canonical, word in self._accept.items():
            if canonical not in self._used:
                self.notice("accept_unused", None, None, word=word)

    def accepts(self, code: str, sheet: str | None, cell: str | None) -> bool:
        """Tell whether a problem would be accepted, without recording it."""
        return bool(self._words_for(PROBLEMS[code].accept, sheet, cell))

    def _is_accepted(self, problem: Problem) -> bool:
        found = self._words_for(problem.accept, problem.sheet, problem.cell)
        self._used |= found
        return bool(found)

    def _words_for(self, accept: str | None, sheet: str | None, cell: str | None) -> set[str]:
        if accept is None or not self._accept:
            return set()
        words = {accept, f"{sheet}!{cell}"}
        if self.only_sheet == sheet and cell:
            words.add(cell)
        return words & self._accept.keys()


def _canonical(word: str) -> str:
    match = _CELL.fullmatch(word)
    if match is None:
        return word
    sheet, cell = match["sheet"], match["cell"].upper()
    return cell if sheet is None else f"{sheet}!{cell}"
