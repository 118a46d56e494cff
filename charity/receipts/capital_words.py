"""Provides amounts in Chinese capital numerals (大写): 壹佰贰拾叁元肆角伍分.

Source: 《支付结算办法》 annex 1 (正确填写票据和结算凭证的基本规定), no. 1–4: 整 closes an amount
without fen, a 零 stands for every gap. `charity.reporting.capital_amounts` reads it again.
"""

from typing import Final

DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
PLACES: Final = ("仟", "佰", "拾", "")
MYRIADS: Final = ((10**8, "亿"), (10**4, "万"))
FEN_OF_A_YUAN: Final = 100
FEN_OF_A_JIAO: Final = 10


def capital_words(fen: int) -> str:
    """Return an amount in fen (above zero, or zero: 零元整) in capital numerals.

    Raises:
        ValueError: the amount is below zero.
    """
    if fen < 0:
        raise ValueError(fen)
    yuan, rest = divmod(fen, FEN_OF_A_YUAN)
    jiao, fen_left = divmod(rest, FEN_OF_A_JIAO)
    words = f"{_whole(yuan)}元" if yuan or not rest else ""
    if jiao:
        words += f"{DIGITS[jiao]}角"
    elif words and fen_left:
        words += "零"
    return words + (f"{DIGITS[fen_left]}分" if fen_left else "整")


def _whole(number: int) -> str:
    """Return a whole number in capital numerals."""
    for size, name in MYRIADS:
        if number >= size:
            high, low = divmod(number, size)
            gap = "零" if 0 < low < size // 10 else ""
            return f"{_whole(high)}{name}{gap}{_whole(low) if low else ''}"
    return _below_a_myriad(number) or DIGITS[0]


def _below_a_myriad(number: int) -> str:
    words = ""
    for place, digit in zip(PLACES, map(int, f"{number:04d}"), strict=True):
        if digit:
            words += f"{DIGITS[digit]}{place}"
        elif words and not words.endswith("零"):
            words += "零"
    return words.rstrip("零")
