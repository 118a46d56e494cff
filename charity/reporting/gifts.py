"""Provides the entries that the rows of a donation list become, and what the vault keeps of them.

A person's name is no identity: two gifts under one name need not be one donor, so each gets a
reference of its own. An organisation's full name is one, so its gifts share a reference; and where
the list has its credit code, that tells it apart, whatever its name. A masked name (*静) names
nobody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from charity.donors.enrolment import (
    Giver,
    donor_digest,
    donor_digest_of_code,
    forget_reference,
    lasting_donor,
    lasting_references,
)
from charity.donors.names import (
    holds_personal_number,
    is_charity,
    is_masked,
    is_organisation,
    names_nobody,
)
from charity.reporting.donation_list import DonationList, ListRow
from ledger.appending.writer import Batch, Writer
from ledger.database.bulk_rows import ROWS_AT_ONCE
from ledger.entries import Entry, Source, file_id, transaction_id
from ledger.kinds.donation import DONATION, DonationFacts, Donor, Visibility
from ledger.kinds.onward_transfer import ONWARD_TRANSFER, OnwardTransferFacts
from ledger.vault.reading import known_donors
from ledger.vault.vault import (
    SHOWN_CONSENT,
    SHOWN_ORGANISATION,
    DonorRow,
    Remark,
    Vault,
    VaultRow,
)

GIFT = (DONATION.name, DonationFacts)
TRANSFER = (ONWARD_TRANSFER.name, OnwardTransferFacts)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Into whose books the gifts of a list go: organisation identifier and fund code."""

    organisation: str
    fund: str


@dataclass(frozen=True, slots=True)
class ListDonors:
    """What the names in a list are.

    Attributes:
        organisations: name → donor, of those that are organisations.
        coded: credit code → donor, of those whose code the list has.
        charities: the organisations that are charities: their gifts are onward transfers.
        nobody: words that name nobody (爱心人士).
        never_shown: names that hide who gave, or hold a phone or identity number; looked for only
            where consent would show them.
        consent: number of the recorded consent to show persons' names; None without one.
        new_pages: pages for the vault, of organisations that give for the first time.
        new_donors: rows by which those organisations are found again.
    """

    organisations: dict[str, Donor]
    coded: dict[str, Donor]
    charities: frozenset[str]
    nobody: frozenset[str]
    never_shown: frozenset[str]
    consent: int | None
    new_pages: list[VaultRow]
    new_donors: list[DonorRow]


async def _known_organisations(
    vault: Vault, writer: Writer, digests: Sequence[bytes]
) -> dict[bytes, Donor]:
    """Return digest → donor, for those organisations that gave before and were not erased."""
    references = await lasting_references(vault, writer, digests)
    known = await known_donors(vault, references.values())
    for digest, reference in references.items():
        if reference not in known:
            await forget_reference(vault, writer, digest)
    return {
        digest: lasting_donor(reference, known[reference], Visibility.NAMED)
        for digest, reference in references.items()
        if reference in known
    }


def _is_never_shown(name: str) -> bool:
    return is_masked(name) or holds_personal_number(name)


async def list_donors(
    vault: Vault, writer: Writer, rows: Sequence[ListRow], consent: int | None
) -> ListDonors:
    """Find out what the names in a list are; organisations keep the reference they have."""
    names = {row.donor for row in rows if row.donor is not None}
    names_of_codes = _names_of_codes(rows)
    uncoded = {row.donor for row in rows if row.code is None} if names_of_codes else names
    organisations = {
        name: donor_digest(vault, Visibility.NAMED, Giver(name, is_organisation=True))
        for name in sorted(filter(is_organisation, names & uncoded))
    }
    codes = {code: donor_digest_of_code(vault, code) for code in names_of_codes}
    named = [
        *((digest, name) for name, digest in organisations.items()),
        *((codes[code], name) for code, name in names_of_codes.items()),
    ]
    known = await _known_organisations(vault, writer, list({digest for digest, _ in named}))
    new = {digest: name for digest, name in named if digest not in known}
    donors, new_pages = vault.enrol(
        list(new.values()), writer.now, Visibility.NAMED, SHOWN_ORGANISATION
    )
    known.update(zip(new, donors, strict=True))
    return ListDonors(
        organisations={name: known[digest] for name, digest in organisations.items()},
        coded={code: known[digest] for code, digest in codes.items()},
        charities=frozenset(filter(is_charity, [*organisations, *names_of_codes.values()])),
        nobody=frozenset(filter(names_nobody, names)),
        never_shown=frozenset(filter(_is_never_shown, names) if consent is not None else ()),
        consent=consent,
        new_pages=new_pages,
        new_donors=[
            vault.donor_row(digest, donor.reference)
            for digest, donor in zip(new, donors, strict=True)
        ],
    )


def _names_of_codes(rows: Sequence[ListRow]) -> dict[str, str]:
    """Return credit code → the first name that stands beside it."""
    names: dict[str, str] = {}
    for row in rows:
        if row.code is not None and row.donor is not None and not names_nobody(row.donor):
            names.setdefault(row.code, row.donor)
    return names


def row_donors(
    vault: Vault, rows: Sequence[ListRow], names: ListDonors, now: datetime
) -> tuple[list[Donor], list[VaultRow]]:
    """Return the donor of every row as the log may know them, and the pages for the vault.

    Persons get a fresh reference for each gift; without consent the gift is anonymous.
    """
    unnamed: list[int] = []
    hidden: list[int] = []
    shown: list[int] = []
    organisations, coded, all_hidden = names.organisations, names.coded, names.consent is None
    donors: dict[int, Donor] = {}
    for place, row in enumerate(rows):
        name = row.donor
        if name is None or name in names.nobody:
            unnamed.append(place)
        elif row.code is not None and row.code in coded:
            donors[place] = coded[row.code]
        elif name in organisations:
            donors[place] = organisations[name]
        elif all_hidden or name in names.never_shown:
            hidden.append(place)
        else:
            shown.append(place)
    donors.update(zip(unnamed, vault.unnamed(len(unnamed), now), strict=True))
    pages: list[VaultRow] = []
    for places, visibility, reason, consent in (
        (hidden, Visibility.ANONYMOUS, None, None),
        (shown, Visibility.NAMED, SHOWN_CONSENT, names.consent),
    ):
        to_seal = [rows[place].donor or "" for place in places]
        enrolled, new_pages = vault.enrol(to_seal, now, visibility, reason, consent)
        donors.update(zip(places, enrolled, strict=True))
        pages += new_pages
    return [donors[place] for place in range(len(rows))], pages


def sheet_numbers(gifts: DonationList) -> dict[str, int]:
    """Return name → number of the sheets of a file, from 1."""
    return {name: number for number, name in enumerate(gifts.sheets, 1)}


def same_transaction(text: str) -> str:
    """Return what tells a transaction apart, in whatever case and marks its id is printed."""
    return "".join(filter(str.isalnum, text)).upper() or text


def gift_ids(organisation: str, gifts: DonationList) -> list[str]:
    """Return the idempotency key of every row: its transaction id, else file, sheet and row."""
    numbers, digest = sheet_numbers(gifts), gifts.file_digest
    return [
        transaction_id(organisation, same_transaction(row.transaction))
        if row.transaction is not None
        else file_id(digest, numbers[row.sheet], row.row)
        for row in gifts.rows
    ]


def gift_batches(
    vault: Vault,
    writer: Writer,
    recipient: Recipient,
    gifts: DonationList,
    rows: Sequence[ListRow],
    ids: Sequence[str],
    names: ListDonors,
) -> Iterator[Batch]:
    """Yield the entries of a list with what the vault keeps, a few thousand at a time."""
    yield Batch([], names.new_pages)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        stop = start + ROWS_AT_ONCE
        part, part_ids = rows[start:stop], ids[start:stop]
        donors, vault_rows = row_donors(vault, part, names, writer.now)
        entries = gift_entries(
            writer, recipient, gifts, zip(part, part_ids, donors, strict=True), names
        )
        yield Batch(entries, vault_rows)


def gift_entries(
    writer: Writer,
    recipient: Recipient,
    gifts: DonationList,
    rows: Iterable[tuple[ListRow, str, Donor]],
    names: ListDonors,
) -> list[Entry]:
    """Return the entries of gifts: donations, and onward transfers from other charities."""
    organisation, fund = recipient.organisation, recipient.fund
    charities, numbers, digest = names.charities, sheet_numbers(gifts), gifts.file_digest
    entries = []
    days: dict[date, str] = {}
    for row, entry_id, donor in rows:
        day = days.get(row.day) or days.setdefault(row.day, row.day.isoformat())
        kind, facts_type = TRANSFER if row.donor in charities else GIFT
        facts = facts_type(
            amount=row.amount_fen,
            donor=donor,
            fund=fund,
            on_behalf=row.payer is not None,
            period_start=row.period_start.isoformat() if row.period_start else None,
            time=row.time,
        )
        source = Source(row.accepted, digest, None, row.row, numbers[row.sheet], row.transaction)
        entries.append(writer.entry(kind, day, organisation, facts, entry_id, source))
    return entries


def sealed_remarks(
    vault: Vault, rows: Sequence[ListRow], first_position: int
) -> list[tuple[int, bytes]]:
    """Return position and sealed remark of those rows that say who paid, or carry a remark."""
    return [
        (position, vault.seal_remark(position, Remark(row.payer, row.remark)))
        for position, row in enumerate(rows, first_position)
        if row.payer is not None or row.remark is not None
    ]
