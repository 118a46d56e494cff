"""Provides the reading of batches: for one organisation's eyes, for jobs, and their receipts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from charity.organisations.tables import Organisation
from charity.reporting.batches.moving import Line, line_of, names_of
from charity.reporting.batches.schemas import BatchReport, ListOptions
from charity.reporting.batches.states import OPEN, WAITING_FOR_JOB, BatchState
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.tables import Batch
from ledger.signing.checkpoints import Checkpoint
from ledger.signing.encodings import encode_base64
from ledger.tables import PublishedCheckpoint

SEEN_BY_COUNTERPART = frozenset(
    {BatchState.SUBMITTED, BatchState.APPROVED, BatchState.APPENDED, BatchState.REJECTED}
)
TRANSFER = "transfer"
FORM = "form"
SHORT_ID = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """A batch as people of one organisation may see it; see `Batch` for the plain columns.

    Attributes:
        is_own: whether it is this organisation's; of another's only transfers are seen.
        organisation_name, counterpart_name: names of the organisations.
        title: what the reporter calls it; of another organisation's only what a form called it.
        options: the reporter's choices.
        report: what the check found; None until it has run, and after a withdrawal. Of a batch
            that FAILED its only problem says what broke off.
        reason: why it was rejected the last time, by `rejected_by`; it stays while it is mended.
        authors: ids of all who made or changed it.
        made_by_name, submitted_by_name, decided_by_name, agreed_by_name, rejected_by_name: as
            colleagues know them.
        decided_by: the own checker; of a rejected batch whoever rejected it.
        may_change: whether its reporter may still change it: its content is there.
    """

    id: str
    organisation: str
    organisation_name: str
    is_own: bool
    fund: str | None
    content: str
    origin: str
    state: BatchState
    version: int
    digest: str
    title: str
    options: ListOptions
    report: BatchReport | None
    reason: str | None
    made_by: str
    made_by_name: str
    made_at: str
    authors: frozenset[str]
    submitted_by: str | None
    submitted_by_name: str | None
    submitted_at: str | None
    decided_by: str | None
    decided_by_name: str | None
    decided_at: str | None
    rejected_by: str | None
    rejected_by_name: str | None
    rejected_at: str | None
    counterpart: str | None
    counterpart_name: str | None
    agreed_by: str | None
    agreed_by_name: str | None
    agreed_at: str | None
    first_position: int | None
    entries: int | None
    appended_at: str | None
    token: str | None
    idempotency_key: str | None
    may_change: bool

    def has_hand_of(self, person: str) -> bool:
        """Return whether a person made, changed or submitted it, and so may not approve it."""
        return person in self.authors or person in {self.made_by, self.submitted_by}


@dataclass(frozen=True, slots=True)
class BatchReceipt:
    """Where a batch stands in the log, and the published checkpoint that covers all of it.

    Anyone can check it: fetch the entries of these positions and the checkpoint of this size from
    the log, and recompute the root from the leaves (RFC 6962, C2SP tlog-tiles).

    Attributes:
        first, last: positions of its first and its last entry.
        size: number of entries under the checkpoint.
        root: root hash of the tree over them, base64.
        note: the signed checkpoint.
        published_at: when it was published, UTC.
    """

    first: int
    last: int
    size: int
    root: str
    note: str
    published_at: str


async def find_batch(store: BatchStore, organisation: str, batch: str) -> BatchView | None:
    """Return a batch that people of this organisation may see; None if there is none.

    They see their own; of another organisation's only those that take money out of their fund,
    once these are submitted.
    """
    line = await line_of(batch)
    if line is None or not _is_seen_by(line, organisation):
        return None
    [view] = await _views(store, organisation, [line])
    return view


async def batches_of(
    store: BatchStore,
    organisation: str,
    states: Collection[BatchState] | None = None,
    limit: int = 50,
) -> list[BatchView]:
    """Return the newest batches of an organisation, in these states only where some are given."""
    query = Batch.select().where(Batch.organisation == organisation)
    if states is not None:
        if not states:
            return []
        query = query.where(Batch.state.is_in([state.value for state in states]))
    lines = await query.order_by(Batch.made_at, Batch.id, ascending=False).limit(limit)
    return await _views(store, organisation, lines)


async def batches_awaiting_agreement(store: BatchStore, organisation: str) -> list[BatchView]:
    """Return other organisations' batches that wait for this one to agree, the oldest first."""
    lines = (
        await Batch.select()
        .where(
            (Batch.counterpart == organisation)
            & (Batch.state == BatchState.SUBMITTED.value)
            & Batch.agreed_by.is_null()
        )
        .order_by(Batch.submitted_at, Batch.id)
    )
    return await _views(store, organisation, lines)


async def waiting_for_job(store: BatchStore) -> list[str]:
    """Return the ids of the batches that wait to be checked or appended, the oldest first."""
    rows = (
        await Batch.select(Batch.id)
        .where(Batch.state.is_in([state.value for state in WAITING_FOR_JOB]))
        .order_by(Batch.made_at, Batch.id)
    )
    return [row["id"] for row in rows]


async def batch_receipt(store: BatchStore, view: BatchView) -> BatchReceipt | None:
    """Return the receipt of a batch, with the smallest published checkpoint that covers it.

    None while it is not appended, or its checkpoint is not published yet.
    """
    if view.first_position is None or view.entries is None:
        return None
    end = view.first_position + view.entries
    row = (
        await PublishedCheckpoint.select()
        .where(PublishedCheckpoint.size >= end)
        .order_by(PublishedCheckpoint.size)
        .first()
    )
    if row is None:
        return None
    text, _, _ = row["note"].partition("\n\n")
    checkpoint = Checkpoint.parse(text + "\n")
    return BatchReceipt(
        first=view.first_position,
        last=end - 1,
        size=checkpoint.size,
        root=encode_base64(checkpoint.root),
        note=row["note"],
        published_at=row["published_at"],
    )


def _is_seen_by(line: Line, organisation: str) -> bool:
    if line["organisation"] == organisation:
        return True
    is_submitted = line["submitted_at"] is not None and line["state"] in SEEN_BY_COUNTERPART
    return line["counterpart"] == organisation and is_submitted


async def _views(store: BatchStore, organisation: str, lines: Sequence[Line]) -> list[BatchView]:
    people = await names_of(
        {
            line[part]
            for line in lines
            for part in ("made_by", "submitted_by", "decided_by", "agreed_by", "rejected_by")
        }
    )
    codes = {line[part] for line in lines for part in ("organisation", "counterpart")} - {None}
    names = {}
    if codes:
        rows = await Organisation.select(Organisation.code, Organisation.name).where(
            Organisation.code.is_in(sorted(codes))
        )
        names = {row["code"]: row["name"] for row in rows}
    views = [_view(store, line, people, names, organisation) for line in lines]
    return [view if view.is_own else _for_counterpart(view, organisation) for view in views]


def _view(
    store: BatchStore,
    line: Line,
    people: dict[str, str],
    organisations: dict[str, str],
    organisation: str,
) -> BatchView:
    batch: str = line["id"]
    report, reason = line["report"], line["reason"]
    opened: dict[str, Any] = {
        "title": store.open_text(batch, "title", bytes(line["title"])),
        "options": store.open_options(batch, bytes(line["options"])),
        "report": store.open_report(batch, bytes(report)) if report is not None else None,
        "reason": store.open_text(batch, "reason", bytes(reason)) if reason is not None else None,
    }
    return BatchView(
        **line
        | opened
        | {
            "state": BatchState(line["state"]),
            "authors": frozenset((line["authors"] or "").split()),
            "is_own": line["organisation"] == organisation,
            "organisation_name": organisations.get(line["organisation"], line["organisation"]),
            "counterpart_name": organisations.get(line["counterpart"], line["counterpart"]),
            "made_by_name": people.get(line["made_by"], "–"),
            "submitted_by_name": people.get(line["submitted_by"]),
            "decided_by_name": people.get(line["decided_by"]),
            "agreed_by_name": people.get(line["agreed_by"]),
            "rejected_by_name": people.get(line["rejected_by"]),
            "may_change": _may_change(store, line),
        }
    )


def _may_change(store: BatchStore, line: Line) -> bool:
    if line["state"] == BatchState.REJECTED:
        return store.drafts.holds(line["id"], line["version"])
    return line["state"] in OPEN


def _for_counterpart(view: BatchView, organisation: str) -> BatchView:
    """Return a batch as the organisation sees it whose fund loses money by it.

    Donors of the reporting organisation are none of its business.
    """
    if view.report is None:
        return view
    report = view.report
    seen = BatchReport(
        state=report.state,
        rows=report.rows,
        new=report.new,
        total=report.total,
        first_day=report.first_day,
        last_day=report.last_day,
        effects=tuple(one for one in report.effects if one.organisation.endswith(organisation)),
        preview=tuple(row for row in report.preview if row.kind == TRANSFER),
        counterpart=report.counterpart,
        seconds=report.seconds,
        kind=report.kind,
    )
    # An earlier refusal is between the reporter and its own checker.
    reason = view.reason if view.state is BatchState.REJECTED else None
    # A form names its batch by kind and day; what people and programs call theirs may name anybody.
    title = view.title if view.origin == FORM else view.id[:SHORT_ID]
    return replace(view, title=title, report=seen, reason=reason, options=ListOptions())
