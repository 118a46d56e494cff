"""Provides the way of a batch from its reporter to the second person: submit, approve, reject.

Nobody approves what they made themselves (the rule of four eyes). What takes money out of another
organisation's fund needs a checker of that organisation, too: the job runs when both have agreed.
"""

from typing import Final

from charity.people.roles import Permission
from charity.reporting.batches.moving import (
    Line,
    check_permission,
    check_unchanged,
    line_of,
    move,
    name_of,
    no_such_batch,
    own_line,
    told_time,
)
from charity.reporting.batches.schemas import BatchReport, ListOptions
from charity.reporting.batches.states import CHANGEABLE, BatchAct, BatchState
from charity.reporting.batches.store import BatchStore
from ledger.database.engines import write_transaction
from ledger.messages import Refused

READY: Final = frozenset({BatchState.READY})
SUBMITTED: Final = frozenset({BatchState.SUBMITTED})
REASON_CHARACTERS_MAX: Final = 2_000


async def submit(
    store: BatchStore, *, person: str, organisation: str, batch: str, seen_version: int
) -> None:
    """Hand a batch that is ready to the second person.

    Raises:
        Refused: it is not ready or was changed meanwhile, or this person may not report for this
            organisation.
        WrongUse: there is no such batch.
    """
    async with write_transaction(store.ledger.engine):
        line = await own_line(organisation, batch)
        await check_permission(person, Permission.REPORT, organisation)
        await check_unchanged(line, seen_version, READY)
        await _moved(line, BatchAct.SUBMIT, submitted_by=person, submitted_at=store.now())


async def withdraw(
    store: BatchStore, *, person: str, organisation: str, batch: str, seen_version: int
) -> None:
    """Take a batch back that nobody has approved yet; only its line stays, without the content.

    Raises:
        Refused: it is approved or ended or was changed meanwhile, or this person may not report
            for this organisation.
        WrongUse: there is no such batch.
    """
    async with write_transaction(store.ledger.engine):
        line = await own_line(organisation, batch)
        await check_permission(person, Permission.REPORT, organisation)
        await check_unchanged(line, seen_version, CHANGEABLE | SUBMITTED)
        options = store.seal_options(batch, ListOptions())
        await _moved(line, BatchAct.WITHDRAW, report=None, reason=None, options=options)
    store.drafts.remove(batch)


async def approve(
    store: BatchStore, *, person: str, organisation: str, batch: str, seen_version: int
) -> None:
    """Approve one version of a batch, for its own organisation or for the one that gives money.

    When everybody has agreed who must, the batch is APPROVED and a job appends it.

    Raises:
        Refused: the person had a hand in it or may not decide for this organisation, it was
            changed meanwhile, or somebody decided already: the message says who and when.
        WrongUse: there is no such batch for this organisation.
    """
    async with write_transaction(store.ledger.engine):
        line = await _line_to_decide(organisation, batch)
        await check_permission(person, Permission.DECIDE, organisation)
        await check_unchanged(line, seen_version, SUBMITTED)
        is_own = line["organisation"] == organisation
        await _check_not_decided(line, is_own=is_own)
        _check_four_eyes(line, person)
        other = line["agreed_by"] if is_own else line["decided_by"]
        if other == person:
            raise Refused(
                "You approved this batch for the other organisation: here somebody else decides."
            )
        waits = line["counterpart"] is not None and other is None
        part = "decided" if is_own else "agreed"
        await _moved(
            line,
            BatchAct.APPROVE,
            to=BatchState.SUBMITTED if waits else None,
            **{f"{part}_by": person, f"{part}_at": store.now()},
        )


async def reject(
    store: BatchStore,
    *,
    person: str,
    organisation: str,
    batch: str,
    seen_version: int,
    reason: str,
) -> None:
    """Reject a batch, with the reason: its reporter may mend it and submit it again.

    Content and reason stay for that; `sweep` removes the content that nobody mends.

    Raises:
        Refused: there is no reason, the person may not decide for this organisation, it was
            changed meanwhile, or somebody decided already: the message says who and when.
        WrongUse: there is no such batch for this organisation.
    """
    words = reason.strip()
    if not 1 <= len(words) <= REASON_CHARACTERS_MAX:
        raise Refused(
            "Say why it is rejected, in 1 to {most} characters: the reporter needs to know.",
            most=REASON_CHARACTERS_MAX,
        )
    async with write_transaction(store.ledger.engine):
        line = await _line_to_decide(organisation, batch)
        await check_permission(person, Permission.DECIDE, organisation)
        await check_unchanged(line, seen_version, SUBMITTED)
        now = store.now()
        await _moved(
            line,
            BatchAct.REJECT,
            reason=store.seal_text(batch, "reason", words),
            decided_by=person,
            decided_at=now,
            rejected_by=person,
            rejected_at=now,
        )


async def _line_to_decide(organisation: str, batch: str) -> Line:
    """Return the line of a batch that this organisation decides on.

    Raises:
        WrongUse: there is none.
    """
    line = await line_of(batch)
    if line is None or organisation not in {line["organisation"], line["counterpart"]}:
        raise no_such_batch()
    if organisation != line["organisation"] and line["submitted_at"] is None:
        raise no_such_batch()  # the other organisation sees what is submitted only
    return line


async def _check_not_decided(line: Line, *, is_own: bool) -> None:
    part = "decided" if is_own else "agreed"
    if line[f"{part}_by"] is not None:
        raise Refused(
            "{name} approved this batch already, on {time}. Nothing was done.",
            name=await name_of(line[f"{part}_by"]),
            time=told_time(line[f"{part}_at"]),
        )


def _check_four_eyes(line: Line, person: str) -> None:
    """Make sure that a second person decides.

    Raises:
        Refused: this person made, changed or submitted the batch.
    """
    hands = {line["made_by"], line["submitted_by"], *(line["authors"] or "").split()}
    if person in hands:
        raise Refused(
            "You made, changed or submitted this batch yourself: a second person approves it."
        )


def without_content(report: BatchReport) -> BatchReport:
    """Return a report without what stood in the file: names are kept no longer than needed."""
    return BatchReport(
        state=report.state,
        rows=report.rows,
        new=report.new,
        known=report.known,
        skipped=report.skipped,
        transferred=report.transferred,
        transferred_total=report.transferred_total,
        total=report.total,
        stated_total=report.stated_total,
        first_day=report.first_day,
        last_day=report.last_day,
        effects=report.effects,
        counterpart=report.counterpart,
        seconds=report.seconds,
        kind=report.kind,
    )


async def _moved(
    line: Line, act: BatchAct, /, to: BatchState | None = None, **values: object
) -> None:
    if not await move(line, act, to=to, **values):
        raise RuntimeError("a batch changed inside its transaction")
