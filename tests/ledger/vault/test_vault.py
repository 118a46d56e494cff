"""Tests of the vault: sealed pages and remarks, commitments, references that cannot be linked."""

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.kinds.donation import Visibility
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.tables import VaultPage
from ledger.vault.reading import known_donors
from ledger.vault.vault import Opening, Remark, Vault, commitment, opens, page_of
from tests.ledger.entries import append, gift
from tests.ledger.vaults import vault_in_memory

KEY = bytes(range(32))
VAULT = vault_in_memory(KEY)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
names = st.lists(st.text(min_size=1, max_size=20), max_size=150)


@settings(max_examples=40)
@given(names=names)
def test_the_key_opens_every_name_and_the_commitment_holds_it(names: list[str]) -> None:
    donors, rows = VAULT.enrol(names, NOW, Visibility.ANONYMOUS)
    pages = {page: VAULT.open_page(page, sealed) for page, sealed, _, _ in rows}
    found = [pages[page_of(donor.reference)].identity(donor.reference) for donor in donors]
    assert [identity.name for identity in found if identity] == names
    for donor, identity in zip(donors, found, strict=True):
        assert identity is not None
        assert len(identity.salt) == 32
        plain = b"charity-city/donor-commitment/v1\n" + identity.salt + identity.name.encode()
        assert donor.commitment == hashlib.sha256(plain).hexdigest()
        assert donor.commitment == commitment(identity.name, identity.salt)


def test_equal_names_have_different_references_salts_and_commitments() -> None:
    donors, _ = VAULT.enrol(["虚构人"] * 200, NOW, Visibility.ANONYMOUS)
    donors += VAULT.enrol(["虚构人"] * 200, NOW, Visibility.ANONYMOUS)[0]
    assert len({donor.reference for donor in donors}) == 400
    assert len({donor.commitment for donor in donors}) == 400


def test_donors_whom_nobody_named_have_a_reference_and_nothing_else() -> None:
    donors = VAULT.unnamed(200, NOW)
    assert len({donor.reference for donor in donors}) == 200
    assert {(donor.commitment, donor.visibility) for donor in donors} == {
        (None, Visibility.ANONYMOUS)
    }


def test_enrol_keeps_with_each_page_why_its_names_are_shown() -> None:
    donors, rows = VAULT.enrol(["虚构人"] * 100, NOW, Visibility.NAMED, "consent", 7)
    assert {(shown, consent) for _, _, shown, consent in rows} == {("consent", 7)}
    assert {donor.visibility for donor in donors} == {Visibility.NAMED}


@pytest.mark.parametrize(
    "change",
    [
        lambda page, sealed: (VAULT, page, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        lambda page, sealed: (VAULT, page, sealed[:4] + bytes([sealed[4] ^ 1]) + sealed[5:]),
        lambda page, sealed: (VAULT, page, bytes(4) + sealed[4:]),
        lambda page, sealed: (VAULT, page, sealed[:-1]),
        lambda page, sealed: (VAULT, page, b""),
        lambda page, sealed: (VAULT, "0" * len(page), sealed),
        lambda page, sealed: (vault_in_memory(bytes(32)), page, sealed),
    ],
    ids=["last bit", "nonce", "generation", "truncated", "empty", "another place", "another key"],
)
def test_a_page_that_was_changed_moved_or_sealed_by_another_key_is_refused(
    change: Callable[[str, bytes], tuple[Vault, str, bytes]],
) -> None:
    _, [(page, sealed, _, _)] = VAULT.enrol(["虚构人"], NOW, Visibility.ANONYMOUS)
    vault, place, changed = change(page, sealed)
    with pytest.raises(Refused, match="cannot be opened"):
        vault.open_page(place, changed)


@pytest.mark.parametrize(
    "remark", [Remark(payer="虚构公司"), Remark(remark="虚构备注"), Remark("甲", "乙"), Remark()]
)
def test_a_remark_is_opened_at_its_position_and_no_other(remark: Remark) -> None:
    sealed = VAULT.seal_remark(7, remark)
    assert VAULT.open_remark(7, sealed) == remark
    with pytest.raises(Refused, match="cannot be opened"):
        VAULT.open_remark(8, sealed)


def test_equal_remarks_are_sealed_differently() -> None:
    assert VAULT.seal_remark(7, Remark("甲")) != VAULT.seal_remark(7, Remark("甲"))


def test_the_hashes_of_a_donor_depend_on_the_key() -> None:
    other = vault_in_memory(bytes(32))
    digests = Counter(
        vault.identity_digest(name)
        for vault in (VAULT, VAULT, other)
        for name in ("虚构公司", "示例公司")
    )
    assert sorted(digests.values()) == [1, 1, 2, 2]
    assert hashlib.sha256("虚构公司".encode()).digest() not in digests
    digest = VAULT.identity_digest("虚构公司")
    twin = vault_in_memory(KEY)
    assert twin.identity_digest("虚构公司") == digest
    assert twin.donor_hashes(digest) != VAULT.donor_hashes(digest)


def test_the_parts_of_an_identity_do_not_run_together() -> None:
    assert VAULT.identity_digest("虚构", "人12") != VAULT.identity_digest("虚构人", "12")


def test_a_donor_row_gives_the_digest_back() -> None:
    digest = VAULT.identity_digest("虚构公司")
    name_hash, reference, sealed = VAULT.donor_row(digest, "0" * 32)
    assert VAULT.donor_hashes(digest) == [name_hash]
    assert VAULT.open_donor(name_hash, reference, sealed) == digest
    with pytest.raises(Refused, match="cannot be opened"):
        VAULT.open_donor(name_hash, "1" * 32, sealed)


@given(name=st.text(min_size=1), salt=st.binary(min_size=32, max_size=32))
def test_only_name_and_salt_open_a_commitment(name: str, salt: bytes) -> None:
    made = commitment(name, salt)
    assert opens(made, Opening(name, salt))
    assert not opens(made, Opening(name + "x", salt))
    assert not opens(made, Opening(name, bytes([salt[0] ^ 1]) + salt[1:]))
    # A salt of another length could take characters of the name over.
    assert not opens(made, Opening(name[1:], salt + name[:1].encode()))


def test_names_to_be_thanked_stand_in_their_own_order() -> None:
    names = ["虚构乙", "虚构甲", "虚构丙"] * 30
    donors, _ = VAULT.enrol(names, NOW, Visibility.ANONYMOUS)
    rows = [
        (page, VAULT.open_thanks(page, sealed)) for page, sealed in VAULT.thank(names, donors, NOW)
    ]
    assert [name for _, thanks in rows for name in thanks.names] == sorted(names)
    assert not {page for page, _ in rows} & {page_of(donor.reference) for donor in donors}
    first = rows[0][1]
    rest = first.without(frozenset(first.references[1:]))
    assert (rest.names, rest.references) == (first.names[:1], first.references[:1])


async def test_known_donors_finds_those_whom_the_vault_knows(ledger: Ledger) -> None:
    hidden, hidden_rows = ledger.vault.enrol(["虚构甲"] * 70, NOW, Visibility.ANONYMOUS)
    shown, shown_rows = ledger.vault.enrol(["虚构乙"], NOW, Visibility.NAMED, "consent", 1)
    [nobody] = ledger.vault.unnamed(1, NOW)
    async with ledger.write() as writer:
        await writer.append([gift(1)], [*hidden_rows, *shown_rows])
    references = [donor.reference for donor in (*hidden, *shown, nobody)]
    known = await known_donors(ledger.vault, references)
    assert [known[reference].identity.name for reference in references[:-1]] == [
        *["虚构甲"] * 70,
        "虚构乙",
    ]
    assert nobody.reference not in known
    only_shown = await known_donors(ledger.vault, references, shown_only=True)
    assert list(only_shown) == [shown[0].reference]
    assert (only_shown[shown[0].reference].shown, only_shown[shown[0].reference].consent) == (
        "consent",
        1,
    )


async def test_pages_swapped_in_the_database_are_refused(ledger: Ledger) -> None:
    donors, rows = ledger.vault.enrol(["虚构甲"] * 65, NOW, Visibility.ANONYMOUS)
    swapped = [(page, row[1], None, None) for (page, *_), row in zip(rows, rows[::-1], strict=True)]
    async with ledger.write() as writer:
        await writer.append([gift(1)], swapped)
    assert await VaultPage.count() == 2
    with pytest.raises(Refused, match="cannot be opened"):
        await known_donors(ledger.vault, [donors[0].reference])


async def test_a_destroyed_page_leaves_nobody_and_the_log_as_it_was(ledger: Ledger) -> None:
    donors, rows = ledger.vault.enrol(["虚构甲"], NOW, Visibility.ANONYMOUS)
    async with ledger.write() as writer:
        await writer.append([gift(1)], rows)
    await VaultPage.delete(force=True)
    assert await known_donors(ledger.vault, [donors[0].reference]) == {}
    assert await append(ledger, gift(2)) == range(1, 2)


def test_identity_of_a_place_that_the_page_does_not_have() -> None:
    donors, [(page, sealed, _, _)] = VAULT.enrol(["虚构甲", "虚构乙"], NOW, Visibility.NAMED)
    opened = VAULT.open_page(page, sealed)
    assert opened.identity(f"{page}0002") is None
    second = opened.identity(donors[1].reference)
    assert isinstance(second, Opening)
    assert second.name == "虚构乙"
