"""Tests of e-mail addresses and names that people type."""

import pytest

from charity.people.particulars import parse_email, parse_name
from ledger.messages import Refused


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Xu.Gou@Example.ORG", "xu.gou@example.org"),
        ("  xugou@example.org \n", "xugou@example.org"),
        ("ｘｕｇｏｕ＠ｅｘａｍｐｌｅ．ｏｒｇ", "xugou@example.org"),
        ("a+b_c@localhost", "a+b_c@localhost"),
    ],
)
def test_an_address_has_one_form(typed: str, kept: str) -> None:
    assert parse_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "xugou",
        "@example.org",
        "xugou@",
        "a@b@example.org",
        "two words@example.org",
        "a@example.org,b@example.org",
        "xugou@example.org\nBcc: other@example.org",
        "<xugou@example.org>",
        "虚构@example.org",
        "a" * 300 + "@example.org",
        "a" * 10_000,
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="no e-mail address"):
        parse_email(typed)


def test_a_name_has_single_blanks() -> None:
    assert parse_name("  虚构   经办 ") == "虚构 经办"


@pytest.mark.parametrize("typed", ["", "   ", "虚" * 61, "虚" * 10_000])
def test_a_name_of_no_or_endless_length_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="1 to 60 characters"):
        parse_name(typed)


@pytest.mark.parametrize("typed", ["虚\u202e构", "虚\x00构", "虚\u200b构", "虚\ud800构"])
def test_a_name_with_unseen_characters_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="cannot be seen"):
        parse_name(typed)
