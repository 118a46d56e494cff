"""Tests of merging donors and of group relations: who may be brought together, and by whom."""

import pytest

from charity.donors.directory import donor_lines
from charity.donors.enrolment import Choice
from charity.donors.merging import answer_suggestion, merge_donors, pair_key, separate_donors
from charity.donors.relations import end_ownership, record_ownership, standing_relations
from charity.donors.suggestions import NearNames, Suggestion, suggestions
from charity.donors.tables import DonorDecision
from charity.organisations.registry import add_organisation
from ledger.auditing.audit import audit_log
from ledger.donor_groups import groups_of
from ledger.kinds.donor_merge import MergeBasis
from ledger.kinds.erasure import ErasureGround
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.vault.erasure import Sought, erase
from tests.charity.donors.giving import CODE, DAY, OTHER, gives, gives_with_code
from tests.conftest import ORGANISATION
from tests.ledger.entries import rows_of_all_tables, stored_entries

NAME, LIKE_IT = "示例科技有限公司", "示例科技有限责任公司"
REASON = "名称写法不同（虚构）"
ANA = ("虚构手机一",)


async def merge(
    ledger: Ledger,
    one: str,
    other: str,
    code: str | None = ORGANISATION,
    basis: MergeBasis = MergeBasis.NAME,
    reason: str = REASON,
    donors_code: str = "",
) -> int:
    async with ledger.write() as writer:
        return await merge_donors(
            ledger.vault, writer, code, (one, other), basis, reason, DAY, donors_code=donors_code
        )


async def separate(ledger: Ledger, position: int, code: str | None = ORGANISATION) -> int:
    async with ledger.write() as writer:
        return await separate_donors(writer, "-", code, position, REASON, DAY)


async def own(
    ledger: Ledger, parent: str, child: str, code: str | None = ORGANISATION, since: str = DAY
) -> int:
    async with ledger.write() as writer:
        return await record_ownership(writer, code, parent, child, since, "虚构年报第1页", DAY)


async def suggested(ledger: Ledger, code: str | None = None) -> list[Suggestion]:
    relations = (await standing_relations()).relations
    return await suggestions(NearNames(), await donor_lines(ledger, code), relations)


async def merged(ledger: Ledger) -> dict[str, str]:
    return groups_of((await standing_relations()).relations.merges, ())


async def test_a_merge_is_an_entry_of_who_decides_and_a_separation_restores(
    ledger: Ledger,
) -> None:
    one, other, third = [await gives(ledger, name) for name in (NAME, LIKE_IT, "虚构甲公司")]
    first = await merge(ledger, one, third, None)
    before = await merged(ledger)
    position = await merge(ledger, one, other)
    groups = await merged(ledger)
    assert set(groups.values()) == {min(one, other, third)}
    entries = await stored_entries()
    assert (entries[first].organisation, entries[position].organisation) == (
        None,
        f"CN-USCI-{ORGANISATION}",
    )
    with pytest.raises(Refused, match="one donor already"):
        await merge(ledger, other, third, None)
    with pytest.raises(Refused, match="decided by somebody else"):
        await separate(ledger, first)
    await separate(ledger, position)
    assert await merged(ledger) == before
    with pytest.raises(Refused, match="undone already"):
        await separate(ledger, position, None)
    await separate(ledger, await merge(ledger, one, other), None)
    assert not (await audit_log(ledger)).problems


async def test_only_lasting_references_of_one_visibility_are_merged(ledger: Ledger) -> None:
    named = await gives(ledger, NAME)
    person = await gives(ledger, "虚构阿娜", identity=ANA)
    pseudonym = await gives(ledger, LIKE_IT, Choice.PSEUDONYM)
    of_person = await gives(ledger, "虚构阿娜", Choice.PSEUDONYM, identity=ANA)
    anonymous = [await gives(ledger, NAME, Choice.NOT_SHOWN) for _ in range(2)]
    before = await rows_of_all_tables()
    for one, other, told in (
        (named, pseudonym, "never merged with a name"),
        (of_person, person, "never merged with a name"),
        (named, anonymous[0], "no lasting reference"),
        (anonymous[0], anonymous[1], "no lasting reference"),
        (named, named, "Choose two"),
        (named, "0" * 32, "no lasting reference"),
        (named, "'; DROP", "no lasting reference"),
    ):
        with pytest.raises(Refused, match=told):
            await merge(ledger, one, other, None)
    assert await rows_of_all_tables() == before
    await merge(ledger, pseudonym, of_person, basis=MergeBasis.DECLARED)
    await merge(ledger, named, person, basis=MergeBasis.IDENTITY)


async def test_an_organisation_decides_only_about_its_own_donors(ledger: Ledger) -> None:
    await add_organisation(OTHER, "示例促进会")
    one, other = await gives(ledger, NAME), await gives(ledger, LIKE_IT, to=OTHER)
    before = await rows_of_all_tables()
    for code in (ORGANISATION, OTHER):
        with pytest.raises(Refused, match="donors who gave to it"):
            await merge(ledger, one, other, code)
        with pytest.raises(Refused, match="donors who gave to it"):
            await own(ledger, one, other, code)
        with pytest.raises(Refused, match="donors who gave to it"):
            async with ledger.write() as writer:
                await answer_suggestion(writer, "-", code, (one, other), "different")
    assert await rows_of_all_tables() == before
    await merge(ledger, one, other, None)
    await gives(ledger, LIKE_IT)
    assert [line.gifts for line in await donor_lines(ledger, ORGANISATION)] == [1, 1]
    assert sorted(line.gifts for line in await donor_lines(ledger)) == [1, 2]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("  ", "Say why"),
        ("字" * 501, "at most 500"),
        ("电话13800138000核实", "telephone or identity number"),
        ("证件11010519491231002X", "telephone or identity number"),
    ],
)
async def test_public_words_are_checked(ledger: Ledger, reason: str, told: str) -> None:
    one, other = await gives(ledger, NAME), await gives(ledger, LIKE_IT)
    with pytest.raises(Refused, match=told):
        await merge(ledger, one, other, reason=reason)
    assert len(await stored_entries()) == 2


async def test_basis_uscc_needs_the_code_that_was_reported(ledger: Ledger) -> None:
    by_name, by_code = await gives(ledger, NAME), await gives_with_code(ledger, NAME)
    [found] = await suggested(ledger)
    assert found.basis is MergeBasis.USCC
    assert {found.one.by_code, found.other.by_code} == {True, False}
    for given, told in (
        ("", "Write the donor"),
        ("91440300MA0000002X", "Neither of the two"),
        ("12", "no unified social credit code"),
    ):
        with pytest.raises(Refused, match=told):
            await merge(ledger, by_name, by_code, basis=MergeBasis.USCC, donors_code=given)
    position = await merge(ledger, by_name, by_code, basis=MergeBasis.USCC, donors_code=CODE)
    assert CODE.encode() not in b"".join(
        row["body"]
        for row in (await rows_of_all_tables())["LogEntry"]
        if row["position"] == position and isinstance(row["body"], bytes)
    )
    assert await suggested(ledger) == []


async def test_two_codes_are_two_organisations(ledger: Ledger) -> None:
    await gives_with_code(ledger, NAME)
    await gives_with_code(ledger, LIKE_IT, "91440300MA0000002X")
    assert await suggested(ledger) == []


async def test_suggestions_are_of_named_organisations_and_what_was_decided_stays_away(
    ledger: Ledger,
) -> None:
    one, other = await gives(ledger, NAME), await gives(ledger, LIKE_IT)
    for choice in (Choice.PSEUDONYM, Choice.NOT_SHOWN):
        await gives(ledger, "深圳市示例科技有限公司", choice)
    for identity in (ANA, ("虚构手机二",)):
        await gives(ledger, "虚构阿娜", identity=identity)
    [found] = await suggested(ledger)
    assert {found.one.reference, found.other.reference} == {one, other}
    for answer, left in (("later", [True]), ("different", [])):
        async with ledger.write() as writer:
            await answer_suggestion(writer, "-", None, (other, one), answer)  # type: ignore[arg-type]
        assert [each.put_off for each in await suggested(ledger)] == left
    [row] = await DonorDecision.select()
    assert row["pair"] == pair_key((one, other))


async def test_a_separated_pair_and_a_group_are_not_suggested(ledger: Ledger) -> None:
    one, other = await gives(ledger, NAME), await gives(ledger, LIKE_IT)
    await separate(ledger, await merge(ledger, one, other))
    assert await suggested(ledger) == []
    third, fourth = await gives(ledger, "示例实业集团"), await gives(ledger, "示例实业有限公司")
    assert len(await suggested(ledger)) == 1
    await own(ledger, third, fourth)
    assert await suggested(ledger) == []


async def test_an_erased_donor_is_in_no_suggestion_and_the_merge_stays(ledger: Ledger) -> None:
    one, other = await gives(ledger, NAME), await gives(ledger, LIKE_IT)
    third = await gives(ledger, "深圳市示例科技有限公司")
    await merge(ledger, one, other)
    assert len(await suggested(ledger)) > 0
    await erase(ledger, Sought(frozenset({other, third})), ErasureGround.REQUIRED)
    assert await suggested(ledger) == []
    assert [line.name for line in await donor_lines(ledger)] == [NAME]
    assert set(await merged(ledger)) == {one, other}
    assert not (await audit_log(ledger)).problems


async def test_a_group_is_of_named_donors_and_ends_on_a_day(ledger: Ledger) -> None:
    one, other = await gives(ledger, NAME), await gives(ledger, "虚构控股有限公司")
    pseudonym = await gives(ledger, "虚构隐名有限公司", Choice.PSEUDONYM)
    with pytest.raises(Refused, match="Only donors who are named"):
        await own(ledger, other, pseudonym)
    for since, told in (("2026-01-03", "still to come"), ("gestern", "Write a day")):
        with pytest.raises(Refused, match=told):
            await own(ledger, other, one, since=since)
    position = await own(ledger, other, one, since="2025-01-01")
    with pytest.raises(Refused, match="in a circle"):
        await own(ledger, one, other, None)
    assert [each.position for each in (await standing_relations()).ownerships] == [position]
    async with ledger.write() as writer:
        await end_ownership(writer, ORGANISATION, position, "2025-12-31", REASON, DAY)
    assert (await standing_relations()).ownerships == []
    await own(ledger, one, other, None)
    assert not (await audit_log(ledger)).problems


async def test_what_was_paid_back_or_reversed_is_taken_off(ledger: Ledger) -> None:
    from charity.reporting.records import Request, record_refund, record_reversal
    from ledger.kinds.refund import RefundReason

    for amount in (100, 50):
        await gives(ledger, NAME, amount=amount)
    async with ledger.write() as writer:
        request = Request(ORGANISATION, DAY, "refund")
        await record_refund(writer, request, 0, 30, RefundReason.MISTAKE)
        await record_reversal(writer, Request(ORGANISATION, DAY, "back"), 1, "虚构")
    [line] = await donor_lines(ledger, ORGANISATION)
    assert (line.gifts, line.sums, line.organisations) == (1, {"CNY": 70}, (ORGANISATION,))
