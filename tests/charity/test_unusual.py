"""Tests of gifts that may be slips of the pen: far above usual, or above a campaign's target."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.organisations.registry import add_fund
from charity.projects.tables import Campaign
from charity.reporting.amount_checks import Expected
from charity.reporting.earlier_gifts import campaign_targets, usual_gift
from charity.reporting.unusual import (
    EARLIER_ENTRIES,
    FEWEST_GIFTS,
    LEAST_FEN,
    TIMES_ORDINARY,
    TIMES_USUAL,
    CampaignTarget,
    UsualGift,
    crossed_targets,
    target_below,
    unusual_amounts,
    usual_among,
)
from ledger.log import Ledger
from tests.charity.importing import run_import, told, write_list
from tests.charity.lists import HEADER, codes, gift, noticed, read, write_xlsx
from tests.conftest import ORGANISATION
from tests.ledger.entries import stored_entries

AMOUNTS = st.lists(st.integers(1, 10**11), min_size=FEWEST_GIFTS, max_size=40)
PROJECT = CampaignTarget("示例项目", "2025-01-01", "2025-12-31", 132_000, 0)


def usual(amounts: list[int]) -> UsualGift:
    found = usual_among(amounts)
    assert found is not None
    return found


def test_thirty_thousand_instead_of_three_hundred_is_unusual() -> None:
    amounts = [30_000] * 20 + [200_000]
    assert unusual_amounts([*amounts, 3_000_000], usual([*amounts, 3_000_000])) == [21]


def test_large_gifts_that_lead_up_to_one_another_are_usual() -> None:
    amounts = [5_000] * 20 + [40_000, 300_000, 2_000_000, 10_000_000]
    assert unusual_amounts(amounts, usual(amounts)) == []


def test_small_lists_of_small_gifts_never_ask() -> None:
    amounts = [1] * 20 + [LEAST_FEN - 1]
    assert unusual_amounts(amounts, usual(amounts)) == []
    assert unusual_amounts([*amounts[:-1], LEAST_FEN], usual(amounts)) == [20]


def test_too_few_gifts_tell_nothing() -> None:
    assert usual_among([1] * (FEWEST_GIFTS - 1)) is None
    six = [2_000, 5_000, 10_000, 500_000_000, 3_000, 6_000]
    assert unusual_amounts(six, usual_among(six)) == [3]
    assert unusual_amounts([10**12], None) == []
    assert unusual_amounts([], usual([100] * FEWEST_GIFTS)) == []


@given(AMOUNTS)
def test_what_is_unusual_stands_apart_by_every_rule(amounts: list[int]) -> None:
    found = usual(amounts)
    places = unusual_amounts(amounts, found)
    high = [amounts[place] for place in places]
    rest = [amount for place, amount in enumerate(amounts) if place not in places]
    assert all(amount >= max(LEAST_FEN, TIMES_USUAL * found.fen) for amount in high)
    if any(amount >= LEAST_FEN and amount >= TIMES_USUAL * found.fen for amount in rest):
        assert all(amount > max(rest) for amount in high)
    assert not high or min(high) >= TIMES_ORDINARY * found.fen
    assert len(places) <= len(amounts) // 2


@given(AMOUNTS.flatmap(lambda amounts: st.tuples(st.just(amounts), st.permutations(amounts))))
def test_the_order_does_not_count(lists: tuple[list[int], list[int]]) -> None:
    amounts, shuffled = lists
    assert usual_among(shuffled) == usual_among(amounts)


def test_of_several_campaigns_the_largest_target_counts() -> None:
    large = CampaignTarget("示例大项目", "2025-06-01", "2025-06-30", 10_000_000, 0)
    assert target_below([PROJECT, large], "2025-05-31", 132_001) == PROJECT
    assert target_below([PROJECT, large], "2025-06-01", 132_001) is None
    assert target_below([PROJECT, large], "2025-06-30", 10_000_001) == large
    assert target_below([PROJECT], "2025-05-31", 132_000) is None
    assert target_below([PROJECT], "2026-01-01", 132_001) is None
    assert target_below([], "2025-05-31", 1) is None


def test_a_target_is_crossed_once() -> None:
    half = CampaignTarget("示例项目", "2025-01-01", "2025-12-31", 100, 60)
    assert crossed_targets([half], [("2025-02-01", 20), ("2025-02-02", 21)]) == [(half, 101)]
    assert crossed_targets([half], [("2025-02-01", 40)]) == []
    assert crossed_targets([half], [("2024-12-31", 1_000)]) == []
    full = CampaignTarget("示例项目", "2025-01-01", "2025-12-31", 100, 101)
    assert crossed_targets([full], [("2025-02-01", 1_000)]) == []


def large_list(path: Path, *amounts: float) -> Path:
    rows = [HEADER, *(gift(amount=amount) for amount in (*[300.0] * 12, *amounts))]
    return write_xlsx(path, rows)


def test_an_unusual_gift_stops_the_list_until_it_is_accepted(tmp_path: Path) -> None:
    path = large_list(tmp_path / "a.xlsx", 30_000.0, 50_000.0)
    gifts = read(path)
    assert codes(gifts) == [("amount_unusual", "C14"), ("amount_unusual", "C15")]
    assert gifts.problems[0].message.text() == (
        "This gift of 30,000.00 yuan is 100 times the usual gift of 300.00 yuan."
    )
    assert codes(read(path, "C14")) == [("amount_unusual", "C15")]
    accepted = read(path, "unusual")
    assert [row.accepted for row in accepted.rows] == [None] * 12 + ["unusual"] * 2
    assert accepted.problems == []
    assert "accept_unused" not in noticed(accepted)
    assert accepted.total_fen == 12 * 30_000 + 8_000_000


def test_a_short_list_is_compared_with_earlier_gifts(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADER, gift(amount=30_000.0)])
    assert read(path).problems == []
    expected = Expected(usual_among([30_000] * 20))
    assert codes(read(path, expected=expected)) == [("amount_unusual", "C2")]


def test_a_gift_above_the_whole_target_stops_the_list(tmp_path: Path) -> None:
    rows = [HEADER, gift("", 1_320.01, "2025-02-01"), gift(amount=1_320.0, day="2025-02-01")]
    path = write_xlsx(tmp_path / "a.xlsx", rows)
    expected = Expected(targets=[PROJECT])
    gifts = read(path, "anonymous", expected=expected)
    assert codes(gifts) == [("target_exceeded", "C2")]
    assert "“示例项目”" in gifts.problems[0].message.text()
    accepted = read(path, "anonymous", "target", expected=expected)
    assert [row.accepted for row in accepted.rows] == ["anonymous,target", None]


async def add_campaign(fund: str, target: int | None) -> None:
    await add_fund(ORGANISATION, fund, "示例专项", restricted=True)
    await Campaign.insert(
        Campaign(
            organisation=ORGANISATION,
            name="示例项目",
            fund=fund,
            starts="2025-12-01",
            ends="2025-12-31",
            target=target,
        )
    )


async def test_what_is_usual_comes_from_the_fund(ledger: Ledger, tmp_path: Path) -> None:
    await add_fund(ORGANISATION, "water", "示例专项", restricted=True)
    assert await usual_gift(ORGANISATION, "general") is None
    await run_import(ledger, write_list(tmp_path, *(f"虚构{at},{at}," for at in range(1, 12))))
    found = await usual_gift(ORGANISATION, "general")
    assert found == UsualGift(600, 1_000_000)
    assert await usual_gift(ORGANISATION, "water") is None
    large = write_list(tmp_path, "虚构甲,10000,", name="large.csv")
    assert told(await run_import(ledger, large, fund="water")) == (1, 0, [])


async def test_one_gift_by_itself_is_compared_with_the_ledger(
    ledger: Ledger, tmp_path: Path
) -> None:
    await run_import(ledger, write_list(tmp_path, *(f"虚构{at},{at}," for at in range(1, 12))))
    large = write_list(tmp_path, "虚构甲,10000,", name="large.csv")
    assert told(await run_import(ledger, large)) == (0, 0, ["amount_unusual"])
    result = await run_import(ledger, large, ["unusual"])
    assert told(result) == (1, 0, [])
    assert (await stored_entries())[-1].source.accepted == "unusual"


async def test_a_list_that_crosses_a_target_asks_once(ledger: Ledger, tmp_path: Path) -> None:
    await add_campaign("water", 1_000)
    first = write_list(tmp_path, "虚构甲,4,", "虚构乙,5,", name="a.csv")
    assert told(await run_import(ledger, first, fund="water")) == (2, 0, [])
    [target] = await campaign_targets(ORGANISATION, "water")
    assert (target.target_fen, target.received_fen) == (1_000, 900)
    second = write_list(tmp_path, "虚构丙,1,", "虚构丁,0.01,", name="b.csv")
    result = await run_import(ledger, second, fund="water")
    assert told(result) == (0, 0, ["target_exceeded"])
    assert result.problems[0].message.text() == (
        "With this list “示例项目” has 10.01 yuan; it asks for 10.00 yuan."
    )
    accepted = await run_import(ledger, second, ["target"], fund="water")
    assert told(accepted) == (2, 0, [])
    assert accepted.disclosure is not None
    third = write_list(tmp_path, "虚构戊,1,", name="c.csv")
    assert told(await run_import(ledger, third, fund="water")) == (1, 0, [])


async def test_the_same_list_again_crosses_nothing(ledger: Ledger, tmp_path: Path) -> None:
    await add_campaign("water", 1_000)
    rows = [f"虚构{at},1," for at in range(9)]
    await run_import(ledger, write_list(tmp_path, *rows, name="a.csv"), fund="water")
    more = write_list(tmp_path, *rows, "虚构新,1,", name="b.csv")
    result = await run_import(ledger, more, ["known"], fund="water")
    assert told(result) == (1, 9, [])


@pytest.mark.parametrize(("fund", "target"), [("water", None), ("other", 1_000)])
async def test_funds_without_a_target_ask_nothing(
    ledger: Ledger, fund: str, target: int | None
) -> None:
    await add_campaign(fund, target)
    assert await campaign_targets(ORGANISATION, "water") == []


def test_the_rules_are_those_that_are_told() -> None:
    assert (TIMES_USUAL, LEAST_FEN, EARLIER_ENTRIES) == (100, 1_000_000, 1_000)
