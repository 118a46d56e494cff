"""Provides movements: the lines by which lists show entries, names only where they may be shown."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from charity.organisations.tables import Fund, Organisation
from charity.organisations.uscc import organisation_identifier
from charity.projects.tables import Project
from charity.receipts.reading import receipt_number
from ledger.entries import ORGANISATION_PREFIX, Entry, Facts
from ledger.kinds import parse_entry
from ledger.kinds.correction import CORRECTION, CorrectionFacts
from ledger.kinds.donation import Visibility
from ledger.kinds.donation_receipt import DONATION_RECEIPT, DonationReceiptFacts
from ledger.kinds.donor_merge import DONOR_MERGE, DonorMergeFacts
from ledger.kinds.donor_separation import DonorSeparationFacts
from ledger.kinds.erasure import ErasureFacts
from ledger.kinds.expenditure import ExpenditureFacts
from ledger.kinds.filing import FilingFacts
from ledger.kinds.goods_distribution import GoodsDistributionFacts
from ledger.kinds.ownership import OWNERSHIP, OwnershipFacts
from ledger.kinds.ownership_end import OwnershipEndFacts
from ledger.kinds.pledge import PLEDGE
from ledger.kinds.receipt_void import ReceiptVoidFacts
from ledger.kinds.refund import RefundFacts
from ledger.kinds.reversal import ReversalFacts
from ledger.kinds.seal import SealFacts
from ledger.kinds.statement import StatementFacts
from ledger.kinds.trust_distribution import TrustDistributionFacts
from ledger.log import Ledger
from ledger.messages import Message, Translate
from ledger.tables import LogEntry, MovementRow
from ledger.vault.reading import known_donors
from public_site.formatting import amount_in
from public_site.movement_rows import (
    IN_BOOKS,
    Later,
    Row,
    in_books,
    later_entries,
    newest_rows,
    seen_from_other_side,
    way,
)

WELL_WISHER = Message("Well-wisher")
"""爱心人士: how a gift is shown whose donor is unknown or did not agree to be named."""

PSEUDONYM_DIGITS = 10
"""How much of a reference tells donors with a pseudonym apart in a list."""

KIND_LABELS = {
    "donation": Message("Donation"),
    "goods_donation": Message("Donation of goods"),
    "pledge": Message("Pledge"),
    "onward_transfer": Message("Onward transfer"),
    "expenditure": Message("Spending"),
    "goods_distribution": Message("Goods handed out"),
    "refund": Message("Refund"),
    "reversal": Message("Reversal"),
    "correction": Message("Correction"),
    "donation_receipt": Message("Receipt of donation"),
    "receipt_void": Message("Void of a receipt"),
    "donor_merge": Message("Merge of two donors"),
    "donor_separation": Message("Separation of two donors"),
    "ownership": Message("Group relation"),
    "ownership_end": Message("End of a group relation"),
    "trust_contribution": Message("Contribution to a charitable trust"),
    "trust_distribution": Message("Distribution of a charitable trust"),
    "disclosure": Message("Document"),
    "filing": Message("Filing with an authority"),
    "statement": Message("Published result"),
    "seal": Message("Sealed score sheet"),
    "key_rotation": Message("New signing key"),
    "erasure": Message("Erasure of personal data"),
}
ENDED = {
    DONATION_RECEIPT.name: ("void", Message("VOID")),
    DONOR_MERGE.name: ("ended", Message("Separated")),
    OWNERSHIP.name: ("ended", Message("Ended")),
}
"""What an entry is called that another one ended."""

REFUND_REASONS = {
    "mistake": Message("Given by mistake"),
    "minor": Message("Given by a minor"),
    "fraud": Message("Fraud"),
    "system_fault": Message("Fault of a system"),
}


@dataclass(frozen=True, slots=True)
class OrganisationName:
    """An organisation as a line names it."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Status:
    """What an entry became by later ones: a code for programs, words, and the entry that did it.

    `code` is reversed, refunded, void, ended, paid or corrected; `position` None where several may
    have done it.
    """

    code: str
    label: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry as a line of a list.

    `amount` is in minor units of `unit` and never negative; `comes_in` and `goes_out` tell which
    way it went, both False where nothing moved. `trust` is the number of the charitable trust,
    `change` what a correction says stood there and is right.
    """

    position: int
    kind: str
    kind_label: str
    day: date
    period_start: date | None
    amount: int
    unit: str | None
    amount_text: str
    comes_in: bool
    goes_out: bool
    counterparty: str
    counterparty_code: str | None
    counterparty_fund: str
    hidden: bool
    fund_name: str
    trust: str | None
    organisation: OrganisationName | None
    note: str | None
    change: tuple[str, str] | None
    status: Status | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page of lines needs beside its rows, each fetched in one query."""

    names: Mapping[str, str]
    organisations: Mapping[str, str]
    funds: Mapping[tuple[str, str], str]
    projects: Mapping[tuple[str, str], str]
    later: Mapping[int, Later]
    entries: Mapping[int, Entry]

    def organisation(self, identifier: str) -> OrganisationName:
        """Return an organisation as a line names it: by its code if it is not registered."""
        code = _code(identifier)
        return OrganisationName(code, self.organisations.get(code, code))


async def shown_names(ledger: Ledger, references: Collection[str]) -> dict[str, str]:
    """Return reference → name for those donors whose names may be public."""
    donors = await known_donors(ledger.vault, references, shown_only=True)
    return {reference: donor.identity.name for reference, donor in donors.items()}


async def _entries(positions: Collection[int]) -> dict[int, Entry]:
    if not positions:
        return {}
    rows = await LogEntry.select().where(LogEntry.position.is_in(list(positions)))
    return {row["position"]: parse_entry(bytes(row["body"])) for row in rows}


def _code(organisation: str | None) -> str:
    return (organisation or "").removeprefix(ORGANISATION_PREFIX)


async def _surroundings(ledger: Ledger, rows: Sequence[Row]) -> Surroundings:
    positions = [row["position"] for row in rows]
    entries = await _entries(positions)
    codes = _codes(row[side] for row in rows for side in ("organisation", "other_organisation"))
    organisations = await Organisation.select(Organisation.code, Organisation.name).where(
        Organisation.code.is_in(codes)
    )
    funds = await Fund.select().where(Fund.organisation.is_in(codes))
    projects = await Project.select().where(Project.organisation.is_in(codes))
    return Surroundings(
        names=await shown_names(ledger, {row["donor"] for row in rows if row["donor"]}),
        organisations={row["code"]: row["name"] for row in organisations},
        funds={(row["organisation"], row["code"]): row["name"] for row in funds},
        projects={(row["organisation"], row["code"]): row["name"] for row in projects},
        later=await later_entries(positions),
        entries=entries,
    )


def _codes(organisations: Iterable[str | None]) -> list[str]:
    """Return the codes of these organisations, in order; one that is none where there is none."""
    return sorted(set(map(_code, filter(None, organisations)))) or ["-"]


def undone(facts: Facts) -> Facts:
    """Return the facts that a reversal undoes; other facts as they are."""
    return facts.facts if isinstance(facts, ReversalFacts) else facts


def _counterparty(row: Row, entry: Entry, around: Surroundings) -> str | None:
    """Return who or what stands on the other side; None where a donor is not shown."""
    match undone(entry.facts):
        case ExpenditureFacts(project=project) | GoodsDistributionFacts(project=project):
            return around.projects.get((_code(row["organisation"]), project), project)
        case _:
            return around.names.get(row["donor"]) if row["donor"] else ""


def _hidden(entry: Entry, translate: Translate) -> str:
    """Return how a donor who is not named is called; one with a pseudonym can be told apart."""
    facts = undone(entry.facts)
    donor = getattr(facts, "donor", None) or getattr(facts, "settlor", None)
    if donor is not None and donor.visibility == Visibility.PSEUDONYMOUS:
        return Message("Well-wisher {code}", code=donor.reference[-PSEUDONYM_DIGITS:]).text(
            translate
        )
    return WELL_WISHER.text(translate)


def _note(entry: Entry, translate: Translate) -> str | None:
    match entry.facts:
        case (
            ExpenditureFacts(description=words)
            | GoodsDistributionFacts(description=words)
            | TrustDistributionFacts(description=words)
            | ReversalFacts(reason=words)
            | FilingFacts(subject=words)
            | StatementFacts(edition=words)
            | SealFacts(edition=words)
            | ReceiptVoidFacts(reason=words)
            | DonorMergeFacts(reason=words)
            | DonorSeparationFacts(reason=words)
            | OwnershipFacts(evidence=words)
            | OwnershipEndFacts(reason=words)
        ):
            return str(words)
        case DonationReceiptFacts(number=number):
            return receipt_number(entry.day, number)
        case RefundFacts(reason=reason):
            return REFUND_REASONS[reason].text(translate)
        case CorrectionFacts(old=old, new=new):
            return f"{old} → {new}"
        case ErasureFacts(count=count):
            return Message("Donors whose data were destroyed: {count}.", count=count).text(
                translate
            )
        case _:
            return None


def _status(row: Row, later: Later, translate: Translate) -> Status | None:
    """Return what says most about what became of an entry."""
    amount, unit = abs(row["amount"]), row["unit"]
    if later.reversed_by is not None:
        return Status("reversed", Message("Reversed").text(translate), later.reversed_by)
    if later.refunded:
        back = amount_in(later.refunded, unit)
        whole = Message("Refunded") if later.refunded == amount else None
        label = whole or Message("{amount} paid back", amount=back)
        return Status("refunded", label.text(translate))
    over_by = later.void_by if later.void_by is not None else later.ended_by
    if over_by is not None:
        code, ended = ENDED[row["kind"]]
        return Status(code, ended.text(translate), over_by)
    if row["kind"] == PLEDGE.name:
        return _pledge_status(amount, unit, later.paid, translate)
    if later.corrections:
        return Status("corrected", Message("Corrected").text(translate), later.corrections[-1])
    return None


def _pledge_status(amount: int, unit: str, paid: int, translate: Translate) -> Status:
    """Return how much of a pledge is paid."""
    if paid >= amount:
        return Status("paid", Message("Paid in full").text(translate))
    if paid:
        part = Message("{amount} paid so far", amount=amount_in(paid, unit))
        return Status("paid", part.text(translate))
    return Status("unpaid", Message("Promised, not paid yet").text(translate))


def _turned(row: Row) -> Row:
    """Return a row as the book of the other organisation sees it."""
    sides = ("organisation", "fund")
    return {**row, **{side: row[f"other_{side}"] for side in sides}} | {
        f"other_{side}": row[side] for side in sides
    }


def _movement(row: Row, around: Surroundings, translate: Translate, book: str | None) -> Movement:
    entry = around.entries[row["position"]]
    sign, amount = way(row, book), abs(row["amount"]) if row["unit"] else 0
    here = _turned(row) if seen_from_other_side(row, book) else row
    own, other = here["organisation"], here["other_organisation"]
    elsewhere = around.organisation(other) if other else None
    counterparty = elsewhere.name if elsewhere else _counterparty(row, entry, around)
    period_start = getattr(undone(entry.facts), "period_start", None)
    return Movement(
        position=row["position"],
        kind=row["kind"],
        kind_label=KIND_LABELS[row["kind"]].text(translate),
        day=date.fromisoformat(row["day"]),
        period_start=date.fromisoformat(period_start) if period_start else None,
        amount=amount,
        unit=row["unit"],
        amount_text=amount_in(amount, row["unit"]) if row["unit"] else "",
        comes_in=sign > 0,
        goes_out=sign < 0,
        counterparty=_hidden(entry, translate) if counterparty is None else counterparty,
        counterparty_code=elsewhere.code if elsewhere else None,
        counterparty_fund=around.funds.get((_code(other), here["other_fund"]), "") if other else "",
        hidden=counterparty is None,
        fund_name=around.funds.get((_code(own), here["fund"]), here["fund"] or ""),
        trust=row["trust"],
        organisation=around.organisation(own) if own else None,
        note=_note(entry, translate),
        change=(entry.facts.old, entry.facts.new) if entry.kind == CORRECTION.name else None,
        status=_status(row, around.later[row["position"]], translate),
    )


async def movements(
    ledger: Ledger, rows: Sequence[Row], translate: Translate, book: str | None = None
) -> list[Movement]:
    """Return the lines for rows of `ledger_movement`, with a fixed number of queries.

    `book` is the identifier of the organisation whose book they stand in; without it each line is
    that of whoever reports the entry.
    """
    if not rows:
        return []
    around = await _surroundings(ledger, rows)
    return [_movement(row, around, translate, book) for row in rows]


async def latest_movements(
    ledger: Ledger, translate: Translate, count: int, code: str | None = None
) -> list[Movement]:
    """Return the newest entries: of one organisation by their days, of all by their positions."""
    if code is not None:
        book = organisation_identifier(code)
        own, others = in_books(book)
        rows = await newest_rows((own & IN_BOOKS, others), count)
        return await movements(ledger, rows, translate, book)
    rows = (
        await MovementRow.select()
        .where(IN_BOOKS)
        .order_by(MovementRow.position, ascending=False)
        .limit(count)
    )
    return await movements(ledger, rows, translate)
