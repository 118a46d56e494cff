"""Provides the page of where an entry's money went or came from, and its downloads."""

import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from litestar import MediaType, Response
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.response import Stream

from charity.tracing.traces import (
    Outcome,
    TooManyEntries,
    Trace,
    directions,
    share_pages,
    trace_gift,
    trace_spending,
)
from ledger.entries import Entry
from ledger.kinds import parse_entry
from ledger.messages import Translate
from ledger.reading import read_entry, read_head
from ledger.tables import MovementRow
from ledger.tracing import Direction
from public_site.downloads import csv_stream
from public_site.entry import position_of
from public_site.formatting import amount_in, share
from public_site.languages import language_of
from public_site.movements import Movement, movements
from public_site.rendering import SiteRequest, page
from public_site.routing import page_route
from public_site.trace_lines import (
    OUTCOME_LABELS,
    TraceLine,
    plain_quantity,
    trace_document,
    trace_lines,
    trace_title,
)
from public_site.translations import translator

ENTRIES_MAX: Final = 200_000
LINES_SHOWN: Final = 50
TRACES_KEPT: Final = 64
WHOLE: Final = 100_000
"""The width of a bar in thousandths of a percent."""

COLUMNS: Final = (
    "direction",
    "outcome",
    "entry",
    "kind",
    "day",
    "amount",
    "amount_minor",
    "unit",
    "account",
    "project_code",
    "project",
    "purpose",
    "description",
    "via",
)


async def _entry(position: int) -> Entry:
    """Return an entry whose money can be followed.

    Raises:
        NotFoundException: there is no such entry, or it moves no money of its own.
    """
    head = await read_head()
    if head is None or position >= head.size:
        raise NotFoundException
    entry = parse_entry(await read_entry(position))
    if not directions(position, entry):
        raise NotFoundException
    return entry


async def _trace(request: SiteRequest, position: int, way: Direction) -> Trace:
    """Return a trace at the newest checkpoint, from those kept if it is there.

    Raises:
        TooManyEntries: a fund on the trail is too large for a page.
    """
    state = request.app.state
    head = await read_head()
    size = head.size if head is not None else 0
    kept: OrderedDict[tuple[int, Direction, int], Trace] = state.setdefault("traces", OrderedDict())
    key = (position, way, size)
    if key not in kept:
        follow = trace_gift if way is Direction.ONWARD else trace_spending
        kept[key] = await follow(position, size, ENTRIES_MAX)
        while len(kept) > TRACES_KEPT:
            kept.popitem(last=False)
    return kept[key]


def _percent(amount: int, whole: int) -> str:
    """Return a part of a whole in percent, as a drawing reads it."""
    thousandths = amount * WHOLE // whole
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


def _segments(trace: Trace, lines: Sequence[TraceLine]) -> list[tuple[str, str, str]]:
    """Return the segments of the bar: class, start and width in percent."""
    if trace.direction is Direction.BACK:
        pieces = [("gift", line.amount) for line in lines]
        pieces.append(("others", trace.amount - sum(line.amount for line in lines)))
    elif len(lines) == trace.count:
        pieces = [
            (str(became), line.amount)
            for became in Outcome
            for line in lines
            if line.outcome is became
        ]
    else:
        pieces = [(became.value, trace.outcomes.get(became, 0)) for became in Outcome]
    drawn, start = [], 0
    for name, amount in pieces:
        if amount:
            drawn.append((name, _percent(start, trace.amount), _percent(amount, trace.amount)))
        start += amount
    return drawn


def _outcomes(trace: Trace, translate: Translate) -> list[dict[str, str]]:
    """Return what became of a gift, in all; what is not yet spent is always told."""
    return [
        {
            "name": became.value,
            "label": OUTCOME_LABELS[became].text(translate),
            "amount_text": amount_in(trace.outcomes.get(became, 0), trace.unit),
            "share_text": share(trace.outcomes.get(became, 0), trace.amount),
        }
        for became in Outcome
        if trace.outcomes.get(became) or became is Outcome.UNSPENT
    ]


async def _view(trace: Trace, translate: Translate) -> dict[str, Any]:
    """Return what the page shows of a trace."""
    lines = await trace_lines(trace, trace.shares[:LINES_SHOWN], translate)
    return {
        "onward": trace.direction is Direction.ONWARD,
        "trace": trace,
        "amount_text": amount_in(trace.amount, trace.unit),
        "rules": [rule.sentence.text(translate).partition(rule.name) for rule in trace.rules],
        "funds": {rule.account: rule.name for rule in trace.rules},
        "outcomes": _outcomes(trace, translate) if trace.reversed_by is None else [],
        "otherwise_text": amount_in(trace.refunded_otherwise, trace.unit)
        if trace.refunded_otherwise
        else None,
        "segments": _segments(trace, lines),
        "lines": lines,
        "hidden": trace.count - len(lines),
    }


async def _views(
    request: SiteRequest, position: int, ways: Sequence[Direction], translate: Translate
) -> list[dict[str, Any]] | None:
    """Return what the page shows of each trace; None where a fund is too large for a page."""
    try:
        traces = [await _trace(request, position, way) for way in ways]
    except TooManyEntries:
        return None
    return [await _view(trace, translate) for trace in traces]


async def _movement(request: SiteRequest, position: int, translate: Translate) -> Movement:
    rows = await MovementRow.select().where(MovementRow.position == position)
    [movement] = await movements(request.app.state.ledger, rows, translate)
    return movement


@page_route("/{language:str}/entries/{position:str}/trace")
async def trace_page(
    request: SiteRequest, language: FromPath[str], position: FromPath[str]
) -> Response[str]:
    """Show where the money of an entry went, or which gifts it came from."""
    chosen = language_of(language)
    translate = translator(chosen)
    place = position_of(position)
    entry = await _entry(place)
    ways = directions(place, entry)
    title = trace_title(place, entry)
    context = {
        "heading": title.text(translate) if title is not None else "",
        "movement": await _movement(request, place, translate),
        "position": place,
        "views": await _views(request, place, ways, translate),
        "entries_max": ENTRIES_MAX,
    }
    return await page(request, chosen, "trace.html", context, section="organisations")


def _csv_row(trace: Trace, line: TraceLine) -> tuple[object, ...]:
    return (
        trace.direction.value,
        line.outcome.value if line.outcome else "",
        line.position if line.position is not None else "",
        line.kind or "",
        line.day.isoformat() if line.day else "",
        plain_quantity(line.amount, trace.unit),
        line.amount,
        trace.unit,
        line.account,
        line.project or "",
        line.project_name or "",
        line.purpose or "",
        line.description or "",
        " ".join(str(place) for place in line.via),
    )


async def _traces(request: SiteRequest, position: int) -> list[Trace]:
    ways = directions(position, await _entry(position))
    try:
        return [await _trace(request, position, way) for way in ways]
    except TooManyEntries as error:
        raise ClientException(str(error)) from error


@page_route("/{language:str}/entries/{position:str}/trace.csv")
async def trace_csv(
    request: SiteRequest, language: FromPath[str], position: FromPath[str]
) -> Stream:
    """Download every share of an entry's money, however many."""
    translate = translator(language_of(language))
    traces = await _traces(request, position_of(position))

    async def pages() -> AsyncIterator[list[tuple[object, ...]]]:
        for trace in traces:
            async for shares in share_pages(trace.position, trace.direction, trace.size):
                lines = await trace_lines(trace, shares, translate)
                yield [_csv_row(trace, line) for line in lines]

    return csv_stream(f"{position}.trace.csv", COLUMNS, pages())


@page_route("/{language:str}/entries/{position:str}/trace.json")
async def trace_json(
    request: SiteRequest, language: FromPath[str], position: FromPath[str]
) -> Response[bytes]:
    """Download the trace of an entry for programs; at most a thousand shares stand in it."""
    translate = translator(language_of(language))
    told = [
        trace_document(trace, await trace_lines(trace, trace.shares, translate), translate)
        for trace in await _traces(request, position_of(position))
    ]
    content = json.dumps({"traces": told}, ensure_ascii=False, indent=2)
    return Response(
        content.encode(),
        media_type=MediaType.JSON,
        headers={"content-disposition": f'attachment; filename="{position}.trace.json"'},
    )
