"""Tests of amounts in capital numerals: written by the rules, and read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.receipts.capital_words import capital_words
from charity.reporting.capital_amounts import capital_fen


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (99, "玖角玖分"),
        (1_00, "壹元整"),
        (1_05, "壹元零伍分"),
        (1_50, "壹元伍角整"),
        (10_00, "壹拾元整"),
        (123_45, "壹佰贰拾叁元肆角伍分"),
        (325_04, "叁佰贰拾伍元零肆分"),
        (1_409_50, "壹仟肆佰零玖元伍角整"),
        (6_007_14, "陆仟零柒元壹角肆分"),
        (16_409_02, "壹万陆仟肆佰零玖元零贰分"),
        (100_000_00, "壹拾万元整"),
        (107_000_53, "壹拾万柒仟元伍角叁分"),
        (1_000_001_00, "壹佰万零壹元整"),
        (10_010_010_00, "壹仟零壹万零壹拾元整"),
        (100_000_000_00, "壹亿元整"),
        (100_000_001_00, "壹亿零壹元整"),
        (100_010_000_00, "壹亿零壹万元整"),
        (1_000_500_000_00, "壹拾亿零伍拾万元整"),
        (10**15, "壹拾万亿元整"),
        (10**15 - 1, "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)
def test_amounts_are_written_by_the_rules(fen: int, words: str) -> None:
    assert capital_words(fen) == words


@given(fen=st.integers(0, 10**14 - 1))
def test_what_is_written_is_read_again(fen: int) -> None:
    assert capital_fen(capital_words(fen)) == fen


@given(fen=st.integers(0, 10**15), other=st.integers(0, 10**15))
def test_no_two_amounts_have_the_same_words(fen: int, other: int) -> None:
    assert (capital_words(fen) == capital_words(other)) == (fen == other)


def test_an_amount_below_zero_has_no_words() -> None:
    with pytest.raises(ValueError, match="-1"):
        capital_words(-1)
