"""Tests of the enrolment of donors: choices, lasting references, consents."""

import pytest

from charity.donors.enrolment import (
    Choice,
    Giver,
    enrol_giver,
    plain_text,
    record_consent,
    withdraw_consent,
)
from ledger.kinds.donation import DonationFacts, Donor, Visibility
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.tables import VaultDonor, VaultPage, VaultThanks
from ledger.vault.reading import THANKS_MIN, known_donors, thanked_names
from ledger.vault.vault import commitment
from tests.ledger.entries import IDENTIFIER, requested

PERSON = Giver("虚构甲", identity=("138 0000 0000",))
SAME_NAME = Giver("虚构甲", identity=("139 0000 0000",))
UNTOLD = Giver("虚构甲")
COMPANY = Giver("示例（深圳）有限公司", is_organisation=True)


async def consented(ledger: Ledger) -> int:
    async with ledger.write() as writer:
        return await record_consent(ledger.vault, "示例（虚构）", writer.recorded_at)


async def given(
    ledger: Ledger, giver: Giver, choice: Choice, key: str, consent: int | None = None
) -> Donor:
    async with ledger.write() as writer:
        donor = await enrol_giver(ledger.vault, writer, IDENTIFIER, giver, choice, consent)
        facts = DonationFacts(amount=1, donor=donor, fund="general")
        await writer.append([requested("donation", facts, key)])
    return donor


async def shown(ledger: Ledger, donor: Donor) -> str | None:
    known = await known_donors(ledger.vault, [donor.reference], shown_only=True)
    return known[donor.reference].identity.name if known else None


@pytest.mark.parametrize("choice", Choice)
async def test_every_choice_leaves_a_commitment_that_the_vault_opens(
    ledger: Ledger, choice: Choice
) -> None:
    number = await consented(ledger)
    donor = await given(ledger, PERSON, choice, "one", number)
    [known] = (await known_donors(ledger.vault, [donor.reference])).values()
    assert donor.commitment == commitment(*known.identity)
    assert known.identity.name == PERSON.name


async def test_a_name_beside_the_amount_is_shown_and_lasts(ledger: Ledger) -> None:
    number = await consented(ledger)
    donors = [
        await given(ledger, giver, Choice.WITH_AMOUNT, key, number)
        for key, giver in (("one", PERSON), ("two", PERSON), ("three", SAME_NAME))
    ]
    assert donors[0] == donors[1]
    assert donors[0].reference != donors[2].reference
    assert donors[0].visibility == Visibility.NAMED
    assert await shown(ledger, donors[0]) == PERSON.name


async def test_a_name_without_the_amount_looks_like_any_anonymous_gift(ledger: Ledger) -> None:
    number = await consented(ledger)
    thanked = await given(ledger, PERSON, Choice.WITHOUT_AMOUNT, "one", number)
    hidden = await given(ledger, PERSON, Choice.NOT_SHOWN, "two")
    assert thanked.visibility == hidden.visibility == Visibility.ANONYMOUS
    assert thanked.reference != hidden.reference
    assert await shown(ledger, thanked) is None
    pages = await VaultPage.select(VaultPage.shown, VaultPage.consent)
    assert pages == [{"shown": None, "consent": None}] * 2
    assert await thanked_names(ledger.vault, IDENTIFIER, 9) == ([], 0), "alone, it tells whose"
    await given(ledger, PERSON, Choice.WITHOUT_AMOUNT, "again", number)
    others = [f"虚构鸣谢{place}" for place in range(THANKS_MIN - 1)]
    for name in others[1:]:
        await given(ledger, Giver(name), Choice.WITHOUT_AMOUNT, name, number)
    assert await thanked_names(ledger.vault, IDENTIFIER, 9) == ([], 0), "one too few"
    await given(ledger, Giver(others[0]), Choice.WITHOUT_AMOUNT, others[0], number)
    names = sorted([PERSON.name, *others])
    assert await thanked_names(ledger.vault, IDENTIFIER, 9) == (names, THANKS_MIN + 1)
    assert await thanked_names(ledger.vault, "CN-USCI-53330000501874064B", 9) == ([], 0)


async def test_a_pseudonym_links_gifts_but_not_to_those_under_the_name(ledger: Ledger) -> None:
    number = await consented(ledger)
    named = await given(ledger, PERSON, Choice.WITH_AMOUNT, "one", number)
    first = await given(ledger, PERSON, Choice.PSEUDONYM, "two")
    second = await given(ledger, PERSON, Choice.PSEUDONYM, "three")
    assert first == second
    assert first.reference != named.reference
    assert first.commitment != named.commitment
    assert first.visibility == Visibility.PSEUDONYMOUS
    assert await shown(ledger, first) is None


async def test_an_anonymous_donor_has_another_reference_each_time(ledger: Ledger) -> None:
    donors = [await given(ledger, PERSON, Choice.NOT_SHOWN, str(turn)) for turn in range(3)]
    assert len({donor.reference for donor in donors}) == 3
    assert await VaultDonor.count() == 0


async def test_a_name_alone_is_no_identity_of_a_person(ledger: Ledger) -> None:
    donors = [await given(ledger, UNTOLD, Choice.PSEUDONYM, str(turn)) for turn in range(2)]
    assert donors[0].reference != donors[1].reference


async def test_an_organisation_is_known_by_its_full_name_in_every_spelling(
    ledger: Ledger,
) -> None:
    first = await given(ledger, COMPANY, Choice.WITH_AMOUNT, "one")
    spelled = Giver("示例(深圳) 有限公司", is_organisation=True)
    assert await given(ledger, spelled, Choice.WITH_AMOUNT, "two") == first
    assert await shown(ledger, first) == COMPANY.name


@pytest.mark.parametrize("choice", [Choice.WITH_AMOUNT, Choice.WITHOUT_AMOUNT])
async def test_a_persons_name_is_not_shown_without_consent(ledger: Ledger, choice: Choice) -> None:
    number = await consented(ledger)
    async with ledger.write() as writer:
        await withdraw_consent(number, writer.recorded_at)
    for wrong in (None, 9, number):
        with pytest.raises(Refused, match="only with a consent"):
            await given(ledger, PERSON, choice, "one", wrong)
    assert (await VaultPage.count(), await VaultThanks.count()) == (0, 0)


async def test_a_withdrawn_consent_hides_names_and_thanks_but_destroys_nothing(
    ledger: Ledger,
) -> None:
    number, other = await consented(ledger), await consented(ledger)
    donor = await given(ledger, PERSON, Choice.WITH_AMOUNT, "one", number)
    for place in range(THANKS_MIN):
        thanked = Giver(f"虚构鸣谢{place}")
        await given(ledger, thanked, Choice.WITHOUT_AMOUNT, thanked.name, number)
    assert (await thanked_names(ledger.vault, IDENTIFIER, 9))[1] == THANKS_MIN
    stays = await given(ledger, SAME_NAME, Choice.WITH_AMOUNT, "three", other)
    assert await withdraw_consent(number, "2026-01-02T03:04:05Z")
    assert not await withdraw_consent(number, "2026-01-03T03:04:05Z")
    assert await shown(ledger, donor) is None
    assert await shown(ledger, stays) == SAME_NAME.name
    assert await thanked_names(ledger.vault, IDENTIFIER, 9) == ([], 0)
    assert donor.reference in await known_donors(ledger.vault, [donor.reference])


async def test_a_new_consent_does_not_show_gifts_under_a_withdrawn_one(ledger: Ledger) -> None:
    number = await consented(ledger)
    before = await given(ledger, PERSON, Choice.WITH_AMOUNT, "one", number)
    await withdraw_consent(number, "2026-01-02T03:04:05Z")
    after = await given(ledger, PERSON, Choice.WITH_AMOUNT, "two", await consented(ledger))
    assert after.reference != before.reference
    assert await shown(ledger, before) is None
    assert await shown(ledger, after) == PERSON.name


@pytest.mark.parametrize(
    ("one", "other"), [("示例（甲）", "示例(甲)"), ("ＡＢ c", "abC"), ("虚构 甲", "虚构甲\n")]
)
def test_spellings_that_make_no_difference(one: str, other: str) -> None:
    assert plain_text(one) == plain_text(other)
    assert plain_text(one) != plain_text(one + "乙")
