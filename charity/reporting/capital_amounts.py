"""Provides the reading of amounts in Chinese capital numerals (叁佰元整) as whole fen.

Only the full form is read, in which a zero stands for every gap (壹仟零伍, never 壹仟伍): what
could mean two amounts is none.
"""

import re

_DIGITS = {"零": 0, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}
_TENS = {"拾": 10, "佰": 100, "仟": 1_000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
_VARIANTS = str.maketrans("〇貳弍參叄陸百千萬億圓圆", "零贰贰叁叁陆佰仟万亿元元")
_NUMERALS = "".join([*_DIGITS, *_TENS, *_MYRIADS])
_FEN_PER_YUAN = 100
_FEN_PER_JIAO = 10

_ONE = "[壹贰叁肆伍陆柒捌玖]"
_UP_TO_99 = f"{_ONE}拾{_ONE}?"
_UP_TO_999 = f"{_ONE}佰(?:{_UP_TO_99}|零{_ONE})?"
_SMALL = f"(?:{_UP_TO_999}|{_UP_TO_99}|{_ONE})"
_LARGE = f"{_ONE}仟(?:{_UP_TO_999}|零(?:{_UP_TO_99}|{_ONE}))?"
_FOUR_PLACES = f"(?:{_LARGE}|{_SMALL}|拾{_ONE}?)"
# What follows a myriad directly needs a zero where its thousands are absent.
_NEXT = f"(?:零?{_LARGE}|零{_SMALL})"
_YUAN = (
    rf"{_FOUR_PLACES}亿(?:{_NEXT}万{_NEXT}?|零(?:{_LARGE}|{_SMALL}))?"
    rf"|{_FOUR_PLACES}万{_NEXT}?|{_FOUR_PLACES}|零"
)
_CENTS = (
    rf"零?(?P<jiao>{_ONE})角(?:(?P<fen>[零{_ONE[1:-1]}])分)?"
    rf"|零(?:角零?)?(?P<only>{_ONE})分|零角(?:零分)?"
)
_SMALL_CHANGE = rf"(?P<jiao_alone>{_ONE})角(?:(?P<fen_after>{_ONE})分)?|(?P<fen_alone>{_ONE})分"
_AMOUNT = re.compile(
    rf"(?<![{_NUMERALS}])(?:(?P<yuan>{_YUAN})元(?:{_CENTS})?|{_SMALL_CHANGE})[整正]?(?![{_NUMERALS}元角分])"
)


def capital_fen(text: str) -> int | None:
    """Return the amount that a text is, in fen; None if it is none in capital numerals."""
    match = _AMOUNT.fullmatch(text.translate(_VARIANTS))
    return None if match is None else _fen(match)


def take_capitals(text: str) -> tuple[list[int], str]:
    """Return the amounts in capital numerals within a text, in fen, and the text without them."""
    plain = text.translate(_VARIANTS)
    return [_fen(match) for match in _AMOUNT.finditer(plain)], _AMOUNT.sub("", plain)


def _fen(match: re.Match[str]) -> int:
    def digit(*names: str) -> int:
        return next((_DIGITS[match[name]] for name in names if match[name]), 0)

    jiao = digit("jiao", "jiao_alone")
    fen = digit("fen", "only", "fen_after", "fen_alone")
    return _whole(match["yuan"] or "") * _FEN_PER_YUAN + jiao * _FEN_PER_JIAO + fen


def _whole(numerals: str) -> int:
    total = places = digit = 0
    for numeral in numerals:
        if numeral in _DIGITS:
            digit = _DIGITS[numeral]
        elif numeral in _TENS:
            places += (digit or 1) * _TENS[numeral]
            digit = 0
        else:
            total += (places + digit) * _MYRIADS[numeral]
            places = digit = 0
    return total + places + digit
