"""Provides the donor's unified social credit code from a cell of a list."""

from charity.donors.names import NO_NAMES
from charity.organisations.uscc import has_valid_check_characters, parse_code
from charity.reporting.cells import Cell, Unreadable, clean_code
from ledger.messages import WrongUse


def credit_code(cell: Cell) -> str | None:
    """Return the code in a cell, None if it says nothing.

    A number is never a code: 18 digits lose their end when a spreadsheet stores them so.

    Raises:
        Unreadable: the cell holds anything but a code whose check characters are right. What it
            holds is not told: it may be a person's identity number.
    """
    text = clean_code(cell) if isinstance(cell, str) else ""
    if cell == "" or (text == "" and isinstance(cell, str)) or text in NO_NAMES:
        return None
    try:
        code = parse_code(text)
    except WrongUse:
        raise Unreadable("code_invalid", "") from None
    if not has_valid_check_characters(code):
        raise Unreadable("code_invalid", "")
    return code
