"""Provides the enrolment of a donor for one gift: what was chosen, and the reference that follows.

Whether the name and whether the amount stand beside each other is chosen for every gift. A lasting
reference links gifts, so it differs between those under the name and those under a pseudonym.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ledger.appending.writer import VAULT_COLUMNS, Writer
from ledger.database.bulk_rows import fetch_among, insert_rows
from ledger.kinds.donation import Donor, Visibility
from ledger.messages import Refused
from ledger.tables import VaultConsent, VaultDonor, VaultPage, VaultThanks
from ledger.vault.reading import KnownDonor, known_donors, withdrawn_consents
from ledger.vault.resealing import delete_among
from ledger.vault.vault import SHOWN_CONSENT, SHOWN_ORGANISATION, Vault, commitment

DONOR_COLUMNS = ("name_hash", "reference", "sealed")
THANKS_COLUMNS = ("page", "organisation", "sealed", "consent")
LASTING = (Visibility.NAMED, Visibility.PSEUDONYMOUS)


class Choice(StrEnum):
    """What a donor chose for one gift; the amount itself is always in the ledger.

    WITH_AMOUNT: the name stands beside the gift. WITHOUT_AMOUNT: the name stands only among those
    whom the organisation thanks, and the gift looks like any anonymous one. PSEUDONYM: no name, but
    the gifts can be seen to be one donor's. NOT_SHOWN: no name, and no link between gifts.
    """

    WITH_AMOUNT = "with_amount"
    WITHOUT_AMOUNT = "without_amount"
    PSEUDONYM = "pseudonym"
    NOT_SHOWN = "not_shown"


@dataclass(frozen=True, slots=True)
class Giver:
    """A donor as the reporter knows him.

    Attributes:
        name: the full name.
        is_organisation: whether it is an organisation: its full name tells it apart.
        identity: for a person, what tells him apart beside the name (phone, identity number,
            account); it is kept as a keyed hash only. Without it every gift has its own reference.
    """

    name: str
    is_organisation: bool = False
    identity: tuple[str, ...] = ()


def plain_text(text: str) -> str:
    """Return a text as it is compared: width, case and blanks make no difference."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def donor_digest(vault: Vault, visibility: Visibility, giver: Giver) -> bytes:
    """Return the keyed hash of what tells a donor apart, among gifts of this visibility."""
    sort = "organisation" if giver.is_organisation else "person"
    parts = map(plain_text, (giver.name, *giver.identity))
    return vault.identity_digest(visibility, sort, *parts)


def donor_digest_of_code(vault: Vault, code: str) -> bytes:
    """Return the keyed hash of an organisation that is told apart by its credit code.

    Such gifts are shown under its name, whatever that reads like.
    """
    return vault.identity_digest(Visibility.NAMED, "code", code)


async def lasting_references(
    vault: Vault, writer: Writer, digests: Iterable[bytes]
) -> dict[bytes, str]:
    """Return digest → reference, of those donors who have a lasting one."""
    by_hash = {name_hash: digest for digest in digests for name_hash in vault.donor_hashes(digest)}
    columns = ("name_hash", "reference")
    rows = await fetch_among(writer.connection, VaultDonor, columns, "name_hash", list(by_hash))
    return {by_hash[row["name_hash"]]: row["reference"] for row in rows}


async def forget_reference(vault: Vault, writer: Writer, digest: bytes) -> None:
    """Let a donor have another reference from now on; that of earlier gifts stays theirs."""
    hashes = vault.donor_hashes(digest)
    await delete_among(writer.connection, VaultDonor, "name_hash", hashes)


async def record_consent(vault: Vault, basis: str, recorded_at: str) -> int:
    """Keep the basis, in words, on which names may be shown; return the consent's number.

    Only inside `Ledger.write`. Source: 《个人信息保护法》 art. 25 (separate consent to publish).
    """
    last = (
        await VaultConsent.select(VaultConsent.id)
        .order_by(VaultConsent.id, ascending=False)
        .first()
    )
    number = 1 + (last["id"] if last else 0)
    vault.page_keys.refresh()
    sealed = vault.seal_basis(number, basis)
    await VaultConsent.insert(VaultConsent(id=number, sealed=sealed, recorded_at=recorded_at))
    return number


async def withdraw_consent(number: int, withdrawn_at: str) -> bool:
    """Withdraw a consent: from now on no page shows the names; they stay sealed in the vault.

    Returns:
        False if it was withdrawn before.

    Raises:
        Refused: there is no such consent.

    Source: 《个人信息保护法》 art. 15: withdrawal is as easy as consent, and not retroactive.
    """
    rows = await VaultConsent.select().where(VaultConsent.id == number)
    if not rows:
        raise Refused("There is no consent {number}.", number=number)
    if rows[0]["withdrawn_at"] is not None:
        return False
    await VaultConsent.update({VaultConsent.withdrawn_at: withdrawn_at}).where(
        VaultConsent.id == number
    )
    return True


async def enrol_giver(
    vault: Vault,
    writer: Writer,
    organisation: str,
    giver: Giver,
    choice: Choice,
    consent: int | None = None,
) -> Donor:
    """Return the donor of a gift as the log may know him; the vault keeps the rest.

    Args:
        vault: the ledger's.
        writer: of the transaction that will append the gift.
        organisation: identifier of the organisation that receives it.
        giver: who gives.
        choice: what he chose for this gift.
        consent: number of his recorded consent; needed where a person's name is to be shown.

    Raises:
        Refused: a person's name is to be shown without a consent that is in force.
    """
    await _check_consent(giver, choice, consent)
    match choice:
        case Choice.WITH_AMOUNT:
            return await _lasting(vault, writer, giver, Visibility.NAMED, consent)
        case Choice.PSEUDONYM:
            return await _lasting(vault, writer, giver, Visibility.PSEUDONYMOUS, None)
        case _:
            donor = await _fresh(vault, writer, giver, Visibility.ANONYMOUS, None)
    if choice is Choice.WITHOUT_AMOUNT:
        rows = [
            (page, organisation, sealed, consent)
            for page, sealed in vault.thank([giver.name], [donor], writer.now)
        ]
        await insert_rows(writer.connection, VaultThanks, THANKS_COLUMNS, rows)
    return donor


async def _check_consent(giver: Giver, choice: Choice, consent: int | None) -> None:
    if choice not in {Choice.WITH_AMOUNT, Choice.WITHOUT_AMOUNT}:
        return
    if consent is None and giver.is_organisation:
        return
    there = consent is not None and await VaultConsent.exists().where(VaultConsent.id == consent)
    if not there or await withdrawn_consents([consent]):
        raise Refused(
            "A person's name is shown only with a consent that is recorded and not withdrawn."
        )


async def _fresh(
    vault: Vault, writer: Writer, giver: Giver, visibility: Visibility, consent: int | None
) -> Donor:
    """Enrol under a reference of its own."""
    shown = None
    if visibility is Visibility.NAMED:
        shown = SHOWN_ORGANISATION if consent is None else SHOWN_CONSENT
    [donor], rows = vault.enrol([giver.name], writer.now, visibility, shown, consent)
    await insert_rows(writer.connection, VaultPage, VAULT_COLUMNS, rows)
    return donor


async def _lasting(
    vault: Vault, writer: Writer, giver: Giver, visibility: Visibility, consent: int | None
) -> Donor:
    """Enrol under the reference that this donor has for good, or gets now."""
    if not giver.is_organisation and not giver.identity:
        return await _fresh(vault, writer, giver, visibility, consent)
    digest = donor_digest(vault, visibility, giver)
    reference = (await lasting_references(vault, writer, [digest])).get(digest)
    if reference is not None:
        known = (await known_donors(vault, [reference])).get(reference)
        if known is not None and not await withdrawn_consents([known.consent]):
            return lasting_donor(reference, known, visibility)
        # Gifts under a consent that was withdrawn must not be shown again through a later one.
        await forget_reference(vault, writer, digest)
    donor = await _fresh(vault, writer, giver, visibility, consent)
    row = vault.donor_row(digest, donor.reference)
    await insert_rows(writer.connection, VaultDonor, DONOR_COLUMNS, [row])
    return donor


def lasting_donor(reference: str, known: KnownDonor, visibility: Visibility) -> Donor:
    """Return the donor as the log knows him by his lasting reference."""
    opening = known.identity
    return Donor(
        commitment=commitment(opening.name, opening.salt),
        reference=reference,
        visibility=visibility,
    )
