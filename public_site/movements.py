"""Provides movements: the lines by which lists show entries, names only where they may be shown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from charity.organisations.tables import Fund, Organisation
from charity.organisations.uscc import organisation_identifier
from charity.projects.tables import Project
from ledger.entries import ORGANISATION_PREFIX, Entry
from ledger.kinds import parse_entry
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.disclosure import DisclosureFacts
from ledger.kinds.expenditure import ExpenditureFacts
from ledger.kinds.refund import RefundFacts
from ledger.log import Ledger
from ledger.messages import Message, Translate
from ledger.tables import LogEntry, MovementRow
from ledger.vault_reading import known_donors

WELL_WISHER = Message("Well-wisher")
"""爱心人士: how a gift is shown whose donor is unknown or did not agree to be named."""

KIND_LABELS = {
    "donation": Message("Donation"),
    "onward_transfer": Message("Onward transfer"),
    "expenditure": Message("Spending"),
    "refund": Message("Refund"),
    "correction": Message("Correction"),
    "disclosure": Message("Document"),
}
REFUND_REASONS = {
    "mistake": Message("Given by mistake"),
    "minor": Message("Given by a minor"),
    "fraud": Message("Fraud"),
    "system_fault": Message("Fault of a system"),
}
STATUS_LABELS = {"refund": Message("Refunded"), "correction": Message("Corrected")}
STATUSES = {"refund": "refunded", "correction": "corrected"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OrganisationName:
    """An organisation as a line names it."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry as a line of a list; `amount_fen` is the amount of its facts, never negative."""

    position: int
    kind: str
    kind_label: str
    day: date
    period_start: date | None
    amount_fen: int
    counterparty: str
    hidden: bool
    fund_name: str
    organisation: OrganisationName
    note: str | None
    status: str | None
    status_label: str | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page of lines needs beside its rows, each fetched in one query."""

    names: Mapping[str, str]
    organisations: Mapping[str, str]
    funds: Mapping[tuple[str, str], str]
    projects: Mapping[tuple[str, str], str]
    followed_by: Mapping[int, str]
    entries: Mapping[int, Entry]


async def shown_names(ledger: Ledger, references: Collection[str]) -> dict[str, str]:
    """Return reference → name for those donors whose names may be public."""
    donors = await known_donors(ledger.vault, references, shown_only=True)
    return {reference: donor.identity.name for reference, donor in donors.items()}


async def _entries(positions: Collection[int]) -> dict[int, Entry]:
    if not positions:
        return {}
    rows = await LogEntry.select().where(LogEntry.position.is_in(list(positions)))
    return {row["position"]: parse_entry(bytes(row["body"])) for row in rows}


async def _surroundings(ledger: Ledger, rows: Sequence[Row]) -> Surroundings:
    codes = sorted({row["organisation"].removeprefix(ORGANISATION_PREFIX) for row in rows})
    positions = [row["position"] for row in rows]
    organisations = await Organisation.select(Organisation.code, Organisation.name).where(
        Organisation.code.is_in(codes)
    )
    funds = await Fund.select().where(Fund.organisation.is_in(codes))
    projects = await Project.select().where(Project.organisation.is_in(codes))
    followers = (
        await MovementRow.select(MovementRow.kind, MovementRow.refers_to)
        .where(MovementRow.refers_to.is_in(positions))
        .order_by(MovementRow.position)
    )
    return Surroundings(
        names=await shown_names(ledger, {row["donor"] for row in rows if row["donor"]}),
        organisations={row["code"]: row["name"] for row in organisations},
        funds={(row["organisation"], row["code"]): row["name"] for row in funds},
        projects={(row["organisation"], row["code"]): row["name"] for row in projects},
        followed_by={row["refers_to"]: row["kind"] for row in followers},
        entries=await _entries(positions),
    )


def _counterparty(row: Row, code: str, entry: Entry, around: Surroundings) -> str | None:
    """Return who or what stands on the other side; None where a donor is not shown."""
    match entry.facts:
        case ExpenditureFacts(project=project):
            return around.projects.get((code, project), project)
        case CorrectionFacts() | DisclosureFacts():
            return ""
        case _:
            return around.names.get(row["donor"])


def _note(entry: Entry, translate: Translate) -> str | None:
    match entry.facts:
        case ExpenditureFacts(description=description):
            return description
        case RefundFacts(reason=reason):
            return REFUND_REASONS[reason].text(translate)
        case CorrectionFacts(old=old, new=new):
            return f"{old} → {new}"
        case _:
            return None


def _movement(row: Row, around: Surroundings, translate: Translate) -> Movement:
    code = row["organisation"].removeprefix(ORGANISATION_PREFIX)
    entry = around.entries[row["position"]]
    counterparty = _counterparty(row, code, entry, around)
    period_start = getattr(entry.facts, "period_start", None)
    follower = around.followed_by.get(row["position"])
    return Movement(
        position=row["position"],
        kind=row["kind"],
        kind_label=KIND_LABELS[row["kind"]].text(translate),
        day=date.fromisoformat(row["day"]),
        period_start=date.fromisoformat(period_start) if period_start else None,
        amount_fen=row["amount"],
        counterparty=WELL_WISHER.text(translate) if counterparty is None else counterparty,
        hidden=counterparty is None,
        fund_name=around.funds.get((code, row["fund"]), row["fund"] or ""),
        organisation=OrganisationName(code, around.organisations.get(code, code)),
        note=_note(entry, translate),
        status=STATUSES[follower] if follower else None,
        status_label=STATUS_LABELS[follower].text(translate) if follower else None,
    )


async def movements(ledger: Ledger, rows: Sequence[Row], translate: Translate) -> list[Movement]:
    """Return the lines for rows of `ledger_movement`, with a fixed number of queries."""
    if not rows:
        return []
    around = await _surroundings(ledger, rows)
    return [_movement(row, around, translate) for row in rows]


async def latest_movements(
    ledger: Ledger, translate: Translate, count: int, code: str | None = None
) -> list[Movement]:
    """Return the newest entries, of one organisation or of all, the newest first."""
    query = MovementRow.select()
    if code is not None:
        query = query.where(MovementRow.organisation == organisation_identifier(code)).order_by(
            MovementRow.day, MovementRow.position, ascending=False
        )
    else:
        query = query.order_by(MovementRow.position, ascending=False)
    return await movements(ledger, await query.limit(count), translate)
