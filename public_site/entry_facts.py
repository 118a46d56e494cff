"""Provides what the page of an entry tells of its facts, beside what every list shows of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ledger.entries import Entry
from ledger.kinds import parse_entry
from ledger.kinds.correction import CORRECTION, CorrectionFacts
from ledger.kinds.disclosure import DisclosureFacts
from ledger.kinds.donation_receipt import (
    DONATION_RECEIPT,
    DonationReceiptFacts,
    FiscalReceipt,
)
from ledger.kinds.donor_merge import DonorMergeFacts
from ledger.kinds.donor_separation import DONOR_SEPARATION
from ledger.kinds.erasure import ErasureFacts
from ledger.kinds.expenditure import ExpenditureFacts
from ledger.kinds.filing import FilingFacts
from ledger.kinds.goods_distribution import GoodsDistributionFacts
from ledger.kinds.key_rotation import KeyRotationFacts
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.ownership import OwnershipFacts
from ledger.kinds.ownership_end import OWNERSHIP_END
from ledger.kinds.pledge import PLEDGE
from ledger.kinds.receipt_void import RECEIPT_VOID
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import REVERSAL, ReversalFacts
from ledger.kinds.seal import SealFacts
from ledger.kinds.statement import StatementFacts
from ledger.kinds.trust_contribution import TrustContributionFacts
from ledger.kinds.trust_distribution import TrustDistributionFacts
from ledger.messages import Message, Translate
from ledger.references import reference_of
from ledger.tables import LogEntry
from public_site.formatting import amount_in, number
from public_site.movement_rows import Later
from public_site.movements import KIND_LABELS, undone
from public_site.trace_lines import PURPOSE_LABELS

FIELD_LABELS: Final = {"description": Message("Description")}
PROBLEM_LABELS: Final = {
    "total_differs": Message("The stated total does not agree with the rows."),
    "transactions_known": Message(
        "Some transactions were in the ledger already; they were left out."
    ),
    "rows_known": Message("Some rows stood in another list already."),
}
GROUND_LABELS: Final = {
    "purpose_achieved": Message("No longer needed for its purpose"),
    "service_ended": Message("The service ended, or the time of keeping is over"),
    "consent_withdrawn": Message("Consent was withdrawn"),
    "unlawful": Message("Processed against law or agreement"),
    "required": Message("Another law or rule demands it"),
}


BASIS_LABELS: Final = {
    "uscc": Message("The same unified social credit code"),
    "identity": Message("The same identity document or account"),
    "name": Message("The same name, written in two ways"),
    "declared": Message("The donor says so"),
}


class Form(Enum):
    """How a fact is written: in our words, as reported (Chinese), or as a code."""

    WORDS = "words"
    REPORTED = "reported"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Particular:
    """A fact that only entries of this kind have."""

    label: str
    text: str
    form: Form


def _of_money(facts: Any) -> list[tuple[Message, object, Form]]:
    """Return the facts that gifts, pledges and spendings may have."""
    found: list[tuple[Message, object, Form]] = []
    trust = facts.trust_number()
    if trust is not None:
        found.append((Message("Charitable trust"), trust, Form.CODE))
    if getattr(facts, "time", None):
        found.append((Message("Time of the gift"), facts.time, Form.WORDS))
    if getattr(facts, "on_behalf", False):
        told = Message("Somebody else paid on the donor’s behalf.")
        found.append((Message("Payer"), told, Form.WORDS))
    return found


def _of_kind(  # noqa: PLR0911 (one answer for each kind)
    facts: Any,
) -> list[tuple[Message, object, Form]]:
    """Return label, value and form of the facts that only this kind has."""
    match facts:
        case ReversalFacts(facts=earlier, kind=kind):
            reverses = (Message("What was reversed"), KIND_LABELS[kind], Form.WORDS)
            return [reverses, *_of_kind(earlier)]
        case ExpenditureFacts(purpose=purpose):
            return [(Message("Purpose"), PURPOSE_LABELS[purpose], Form.WORDS)]
        case FilingFacts(number=filed, digest=digest):
            return [
                (Message("Filing number"), filed, Form.CODE),
                (Message("What was filed (SHA-256)"), digest, Form.CODE),
            ]
        case StatementFacts(digest=digest, size=size):
            return [
                (Message("The result (SHA-256)"), digest, Form.CODE),
                (Message("Computed from the first entries"), number(size), Form.WORDS),
            ]
        case SealFacts(seat=seat, commitment=commitment):
            return [
                (Message("Seat of the panel"), seat, Form.CODE),
                (Message("Sealed commitment"), commitment, Form.CODE),
            ]
        case KeyRotationFacts(key=key):
            return [(Message("New verifier key"), key, Form.CODE)]
        case ErasureFacts(ground=ground):
            return [(Message("Ground"), GROUND_LABELS[ground], Form.WORDS)]
        case DonationReceiptFacts(fiscal=fiscal):
            return _of_receipt(fiscal)
        case _:
            return _of_donors(facts) or _of_money(facts)


def _of_receipt(fiscal: FiscalReceipt | None) -> list[tuple[Message, object, Form]]:
    """Return what kind of document a receipt of donation is."""
    if fiscal is None:
        own = Message("A receipt of the organisation itself, no official fiscal receipt")
        return [(Message("Standing"), own, Form.WORDS)]
    return [
        (Message("Code of the official fiscal receipt"), fiscal.code, Form.CODE),
        (Message("Number of the official fiscal receipt"), fiscal.number, Form.CODE),
    ]


def _of_donors(facts: Any) -> list[tuple[Message, object, Form]]:
    """Return the facts of what brings two donors together."""
    match facts:
        case DonorMergeFacts(basis=basis):
            return [(Message("Known by"), BASIS_LABELS[basis], Form.WORDS)]
        case OwnershipFacts(since=since):
            return [(Message("Since"), since, Form.WORDS)]
        case _:
            return []


def counterparty_label(entry: Entry) -> Message:
    """Return what stands on the other side: a donor, a project, another organisation."""
    match undone(entry.facts):
        case TrustContributionFacts():
            return Message("Settlor")
        case ExpenditureFacts() | GoodsDistributionFacts():
            return Message("Project")
        case OnwardTransferFacts():
            return Message("Passed on by")
        case TrustDistributionFacts():
            return Message("Passed on to")
        case _:
            return Message("Donor")


def particulars(entry: Entry, translate: Translate) -> list[Particular]:
    """Return what an entry says that no other kind does, each with its label."""
    return [
        Particular(
            label.text(translate),
            value.text(translate) if isinstance(value, Message) else str(value),
            form,
        )
        for label, value, form in _of_kind(entry.facts)
    ]


@dataclass(frozen=True, slots=True)
class Became:
    """A sentence on what became of an entry, or what it does to another; with that one's place."""

    text: str
    position: int | None = None


REFERRING: Final = {
    REVERSAL.name: Message("It reverses"),
    REFUND.name: Message("It pays back"),
    CORRECTION.name: Message("It corrects"),
    DONATION_RECEIPT.name: Message("It is the receipt of"),
    RECEIPT_VOID.name: Message("It makes void"),
    DONOR_SEPARATION.name: Message("It undoes"),
    OWNERSHIP_END.name: Message("It ends"),
}
PAYS: Final = Message("It is paid against")


def what_became(entry: Entry, later: Later, translate: Translate) -> list[Became]:
    """Return in words what an entry does to an earlier one, and what later ones did to it."""
    told: list[tuple[Message, int | None]] = []
    refers_to = reference_of(entry)
    if refers_to is not None:
        told.append((REFERRING.get(entry.kind, PAYS), refers_to))
    if later.reversed_by is not None:
        told.append((Message("It counts as never made: it was reversed by"), later.reversed_by))
    if later.void_by is not None:
        told.append((Message("It is void, made so by"), later.void_by))
    if later.ended_by is not None:
        told.append((Message("It holds no more, by"), later.ended_by))
    for receipt in later.receipts:
        issued = Message("Donation receipt no. {number} was issued:", number=receipt.number)
        void = Message(
            "Donation receipt no. {number} was issued, and is void:", number=receipt.number
        )
        told.append((issued if receipt.void is None else void, receipt.position))
    amount, unit, *_ = entry.facts.listed()
    if unit is not None:
        whole = amount_in(amount, unit)
        if later.refunded:
            back = amount_in(later.refunded, unit)
            told.append((Message("{amount} of {whole} paid back.", amount=back, whole=whole), None))
        if entry.kind == PLEDGE.name:
            paid = amount_in(later.paid, unit)
            told.append(
                (Message("{amount} of {whole} paid so far.", amount=paid, whole=whole), None)
            )
    return [Became(sentence.text(translate), position) for sentence, position in told]


def document(entry: Entry, translate: Translate) -> dict[str, object] | None:
    """Return what an entry records of a published document; None for other kinds."""
    facts = entry.facts
    if not isinstance(facts, DisclosureFacts):
        return None
    other = Message("A row was left out or accepted as it is.")
    return {
        "digest": facts.digest,
        "rows": facts.rows,
        "skipped": facts.skipped,
        "total_fen": facts.total,
        "stated_total_fen": facts.stated_total,
        "accepted": [
            (problem.cell or "", PROBLEM_LABELS.get(problem.code, other).text(translate))
            for problem in facts.accepted
        ],
    }


def _correction(position: int, facts: CorrectionFacts, translate: Translate) -> dict[str, object]:
    label = FIELD_LABELS.get(facts.field)
    return {
        "by": facts.by,
        "field": label.text(translate) if label else facts.field,
        "old": facts.old,
        "new": facts.new,
        "reason": facts.reason,
        "position": position,
    }


async def corrections(
    position: int, entry: Entry, later: Sequence[int], translate: Translate
) -> list[dict[str, object]]:
    """Return the correction that an entry is, or those at the positions `later` that it got."""
    if isinstance(entry.facts, CorrectionFacts):
        return [_correction(position, entry.facts, translate)]
    if not later:
        return []
    rows = (
        await LogEntry.select()
        .where(LogEntry.position.is_in(list(later)))
        .order_by(LogEntry.position)
    )
    return [
        _correction(row["position"], parse_entry(bytes(row["body"])).facts, translate)
        for row in rows
    ]
