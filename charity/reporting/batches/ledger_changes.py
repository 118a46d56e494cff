"""Provides the notice that the ledger has changed between the approval of a batch and its entry."""

from charity.reporting.batches.findings import finding
from charity.reporting.batches.moving import Line, name_of, told_time
from charity.reporting.batches.schemas import BatchReport, Finding
from charity.reporting.cells import yuan_text
from ledger.messages import Message

LEDGER_CHANGED = "ledger_changed"


async def ledger_changed(
    line: Line, told: BatchReport, found: BatchReport, refusal: Message | None
) -> Finding:
    """Return the notice about a batch that was approved and could not be appended as it was.

    Args:
        line: the batch, still approved.
        told: what the check found that it was approved by.
        found: what a check finds now.
        refusal: why the ledger did not take it; None where it would take something else.
    """
    message = Message(
        "The ledger has changed since this batch was checked. {difference} {name} had approved it"
        " on {time}; nothing was appended. Look at it as it is now, and submit it again.",
        difference=refusal or _difference(told, found),
        name=await name_of(line["decided_by"]),
        time=told_time(line["decided_at"]),
    )
    return finding(LEDGER_CHANGED, message)


def _difference(told: BatchReport, found: BatchReport) -> Message:
    """Return in one sentence what differs between two reports of the same content."""
    if told.new != found.new:
        return Message("New rows: {before} then, {after} now.", before=told.new, after=found.new)
    if told.total != found.total:
        return Message(
            "Total of the rows: {before} yuan then, {after} yuan now.",
            before=yuan_text(told.total),
            after=yuan_text(found.total),
        )
    if told.transferred != found.transferred:
        return Message(
            "Rows passed on by other charities: {before} then, {after} now.",
            before=told.transferred,
            after=found.transferred,
        )
    return Message("Its rows read differently now.")
