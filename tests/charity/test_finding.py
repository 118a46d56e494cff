"""Tests of the finding of what the vault keeps of a donor."""

from pathlib import Path

import pytest

from charity.donors.enrolment import Choice, Giver
from charity.donors.finding import sought_at, sought_by_identity, sought_by_name
from ledger.kinds.erasure import ErasureGround
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.vault.erasure import erase
from ledger.vault.reading import consent_basis, known_donors
from tests.charity.importing import run_import, write_list
from tests.charity.test_enrolment import COMPANY, PERSON, SAME_NAME, consented, given
from tests.ledger.entries import stored_entries

ROWS = (
    "虚构甲,1,",
    "虚构 甲,2,",
    "虚构甲乙,3,代虚构 甲",
    "虚构甲转来虚构丙捐款,4,",
    "虚构丁,5,虚构备注",
)


def ignore(done: int, total: int) -> None:
    assert done <= total


async def test_everything_under_a_name_is_found_and_what_mentions_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    await run_import(ledger, write_list(tmp_path, *ROWS), consent="经虚构甲同意（虚构）")
    entries = await stored_entries()
    sought = await sought_by_name(ledger, "虚构甲", ignore)
    assert sought.references == {entry.facts.donor.reference for entry in entries[:2]}
    assert sought.remarks == {2, 3}
    assert sought.bases == {1: "经…同意（虚构）"}
    done = await erase(ledger, sought, ErasureGround.CONSENT_WITHDRAWN)
    assert (done.donors, done.remarks, done.bases) == (2, 2, 1)
    assert await consent_basis(ledger.vault, 1) == "经…同意（虚构）"
    again = await sought_by_name(ledger, "虚构甲", ignore)
    assert (again.references, again.remarks, again.bases) == (frozenset(), frozenset(), {})
    references = [entry.facts.donor.reference for entry in entries[2:5]]
    known = await known_donors(ledger.vault, references)
    assert [known[one].identity.name for one in references] == ["虚构甲乙", "虚构丙", "虚构丁"]


async def test_a_basis_in_another_spelling_is_taken_out_as_a_whole(
    ledger: Ledger, tmp_path: Path
) -> None:
    await run_import(ledger, write_list(tmp_path, *ROWS), consent="经虚构\u3000甲同意")
    assert (await sought_by_name(ledger, "虚构甲", ignore)).bases == {1: "…"}


async def test_no_name_finds_nobody(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="No name"):
        await sought_by_name(ledger, " ", ignore)


async def test_a_lasting_donor_is_found_by_what_tells_him_apart(ledger: Ledger) -> None:
    number = await consented(ledger)
    named = await given(ledger, PERSON, Choice.WITH_AMOUNT, "one", number)
    secret = await given(ledger, PERSON, Choice.PSEUDONYM, "two")
    await given(ledger, SAME_NAME, Choice.WITH_AMOUNT, "three", number)
    company = await given(ledger, COMPANY, Choice.WITH_AMOUNT, "four")
    found = await sought_by_identity(ledger, Giver(PERSON.name, identity=("13800000000",)))
    assert found.references == {named.reference, secret.reference}
    assert (await sought_by_identity(ledger, COMPANY)).references == {company.reference}
    assert (await sought_by_identity(ledger, Giver("虚构乙"))).references == frozenset()


async def test_the_donor_of_an_entry_is_found(ledger: Ledger) -> None:
    donor = await given(ledger, PERSON, Choice.NOT_SHOWN, "one")
    assert (await sought_at((0,))).references == {donor.reference}
    with pytest.raises(Refused, match="Entry 1 is not there"):
        await sought_at((0, 1))
