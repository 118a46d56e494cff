"""Provides the job of a batch: to check it, or to append what was approved, all of it or nothing.

A job that dies leaves the batch waiting, and can be done again: what it appends is one transaction
with the batch's own line.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from charity.people.sessions import moment_of
from charity.receipts.issuing import issue_receipts
from charity.reporting.batches.approval import without_content
from charity.reporting.batches.drafting import LIST, records_of
from charity.reporting.batches.effects import does_as_told
from charity.reporting.batches.findings import finding, nothing_new
from charity.reporting.batches.ledger_changes import ledger_changed
from charity.reporting.batches.listing import (
    Checked,
    ListJob,
    append_list,
    check_list,
    rows_digest,
)
from charity.reporting.batches.moving import NOT_DECIDED, Line, line_of, move, no_such_batch
from charity.reporting.batches.recording import append_records, check_records
from charity.reporting.batches.schemas import BatchReport
from charity.reporting.batches.states import ENDED, WAITING_FOR_JOB, BatchAct, BatchState
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.tables import Batch
from charity.reporting.requests import ImportResult
from ledger.appending.publication import LogDamaged
from ledger.appending.writer import Writer
from ledger.database.engines import write_transaction
from ledger.kinds.donation import DONATION
from ledger.messages import Message, Refused
from ledger.tables import MovementRow

logger = logging.getLogger(__name__)

ROWS_IN_REPORT: Final = 20
REJECTED_KEPT: Final = timedelta(days=90)
"""So long the content of a rejected batch waits to be mended. The project's own figure: names are
kept no longer than needed (《个人信息保护法》 art. 19), and in a quarter any list is mended.
"""
TELL_EVERY_SECONDS: Final = 0.25
BROKE_OFF: Final = Message(
    "The job of this batch broke off because of a fault of this program or its surroundings, not"
    " of yours. Nothing was appended. Have it checked again; if it happens again, tell the"
    " operator the number of the batch."
)


async def work(store: BatchStore, batch: str, today: date) -> BatchState:
    """Do the job of a batch, if it waits for one and no other process does it; return its state.

    Args:
        store: where the batches are.
        batch: its id.
        today: the day in Asia/Shanghai, after which no gift can lie.

    Raises:
        WrongUse: there is no such batch.
    """
    while True:
        line = await _line(batch)
        state = BatchState(line["state"])
        if state in ENDED:
            store.drafts.remove(batch)  # what a crash after the end may have left
        if state not in WAITING_FOR_JOB:
            return state
        with store.drafts.locked(batch) as is_free:
            if not is_free:
                return state
            # Another job may have done it between the first look and the lock.
            line = await _line(batch)
            if BatchState(line["state"]) in WAITING_FOR_JOB:
                await _do(store, line, today)


async def give_up(store: BatchStore, batch: str) -> None:
    """Let a batch fail whose job died again and again; harmless when it waits for none."""
    line = await line_of(batch)
    if line is not None:
        await _fail(store, line, BROKE_OFF)


async def sweep(store: BatchStore) -> None:
    """Remove what crashes left in the folder of drafts: of ended batches, and of old versions."""
    for batch in store.drafts.batches():
        line = await line_of(batch)
        if line is None:
            store.drafts.remove_abandoned(batch)
        elif line["state"] in ENDED:
            store.drafts.remove(batch)
        elif line["state"] == BatchState.REJECTED and _is_given_up(store, line):
            await _forget(store, line)
        else:
            store.drafts.remove_older(batch, line["version"])


def _is_given_up(store: BatchStore, line: Line) -> bool:
    """Return whether nobody has mended a rejected batch for so long that nobody will."""
    rejected_at = line["decided_at"]
    return rejected_at is None or store.ledger.clock() - moment_of(rejected_at) > REJECTED_KEPT


async def _forget(store: BatchStore, line: Line) -> None:
    """Remove the content of a rejected batch; its line stays, with the reason."""
    batch: str = line["id"]
    async with write_transaction(store.ledger.engine):
        rested = (Batch.state == line["state"]) & (Batch.version == line["version"])
        if line["report"] is not None:
            report = without_content(store.open_report(batch, bytes(line["report"])))
            sealed: dict[Any, Any] = {Batch.report: store.seal_report(batch, report)}
            await Batch.update(sealed).where((Batch.id == batch) & rested)
        if await Batch.exists().where((Batch.id == batch) & rested):
            await asyncio.to_thread(store.drafts.remove, batch)


async def _line(batch: str) -> Line:
    line = await line_of(batch)
    if line is None:
        raise no_such_batch()
    return line


async def _do(store: BatchStore, line: Line, today: date) -> None:
    """Do one job; whatever happens, the batch does not wait for it any more afterwards."""
    try:
        job = await _job(store, line, today)
    except Refused as refusal:
        await _fail(store, line, refusal.message)
        return
    try:
        if line["state"] == BatchState.CHECKING:
            await _check(store, job)
        else:
            await _append(store, job)
    except Exception as error:  # a fault of the program is told to the person, not raised
        _log_fault(line["id"], error)
        await _fail(store, line, BROKE_OFF)


def _log_fault(batch: str, error: BaseException) -> None:
    """Log what broke off without the error's words: they may hold a name."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("the job of batch %s broke off: %s\n%s", batch, type(error).__name__, places)


async def _fail(store: BatchStore, line: Line, message: Message) -> None:
    report = BatchReport(state="problems", problems=(finding("broken_off", message),))
    async with write_transaction(store.ledger.engine):
        await move(
            line,
            BatchAct.BREAK_OFF,
            report=store.seal_report(line["id"], report),
            counterpart=None,
            **NOT_DECIDED,
        )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells how far a job has come, but not too often."""

    tell: Callable[[str, int, int], None]
    told: dict[str, float] = field(default_factory=dict)

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.told.get(stage, 0.0) >= TELL_EVERY_SECONDS or done == total:
            self.told[stage] = now
            self.tell(stage, done, total)


@dataclass(frozen=True, slots=True)
class _Job:
    """A batch with its content, and where its progress is told."""

    line: Line
    list_job: ListJob
    teller: _Teller

    @property
    def is_list(self) -> bool:
        """Whether it is a list; otherwise it is made of records."""
        return bool(self.line["content"] == LIST)


async def _job(store: BatchStore, line: Line, today: date) -> _Job:
    """Return the job of a batch, its content opened.

    Raises:
        Refused: the content is not there, or not what was handed in and approved.
    """
    batch: str = line["id"]
    content = await asyncio.to_thread(store.drafts.read, batch, line["version"])
    if sha256(content).hexdigest() != line["digest"]:
        raise Refused(
            "The content of this batch is not what was handed in: the stored file was changed or"
            " damaged. Nothing was appended. Hand it in again."
        )
    title = store.open_text(batch, "title", bytes(line["title"]))
    options = store.open_options(batch, bytes(line["options"]))

    def tell(stage: str, done: int, total: int) -> None:
        store.drafts.tell(batch, stage, done, total)

    return _Job(line, ListJob(line, title, options, content, today), _Teller(tell))


async def _check(store: BatchStore, job: _Job) -> None:
    """Check a batch, and keep what was found."""
    checked = await _timed(store, job)
    line = job.line
    await asyncio.to_thread(store.drafts.write_rows, line["id"], line["version"], checked.rows)
    async with write_transaction(store.ledger.engine):
        await _keep(store, line, checked.report)


async def _check_anew(store: BatchStore, job: _Job, refusal: Message | None) -> None:
    """Check an approved batch that the ledger does not take as it was approved.

    It becomes the next version, though its content is the same: who saw the earlier preview does
    not approve this one by it.
    """
    checked = await _timed(store, job)
    line, content = job.line, job.list_job.content
    batch, version = line["id"], line["version"] + 1
    told = store.open_report(batch, bytes(line["report"]))
    found = await ledger_changed(line, told, checked.report, refusal)
    report = msgspec.structs.replace(checked.report, notices=(found, *checked.report.notices))
    async with write_transaction(store.ledger.engine):
        if not await _keep(store, line, report, version=version):
            raise RuntimeError("the batch was moved while it was checked anew")
        await asyncio.to_thread(store.drafts.write, batch, version, content)
        await asyncio.to_thread(store.drafts.write_rows, batch, version, checked.rows)
    await asyncio.to_thread(store.drafts.remove_older, batch, version)


async def _timed(store: BatchStore, job: _Job) -> Checked:
    """Check a batch; its report says how long it took and holds the first rows."""
    started = time.monotonic()
    checked = await _checked(store, job)
    report = checked.report
    kept = report.preview if report.counterpart else report.preview[:ROWS_IN_REPORT]
    seconds = round(time.monotonic() - started)
    return Checked(msgspec.structs.replace(report, seconds=seconds, preview=kept), checked.rows)


async def _keep(store: BatchStore, line: Line, report: BatchReport, **values: Any) -> bool:
    """Keep the report of a check, and move its batch to where that leads; tell whether it moved."""
    is_ready = report.state == "ready"
    return await move(
        line,
        BatchAct.CLEAR if is_ready else BatchAct.FIND_PROBLEMS,
        report=store.seal_report(line["id"], report),
        counterpart=report.counterpart if is_ready else None,
        **values,
        **NOT_DECIDED,
    )


async def _checked(store: BatchStore, job: _Job) -> Checked:
    line = job.line
    try:
        if job.is_list:
            return await check_list(store.ledger, job.list_job, job.teller)
        content = records_of(job.list_job.content)
        report = await check_records(store, line["organisation"], content, job.list_job.today)
    except LogDamaged:
        raise
    except Refused as refusal:
        found = finding("unreadable", refusal.message)
        return Checked(BatchReport(state="problems", problems=(found,)), ())
    if report.state == "ready" and not report.new:
        report = msgspec.structs.replace(report, state="problems", problems=(nothing_new(),))
    return Checked(report, report.preview)


async def _append(store: BatchStore, job: _Job) -> None:
    """Append what was approved; if the ledger takes it otherwise or not at all, check it anew."""
    refusal: Message | None = None
    try:
        if await _appended(store, job):
            store.drafts.remove(job.line["id"])
            return
    except LogDamaged:
        raise
    except _DiffersError:
        pass
    except Refused as refused:
        refusal = refused.message
    await _check_anew(store, job, refusal)


class _DiffersError(Exception):
    """What would be appended is not what was approved."""


async def _appended(store: BatchStore, job: _Job) -> bool:
    """Append a batch and move its line in one transaction; tell whether it was appended."""
    line = job.line
    report = store.open_report(line["id"], bytes(line["report"]))

    async def beside(writer: Writer, result: ImportResult) -> None:
        is_same = rows_digest(result.donation_list) == report.rows_digest
        if not is_same or not await does_as_told(report, result):
            raise _DiffersError
        await _issue(job, writer, result.positions)
        await _end(store, line, report, result.positions)

    if job.is_list:
        return await append_list(store.ledger, job.list_job, beside, job.teller)
    content = records_of(job.list_job.content)
    async with store.ledger.write() as writer:
        positions = await append_records(store, writer, line["organisation"], content, line["id"])
        if len(positions) != report.new:
            raise _DiffersError
        await _end(store, line, report, positions)
    return True


async def _issue(job: _Job, writer: Writer, positions: range) -> None:
    """Issue receipts for the gifts of a list, where its reporter chose so."""
    if not job.list_job.options.receipts:
        return
    rows = (
        await MovementRow.select(MovementRow.position)
        .where(
            (MovementRow.position >= positions.start)
            & (MovementRow.position < positions.stop)
            & (MovementRow.kind == DONATION.name)
        )
        .order_by(MovementRow.position)
    )
    gifts = [row["position"] for row in rows]
    if gifts:
        await issue_receipts(
            writer, job.line["organisation"], gifts, job.list_job.today.isoformat()
        )


async def _end(store: BatchStore, line: Line, report: BatchReport, positions: range) -> None:
    """Write into the line of a batch where it stands in the log.

    Raises:
        RuntimeError: its line is not as it was when the job began.
    """
    is_moved = await move(
        line,
        BatchAct.APPEND,
        report=store.seal_report(line["id"], without_content(report)),
        reason=None,
        first_position=positions.start,
        entries=len(positions),
        appended_at=store.now(),
    )
    if not is_moved:
        raise RuntimeError("the batch was moved while it was appended")
