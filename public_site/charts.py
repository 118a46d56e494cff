"""Provides the charts: SVG drawn by matplotlib when figures change, never for each request.

Texts stay text and colours become the page's own, so that a chart follows dark mode and can be
read aloud; its title, sentence and table stand beside it in the page.
"""

import asyncio
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from public_site.totals import Month

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RECEIVED: Final = "#010203"
SPENT: Final = "#040506"
INK: Final = "#070809"
"""Stand-ins that become the style sheet's colours."""

COLOURS: Final = {
    RECEIVED: "var(--received)",
    SPENT: "var(--spent)",
    INK: "var(--ink-soft)",
}
MONTHS_SHOWN: Final = 36
CHARTS_KEPT: Final = 256
FEN_OF_TEN_THOUSAND_YUAN: Final = 10**6

_drawn: dict[tuple[Month, ...], Markup] = {}


async def month_chart(months: Sequence[Month]) -> Markup | None:
    """Return received and spent by month as SVG; None where there are too few months."""
    shown = tuple(months[-MONTHS_SHOWN:])
    if len(shown) < 3:
        return None
    if shown not in _drawn:
        if len(_drawn) >= CHARTS_KEPT:
            _drawn.clear()
        _drawn[shown] = await asyncio.to_thread(_draw, shown)
    return _drawn[shown]


def _draw(months: Sequence[Month]) -> Markup:
    from matplotlib import rc_context  # noqa: PLC0415 (takes two seconds and 70 MB)
    from matplotlib.figure import Figure  # noqa: PLC0415

    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "charity-city",
        "font.family": "sans-serif",
        "font.size": 11,
        "axes.edgecolor": INK,
        "text.color": INK,
    }
    with rc_context(style):
        figure = Figure(figsize=(9, 3.2), layout="constrained")
        _plot(figure, months)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return Markup(_for_the_page(file.getvalue()))  # noqa: S704 (drawn from numbers alone)


def _plot(figure: "Figure", months: Sequence[Month]) -> None:
    axes = figure.add_subplot()
    places = range(len(months))
    received, spent = [month[1] for month in months], [month[2] for month in months]
    for offset, amounts, colour in ((-0.21, received, RECEIVED), (0.21, spent, SPENT)):
        heights = [amount / FEN_OF_TEN_THOUSAND_YUAN for amount in amounts]
        axes.bar([place + offset for place in places], heights, width=0.4, color=colour)
    step = max(1, len(months) // 9)
    axes.set_xticks(list(places)[::step], [month[0] for month in months][::step])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.tick_params(colors=INK, length=0)
    axes.grid(visible=True, axis="y", color=INK, alpha=0.18, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _for_the_page(svg: str) -> str:
    """Return the drawing alone, in the page's colours and fonts, as wide as its place."""
    svg = svg[svg.index("<svg") :]
    for stand_in, colour in COLOURS.items():
        svg = svg.replace(stand_in, colour)
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: 11px [^;\"]*", "font: 11px inherit", svg)
    head, end, rest = svg.partition(">")
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    return f'{head} aria-hidden="true"{end}{rest}'
