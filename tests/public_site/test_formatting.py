"""Tests of how money and shares are written."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public_site.formatting import MINUS, money, money_short, sentences, share
from public_site.settings import Language
from tests.public_site.page_reading import fen as read_fen

LANGUAGES: tuple[Language, Language] = ("zh", "en")
amounts = st.integers(-(10**15), 10**15)
languages = st.sampled_from(LANGUAGES)
UNITS = {"亿元": 10**10, "万元": 10**6, "B": 10**11, "M": 10**8, "k": 10**5}


def read_short(text: str) -> tuple[int, int]:
    """Return the fen that a short amount stands for, and the fen of its last digit's half."""
    match = re.fullmatch(r"(−?)¥?([\d,]+)(?:\.(\d+))?(亿元|万元|B|M|k)?", text)
    assert match is not None, text
    unit = UNITS.get(match[4], 100)
    value = int(match[2].replace(",", "")) * unit
    value += int((match[3] or "").ljust(2, "0")) * unit // 100
    return (-value if match[1] else value), unit // 200


@given(amounts)
def test_money_reads_back_to_the_fen(amount: int) -> None:
    assert read_fen(money(amount)) == amount


@given(amounts, languages)
def test_money_short_is_within_half_of_its_last_digit(amount: int, language: Language) -> None:
    shown, half = read_short(money_short(amount, language))
    assert abs(shown - amount) <= half


@given(amounts, amounts, languages)
def test_money_short_never_turns_the_order_round(one: int, other: int, language: Language) -> None:
    smaller, larger = sorted((one, other))
    shown = [read_short(money_short(each, language))[0] for each in (smaller, larger)]
    assert shown[0] <= shown[1]


@pytest.mark.parametrize(
    ("amount", "language", "text"),
    [
        (0, "zh", "¥0.00"),
        (-1, "en", f"{MINUS}¥0.01"),
        (999_999, "zh", "¥9,999.99"),
        (10**6, "zh", "1.00万元"),
        (1_545_000_000_0, "zh", "1.55亿元"),
        (10**6, "en", "¥10.00k"),
        (10**8, "en", "¥1.00M"),
    ],
)
def test_money_short_in_words(amount: int, language: Language, text: str) -> None:
    assert money_short(amount, language) == text


@given(amounts, st.integers(1, 10**15))
def test_share_is_within_half_of_a_tenth_of_a_percent(part: int, whole: int) -> None:
    text = share(part, whole)
    shown = int(text.replace(MINUS, "-").replace(".", "").removesuffix("%"))
    assert abs(shown * whole - part * 1000) * 2 <= whole


def test_share_of_nothing_is_a_dash() -> None:
    assert share(0, 0) == "–"


def test_sentences_follow_each_other_as_their_language_has_it() -> None:
    assert sentences("It is so.", "Mend it.") == "It is so. Mend it."
    assert sentences("确实如此。", "请改正。") == "确实如此。请改正。"
    assert sentences("It is so.") == "It is so."
    assert sentences() == ""
