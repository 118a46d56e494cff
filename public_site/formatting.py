"""Provides how numbers, money, days and moments are written for people, in both languages."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from ledger.entries import CURRENCY, GOODS_PREFIX
from public_site.settings import Language
from public_site.translations import LOCALES

SHENZHEN: Final = ZoneInfo("Asia/Shanghai")
FEN_OF_A_YUAN: Final = 100
MINUS: Final = "−"
FULL_STOPS: Final = ("。", "！", "？", "；")
"""After these, Chinese text goes on without a blank."""


def money(fen: int) -> str:
    """Return an amount in full: ¥1,234.50."""
    yuan, rest = divmod(abs(fen), FEN_OF_A_YUAN)
    return f"{MINUS if fen < 0 else ''}¥{yuan:,}.{rest:02d}"


def amount_in(amount: int, unit: str) -> str:
    """Return an amount in minor units with its unit: ¥12.50, 12.50 HKD, 示例口罩 × 300 个."""
    if unit == CURRENCY:
        return money(amount)
    sign = MINUS if amount < 0 else ""
    if unit.startswith(GOODS_PREFIX):
        goods, _, measure = unit.removeprefix(GOODS_PREFIX).rpartition("/")
        return f"{goods} × {sign}{abs(amount):,} {measure}"
    whole, rest = divmod(abs(amount), FEN_OF_A_YUAN)
    return f"{sign}{whole:,}.{rest:02d} {unit}"


def quantity(amount: int, unit: str) -> str:
    """Return an amount as `amount_in`, of goods without their name: 300 个."""
    if unit.startswith(GOODS_PREFIX):
        sign = MINUS if amount < 0 else ""
        return f"{sign}{abs(amount):,} {unit.rpartition('/')[2]}"
    return amount_in(amount, unit)


def goods_name(unit: str) -> str:
    """Return what goods are, without their measure: 示例口罩; empty for a currency."""
    if not unit.startswith(GOODS_PREFIX):
        return ""
    return unit.removeprefix(GOODS_PREFIX).rpartition("/")[0]


def _rounded(fen: int, unit_fen: int) -> str:
    hundredths = (abs(fen) * 100 + unit_fen // 2) // unit_fen
    whole, rest = divmod(hundredths, 100)
    return f"{whole:,}.{rest:02d}"


SHORT_UNITS: Final = {
    "zh": ((10**10, "{}亿元"), (10**6, "{}万元")),
    "en": ((10**11, "¥{}B"), (10**8, "¥{}M"), (10**6, "¥{}k")),
}
"""From which amount in fen a larger unit is written; English thousands begin at ¥10,000."""

UNIT_FEN: Final = {"{}亿元": 10**10, "{}万元": 10**6, "¥{}B": 10**11, "¥{}M": 10**8, "¥{}k": 10**5}


def money_short(fen: int, language: Language) -> str:
    """Return an amount to read at a glance: 1.54亿元, ¥154M; small ones in full."""
    for smallest, form in SHORT_UNITS[language]:
        if abs(fen) >= smallest:
            return (MINUS if fen < 0 else "") + form.format(_rounded(fen, UNIT_FEN[form]))
    return money(fen)


def number(value: int) -> str:
    """Return a whole number with thousands separated."""
    return f"{value:,}"


def share(numerator: int, denominator: int) -> str:
    """Return a part of a whole in percent with one decimal; a dash where there is no whole."""
    if denominator <= 0:
        return "–"
    tenths = (abs(numerator) * 1000 + denominator // 2) // denominator
    return f"{MINUS if numerator < 0 else ''}{tenths // 10}.{tenths % 10}%"


def day(value: date, language: Language) -> str:
    """Return a day, of a moment the day in Shenzhen: 2020年1月24日, 24 Jan 2020."""
    if isinstance(value, datetime):
        value = value.astimezone(SHENZHEN)
    pattern = "y年M月d日" if language == "zh" else "d MMM y"
    return format_date(value, pattern, locale=LOCALES[language])


def instant(value: datetime, language: Language) -> str:
    """Return a moment in Shenzhen's time: 2020年1月24日 08:30, 24 Jan 2020, 08:30."""
    pattern = "y年M月d日 HH:mm" if language == "zh" else "d MMM y, HH:mm"
    return format_datetime(value, pattern, tzinfo=SHENZHEN, locale=LOCALES[language])


def sentences(*texts: str) -> str:
    """Return sentences one after the other: with a blank between them, but none after a Chinese."""
    return "".join(f"{text}{'' if text.endswith(FULL_STOPS) else ' '}" for text in texts).rstrip()
