"""Provides tests of amounts in Chinese capital numerals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.reporting.capital_amounts import capital_fen, take_capitals

DIGITS = "零壹贰叁肆伍陆柒捌玖"
LARGEST = 10**14 - 1


def four_places(number: int) -> str:
    """Write a number below 10,000, one zero for each gap, none before or behind."""
    text = ""
    for place, unit in ((1_000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
        digit = number // place % 10
        text += DIGITS[digit] + unit if digit else "零"
    return "零".join(part for part in text.split("零") if part)


def capitals(fen: int) -> str:
    """Write an amount as an accountant does."""
    yuan, cents = divmod(fen, 100)
    text = ""
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part = yuan // unit % 10_000
        if part:
            gap = "零" if text and (part < 1_000 or not text.endswith(("亿", "万"))) else ""
            skipped = "零" if text.endswith("亿") and name == "" else ""
            text += (gap or skipped) + four_places(part) + name
    text = f"{text or '零'}元"
    jiao, single = divmod(cents, 10)
    if not cents:
        return text + "整"
    text += f"{DIGITS[jiao]}角" if jiao else "零"
    return text + (f"{DIGITS[single]}分" if single else "整")


@given(st.one_of(st.integers(0, 10**7), st.integers(0, LARGEST)))
def test_what_is_written_is_read(fen: int) -> None:
    assert capital_fen(capitals(fen)) == fen
    assert take_capitals(f"合计{capitals(fen)}(") == ([fen], "合计(")


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("叁佰元整", 30_000),
        ("叁佰圆正", 30_000),
        ("貳萬億", None),
        ("壹万零伍佰元", 1_050_000),
        ("拾伍万元整", 15_000_000),
        ("壹仟陆佰捌拾元零叁角贰分", 168_032),
        ("壹佰元零伍分", 10_005),
        ("壹佰元零角伍分", 10_005),
        ("壹佰元伍角零分", 10_050),
        ("伍角", 50),
        ("伍分", 5),
        ("零元整", 0),
    ],
)
def test_forms(text: str, fen: int | None) -> None:
    assert capital_fen(text) == fen


@pytest.mark.parametrize(
    "text",
    ["", "元整", "壹仟伍元", "壹万伍元", "壹亿伍仟元", "佰元", "叁佰", "壹贰元", "万元", "300元"],
)
def test_what_could_mean_two_amounts_is_none(text: str) -> None:
    assert capital_fen(text) is None
    assert take_capitals(text) == ([], text)


@given(st.text(st.sampled_from("零壹贰拾佰仟万亿元角分整"), max_size=12))
def test_no_two_amounts_are_written_alike(text: str) -> None:
    fen = capital_fen(text)
    assert fen is None or fen <= LARGEST
    if fen is not None and "零" not in text and text.endswith("元"):
        written = capitals(fen).replace("整", "").replace("零", "")
        assert text.replace("壹拾", "拾") == written.replace("壹拾", "拾")
