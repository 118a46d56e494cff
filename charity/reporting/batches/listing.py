"""Provides the jobs of a list: its check with the preview of every row, and its appending."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from charity.donors.names import is_charity
from charity.organisations.uscc import organisation_identifier
from charity.reporting.batches.findings import (
    finding,
    found_notices,
    found_problems,
    nothing_new,
)
from charity.reporting.batches.moving import Line
from charity.reporting.batches.schemas import (
    BatchReport,
    Finding,
    FundEffect,
    ListOptions,
    PreviewRow,
    TableHeaders,
)
from charity.reporting.batches.states import OPEN, BatchState
from charity.reporting.batches.tables import Batch
from charity.reporting.dates import GivenDay
from charity.reporting.donation_list import DonationList
from charity.reporting.duplicates import ALL_NEW
from charity.reporting.gifts import gift_ids
from charity.reporting.importing import Progress, collector_paused, import_donation_list
from charity.reporting.known_rows import find_overlaps, without_known
from charity.reporting.requests import ImportRequest, ImportResult
from charity.reporting.table_headers import read_headers
from ledger.accounts import fund_account
from ledger.appending.publication import LogDamaged
from ledger.appending.writer import Writer
from ledger.database.bulk_rows import fetch_among
from ledger.database.engines import read_connection
from ledger.entries import CURRENCY
from ledger.log import Ledger
from ledger.messages import Message, Refused
from ledger.tables import Balance, LogEntry

PREVIEW_ROWS: Final = 20
WAITING: Final = OPEN | {BatchState.SUBMITTED, BatchState.APPROVED}


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and all rows of the preview."""

    report: BatchReport
    rows: Sequence[PreviewRow]


@dataclass(frozen=True, slots=True)
class ListJob:
    """A list that is checked or appended.

    Attributes:
        line: its batch.
        title: the name of the file.
        options: the reporter's choices.
        content: the file.
        today: the day in Asia/Shanghai, after which no gift can lie.
    """

    line: Line
    title: str
    options: ListOptions
    content: bytes = field(repr=False)
    today: date

    def request(
        self,
        *,
        dry_run: bool,
        beside: Callable[[Writer, ImportResult], Awaitable[None]] | None = None,
    ) -> ImportRequest:
        """Return what is asked of the import."""
        given = self.options.given_day
        return ImportRequest(
            path=Path(self.title),
            organisation=self.line["organisation"],
            today=self.today,
            fund=self.line["fund"],
            given_day=GivenDay.parse(given) if given is not None else None,
            consent=self.options.consent,
            accept=self.options.accept,
            dry_run=dry_run,
            content=self.content,
            columns=self.options.columns,
            beside=beside,
        )


async def check_list(ledger: Ledger, job: ListJob, on_progress: Progress) -> Checked:
    """Check a list without appending anything.

    Where no table of gifts is found, the headers are there nevertheless, to be mapped by hand.

    Raises:
        LogDamaged: the ledger cannot be written.
    """
    try:
        return await _checked(ledger, job, on_progress)
    except LogDamaged:
        raise
    except Refused as refusal:
        problem = finding("unreadable", refusal.message)
        tables = _headers(job)
        return Checked(BatchReport(state="problems", problems=(problem,), tables=tables), ())


def _headers(job: ListJob) -> tuple[TableHeaders, ...]:
    try:
        return read_headers(job.title, job.content)
    except Refused:
        return ()


async def _checked(ledger: Ledger, job: ListJob, on_progress: Progress) -> Checked:
    request = job.request(dry_run=True)
    with collector_paused():
        result = await import_donation_list(ledger, request, on_progress)
        known = await _known_places(ledger, request, result)
        rows = _preview(result, known, job.line["fund"])
        return Checked(await _report(job, result, rows), rows)


async def append_list(
    ledger: Ledger,
    job: ListJob,
    beside: Callable[[Writer, ImportResult], Awaitable[None]],
    on_progress: Progress,
) -> bool:
    """Append a list in one transaction with what is done `beside`; tell whether it was appended.

    Raises:
        Refused: the ledger cannot take it.
    """
    request = job.request(dry_run=False, beside=beside)
    result = await import_donation_list(ledger, request, on_progress)
    return result.appended > 0


async def _known_places(
    ledger: Ledger, request: ImportRequest, result: ImportResult
) -> frozenset[int]:
    """Return the places of rows that the ledger holds already and that stay out."""
    gifts = result.donation_list
    if result.same_file:
        return frozenset(range(len(gifts.rows)))
    if not result.known:
        return frozenset()
    code = result.organisation.code
    ids = gift_ids(organisation_identifier(code), gifts)
    async with read_connection(ledger.engine) as connection:
        there = await fetch_among(connection, LogEntry, ("id",), "id", ids)
    known_ids = {row["id"] for row in there}
    known = {place for place, one in enumerate(ids) if one in known_ids}
    left = [place for place in range(len(ids)) if place not in known]
    unnumbered = [gifts.rows[place] for place in left if gifts.rows[place].transaction is None]
    if unnumbered and ALL_NEW not in request.accept:
        overlap, in_lists = await find_overlaps(ledger.vault, code, unnumbered)
        if overlap is not None and overlap.is_repetition:
            fresh = set(without_known([gifts.rows[place] for place in left], in_lists))
            known |= {place for at, place in enumerate(left) if at not in fresh}
    return frozenset(known)


def _preview(result: ImportResult, known: frozenset[int], fund: str) -> list[PreviewRow]:
    gifts = result.donation_list
    charities = frozenset(filter(is_charity, {row.donor for row in gifts.rows if row.donor}))
    days: dict[date, str] = {}
    rows = []
    for place, row in enumerate(gifts.rows):
        day = days.get(row.day) or days.setdefault(row.day, row.day.isoformat())
        fresh = "transfer" if row.donor in charities else "new"
        standing = "known" if place in known else fresh
        rows.append(
            PreviewRow(
                f"{row.sheet}!A{row.row}", "gift", day, row.amount_fen, CURRENCY, fund,
                row.donor, standing,
            )
        )  # fmt: skip
    return rows


async def _report(job: ListJob, result: ImportResult, rows: Sequence[PreviewRow]) -> BatchReport:
    gifts = result.donation_list
    tables = result.tables
    new = [row for row in rows if row.standing != "known"]
    transferred = [row.amount for row in new if row.standing == "transfer"]
    problems = found_problems(result.problems, tables)
    if not new and not problems:
        same_file = (one for one in result.notices if one.code == "same_file")
        problems = (nothing_new(next(same_file, None)),)
    notices = found_notices(result.notices, tables) + await _same_file_waiting(job.line)
    days = [row.day for row in gifts.rows]
    return BatchReport(
        state="problems" if problems else "ready",
        problems=problems,
        accepted=found_problems(gifts.accepted, tables),
        notices=notices,
        rows=len(rows),
        new=len(new),
        known=len(rows) - len(new),
        skipped=gifts.skipped,
        transferred=len(transferred),
        transferred_total=sum(transferred),
        total=gifts.total_fen,
        stated_total=gifts.stated_total_fen,
        first_day=min(days).isoformat() if days else None,
        last_day=max(days).isoformat() if days else None,
        effects=(await _effect(job.line, sum(row.amount for row in new)),),
        tables=tables,
        preview=tuple(rows[:PREVIEW_ROWS]),
        rows_digest=rows_digest(gifts),
    )


def rows_digest(gifts: DonationList) -> str:
    """Return the SHA-256 (hex) of all rows of a list as they were read.

    One file can read differently later: the columns of an organisation's lists are remembered, and
    another list may have changed what is remembered. What is digested is named field by field: an
    upgrade of the program between check and approval is no change of what was approved.
    """
    days: dict[date | None, str | None] = {None: None}
    digest = sha256()
    for row in gifts.rows:
        read = [
            row.sheet,
            row.row,
            days.get(row.day) or days.setdefault(row.day, row.day.isoformat()),
            row.period_start.isoformat() if row.period_start else None,
            row.time,
            row.amount_fen,
            row.donor,
            row.payer,
            row.remark,
            row.transaction,
            row.accepted,
            row.code,
        ]
        digest.update(msgspec.json.encode(read))
    return digest.hexdigest()


async def _same_file_waiting(line: Line) -> tuple[Finding, ...]:
    """Return the notice that the same file is in another batch of this organisation, if it is."""
    other = (
        await Batch.select(Batch.id)
        .where(
            (Batch.organisation == line["organisation"])
            & (Batch.digest == line["digest"])
            & (Batch.id != line["id"])
            & Batch.state.is_in([state.value for state in WAITING])
        )
        .order_by(Batch.made_at)
        .first()
    )
    if other is None:
        return ()
    message = Message("This very file is in another batch already, which is not in the ledger yet.")
    return (msgspec.structs.replace(finding("same_file_waiting", message), batch=other["id"]),)


async def _effect(line: Line, amount: int) -> FundEffect:
    """Return what a list does to its fund, in fen."""
    code, fund = line["organisation"], line["fund"]
    account = fund_account(organisation_identifier(code), fund)
    row = (
        await Balance.select(Balance.amount)
        .where((Balance.account == account) & (Balance.unit == CURRENCY))
        .first()
    )
    before = int(row["amount"]) if row is not None else 0
    return FundEffect(code, fund, CURRENCY, before, before + amount)
