"""Provides the totals that pages show, read from the ledger's summaries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from charity.organisations.tables import Organisation
from charity.organisations.uscc import organisation_identifier
from ledger.messages import Message, Translate
from ledger.summaries import ALL
from ledger.tables import RunningTotal

ORGANISATIONS_SHOWN = 6

Month: TypeAlias = tuple[str, int, int]
"""A month such as 2024-03, with what was received and spent in it, in fen."""

KIND_LABELS = {
    "foundation": Message("Foundation"),
    "community_foundation": Message("Community foundation"),
    "charity_federation": Message("Charity federation"),
    "association": Message("Association"),
    "social_service_agency": Message("Social service agency"),
    "charity": Message("Charity"),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Running totals in fen: received − refunded − spent = held.

    `transferred_fen` is the part of received that other charities passed on.
    """

    gifts: int
    received_fen: int
    transferred_fen: int
    spent_fen: int
    refunded_fen: int
    organisations: int

    @property
    def held_fen(self) -> int:
        """What is still in the funds."""
        return self.received_fen - self.refunded_fen - self.spent_fen


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """An organisation as a line of a list, with its totals in fen."""

    code: str
    name: str
    kind_label: str
    district: str
    gifts: int
    received_fen: int
    spent_fen: int
    held_fen: int


def _totals(row: Mapping[str, Any] | None, organisations: int) -> Totals:
    if row is None:
        return Totals(0, 0, 0, 0, 0, organisations)
    return Totals(
        gifts=row["gifts"],
        received_fen=row["received"],
        transferred_fen=row["transferred"],
        spent_fen=row["spent"],
        refunded_fen=row["refunded"],
        organisations=organisations,
    )


async def read_totals(code: str | None = None) -> Totals:
    """Return the totals of one organisation, or of all."""
    scope = ALL if code is None else organisation_identifier(code)
    row = (
        await RunningTotal.select()
        .where((RunningTotal.scope == scope) & (RunningTotal.month == ALL))
        .first()
    )
    return _totals(row, await Organisation.count() if code is None else 1)


async def received_by_fund(accounts: Sequence[str]) -> dict[str, int]:
    """Return account → all that came into a fund, in fen."""
    rows = await RunningTotal.select(RunningTotal.scope, RunningTotal.received).where(
        (RunningTotal.month == ALL) & RunningTotal.scope.is_in(list(accounts) or ["-"])
    )
    return {row["scope"]: row["received"] for row in rows}


async def read_months(code: str | None = None) -> list[Month]:
    """Return received and spent by month, for one organisation or for all, the oldest first."""
    scope = ALL if code is None else organisation_identifier(code)
    rows = (
        await RunningTotal.select()
        .where((RunningTotal.scope == scope) & (RunningTotal.month != ALL))
        .order_by(RunningTotal.month)
    )
    return [(row["month"], row["received"], row["spent"]) for row in rows]


async def organisation_rows(translate: Translate, name_contains: str = "") -> list[OrganisationRow]:
    """Return the organisations whose names contain a text, the largest by receipts first."""
    query = Organisation.select()
    if name_contains:
        escaped = name_contains.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = query.where(Organisation.name.like(f"%{escaped}%"))
    organisations = await query
    identifiers = [organisation_identifier(row["code"]) for row in organisations]
    totals = {
        row["scope"]: row
        for row in await RunningTotal.select().where(
            (RunningTotal.month == ALL) & RunningTotal.scope.is_in(identifiers or ["-"])
        )
    }
    rows = [
        _organisation_row(row, totals.get(organisation_identifier(row["code"])), translate)
        for row in organisations
    ]
    return sorted(rows, key=lambda row: (-row.received_fen, row.code))


def _organisation_row(
    row: Mapping[str, Any], total: Mapping[str, Any] | None, translate: Translate
) -> OrganisationRow:
    totals = _totals(total, 1)
    return OrganisationRow(
        code=row["code"],
        name=row["name"],
        kind_label=KIND_LABELS[row["kind"]].text(translate),
        district=row["district"] or "",
        gifts=totals.gifts,
        received_fen=totals.received_fen,
        spent_fen=totals.spent_fen,
        held_fen=totals.held_fen,
    )
