"""Provides the entries that records become, all of a batch at once, with few queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from charity.donors.names import is_charity
from charity.organisations.uscc import organisation_identifier, parse_code
from charity.reporting.batches.record_donors import enrol_donors, is_named, placeholder
from charity.reporting.batches.record_problems import TRANSFER_WORD, record_field
from charity.reporting.batches.records import (
    CorrectionRecord,
    DonorRecord,
    GiftRecord,
    GoodsDistributionRecord,
    GoodsGiftRecord,
    PledgeRecord,
    Record,
    RefundRecord,
    ReversalRecord,
    SpendingRecord,
    TransferRecord,
)
from charity.reporting.records import Request, refund_facts, requested_entry, reversal_facts
from ledger.appending.repetition import Conflict, check_same, donor_of
from ledger.appending.writer import Writer
from ledger.database.bulk_rows import fetch_among
from ledger.entries import GOODS_PREFIX, Entry, Facts, FundPlace, request_id
from ledger.kinds import parse_entry
from ledger.kinds.correction import CORRECTION, CorrectionFacts
from ledger.kinds.donation import DONATION, DonationFacts, Donor
from ledger.kinds.expenditure import EXPENDITURE, ExpenditureFacts
from ledger.kinds.goods_distribution import GOODS_DISTRIBUTION, GoodsDistributionFacts
from ledger.kinds.goods_donation import GOODS_DONATION, GoodsDonationFacts
from ledger.kinds.onward_transfer import ONWARD_TRANSFER, OnwardTransferFacts
from ledger.kinds.pledge import PLEDGE, PledgeFacts
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import REVERSAL
from ledger.messages import Refused
from ledger.tables import LogEntry
from ledger.vault.reading import known_donors
from ledger.vault.vault import Opening, Vault, VaultRow


@dataclass(frozen=True, slots=True)
class Prepared:
    """Records made ready for appending, by their index.

    Attributes:
        entries: the entries of those that are new, in order.
        pages: what the vault must know of their donors.
        known: positions of those that are in the ledger already.
        refused: why no entry can be made of the others.
    """

    entries: dict[int, Entry]
    pages: Sequence[VaultRow]
    known: dict[int, int]
    refused: dict[int, Refused]


def goods_unit(goods: str, measure: str) -> str:
    """Return the unit of goods, such as `goods:示例口罩/个`."""
    return f"{GOODS_PREFIX}{goods}/{measure}"


def donor_record(record: Record) -> DonorRecord | None:
    """Return who gave, of a record that has a donor."""
    return getattr(record, "donor", None)


def referred_position(record: Record) -> int | None:
    """Return the position of the entry that a record is about, if it is about one."""
    match record:
        case RefundRecord(gift=position):
            return position
        case ReversalRecord(entry=position) | CorrectionRecord(entry=position):
            return position
        case GiftRecord(pledge=pledge):
            return pledge
        case _:
            return None


def is_passed_on(index: int, record: Record, accept: Collection[str]) -> bool:
    """Return whether a gift is recorded as passed on by a charity elsewhere, as was accepted."""
    if not isinstance(record, GiftRecord) or record.pledge is not None:
        return False
    words = {TRANSFER_WORD, record_field(index, f"donor.name.{TRANSFER_WORD}")}
    return not words.isdisjoint(accept) and is_charity(record.donor.name or "-")


def record_key(index: int, record: Record, batch: str) -> str:
    """Return the key of a record: its own, else that of its place in the batch."""
    return record.key or f"batch:{batch}:{index}"


@dataclass(slots=True)
class RecordEntries:
    """Makes entries of the records of one batch."""

    vault: Vault
    writer: Writer
    organisation: str
    batch: str
    accept: Collection[str]

    async def prepare(self, records: Mapping[int, Record]) -> Prepared:
        """Return what is to be appended; write what the vault keeps of new donors.

        Args:
            records: index in the batch → record, in order; their form was checked before.
        """
        referred = await _entries_at(
            self.writer, {referred_position(record) for record in records.values()}
        )
        known, refused = await self._known(records, referred)
        new = {
            index: record
            for index, record in records.items()
            if index not in known and index not in refused
        }
        for index, record in new.items():
            try:  # what cannot become an entry enrols no donor
                self._entry(
                    index, record, placeholder(donor_record(record) or DonorRecord()), referred
                )
            except Refused as refusal:
                refused[index] = refusal
        new = {index: record for index, record in new.items() if index not in refused}
        donors = {i: donor for i, record in new.items() if (donor := donor_record(record))}
        identifier = organisation_identifier(self.organisation)
        enrolment = await enrol_donors(self.vault, self.writer, identifier, donors)
        entries = {
            index: self._entry(index, record, enrolment.donors.get(index), referred)
            for index, record in new.items()
        }
        return Prepared(entries, enrolment.pages, known, refused)

    def _entry(
        self, index: int, record: Record, donor: Donor | None, referred: Mapping[int, Entry]
    ) -> Entry:
        request = Request(
            self.organisation, record.day.isoformat(), record_key(index, record, self.batch)
        )
        place = referred_position(record)
        if place is not None:
            _at(referred, place)
        if is_passed_on(index, record, self.accept):
            kind, facts = _passed_on(record, donor)
        elif donor is not None and donor_record(record) is not None:
            kind, facts = _from_donor(record, donor)
        else:
            kind, facts = _without_donor(record, self.organisation, referred)
        return requested_entry(self.writer, request, kind, facts)

    async def _known(
        self, records: Mapping[int, Record], referred: Mapping[int, Entry]
    ) -> tuple[dict[int, int], dict[int, Refused]]:
        """Return the positions of records that are in the ledger already, and the conflicts."""
        identifier = organisation_identifier(self.organisation)
        ids = {request_id(identifier, record.key): i for i, record in records.items() if record.key}
        rows = await fetch_among(
            self.writer.connection, LogEntry, ("position", "id", "body"), "id", list(ids)
        )
        there = {ids[row["id"]]: (row["position"], parse_entry(bytes(row["body"]))) for row in rows}
        references = {donor.reference for _, entry in there.values() if (donor := donor_of(entry))}
        names = await known_donors(self.vault, references)
        known: dict[int, int] = {}
        refused: dict[int, Refused] = {}
        for index, (position, stored) in there.items():
            donor = donor_of(stored)
            behind = names.get(donor.reference) if donor is not None else None
            try:
                self._check_same(
                    index, records[index], stored, behind.identity if behind else None, referred
                )
                known[index] = position
            except Refused as refusal:
                refused[index] = refusal
        return known, refused

    def _check_same(
        self,
        index: int,
        record: Record,
        stored: Entry,
        behind: Opening | None,
        referred: Mapping[int, Entry],
    ) -> None:
        """Make sure that a record is the one that the ledger holds under its key.

        Raises:
            Refused: their contents differ.
        """
        giver = donor_record(record) or DonorRecord()
        if stored.kind == ONWARD_TRANSFER.name and isinstance(record, GiftRecord):
            request = Request(self.organisation, record.day.isoformat(), record.key or "")
            kind, facts = _passed_on(record, placeholder(giver))
            submitted = requested_entry(self.writer, request, kind, facts)
        else:
            submitted = self._entry(index, record, placeholder(giver), referred)
        opening = Opening(giver.name or "", b"") if is_named(giver) else None
        check_same(
            stored, msgspec.structs.replace(submitted, source=stored.source), behind, opening
        )


def is_conflict(refusal: Refused) -> bool:
    """Return whether a key stands for another content already."""
    return isinstance(refusal, Conflict)


async def _entries_at(writer: Writer, positions: Collection[int | None]) -> dict[int, Entry]:
    """Return position → entry, of those that the log holds."""
    wanted = sorted(position for position in positions if position is not None)
    there = [position for position in wanted if position < writer.size]
    rows = await fetch_among(writer.connection, LogEntry, ("position", "body"), "position", there)
    return {row["position"]: parse_entry(bytes(row["body"])) for row in rows}


def _at(referred: Mapping[int, Entry], position: int) -> Entry:
    try:
        return referred[position]
    except KeyError as error:
        raise Refused("There is no entry {position}.", position=position) from error


def _passed_on(record: Record, donor: Donor | None) -> tuple[str, Facts]:
    """Return the gift of a charity that keeps its books elsewhere."""
    if not isinstance(record, GiftRecord):
        raise TypeError(record.kind)
    facts = OnwardTransferFacts(
        amount=record.amount, currency=record.currency, donor=donor, fund=record.fund
    )
    return ONWARD_TRANSFER.name, facts


def _from_donor(record: Record, donor: Donor) -> tuple[str, Facts]:
    """Return kind and facts of what a donor gives or promises."""
    match record:
        case GiftRecord():
            return DONATION.name, DonationFacts(
                amount=record.amount,
                currency=record.currency,
                donor=donor,
                fund=record.fund,
                pledge=record.pledge,
            )
        case GoodsGiftRecord():
            return GOODS_DONATION.name, GoodsDonationFacts(
                amount=record.pieces,
                donor=donor,
                fund=record.fund,
                goods=goods_unit(record.goods, record.measure),
            )
        case PledgeRecord():
            return PLEDGE.name, PledgeFacts(
                amount=record.amount, currency=record.currency, donor=donor, fund=record.fund
            )
        case _:
            raise TypeError(record.kind)


def _without_donor(
    record: Record, organisation: str, referred: Mapping[int, Entry]
) -> tuple[str, Facts]:
    """Return kind and facts of what moves or corrects without a donor of its own."""
    match record:
        case SpendingRecord():
            return EXPENDITURE.name, ExpenditureFacts(
                amount=record.amount,
                currency=record.currency,
                description=record.description,
                fund=record.fund,
                project=record.project,
                purpose=record.purpose,
            )
        case GoodsDistributionRecord():
            return GOODS_DISTRIBUTION.name, GoodsDistributionFacts(
                amount=record.pieces,
                description=record.description,
                fund=record.fund,
                goods=goods_unit(record.goods, record.measure),
                project=record.project,
            )
        case TransferRecord():
            giver = FundPlace(
                fund=record.giver_fund,
                organisation=organisation_identifier(parse_code(record.giver)),
            )
            return ONWARD_TRANSFER.name, OnwardTransferFacts(
                amount=record.amount, currency=record.currency, fund=record.fund, giver=giver
            )
        case _:
            return _about_entry(record, organisation, referred)


def _about_entry(
    record: Record, organisation: str, referred: Mapping[int, Entry]
) -> tuple[str, Facts]:
    """Return kind and facts of what pays back, undoes or corrects an earlier entry."""
    match record:
        case RefundRecord(gift=position):
            gift, identifier = _at(referred, position), organisation_identifier(organisation)
            return REFUND.name, refund_facts(
                gift, position, identifier, record.amount, record.reason
            )
        case ReversalRecord(entry=position):
            return REVERSAL.name, reversal_facts(_at(referred, position), position, record.reason)
        case CorrectionRecord(entry=position):
            return CORRECTION.name, CorrectionFacts(
                by=record.by,
                field=record.field,
                new=record.new,
                old=record.old,
                reason=record.reason,
                refers_to=position,
            )
        case _:
            raise TypeError(record.kind)
