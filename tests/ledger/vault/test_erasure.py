"""Tests of erasure: what is gone, what stays, old copies of the database, crashes in between."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from secrets import token_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charity.donors.enrolment import Choice, Giver, donor_digest, enrol_giver, record_consent
from ledger.appending.publication import Publisher
from ledger.entries import Entry
from ledger.export import export_log
from ledger.kinds.donation import DonationFacts, Donor, Visibility
from ledger.kinds.erasure import ErasureGround
from ledger.log import Ledger
from ledger.signing.keys import read_vault_key
from ledger.tables import MovementRow, VaultConsent, VaultDonor, VaultPage, VaultRemark, VaultThanks
from ledger.vault import erasure
from ledger.vault.erasure import Sought, erase, erase_donors, finish_erasure, preview
from ledger.vault.page_keys import PAGE_KEYS_FILE, PageKeys
from ledger.vault.reading import THANKS_MIN, consent_basis, known_donors, thanked_names
from ledger.vault.vault import NO_SALT, Remark, Vault, page_of, page_place
from ledger.verification import folder_fetch, verify_log
from public_site.settings import Settings as SiteSettings
from tests.conftest import MadeHome, fresh_ledger
from tests.ledger.entries import IDENTIFIER, requested, stored_entries

GROUND = ErasureGround.CONSENT_WITHDRAWN


def gift_of(donor: Donor, key: str) -> Entry:
    return requested("donation", DonationFacts(amount=100, donor=donor, fund="general"), key)


async def enrolled(ledger: Ledger, names: Sequence[str], key: str = "first") -> list[Donor]:
    """Append a gift of one yuan by each of these, with a remark that holds the name."""
    async with ledger.write() as writer:
        donors, rows = ledger.vault.enrol(names, writer.now, Visibility.ANONYMOUS)
        entries = [gift_of(donor, f"{key}-{number}") for number, donor in enumerate(donors)]
        positions = await writer.append(entries, rows)
        for position, name in zip(positions, names, strict=True):
            sealed = ledger.vault.seal_remark(position, Remark(remark=f"{name}代付"))
            await VaultRemark.insert(VaultRemark(position=position, sealed=sealed))
    return donors


async def names_of(ledger: Ledger, donors: Sequence[Donor]) -> list[str | None]:
    """Return the names that the vault has behind these donors."""
    known = await known_donors(ledger.vault, [donor.reference for donor in donors])
    return [
        known[donor.reference].identity.name if donor.reference in known else None
        for donor in donors
    ]


async def erasures() -> int:
    return int(await MovementRow.count().where(MovementRow.kind == "erasure"))


def people(count: int, sort: str = "虚构人") -> list[str]:
    return [f"{sort}{number:03d}" for number in range(count)]


async def test_an_erased_donor_is_gone_and_the_others_stay(ledger: Ledger) -> None:
    names = people(150)
    donors = await enrolled(ledger, names)
    done = await erase_donors(ledger, [donors[3].reference, donors[70].reference])
    assert (done.donors, done.remarks, done.position) == (2, 2, 150)
    left: list[str | None] = [*names]
    left[3] = left[70] = None
    assert await names_of(ledger, donors) == left
    assert await VaultRemark.count() == 148
    [row] = await VaultPage.select().where(VaultPage.page == page_of(donors[3].reference))
    page = ledger.vault.open_page(row["page"], bytes(row["sealed"]))
    assert page.salts[3 * 32 : 4 * 32] == NO_SALT
    assert ledger.vault.page_keys.unfinished() == {}


async def test_the_entry_of_an_erasure_tells_how_many_and_why_and_nothing_else(
    ledger: Ledger,
) -> None:
    donors = await enrolled(ledger, people(3))
    await erase_donors(
        ledger, [donor.reference for donor in donors[:2]], ErasureGround.SERVICE_ENDED
    )
    entry = (await stored_entries())[-1]
    assert (entry.kind, entry.facts.count, entry.facts.ground) == ("erasure", 2, "service_ended")
    assert (entry.organisation, entry.postings) == (None, ())
    assert entry.source.file is entry.source.request is entry.source.transaction is None
    for donor in donors:
        assert donor.reference not in str(entry)


async def test_erasing_again_erases_nothing_and_appends_nothing(ledger: Ledger) -> None:
    donors = await enrolled(ledger, people(2))
    sought = Sought(frozenset([donors[0].reference]))
    assert (await preview(ledger, sought)).donors == 1
    assert not (await erase(ledger, sought, GROUND)).is_empty
    assert (await preview(ledger, sought)).is_empty
    again = await erase(ledger, sought, GROUND)
    assert (again.is_empty, again.position, await erasures()) == (True, None, 1)


async def test_a_reference_that_nobody_has_erases_nothing(ledger: Ledger) -> None:
    await enrolled(ledger, people(1))
    [unnamed] = ledger.vault.unnamed(1, ledger.clock())
    done = await erase_donors(ledger, [unnamed.reference, "0" * 28 + "ffff"])
    assert (done.is_empty, await erasures()) == (True, 0)


async def test_proofs_totals_and_movements_are_as_before(ledger: Ledger, tmp_path: Path) -> None:
    donors = await enrolled(ledger, people(70))
    movements = await MovementRow.select().order_by(MovementRow.position)
    entries = await stored_entries()
    await export_log(tmp_path / "log", ledger.verifier_key)
    await erase_donors(ledger, [donors[0].reference])
    assert (await stored_entries())[:-1] == entries
    rows = await MovementRow.select().order_by(MovementRow.position)
    assert rows[:-1] == movements
    await export_log(tmp_path / "log", ledger.verifier_key)
    assert verify_log(folder_fetch(tmp_path / "log"), [ledger.verifier_key]).entries == 71


async def lasting(
    ledger: Ledger, giver: Giver, key: str, choice: Choice = Choice.WITH_AMOUNT
) -> Donor:
    """Append a gift of a giver, with a consent of its own."""
    async with ledger.write() as writer:
        basis = f"{giver.name}本人同意"
        consent = await record_consent(ledger.vault, basis, writer.recorded_at)
        donor = await enrol_giver(ledger.vault, writer, IDENTIFIER, giver, choice, consent)
        await writer.append([gift_of(donor, key)])
    return donor


async def test_a_lasting_donor_who_was_erased_gives_again_as_another(ledger: Ledger) -> None:
    giver = Giver("虚构公司甲", is_organisation=True)
    first = await lasting(ledger, giver, "one")
    assert await lasting(ledger, giver, "two") == first
    assert (await erase_donors(ledger, [first.reference])).donors == 1
    assert await VaultDonor.count() == 0
    second = await lasting(ledger, giver, "three")
    assert second.reference != first.reference
    assert await names_of(ledger, [first, second]) == [None, giver.name]


async def test_the_other_lasting_donors_are_found_again(ledger: Ledger) -> None:
    givers = [Giver(name, identity=("1",)) for name in people(40)]
    donors = [await lasting(ledger, giver, giver.name) for giver in givers]
    await erase_donors(ledger, [donors[0].reference])
    again = [await lasting(ledger, giver, f"{giver.name}-again") for giver in givers]
    assert again[1:] == donors[1:]
    assert again[0].reference != donors[0].reference


async def test_thanks_are_erased_with_the_donor(ledger: Ledger) -> None:
    names = people(THANKS_MIN + 1)
    for name in names:
        await lasting(ledger, Giver(name), name, Choice.WITHOUT_AMOUNT)
    donors = [entry.facts.donor.reference for entry in await stored_entries()]
    assert await thanked_names(ledger.vault, IDENTIFIER, 10) == (names, THANKS_MIN + 1)
    assert await thanked_names(ledger.vault, IDENTIFIER, 2) == (names[:2], THANKS_MIN + 1)
    await erase_donors(ledger, donors[:1])
    assert await thanked_names(ledger.vault, IDENTIFIER, 10) == (names[1:], THANKS_MIN)
    await erase_donors(ledger, donors[1:2])
    assert await thanked_names(ledger.vault, IDENTIFIER, 10) == ([], 0), "too few to hide among"
    assert await VaultThanks.count() == THANKS_MIN - 1


async def test_the_basis_of_a_consent_can_be_shortened(ledger: Ledger) -> None:
    await lasting(ledger, Giver("虚构甲"), "one")
    done = await erase(ledger, Sought(bases={1: "本人同意"}), GROUND)
    assert (done.bases, await erasures()) == (1, 1)
    assert await consent_basis(ledger.vault, 1) == "本人同意"


async def test_an_old_copy_of_the_database_opens_nothing_erased_with_the_new_keys(
    ledger: Ledger, home: Path
) -> None:
    names = people(64 * 12)
    donors = await enrolled(ledger, names)
    giver = Giver("虚构公司乙", is_organisation=True)
    company = await lasting(ledger, giver, "company")
    digest = donor_digest(ledger.vault, Visibility.NAMED, giver)
    [hash_before] = ledger.vault.donor_hashes(digest)
    copy = {table: await table.select() for table in (VaultPage, VaultDonor, VaultRemark)}
    await erase_donors(ledger, [donors[5].reference, company.reference])
    key = read_vault_key(home)
    vault = Vault(key, PageKeys(home / PAGE_KEYS_FILE, key), token_bytes)
    opened = {
        row["page"]: vault.open_page(row["page"], bytes(row["sealed"])) for row in copy[VaultPage]
    }
    assert opened[page_of(donors[5].reference)].is_blank
    assert opened[page_of(company.reference)].is_blank
    found = {name for page in opened.values() for name in page.names}
    assert found.isdisjoint({names[5], giver.name})
    assert len(found) >= 64 * 10, "other buckets can still be opened"
    assert [row["name_hash"] for row in copy[VaultDonor]] == [hash_before]
    assert hash_before not in vault.donor_hashes(digest), "nobody can ask the copy for a name"
    remarks = [
        vault.open_remark(row["position"], bytes(row["sealed"])) for row in copy[VaultRemark]
    ]
    assert not any(names[5] in (remark.remark or "") for remark in remarks)
    assert sum(remark.remark is not None for remark in remarks) >= 64 * 9


STEPS = (
    (PageKeys, "renew"),
    (erasure, "_erase_found"),
    (erasure, "reseal_buckets"),
    (erasure, "_entry"),
    (Publisher, "publish"),
    (erasure, "_destroy_keys"),
    (PageKeys, "destroy_older"),
    (erasure, "_empty_write_ahead_log"),
)


class CrashError(Exception):
    """The process is gone."""


async def crash(
    ledger: Ledger, references: Sequence[str], step: tuple[object, str], *, after: bool
) -> None:
    """Begin an erasure that ends before or after a step."""
    owner, name = step
    whole = getattr(owner, name)

    async def stop_async(*arguments: object) -> None:
        if after:
            await whole(*arguments)
        raise CrashError

    def stop(*arguments: object) -> None:
        if after:
            whole(*arguments)
        raise CrashError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, stop_async if asyncio.iscoroutinefunction(whole) else stop)
        with pytest.raises(CrashError):
            await erase_donors(ledger, references)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=[name for _, name in STEPS])
async def test_an_interrupted_erasure_is_finished_when_repeated(
    ledger: Ledger, tmp_path: Path, step: tuple[object, str], after: bool
) -> None:
    names = people(70)
    donors = await enrolled(ledger, names)
    await crash(ledger, [donors[5].reference], step, after=after)
    later = await enrolled(ledger, ["虚构后来人"], "later")
    assert (await names_of(ledger, donors))[6:] == names[6:]
    await erase_donors(ledger, [donors[5].reference])
    assert await names_of(ledger, donors) == [*names[:5], None, *names[6:]]
    assert await names_of(ledger, later) == ["虚构后来人"]
    assert ledger.vault.page_keys.unfinished() == {}
    assert await erasures() == 1
    assert await VaultRemark.count() == 70
    await export_log(tmp_path / "log", ledger.verifier_key)
    assert verify_log(folder_fetch(tmp_path / "log"), [ledger.verifier_key]).entries == 72


def files_with_keys(home: Path) -> list[str]:
    return sorted(one.name for one in home.iterdir() if one.name.startswith(PAGE_KEYS_FILE))


@pytest.mark.parametrize("name", ["unfinished", "k3_9zx0a"])
@pytest.mark.parametrize("repeated", [True, False], ids=["repeated", "finished"])
async def test_a_copy_of_the_keys_that_a_crash_left_is_removed(
    ledger: Ledger, home: Path, name: str, repeated: bool
) -> None:
    """The process died before the new file was put in its place: nothing else is unfinished."""
    donors = await enrolled(ledger, people(2))
    leftover = home / f"{PAGE_KEYS_FILE}.{name}"
    leftover.write_bytes((home / PAGE_KEYS_FILE).read_bytes())
    if repeated:
        await erase_donors(ledger, [donors[0].reference])
    else:
        assert await finish_erasure(ledger) is True
    assert files_with_keys(home) == [PAGE_KEYS_FILE]
    assert await finish_erasure(ledger) is False


@pytest.mark.parametrize("call", [1, 2], ids=["new keys", "without the old keys"])
async def test_an_erasure_that_fails_at_the_key_file_leaves_no_copy(
    ledger: Ledger, home: Path, call: int
) -> None:
    donors = await enrolled(ledger, people(2))
    replace, calls = os.replace, 0

    def stop(source: Path, target: Path) -> None:
        nonlocal calls
        calls += target == home / PAGE_KEYS_FILE
        if calls == call and target == home / PAGE_KEYS_FILE:
            raise CrashError
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", stop)
        with pytest.raises(CrashError):
            await erase_donors(ledger, [donors[0].reference])
    assert files_with_keys(home) == [PAGE_KEYS_FILE]
    await erase_donors(ledger, [donors[0].reference])
    assert await names_of(ledger, donors) == [None, people(2)[1]]
    assert ledger.vault.page_keys.unfinished() == {}


async def test_finishing_without_an_interrupted_erasure_does_nothing(
    ledger: Ledger, home: Path
) -> None:
    before = (home / PAGE_KEYS_FILE).read_bytes()
    assert await finish_erasure(ledger) is False
    assert (home / PAGE_KEYS_FILE).read_bytes() == before


async def test_what_was_sealed_before_an_erasure_is_sealed_anew_or_refused(
    ledger: Ledger,
) -> None:
    vault = ledger.vault
    _, rows = vault.enrol(["虚构甲"], ledger.clock(), Visibility.ANONYMOUS)
    bucket = page_place(rows[0][0]).bucket
    assert vault.renewed(rows) == rows
    generations = vault.page_keys.renew([bucket])
    renewed = vault.renewed(rows)
    vault.page_keys.destroy_older(generations)
    assert vault.open_page(*renewed[0][:2]).names == ["虚构甲"]
    with pytest.raises(Exception, match="Send the gift again"):
        vault.renewed(rows)


Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["enrol", "erase", "crash"]), st.integers(0, 10**6)), max_size=6
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_after_any_sequence_the_other_donors_still_open(
    made_home: MadeHome, steps: list[Step]
) -> None:
    asyncio.run(_check_sequence(made_home, steps))


async def _check_sequence(made_home: MadeHome, steps: list[Step]) -> None:
    async with fresh_ledger(made_home) as ledger:
        donors = await enrolled(ledger, people(66))
        expected: list[str | None] = [*people(66)]
        for number, (action, choice) in enumerate(steps):
            if action == "enrol":
                more = people(1 + choice % 70, f"虚构{number}")
                donors += await enrolled(ledger, more, str(number))
                expected += more
                continue
            place = choice % len(donors)
            chosen = [donors[place].reference]
            if action == "crash" and expected[place] is not None:
                step = STEPS[choice % len(STEPS)]
                await crash(ledger, chosen, step, after=choice % 2 == 0)
            await erase_donors(ledger, chosen)
            expected[place] = None
            assert await names_of(ledger, donors) == expected
        assert await names_of(ledger, donors) == expected


async def test_the_vault_of_a_copy_can_still_be_opened_as_a_ledger(
    ledger: Ledger, settings: SiteSettings
) -> None:
    """The first page of an old copy may be closed for good: that is no wrong key."""
    donors = await enrolled(ledger, people(3))
    keys = ledger.vault.page_keys
    bucket = page_place(page_of(donors[0].reference)).bucket
    keys.destroy_older(keys.renew([bucket]))
    assert await names_of(ledger, donors) == [None] * 3
    assert await VaultConsent.count() == 0
    done = await erase_donors(ledger, [donors[0].reference])
    assert done.donors == 0
