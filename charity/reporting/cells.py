"""Provides the reading of single cells: clean text, exact amounts, identifiers, cell names."""

import math
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TypeAlias

Cell: TypeAlias = int | float | str | bool | date | datetime | time | timedelta

LARGEST_FEN = 10**15
"""Largest amount that is read, in fen. Up to here a float and a whole fen correspond exactly."""

# Blanks of every width become a blank; what nobody can see is dropped. Joiners and marks of
# direction have no place in a name that must look the same everywhere.
_BLANKS = [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)]
_BLANKS += [0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
_INVISIBLE = [*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x180E, *range(0x200B, 0x2010)]
_INVISIBLE += [*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
_CLEANING: dict[int, str | None] = dict.fromkeys(_INVISIBLE) | dict.fromkeys(_BLANKS, " ")

_EXACT = Context(prec=80)
_DUST_ULPS = 4
_DUST_FEN = Decimal("0.01")
_LONGEST_AMOUNT = 40
_AMOUNT = re.compile(
    r"(?P<sign>[-\u2212]?)\s*(?:人民币|RMB|CNY|¥)?\s*(?P<inner>[-\u2212]?)"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?P<fraction>\.[0-9]+)?"
    r"\s*(?P<unit>[千万亿]?[元圆]|[千万亿])?整?\s*(?:人民币|RMB|CNY)?",
    re.IGNORECASE,
)
_LARGE_UNITS = {"千": 1_000, "万": 10_000, "亿": 100_000_000}
_FEN_PER_YUAN = 100
_LARGEST_EXACT_ID = 2**53


class Unreadable(ValueError):  # noqa: N818 (it is an answer, like Refused)
    """A cell cannot be read; `code` names the kind of problem and `found` shows the cell."""

    def __init__(self, code: str, found: object = "") -> None:
        self.code = code
        # Nobody wrote the “.0” with which a whole float is printed.
        shown = str(found).removesuffix(".0") if isinstance(found, float) else str(found)
        self.found = shown[:60]
        super().__init__(code)


def clean_text(text: str) -> str:
    """Return `text` without invisible characters and with single blanks between words.

    Visible characters stay as printed: full-width letters and rare characters are not replaced.
    """
    # str.isprintable() is False for every blank but " " and for everything invisible.
    if not text.isprintable():
        text = text.translate(_CLEANING)
    if "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return text


def clean_code(text: str) -> str:
    """Return an identifier in half-width characters without blanks or invisible characters."""
    if text.isascii() and text.isalnum():
        return text
    return unicodedata.normalize("NFKC", clean_text(text)).replace(" ", "")


def plain_text(cell: Cell) -> str:
    """Return a cell as half-width text (NFKC), for headers, titles and notes."""
    if isinstance(cell, str):
        return unicodedata.normalize("NFKC", clean_text(cell)) if cell else ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def is_number(cell: Cell) -> bool:
    """Tell whether the cell holds a number (a truth value is none)."""
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def cell_name(row: int, column: int) -> str:
    """Return the name of a cell from its 1-based row and 0-based column: (1, 0) is `A1`."""
    return f"{column_letters(column)}{row}"


def column_letters(column: int) -> str:
    """Return the letters of a 0-based column: 0 is `A`, 26 is `AA`."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def transaction_id(cell: Cell) -> str | None:
    """Return the transaction id in a cell, None if blank.

    Raises:
        Unreadable: `transaction_imprecise` for an id that a spreadsheet turned into a number.
    """
    if isinstance(cell, str):
        code = clean_code(cell)
        if re.fullmatch(r"[0-9](\.[0-9]+)?E\+[0-9]+", code, re.IGNORECASE):
            raise Unreadable("transaction_imprecise", code)
        return code or None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _LARGEST_EXACT_ID:
        return str(int(cell))
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    raise Unreadable("transaction_imprecise", cell)


def exact_fen(cell: Cell, scale: int = _FEN_PER_YUAN) -> int:
    """Return the amount in a cell as fen, of either sign.

    Args:
        cell: A number, or text such as `4,000,000.00`, `￥1,000`, `1.5万` or `100元`.
        scale: Fen in one unit of the column: 100 for yuan, 1,000,000 for 万元. Text that names
            its own unit is read in that unit.

    Raises:
        Unreadable: `amount_missing`, `amount_unreadable`, `amount_too_precise` or
            `amount_too_large`.
    """
    if isinstance(cell, float):
        return _fen_of_float(cell, scale)
    if isinstance(cell, str):
        return _fen_of_text(cell, scale)
    if isinstance(cell, int) and not isinstance(cell, bool):
        return _whole(Decimal(cell), scale, Decimal(0), cell)
    raise Unreadable("amount_unreadable", cell)


def amount_fen(cell: Cell, scale: int = _FEN_PER_YUAN) -> int:
    """Return the amount of a gift in a cell as fen; like `exact_fen`, and more than zero.

    Raises:
        Unreadable: as `exact_fen`, and `amount_not_positive`.
    """
    fen = exact_fen(cell, scale)
    if fen <= 0:
        raise Unreadable("amount_not_positive", cell)
    return fen


def total_fen(cell: Cell, scale: int = _FEN_PER_YUAN) -> int:
    """Return a sum that a spreadsheet computed as fen: dust of its float addition is rounded off.

    Raises:
        Unreadable: as `exact_fen`.
    """
    if not isinstance(cell, float):
        return exact_fen(cell, scale)
    if not math.isfinite(cell):
        raise Unreadable("amount_unreadable", cell)
    return _whole(Decimal(repr(cell)), scale, _DUST_FEN, cell)


def yuan_text(fen: int) -> str:
    """Return an amount of fen as yuan with two decimals and thousands separators."""
    yuan, rest = divmod(abs(fen), _FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan:,}.{rest:02}"


def _fen_of_float(cell: float, scale: int) -> int:
    if not math.isfinite(cell):
        raise Unreadable("amount_unreadable", cell)
    # Division of integers rounds correctly, so equality says that `cell` is the float nearest to
    # fen/scale. Decimals of up to 15 digits correspond one to one to their nearest floats, hence
    # repr(cell) spells exactly fen/scale.
    if abs(cell) * scale <= LARGEST_FEN and (fen := round(cell * scale)) / scale == cell:
        return fen
    dust = _EXACT.multiply(Decimal(_DUST_ULPS * math.ulp(cell)), Decimal(scale))
    return _whole(Decimal(repr(cell)), scale, min(dust, _DUST_FEN), cell)


def _fen_of_text(cell: str, scale: int) -> int:
    text = unicodedata.normalize("NFKC", clean_text(cell))
    if not text:
        raise Unreadable("amount_missing")
    match = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST_AMOUNT else None
    if match is None or (match["sign"] and match["inner"]):
        raise Unreadable("amount_unreadable", text)
    if match["unit"]:
        scale = _FEN_PER_YUAN * _LARGE_UNITS.get(match["unit"][0], 1)
    number = Decimal(match["whole"].replace(",", "") + (match["fraction"] or ""))
    fen = _whole(number, scale, Decimal(0), text)
    return -fen if match["sign"] or match["inner"] else fen


def _whole(number: Decimal, scale: int, dust: Decimal, found: object) -> int:
    exact = _EXACT.multiply(number, Decimal(scale))
    if abs(exact) > LARGEST_FEN:
        raise Unreadable("amount_too_large", found)
    whole = exact.to_integral_value(ROUND_HALF_EVEN, _EXACT)
    if abs(_EXACT.subtract(exact, whole)) > dust:
        raise Unreadable("amount_too_precise", found)
    return int(whole)
