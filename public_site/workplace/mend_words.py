"""Provides what sentences of the command line become on pages: fields and boxes, no options."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.messages import Message, Translate

_DAY_BELOW: Final = Message("Give the day or the period below.")
_NOT_COMPARED: Final = Message(
    "Find the missing or doubled rows, or accept that the difference stays."
)
_RIGHT_GIFT: Final = Message(
    "Compare it with the bank's record; correct it, or accept it if it is right."
)
_AMOUNT_AND_FUND: Final = Message("Check the amount and the fund; accept it if they are right.")

DAYS: Final = {
    "Write the date, give the list's date with --date, or accept “skip”.": Message(
        "Write the date, give the day of the list below, or accept that the row is left out."
    ),
    "Confirm the day or the period with --date 2020-01-28 (or 2020-01-22/2020-01-28).": _DAY_BELOW,
    "Give the day or the period with --date 2020-01-28 (or 2020-01-22/2020-01-28).": _DAY_BELOW,
    "Correct the title, or the date given with --date.": Message(
        "Correct the title in the file, or the day given below."
    ),
    "Check the year and confirm it with --date YEAR, or give the whole day.": Message(
        "Check the year and give it below, or give the whole day."
    ),
    "Confirm the year with --date YEAR, or give the whole day.": Message(
        "Give the year below, or the whole day."
    ),
    "Say which one holds with --date.": Message("Say below which one holds."),
    "The file says {found}, --date says {given}.": Message(
        "The file says {found}; you gave {given}."
    ),
    "Correct --date, or the title of the list.": Message(
        "Correct the day below, or the title of the list."
    ),
    "Every row has its own date; --date was not needed.": Message(
        "Every row has its own date; the day that you gave was not needed."
    ),
    "{count} rows without a date took the one given with --date.": Message(
        "{count} rows without a date took the day that you gave."
    ),
}

ROWS: Final = {
    "Shorten the name, or accept “skip” to leave the row out.": Message(
        "Shorten the name, or accept that the row is left out."
    ),
    "Write the amount, or accept “skip” to leave the row out.": Message(
        "Write the amount, or accept that the row is left out."
    ),
    "Write the amount in digits, or accept “skip” to leave the row out.": Message(
        "Write the amount in digits, or accept that the row is left out."
    ),
    "Report a refund as a refund; correct the amount or accept “skip”.": Message(
        "Report a refund as a refund; correct the amount, or accept that the row is left out."
    ),
    "Round the amount to the fen, or accept “skip” to leave the row out.": Message(
        "Round the amount to the fen, or accept that the row is left out."
    ),
    "Correct the amount, or accept “skip” to leave the row out.": Message(
        "Correct the amount, or accept that the row is left out."
    ),
    "Write it as 2020-01-28, or accept “skip” to leave the row out.": Message(
        "Write it as 2020-01-28, or accept that the row is left out."
    ),
    "Correct the date, or accept “skip” to leave the row out.": Message(
        "Correct the date, or accept that the row is left out."
    ),
    "Correct the id, or accept “skip” to leave the second row out.": Message(
        "Correct the id, or accept that the second row is left out."
    ),
    "Correct the status, or accept “skip” to leave the row out.": Message(
        "Correct the status, or accept that the row is left out."
    ),
    "Put quotes around text that holds a comma, or accept “skip”.": Message(
        "Put quotes around text that holds a comma, or accept that the row is left out."
    ),
    "Convert it to yuan at the rate of its day, or accept “skip” to leave it out.": Message(
        "Convert it to yuan at the rate of its day, or accept that the row is left out."
    ),
}

LISTS: Final = {
    "Write the donor's name, or accept “anonymous” if the donor gave no name.": Message(
        "Write the donor's name, or accept that the donor gave no name."
    ),
    "Take the row out, or accept “aggregate” if no list gives the detail.": Message(
        "Take the row out, or accept it if no other list gives the detail."
    ),
    "Export the ids as text, or accept “transaction” to read the row without its id.": Message(
        "Export the ids as text, or accept that the row is read without its id."
    ),
    "Write the transaction id, or accept “transaction” to read the row without.": Message(
        "Write the transaction id, or accept that the row is read without one."
    ),
    "Correct the id, or accept “transaction” to read the row without its id.": Message(
        "Correct the id, or accept that the row is read without it."
    ),
    "Correct the code, or accept “code” to read the row without it.": Message(
        "Correct the code, or accept that the row is read without it."
    ),
    "The column must hold the donors' codes. Correct it, or assign the role “ignore” to it.": (
        Message(
            "The column must hold the donors' codes. Correct it, or say on the page of the columns"
            " that it is not needed."
        )
    ),
    "Compare it with the bank's record; correct it, or accept “unusual” if it is right.": (
        _RIGHT_GIFT
    ),
    "Check the amount and the fund; accept “target” if they are right.": _AMOUNT_AND_FUND,
    "Check the amounts and the fund; accept “target” if they are right.": _AMOUNT_AND_FUND,
    "Correct the total, or accept “total”.": Message(
        "Correct the total, or accept that it is not compared."
    ),
    "Find the missing or doubled rows, or accept “total”.": _NOT_COMPARED,
    "Delete one of the two sheets, or accept “overlap” if these are other gifts.": Message(
        "Delete one of the two sheets, or accept that these are other gifts."
    ),
    "Check --org. The same gifts cannot be in two organisations' books.": Message(
        "The same gifts cannot be in two organisations’ books. Ask the other one, or withdraw this."
    ),
    "Sheet “{sheet}” lists goods, which this command does not read.": Message(
        "Sheet “{sheet}” lists goods, which are not read from lists."
    ),
    "“{word}” accepted nothing.": Message("Something was accepted that does not stand here."),
}

RECORDS: Final = {
    "Choose the fund of the project, or accept “fund” if the purpose of the fund covers this"
    " spending.": Message(
        "Choose the fund of the project, or accept that the purpose of the fund covers this"
        " spending."
    ),
    "Take the number out, or accept “number” if it is no person’s, such as a contract number.": (
        Message("Take the number out, or accept that it is no person’s, such as a contract number.")
    ),
    "Give its credit code, say that the donor is a person, or accept “organisation”.": Message(
        "Give its credit code, say that the donor is a person, or accept that it is an"
        " organisation."
    ),
    "Look for a slip of the pen, or accept “code” if it was really issued so.": Message(
        "Look for a slip of the pen, or accept that it was really issued so."
    ),
    "Accept “transfer” to record it as passed on by a charity elsewhere.": Message(
        "Accept that it is recorded as passed on by a charity elsewhere."
    ),
    "Correct the amount, or accept “overpaid” if the donor really gave more.": Message(
        "Correct the amount, or accept that the donor really gave more."
    ),
    "Take this record out, or accept “repeated” if it is a second gift.": Message(
        "Take this record out, or accept that it is a second gift."
    ),
}

IN_BROWSER: Final[Mapping[str, Message]] = MappingProxyType({**DAYS, **ROWS, **LISTS, **RECORDS})
"""What a sentence of the command line becomes where there are fields instead of options."""


def in_browser(message: Message, translate: Translate) -> str:
    """Return a sentence for people before a page: it names fields, not options of a command."""
    other = IN_BROWSER.get(message.template)
    if other is None:
        return message.text(translate)
    return Message(other.template, **message.values).text(translate)
