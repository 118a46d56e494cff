"""Provides the preview of a batch as pages and files show it: funds before and after, its rows."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from charity.organisations.tables import Fund, Organisation
from charity.reporting.batches.drafts import ROWS_A_PAGE, DraftFolder
from charity.reporting.batches.effects import effects_now
from charity.reporting.batches.schemas import BatchReport, FundEffect, PreviewRow
from ledger.entries import CURRENCY, GOODS_PREFIX
from ledger.messages import Message, Translate
from public_site.downloads import yuan
from public_site.formatting import amount_in, day, number, quantity
from public_site.settings import Language
from public_site.translations import translator
from public_site.workplace.batch_words import STANDINGS, kind_text

SHOWN_ROWS: Final = 50
PARTS: Final = ROWS_A_PAGE // SHOWN_ROWS

NO_AMOUNT: Final = "—"
"""Of what moves nothing, such as a correction note."""

FundNames = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class ShownEffect:
    """What a batch does to one fund, each amount written with its unit."""

    fund: str
    organisation: str
    before: str
    change: str
    after: str
    below_zero: bool


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One line of the preview."""

    place: str
    kind: str
    day: str
    amount: str
    fund: str
    who: str
    standing: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class ShownRows:
    """One page of the preview: its rows, their numbers, and whether another follows."""

    rows: tuple[ShownRow, ...]
    first: int
    page: int
    has_next: bool


async def fund_names(codes: Sequence[str]) -> FundNames:
    """Return (organisation, fund) → name."""
    rows = await Fund.select(Fund.organisation, Fund.code, Fund.name).where(
        Fund.organisation.is_in(list(codes))
    )
    return {(row["organisation"], row["code"]): row["name"] for row in rows}


async def shown_effects(report: BatchReport, code: str) -> list[ShownEffect]:
    """Return what a batch does to each fund as it is now; another organisation's funds name it."""
    codes = sorted({code, *(effect.organisation for effect in report.effects)})
    funds = await fund_names(codes)
    rows = await Organisation.select(Organisation.code, Organisation.name).where(
        Organisation.code.is_in(codes)
    )
    names = {row["code"]: row["name"] for row in rows}
    return [_effect(effect, code, funds, names) for effect in await effects_now(report.effects)]


def _effect(
    effect: FundEffect, code: str, funds: FundNames, names: Mapping[str, str]
) -> ShownEffect:
    change = effect.after - effect.before
    sign = "+" if change > 0 else ""
    return ShownEffect(
        fund=funds.get((effect.organisation, effect.fund), effect.fund),
        organisation=""
        if effect.organisation == code
        else names.get(effect.organisation, effect.organisation),
        before=amount_in(effect.before, effect.unit),
        change=sign + quantity(change, effect.unit),
        after=amount_in(effect.after, effect.unit),
        below_zero=effect.after < 0,
    )


async def shown_rows(
    drafts: DraftFolder,
    batch: str,
    version: int,
    page: int,
    code: str,
    language: Language,
) -> ShownRows:
    """Return one page of the preview, from page 1; a page that is not there is empty."""
    part, place = divmod(page - 1, PARTS)
    rows, pages = await asyncio.to_thread(drafts.read_rows, batch, version, part + 1)
    start = place * SHOWN_ROWS
    funds = await fund_names([code])
    return ShownRows(
        rows=tuple(_row(row, funds, code, language) for row in rows[start : start + SHOWN_ROWS]),
        first=(page - 1) * SHOWN_ROWS + 1,
        page=page,
        has_next=len(rows) > start + SHOWN_ROWS or part + 1 < pages,
    )


async def report_rows(report: BatchReport, code: str, language: Language) -> ShownRows:
    """Return the rows that the report itself holds."""
    funds = await fund_names([code])
    rows = tuple(_row(row, funds, code, language) for row in report.preview)
    return ShownRows(rows, first=1, page=1, has_next=False)


def _row(row: PreviewRow, funds: FundNames, code: str, language: Language) -> ShownRow:
    translate = translator(language)
    return ShownRow(
        place=row.place,
        kind=kind_text(row.kind, translate),
        day=_day_text(row.day, language),
        amount=amount_in(row.amount, row.unit) if row.amount else NO_AMOUNT,
        fund=funds.get((code, row.fund), row.fund),
        who=row.who or "",
        standing=standing_text(row.standing, translate),
        is_new=row.standing == "new",
    )


def _day_text(text: str, language: Language) -> str:
    """Return a day, or a period (`first/last`), as people read it."""
    try:
        return " – ".join(day(date.fromisoformat(part), language) for part in text.split("/"))
    except ValueError:
        return text


def standing_text(standing: str, translate: Translate) -> str:
    """Return what becomes of a row."""
    return STANDINGS.get(standing, STANDINGS["new"]).text(translate)


def amount_cell(amount: int, unit: str) -> str:
    """Return an amount for a spreadsheet: of money in whole units, of goods in pieces."""
    return str(amount) if unit.startswith(GOODS_PREFIX) else yuan(amount)


async def preview_pages(
    drafts: DraftFolder, batch: str, version: int, translate: Translate
) -> AsyncIterator[list[list[str]]]:
    """Yield all rows of the preview as rows of a file, page by page."""
    page, pages = 1, 1
    while page <= pages:
        rows, pages = await asyncio.to_thread(drafts.read_rows, batch, version, page)
        yield [
            [
                row.place,
                kind_text(row.kind, translate),
                row.day,
                amount_cell(row.amount, row.unit) if row.amount else "",
                row.unit,
                row.fund,
                row.who or "",
                standing_text(row.standing, translate),
            ]
            for row in rows
        ]
        page += 1


def counts(report: BatchReport, language: Language) -> list[tuple[str, str]]:
    """Return the figures on top of a preview, as label and value."""
    translate = translator(language)

    def total(fen: int) -> str:
        return amount_in(fen, CURRENCY)

    told: list[tuple[Message, Any]] = [(Message("Rows"), number(report.rows))]
    if report.new != report.rows:
        told.append((Message("New"), number(report.new)))
    if report.known:
        told.append((Message("Known already"), number(report.known)))
    if report.skipped:
        told.append((Message("Left out"), number(report.skipped)))
    if report.total:
        told.append((Message("Total of the rows"), total(report.total)))
    if report.stated_total is not None:
        told.append((Message("Total that the file states"), total(report.stated_total)))
    if report.transferred:
        told.append(
            (Message("Of it passed on by other charities"), total(report.transferred_total))
        )
    return [(label.text(translate), value) for label, value in told]
