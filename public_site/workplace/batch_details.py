"""Provides what a record says beside its day, fund and amount, for whoever decides on it.

A checker answers for all of it: that a person is named and on what consent, that a receipt is
issued, what a spending was for, how a correction reads.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from charity.organisations.tables import Organisation
from charity.organisations.uscc import parse_code
from charity.projects.tables import Project
from charity.reporting.batches.drafting import records_of
from charity.reporting.batches.reading import BatchView
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
from charity.reporting.batches.store import BatchStore
from ledger.messages import Message, Translate
from public_site.entry_facts import FIELD_LABELS
from public_site.workplace.batch_preview import fund_names
from public_site.workplace.record_words import CHOICES, PURPOSES, REASONS

Givers: TypeAlias = Mapping[tuple[str, str], tuple[str, str]]
"""Giver and fund as a transfer names them → their names."""

CHOICE_LABELS = {value: label for value, label, _ in CHOICES}


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that a record says: its label, and what it says."""

    label: str
    text: str


async def record_details(
    store: BatchStore, view: BatchView, places: Collection[int], translate: Translate
) -> Mapping[str, tuple[Detail, ...]]:
    """Return the details of records by the place that the preview gives them, counted from 1.

    Args:
        store: where the content of the batch is.
        view: a batch of records that still has its content.
        places: whose details, the first record being 1; no other is told.
        translate: into the language of the page.
    """
    content = records_of(await asyncio.to_thread(store.drafts.read, view.id, view.version))
    rows = await Project.select(Project.code, Project.name).where(
        Project.organisation == view.organisation
    )
    projects = {row["code"]: row["name"] for row in rows}
    shown = {place: content.records[place - 1] for place in places}
    givers = await _givers(shown.values())
    return {
        str(place): tuple(
            Detail(label.text(translate), text)
            for label, text in _told(record, projects, givers, translate)
        )
        for place, record in shown.items()
    }


async def _givers(records: Iterable[Record]) -> Givers:
    """Return the organisations and funds that transfers come from, by name."""
    transfers = [record for record in records if isinstance(record, TransferRecord)]
    if not transfers:
        return {}
    codes = {record.giver: parse_code(record.giver) for record in transfers}
    names = await Organisation.select(Organisation.code, Organisation.name).where(
        Organisation.code.is_in(sorted(set(codes.values())))
    )
    called = {row["code"]: row["name"] for row in names}
    funds = await fund_names(sorted(called))
    return {
        (record.giver, record.giver_fund): (
            called.get(codes[record.giver], codes[record.giver]),
            funds.get((codes[record.giver], record.giver_fund), record.giver_fund),
        )
        for record in transfers
    }


def _told(
    record: Record, projects: Mapping[str, str], givers: Givers, translate: Translate
) -> Iterator[tuple[Message, str]]:
    if isinstance(record, GiftRecord | GoodsGiftRecord | PledgeRecord):
        yield from _of_donor(record.donor, translate)
    if isinstance(record, GiftRecord) and record.pledge is not None:
        yield Message("Pledge"), f"#{record.pledge}"
    if isinstance(record, GiftRecord | GoodsGiftRecord) and record.receipt:
        issued = Message("issued when the gift is in the ledger")
        yield Message("Donation receipt"), issued.text(translate)
    if isinstance(record, SpendingRecord | GoodsDistributionRecord):
        yield Message("Project"), projects.get(record.project, record.project)
        if isinstance(record, SpendingRecord):
            yield Message("Purpose"), PURPOSES[record.purpose].text(translate)
        yield Message("Public note"), record.description
    elif isinstance(record, TransferRecord):
        giver, fund = givers[record.giver, record.giver_fund]
        yield Message("Passed on by"), giver
        yield Message("Out of its fund"), fund
    elif isinstance(record, RefundRecord):
        yield Message("Gift"), f"#{record.gift}"
        yield Message("Reason"), REASONS[record.reason].text(translate)
    elif isinstance(record, ReversalRecord):
        yield Message("Entry"), f"#{record.entry}"
        yield Message("Reason"), record.reason
    elif isinstance(record, CorrectionRecord):
        yield from _of_correction(record, translate)


def _of_donor(donor: DonorRecord, translate: Translate) -> Iterator[tuple[Message, str]]:
    if donor.name is not None or donor.code is not None:
        yield Message("What the donor chose"), CHOICE_LABELS[donor.choice].text(translate)
    if donor.code is not None:
        yield Message("Credit code"), donor.code
    if donor.consent is not None:
        yield Message("What the consent rests on"), donor.consent


def _of_correction(record: CorrectionRecord, translate: Translate) -> Iterator[tuple[Message, str]]:
    field = FIELD_LABELS.get(record.field)
    yield Message("Entry"), f"#{record.entry}"
    yield Message("What is corrected"), field.text(translate) if field else record.field
    yield Message("So far"), record.old
    yield Message("What is right"), record.new
    yield Message("Reason"), record.reason
    yield Message("Corrected by"), record.by
