"""Provides the enrolment of the donors of many records at once, with few queries.

The rules are those of `charity.donors.enrolment.enrol_giver`, which enrols one donor.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from charity.donors.enrolment import (
    DONOR_COLUMNS,
    LASTING,
    THANKS_COLUMNS,
    Choice,
    Giver,
    donor_digest,
    donor_digest_of_code,
    forget_reference,
    lasting_donor,
    lasting_references,
)
from charity.donors.names import names_nobody
from charity.organisations.uscc import parse_code
from charity.reporting.batches.records import DonorRecord
from ledger.appending.writer import Writer
from ledger.database.bulk_rows import insert_rows
from ledger.kinds.donation import Donor, Visibility
from ledger.tables import VaultConsent, VaultDonor, VaultThanks
from ledger.vault.reading import known_donors, withdrawn_consents
from ledger.vault.vault import SHOWN_CONSENT, SHOWN_ORGANISATION, DonorRow, Vault, VaultRow

CONSENT_COLUMNS: Final = ("id", "sealed", "recorded_at")
VISIBILITIES: Final[Mapping[Choice, Visibility]] = {
    Choice.WITH_AMOUNT: Visibility.NAMED,
    Choice.PSEUDONYM: Visibility.PSEUDONYMOUS,
    Choice.WITHOUT_AMOUNT: Visibility.ANONYMOUS,
    Choice.NOT_SHOWN: Visibility.ANONYMOUS,
}
SHOWING: Final = frozenset({Choice.WITH_AMOUNT, Choice.WITHOUT_AMOUNT})
"""The choices by which a name is to be seen somewhere."""


def is_named(donor: DonorRecord) -> bool:
    """Return whether the record names anybody (爱心人士 and 匿名 do not)."""
    return donor.name is not None and not names_nobody(donor.name)


def placeholder(donor: DonorRecord) -> Donor:
    """Return a donor who is not enrolled, to compare a record with an entry that is there."""
    return Donor(
        commitment="0" * 64 if is_named(donor) else None,
        reference="0" * 32,
        visibility=VISIBILITIES[donor.choice] if is_named(donor) else Visibility.ANONYMOUS,
    )


@dataclass(slots=True)
class Enrolment:
    """Donors by the index of their record, and what the vault gets with the entries.

    Attributes:
        donors: index of the record → donor as the log may know him.
        pages: rows of `vault_page`, for `Writer.append`.
        thanks: names to thank without amounts: consent → names and donors.
    """

    donors: dict[int, Donor] = field(default_factory=dict)
    pages: list[VaultRow] = field(default_factory=list)
    thanks: dict[int | None, list[tuple[str, Donor]]] = field(
        default_factory=lambda: defaultdict(list)
    )


async def enrol_donors(
    vault: Vault, writer: Writer, organisation: str, records: Mapping[int, DonorRecord]
) -> Enrolment:
    """Enrol the donors of records, checked before; write all but the pages into the vault.

    Args:
        vault: the ledger's.
        writer: of the transaction that will append the entries.
        organisation: identifier of the organisation that receives.
        records: index → donor of each record that has one.
    """
    vault.page_keys.refresh()
    made = Enrolment()
    unnamed = [index for index, donor in records.items() if not is_named(donor)]
    made.donors.update(zip(unnamed, vault.unnamed(len(unnamed), writer.now), strict=True))
    named = {index: donor for index, donor in records.items() if is_named(donor)}
    digests = {index: _digest(vault, donor) for index, donor in named.items() if _is_lasting(donor)}
    lasting = await _known(vault, writer, {digest: named[i] for i, digest in digests.items()})
    first = {digest: index for index, digest in reversed(digests.items())}
    fresh = [
        index
        for index in named
        if (digest := digests.get(index)) is None
        or (digest not in lasting and first[digest] == index)
    ]
    await _enrol_fresh(vault, writer, {index: named[index] for index in fresh}, made)
    rows: list[DonorRow] = []
    for digest, index in first.items():
        if digest not in lasting:
            lasting[digest] = made.donors[index]
            rows.append(vault.donor_row(digest, made.donors[index].reference))
    made.donors.update((index, lasting[digest]) for index, digest in digests.items())
    await insert_rows(writer.connection, VaultDonor, DONOR_COLUMNS, rows)
    await _thank(vault, writer, organisation, made)
    return made


def _is_lasting(donor: DonorRecord) -> bool:
    """Return whether gifts of this choice are linked, and something tells the donor apart."""
    return VISIBILITIES[donor.choice] in LASTING and (donor.is_organisation or bool(donor.identity))


def _digest(vault: Vault, donor: DonorRecord) -> bytes:
    """Return the keyed hash of what tells a donor apart: of an organisation its credit code."""
    visibility = VISIBILITIES[donor.choice]
    if donor.code is not None and visibility is Visibility.NAMED:
        return donor_digest_of_code(vault, parse_code(donor.code))
    if donor.code is not None:
        return vault.identity_digest(visibility, "code", parse_code(donor.code))
    giver = Giver(donor.name or "", donor.is_organisation, donor.identity)
    return donor_digest(vault, visibility, giver)


async def _known(
    vault: Vault, writer: Writer, donors: Mapping[bytes, DonorRecord]
) -> dict[bytes, Donor]:
    """Return digest → donor, of those who gave before and whose consent was not withdrawn."""
    references = await lasting_references(vault, writer, donors)
    known = await known_donors(vault, references.values())
    withdrawn = await withdrawn_consents(donor.consent for donor in known.values())
    found: dict[bytes, Donor] = {}
    for digest, reference in references.items():
        behind = known.get(reference)
        if behind is None or behind.consent in withdrawn:
            await forget_reference(vault, writer, digest)
        else:
            visibility = VISIBILITIES[donors[digest].choice]
            found[digest] = lasting_donor(reference, behind, visibility)
    return found


async def _enrol_fresh(
    vault: Vault, writer: Writer, donors: Mapping[int, DonorRecord], made: Enrolment
) -> None:
    """Give donors references of their own; those with the same grounds share pages."""
    consents = await _record_consents(vault, writer, donors)
    groups: dict[tuple[Visibility, str | None, int | None], list[int]] = defaultdict(list)
    for index, donor in donors.items():
        consent, shown = consents.get(index), None
        if donor.choice is Choice.WITH_AMOUNT:
            shown = SHOWN_ORGANISATION if consent is None else SHOWN_CONSENT
        page_consent = consent if shown is not None else None
        groups[VISIBILITIES[donor.choice], shown, page_consent].append(index)
    for (visibility, shown, consent), indices in groups.items():
        names = [donors[index].name or "" for index in indices]
        enrolled, pages = vault.enrol(names, writer.now, visibility, shown, consent)
        made.donors.update(zip(indices, enrolled, strict=True))
        made.pages += pages
    for index, donor in donors.items():
        if donor.choice is Choice.WITHOUT_AMOUNT:
            made.thanks[consents.get(index)].append((donor.name or "", made.donors[index]))


async def _record_consents(
    vault: Vault, writer: Writer, donors: Mapping[int, DonorRecord]
) -> dict[int, int]:
    """Keep the consents to show names; return the number of each: one can be withdrawn alone."""
    bases = {
        index: donor.consent
        for index, donor in donors.items()
        if donor.choice in SHOWING and donor.consent is not None
    }
    if not bases:
        return {}
    last = (
        await VaultConsent.select(VaultConsent.id)
        .order_by(VaultConsent.id, ascending=False)
        .first()
    )
    numbers = dict(zip(bases, range(1 + (last["id"] if last else 0), 2**53), strict=False))
    rows = [
        (numbers[index], vault.seal_basis(numbers[index], basis), writer.recorded_at)
        for index, basis in bases.items()
    ]
    await insert_rows(writer.connection, VaultConsent, CONSENT_COLUMNS, rows)
    return numbers


async def _thank(vault: Vault, writer: Writer, organisation: str, made: Enrolment) -> None:
    """Keep the names that are thanked without amounts, in an order that tells nothing."""
    rows: list[tuple[str, str, bytes, int | None]] = []
    for consent, pairs in made.thanks.items():
        names: Sequence[str] = [name for name, _ in pairs]
        donors = [donor for _, donor in pairs]
        rows += [
            (page, organisation, sealed, consent)
            for page, sealed in vault.thank(names, donors, writer.now)
        ]
    await insert_rows(writer.connection, VaultThanks, THANKS_COLUMNS, sorted(rows))
