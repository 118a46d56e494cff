"""Tests of the search among organisations: every character stands for itself."""

import pytest

from charity.organisations.registry import add_organisation
from ledger.log import Ledger
from public_site.totals import organisation_rows
from tests.conftest import ORGANISATION

NAME = "示例 Abc_d%e\\f 会"


@pytest.fixture
async def registered(ledger: Ledger) -> Ledger:
    """A ledger with two organisations."""
    await add_organisation("51440304000000001D", NAME, confirm_code=True)
    return ledger


def as_it_is(text: str) -> str:
    return text


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("text", ["示例", "abc", "ABC", "c_d", "%", "\\", "d%e\\f", NAME])
async def test_a_part_of_the_name_finds_the_organisation(text: str) -> None:
    assert NAME in [row.name for row in await organisation_rows(as_it_is, text)]


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("text", ["a_c", "A%", "示_", "b\\c", "\0", "'", "其他"])
async def test_what_is_no_part_of_the_name_finds_nothing(text: str) -> None:
    assert await organisation_rows(as_it_is, text) == []


@pytest.mark.usefixtures("registered")
async def test_without_a_text_all_are_shown() -> None:
    codes = {row.code for row in await organisation_rows(as_it_is)}
    assert codes == {ORGANISATION, "51440304000000001D"}
