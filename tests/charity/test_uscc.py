"""Tests of unified social credit codes: shape, check characters, the trap of the remainder 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.organisations.uscc import (
    complete_code,
    has_valid_check_characters,
    organisation_identifier,
    parse_code,
)
from ledger.messages import WrongUse
from tests.conftest import ORGANISATION

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VALID = [
    "53440300305837768J",
    "53330000501874064B",
    "52620600MJY949356H",
    "91350100M000100Y43",
    "91110108551385082Q",
    "534403003000001090",
    ORGANISATION,
]
firsts = st.tuples(
    st.sampled_from(["51", "52", "53", "91", "A1", "N2", "Y1"]),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=8, max_size=8),
).map("".join)


@pytest.mark.parametrize("code", VALID)
def test_codes_that_were_issued_are_valid(code: str) -> None:
    assert parse_code(code) == code
    assert has_valid_check_characters(code)
    assert complete_code(code[:16]) == code


@pytest.mark.parametrize("code", ["534403005026799012", "91350211M00013FA1N"])
def test_a_wrong_check_character_is_flagged_and_not_refused(code: str) -> None:
    assert parse_code(code) == code
    assert not has_valid_check_characters(code)


@pytest.mark.parametrize("code", VALID)
def test_every_other_check_character_is_wrong(code: str) -> None:
    others = [code[:17] + character for character in ALPHABET if character != code[17]]
    assert [other for other in others if has_valid_check_characters(other)] == []


def test_a_wrong_check_digit_of_the_subject_inside_a_right_code_is_found() -> None:
    total = sum(
        ALPHABET.index(character) * pow(3, place, 31)
        for place, character in enumerate("53440300305837767")
    )
    code = "53440300305837767" + ALPHABET[-total % 31]
    assert not has_valid_check_characters(code)


@given(first=firsts)
def test_a_completed_code_is_valid_and_its_remainder_is_zero(first: str) -> None:
    code = complete_code(first)
    assert code[:16] == first
    assert parse_code(code) == code
    weighed = sum(ALPHABET.index(code[place]) * pow(3, place, 31) for place in range(17))
    assert (weighed + ALPHABET.index(code[17])) % 31 == 0
    assert has_valid_check_characters(code)


@pytest.mark.parametrize(
    "text",
    [
        f"CN-USCI-{ORGANISATION}",
        f" {ORGANISATION}\n",
        ORGANISATION.lower(),
        f"cn-usci-{ORGANISATION.lower()}",
    ],
)
def test_a_code_may_be_written_with_its_list_in_small_letters_or_with_blanks(text: str) -> None:
    assert parse_code(text) == ORGANISATION


@pytest.mark.parametrize(
    "text",
    [
        "",
        ORGANISATION[:17],
        ORGANISATION + "0",
        "I" + ORGANISATION[1:],
        ORGANISATION[:17] + "O",
        ORGANISATION[:17] + "S",
        ORGANISATION[:17] + "Z",
        ORGANISATION[:17] + "Ａ",
        "53A40300000009996C",
        f"{ORGANISATION[:9]} {ORGANISATION[9:]}",
        f"{ORGANISATION}\n{ORGANISATION}",
    ],
)
def test_what_has_not_the_shape_of_a_code_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="no unified social credit code"):
        parse_code(text)


def test_an_identifier_names_its_list() -> None:
    assert organisation_identifier(ORGANISATION) == f"CN-USCI-{ORGANISATION}"
