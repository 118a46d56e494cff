"""Provides the words for batches: states, origins, stages of a job, kinds and standings of rows."""

from typing import Final

from charity.reporting.batches.schemas import Finding
from charity.reporting.batches.states import BatchState
from ledger.messages import Message, Translate
from public_site.movements import KIND_LABELS

STATES: Final = {
    BatchState.CHECKING: Message("being checked"),
    BatchState.PROBLEMS: Message("to be mended"),
    BatchState.READY: Message("ready to submit"),
    BatchState.SUBMITTED: Message("waiting for approval"),
    BatchState.APPROVED: Message("being entered"),
    BatchState.APPENDED: Message("in the ledger"),
    BatchState.REJECTED: Message("rejected"),
    BatchState.WITHDRAWN: Message("withdrawn"),
    BatchState.FAILED: Message("broken off"),
}

STATE_MARKS: Final = {
    BatchState.CHECKING: "…",
    BatchState.PROBLEMS: "!",
    BatchState.READY: "○",
    BatchState.SUBMITTED: "◔",
    BatchState.APPROVED: "…",
    BatchState.APPENDED: "✓",
    BatchState.REJECTED: "✗",
    BatchState.WITHDRAWN: "–",
    BatchState.FAILED: "!",
}
"""A sign beside the words, so that states are told apart at a glance and without colour."""

ORIGINS: Final = {
    "upload": Message("list, uploaded"),
    "form": Message("entered by hand"),
    "api": Message("sent by a program"),
    "harvest": Message("harvested from the organisation’s own address"),
}

STAGES: Final = {
    "wait": Message("waiting for its turn"),
    "read": Message("reading the file"),
    "check": Message("comparing with the ledger"),
    "preview": Message("preparing the preview"),
    "append": Message("entering into the ledger"),
    "receipts": Message("issuing receipts"),
}

STANDINGS: Final = {
    "new": Message("new"),
    "known": Message("known already, left out"),
    "transfer": Message("passed on by another charity"),
    "skipped": Message("left out, as accepted"),
}

RECORD_KINDS: Final = {
    "gift": Message("Gift"),
    "goods_gift": Message("Gift of goods"),
    "spending": Message("Spending"),
    "goods_distribution": Message("Goods handed out"),
    "transfer": Message("Onward transfer"),
    "refund": Message("Refund"),
    "reversal": Message("Reversal"),
    "correction": Message("Correction"),
    "pledge": Message("Pledge"),
}

ROLES: Final = {
    "amount": Message("Amount"),
    "donor": Message("Donor"),
    "day": Message("Day"),
    "time": Message("Time"),
    "transaction": Message("Transaction id"),
    "remark": Message("Remark"),
    "code": Message("Credit code of the donor"),
    "currency": Message("Currency"),
    "status": Message("Status"),
    "number": Message("Serial number"),
}

ACCEPTS: Final = {
    "skip": Message("Leave this row out"),
    "anonymous": Message("The donor gave no name"),
    "aggregate": Message("No other list gives the detail"),
    "transaction": Message("Read it without its id"),
    "total": Message("Accept the difference"),
    "overlap": Message("These are other gifts: enter all"),
    "known": Message("Enter only what is new"),
    "code": Message("Read it without its code"),
    "unusual": Message("The amount is right"),
    "target": Message("Amount and fund are right"),
    "transfer": Message("Record it as passed on by that charity."),
    "repeated": Message("It is a second gift."),
    "overpaid": Message("The donor really gave more than was pledged."),
    "fund": Message("The purpose of the fund covers this spending."),
    "number": Message("The number is no person’s."),
    "organisation": Message("It is an organisation."),
}
"""What a word that accepts a problem does to the row."""

ACCEPTED_PROBLEMS: Final = {"code_check": Message("The code was really issued so.")}
"""What accepting says of a problem whose word says another thing elsewhere."""


def accept_text(finding: Finding, translate: Translate) -> str:
    """Return what becomes of a row when its problem is accepted."""
    if finding.code in ACCEPTED_PROBLEMS:
        return ACCEPTED_PROBLEMS[finding.code].text(translate)
    return ACCEPTS.get(finding.accept or "", Message("Accept it as it is")).text(translate)


def kind_text(kind: str, translate: Translate) -> str:
    """Return what a row is called: a record by its kind, an entry by its own."""
    label = RECORD_KINDS.get(kind) or KIND_LABELS.get(kind)
    return kind if label is None else label.text(translate)


def stage_text(stage: str, translate: Translate) -> str:
    """Return what a job is doing."""
    return STAGES.get(stage, STAGES["wait"]).text(translate)
