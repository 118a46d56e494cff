"""Provides the list of an organisation's movements: filtered, paged by key, downloaded."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.exceptions import ValidationException
from litestar.params import FromPath
from litestar.response import Stream

from charity.organisations.tables import Fund
from charity.organisations.uscc import organisation_identifier
from ledger.entries import CURRENCY
from ledger.tables import MovementRow
from public_site.donation_filters import Filters, read_filters
from public_site.downloads import csv_stream, yuan
from public_site.languages import language_of
from public_site.movement_rows import UnitSum, newest_rows, sums_by_unit
from public_site.movements import KIND_LABELS, Movement, movements
from public_site.organisations import find_shown, shown_organisation
from public_site.rendering import SiteRequest, page, page_path
from public_site.routing import page_route
from public_site.translations import translator

LINES_ON_A_PAGE = 50
LINES_OF_A_DOWNLOAD = 1_000
COUNT_MAX = 10_000
KEY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.([0-9]{1,18})")
SUMMED = (
    MovementRow.position,
    MovementRow.kind,
    MovementRow.amount,
    MovementRow.unit,
    MovementRow.trust,
    MovementRow.other_organisation,
)
COLUMNS = (
    "position",
    "kind",
    "day",
    "amount_yuan",
    "amount_fen",
    "counterparty",
    "fund",
    "organisation_code",
    "organisation",
    "note",
    "status",
    "direction",
    "amount",
    "unit",
    "counterparty_code",
    "trust",
)


@dataclass(frozen=True, slots=True)
class Key:
    """The line after which a page begins: lists run from the newest day to the oldest."""

    day: str
    position: int

    def __str__(self) -> str:
        return f"{self.day}.{self.position}"

    @classmethod
    def parse(cls, text: str) -> "Key | None":
        """Return the key that an address carries; None for none, or for what is no key."""
        match = KEY.fullmatch(text)
        return cls(match[1], int(match[2])) if match is not None else None


async def _rows(
    identifier: str, filters: Filters, after: Key | None, count: int
) -> list[dict[str, Any]]:
    conditions = filters.conditions(identifier)
    if after is not None:
        beyond = (MovementRow.day < after.day) | (
            (MovementRow.day == after.day) & (MovementRow.position < after.position)
        )
        return await newest_rows([condition & beyond for condition in conditions], count)
    return await newest_rows(conditions, count)


@dataclass(frozen=True, slots=True)
class Matching:
    """How many lines match the filters, and what came in and went out in them, by unit."""

    count: int
    sums: list[UnitSum]


async def _matching(identifier: str, filters: Filters) -> Matching | None:
    """Return the sums over all matching lines; None where they are too many for a page."""
    found: dict[int, dict[str, Any]] = {}
    for condition in filters.conditions(identifier):
        rows = await MovementRow.select(*SUMMED).where(condition).limit(COUNT_MAX + 1)
        found.update((row["position"], row) for row in rows)
    if len(found) > COUNT_MAX:
        return None
    return Matching(len(found), sums_by_unit(found.values(), identifier))


def _key(row: Mapping[str, Any]) -> Key:
    return Key(row["day"], row["position"])


@page_route("/{language:str}/organisations/{code:str}/donations")
async def donations(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str]:
    """Show the movements of an organisation that match the filters, fifty at a time."""
    chosen = language_of(language)
    translate = translator(chosen)
    found = await find_shown(code)
    identifier = organisation_identifier(code)
    filters, values, errors = read_filters(request.query_params, translate)
    after = Key.parse(request.query_params.get("after", ""))
    rows = [] if errors else await _rows(identifier, filters, after, LINES_ON_A_PAGE + 1)
    shown, more = rows[:LINES_ON_A_PAGE], len(rows) > LINES_ON_A_PAGE
    lines = await movements(request.app.state.ledger, shown, translate, identifier)
    path = page_path(chosen, "donations", code=code)
    kept = {name: value for name, value in values.items() if value and name not in errors}
    first_address = f"{path}?{urlencode(kept)}" if kept else path
    next_address = f"{path}?{urlencode({**kept, 'after': _key(shown[-1])})}" if shown else None
    context = {
        "organisation": shown_organisation(found, chosen),
        "filters": values,
        "funds": await Fund.select().where(Fund.organisation == code).order_by(Fund.id),
        "kinds": [(kind, label.text(translate)) for kind, label in KIND_LABELS.items()],
        "errors": errors,
        "movements": lines,
        "page_sums": sums_by_unit(shown, identifier),
        "matching": Matching(0, []) if errors else await _matching(identifier, filters),
        "next_url": next_address if more else None,
        "first_url": first_address if after is not None else None,
        "csv_url": f"{path}.csv?{urlencode(kept)}" if kept else f"{path}.csv",
    }
    return await page(request, chosen, "donations.html", context, section="organisations")


def _csv_row(line: Movement) -> tuple[object, ...]:
    """Return a line of the download; fen and yuan only where the amount is one in yuan.

    `amount` is in minor units of `unit` and never negative; `direction` is in, out or empty.
    """
    fen = line.amount if line.unit in {CURRENCY, None} else None
    return (
        line.position,
        line.kind,
        line.day.isoformat(),
        "" if fen is None else yuan(fen),
        "" if fen is None else fen,
        line.counterparty,
        line.fund_name,
        line.organisation.code if line.organisation else "",
        line.organisation.name if line.organisation else "",
        line.note or "",
        line.status.code if line.status else "",
        "in" if line.comes_in else "out" if line.goes_out else "",
        line.amount,
        line.unit or "",
        line.counterparty_code or "",
        line.trust or "",
    )


@page_route("/{language:str}/organisations/{code:str}/donations.csv")
async def donations_csv(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Stream:
    """Download all movements that match the filters, as the page shows them."""
    chosen = language_of(language)
    translate = translator(chosen)
    await find_shown(code)
    identifier = organisation_identifier(code)
    filters, _, errors = read_filters(request.query_params, translate)
    if errors:
        raise ValidationException("; ".join(errors.values()))

    async def pages() -> AsyncIterator[list[tuple[object, ...]]]:
        after: Key | None = None
        while rows := await _rows(identifier, filters, after, LINES_OF_A_DOWNLOAD):
            lines = await movements(request.app.state.ledger, rows, translate, identifier)
            yield [_csv_row(line) for line in lines]
            after = _key(rows[-1])

    return csv_stream(f"{code}.csv", COLUMNS, pages())
