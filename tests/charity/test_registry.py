"""Tests of the register of organisations and funds."""

from datetime import date
from typing import Any

import pytest

from charity.organisations.registry import (
    OrganisationKind,
    add_fund,
    add_organisation,
    find_fund,
    find_organisation,
)
from charity.organisations.tables import Fund, Organisation
from charity.projects.registry import add_campaign, campaigns_of
from charity.reporting.earlier_gifts import campaign_targets
from ledger.messages import Refused, WrongUse
from tests.conftest import ORGANISATION

OTHER = "53330000501874064B"
ODD = "91350211M00013FA1N"

pytestmark = pytest.mark.usefixtures("ledger")


async def test_an_organisation_is_added_with_its_unrestricted_fund() -> None:
    assert await add_organisation(
        f"CN-USCI-{OTHER}", "  示例　社区 基金会 ", OrganisationKind.COMMUNITY_FOUNDATION, "南山区"
    )
    row = await Organisation.select().where(Organisation.code == OTHER).first()
    assert row == {
        "code": OTHER,
        "name": "示例 社区 基金会",
        "kind": "community_foundation",
        "district": "南山区",
        "code_valid": True,
    }
    fund = await find_fund(OTHER, "general")
    assert fund.restricted is False
    assert fund.purpose is None


async def test_the_same_organisation_again_changes_nothing() -> None:
    before = await Organisation.select(), await Fund.select()
    assert not await add_organisation(ORGANISATION, "示例基金会")
    assert (await Organisation.select(), await Fund.select()) == before


async def test_a_code_under_another_name_is_refused() -> None:
    with pytest.raises(Refused, match="registered already, as 示例基金会"):
        await add_organisation(ORGANISATION, "另一示例基金会")


async def test_a_wrong_check_character_needs_a_confirmation_that_is_recorded() -> None:
    with pytest.raises(Refused, match="--confirm-code"):
        await add_organisation(ODD, "示例中心")
    assert not await Organisation.exists().where(Organisation.code == ODD)
    assert await add_organisation(ODD, "示例中心", confirm_code=True)
    assert (await find_organisation(ODD)).code_valid is False


@pytest.mark.parametrize("name", ["", "   ", "示" * 121])
async def test_a_name_that_is_blank_or_too_long_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="1 to 120"):
        await add_organisation(OTHER, name)
    assert not await Organisation.exists().where(Organisation.code == OTHER)


async def test_an_unknown_organisation_is_wrong_use_and_tells_how_to_register() -> None:
    with pytest.raises(WrongUse, match=f"charity organisation add {OTHER}"):
        await find_organisation(OTHER)


@pytest.mark.parametrize("code", ["", "Water", "a/b", "水", "-a", "a" * 41, "a\n"])
async def test_a_fund_code_of_another_form_is_refused(code: str) -> None:
    with pytest.raises(WrongUse, match="no fund code"):
        await add_fund(ORGANISATION, code, "示例专项", restricted=True)


async def test_a_fund_is_added_once_and_found() -> None:
    for name in ("示例专项", "改名专项"):
        await add_fund(ORGANISATION, "water", name, restricted=True, purpose="示例用途")
    fund = await find_fund(ORGANISATION, "water")
    assert (fund.name, fund.restricted, fund.purpose) == ("示例专项", True, "示例用途")
    assert await Fund.count().where(Fund.organisation == ORGANISATION) == 2


async def test_an_unknown_fund_tells_those_that_are_there() -> None:
    await add_fund(ORGANISATION, "water", "示例专项", restricted=True)
    with pytest.raises(WrongUse, match=r"It has: general, water\."):
        await find_fund(ORGANISATION, "fire")


async def test_a_fund_of_another_organisation_is_not_found() -> None:
    await add_organisation(OTHER, "另一示例基金会")
    await add_fund(OTHER, "water", "示例专项", restricted=True)
    with pytest.raises(WrongUse, match="no fund 'water'"):
        await find_fund(ORGANISATION, "water")


CAMPAIGN: dict[str, Any] = {
    "name": "示例募捐",
    "fund": "general",
    "days": (date(2026, 1, 31), date(2026, 12, 31)),
    "target": 123_456_789,
    "filing_number": "示例备案1号",
}


async def test_a_campaign_is_registered_once_and_its_target_is_checked_against() -> None:
    assert await add_campaign(ORGANISATION, **CAMPAIGN)
    assert not await add_campaign(ORGANISATION, **CAMPAIGN | {"name": " 示例募捐 "})
    [row] = await campaigns_of(ORGANISATION)
    assert (row["starts"], row["ends"]) == ("2026-01-31", "2026-12-31")
    assert (row["target"], row["filing_number"]) == (123_456_789, "示例备案1号")
    [target] = await campaign_targets(ORGANISATION, "general")
    assert (target.name, target.target_fen) == ("示例募捐", 123_456_789)


@pytest.mark.parametrize(
    "other",
    [
        {"target": None},
        {"target": 1},
        {"filing_number": None},
        {"days": (date(2026, 2, 1), date(2026, 12, 31))},
        {"days": (date(2026, 1, 31), date(2027, 1, 1))},
    ],
)
async def test_a_campaign_with_other_facts_is_refused(other: dict[str, Any]) -> None:
    await add_campaign(ORGANISATION, **CAMPAIGN)
    with pytest.raises(Refused, match="registered already"):
        await add_campaign(ORGANISATION, **CAMPAIGN | other)
    assert len(await campaigns_of(ORGANISATION)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"fund": "nothing"},
        {"days": (date(2026, 2, 1), date(2026, 1, 31))},
        {"days": (date(1989, 12, 31), date(2026, 1, 31))},
        {"days": (date(2026, 1, 31), date(2101, 1, 1))},
        {"filing_number": " "},
        {"filing_number": "1" * 41},
        {"filing_number": "1\0"},
        {"name": ""},
    ],
)
async def test_a_campaign_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await add_campaign(ORGANISATION, **CAMPAIGN | wrong)
    assert await campaigns_of(ORGANISATION) == []
