"""Provides the totals that pages show, read from the ledger's summaries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from piccolo.columns.combination import WhereRaw

from charity.organisations.tables import Organisation
from charity.organisations.uscc import organisation_identifier
from ledger.accounts import TRUSTS, trust_account
from ledger.entries import CURRENCY
from ledger.messages import Message, Translate
from ledger.summaries import ALL
from ledger.tables import MovementRow, RunningTotal
from public_site.formatting import goods_name, quantity

ORGANISATIONS_SHOWN = 6
IN_YUAN = RunningTotal.unit == CURRENCY
"""The condition of every total that is shown in yuan: amounts of other units are not added."""

Month: TypeAlias = tuple[str, int, int]
"""A month such as 2024-03, with what was received and spent in it, in fen."""

CURRENCY_LABELS = {
    "CNY": Message("Yuan (CNY)"),
    "HKD": Message("Hong Kong dollars (HKD)"),
    "MOP": Message("Macao patacas (MOP)"),
    "USD": Message("US dollars (USD)"),
}
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
    """Running totals in fen: received − refunded − spent − passed on = held.

    `transferred_fen` is the part of received that other charities passed on, `passed_on_fen` what
    went to other organisations of this ledger.
    """

    gifts: int
    received_fen: int
    transferred_fen: int
    spent_fen: int
    refunded_fen: int
    passed_on_fen: int
    pledged_fen: int
    organisations: int

    @property
    def held_fen(self) -> int:
        """What is still in the funds."""
        return self.received_fen - self.refunded_fen - self.spent_fen - self.passed_on_fen


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


@dataclass(frozen=True, slots=True)
class UnitTotal:
    """What came in, went out, is held and was pledged in one unit, each written with its unit."""

    label: str
    is_goods: bool
    received: str
    gone: str
    held: str
    pledged: str | None


def _totals(rows: Sequence[Mapping[str, Any]], organisations: int) -> Totals:
    """Return the totals of a scope from its rows: gifts in every unit, amounts in yuan."""
    gifts = sum(row["gifts"] for row in rows)
    row = next((row for row in rows if row["unit"] == CURRENCY), None)
    if row is None:
        return Totals(gifts, 0, 0, 0, 0, 0, 0, organisations)
    return Totals(
        gifts=gifts,
        received_fen=row["received"],
        transferred_fen=row["transferred"],
        spent_fen=row["spent"],
        refunded_fen=row["refunded"],
        passed_on_fen=row["passed_on"],
        pledged_fen=row["pledged"],
        organisations=organisations,
    )


async def read_totals(code: str | None = None) -> Totals:
    """Return the totals of one organisation, or of all."""
    scope = ALL if code is None else organisation_identifier(code)
    rows = await _rows_of_all_months([scope])
    return _totals(rows, await Organisation.count() if code is None else 1)


async def _rows_of_all_months(scopes: Sequence[str]) -> list[dict[str, Any]]:
    return await RunningTotal.select().where(
        (RunningTotal.month == ALL) & RunningTotal.scope.is_in(list(scopes) or ["-"])
    )


def _unit_total(row: Mapping[str, Any], translate: Translate) -> UnitTotal:
    unit = row["unit"]
    gone = row["refunded"] + row["spent"] + row["passed_on"]
    label = CURRENCY_LABELS.get(unit)
    return UnitTotal(
        label=label.text(translate) if label else goods_name(unit),
        is_goods=label is None,
        received=quantity(row["received"], unit),
        gone=quantity(gone, unit),
        held=quantity(row["received"] - gone, unit),
        pledged=quantity(row["pledged"], unit) if row["pledged"] else None,
    )


async def read_other_units(translate: Translate, code: str | None = None) -> list[UnitTotal]:
    """Return the totals of one organisation, or of all, in other currencies and in goods."""
    scope = ALL if code is None else organisation_identifier(code)
    rows = [row for row in await _rows_of_all_months([scope]) if row["unit"] != CURRENCY]
    rows.sort(key=lambda row: (row["unit"] not in CURRENCY_LABELS, row["unit"]))
    return [_unit_total(row, translate) for row in rows]


async def read_all_trusts(translate: Translate) -> list[UnitTotal]:
    """Return the totals of all charitable trusts together, the yuan first."""
    rows = await _rows_of_all_months([TRUSTS])
    rows.sort(key=lambda row: (row["unit"] != CURRENCY, row["unit"]))
    return [_unit_total(row, translate) for row in rows]


async def read_trusts(translate: Translate, code: str) -> list[tuple[str, UnitTotal]]:
    """Return number and totals of the charitable trusts whose trustee is this organisation."""
    identifier = organisation_identifier(code)
    known = (
        await MovementRow.select(MovementRow.trust, MovementRow.organisation)
        .where(MovementRow.trust.is_not_null())
        .group_by(MovementRow.trust, MovementRow.organisation)
    )
    numbers = sorted(row["trust"] for row in known if row["organisation"] == identifier)
    rows = await _rows_of_all_months([trust_account(identifier, number) for number in numbers])
    rows.sort(key=lambda row: (row["scope"], row["unit"] != CURRENCY, row["unit"]))
    return [(row["scope"].rpartition("/")[2], _unit_total(row, translate)) for row in rows]


async def received_by_fund(accounts: Sequence[str]) -> dict[str, int]:
    """Return account → all that came into a fund, in fen."""
    rows = await RunningTotal.select(RunningTotal.scope, RunningTotal.received).where(
        (RunningTotal.month == ALL) & IN_YUAN & RunningTotal.scope.is_in(list(accounts) or ["-"])
    )
    return {row["scope"]: row["received"] for row in rows}


async def read_months(code: str | None = None) -> list[Month]:
    """Return received and spent by month, for one organisation or for all, the oldest first."""
    scope = ALL if code is None else organisation_identifier(code)
    rows = (
        await RunningTotal.select()
        .where((RunningTotal.scope == scope) & (RunningTotal.month != ALL) & IN_YUAN)
        .order_by(RunningTotal.month)
    )
    return [(row["month"], row["received"], row["spent"]) for row in rows]


async def organisation_rows(translate: Translate, name_contains: str = "") -> list[OrganisationRow]:
    """Return the organisations whose names contain a text, the largest by receipts first."""
    query = Organisation.select()
    if "\0" in name_contains:
        return []  # PostgreSQL has no such character
    if name_contains:  # LIKE has other wildcards and other rules for capitals on each engine
        contains = "replace(lower(name), lower({}), '') <> lower(name)"
        query = query.where(WhereRaw(contains, name_contains))
    organisations = await query
    identifiers = [organisation_identifier(row["code"]) for row in organisations]
    totals: dict[str, list[Mapping[str, Any]]] = {}
    for row in await _rows_of_all_months(identifiers):
        totals.setdefault(row["scope"], []).append(row)
    rows = [
        _organisation_row(row, totals.get(organisation_identifier(row["code"]), []), translate)
        for row in organisations
    ]
    return sorted(rows, key=lambda row: (-row.received_fen, row.code))


def _organisation_row(
    row: Mapping[str, Any], total: Sequence[Mapping[str, Any]], translate: Translate
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
