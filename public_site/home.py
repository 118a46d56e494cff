"""Provides the home page, and the way to it from the bare address."""

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from ledger.messages import Message, Translate
from public_site.charts import month_chart
from public_site.downloads import csv_response, yuan
from public_site.formatting import money_short
from public_site.languages import language_of, preferred_language
from public_site.movements import latest_movements
from public_site.rendering import SiteRequest, page
from public_site.routing import page_route
from public_site.settings import Language
from public_site.totals import (
    ORGANISATIONS_SHOWN,
    Month,
    organisation_rows,
    read_all_trusts,
    read_months,
    read_other_units,
    read_totals,
)
from public_site.translations import translator

LATEST_SHOWN = 10
MONTH_COLUMNS = ("month", "received_yuan", "spent_yuan", "received_fen", "spent_fen")


def chart_sentence(months: list[Month], language: Language, translate: Translate) -> str:
    """Return in one sentence what the chart of months shows."""
    if not months:
        return ""
    best = max(months, key=lambda month: month[1])
    return Message(
        "From {first} to {last}, {received} came in and {spent} was spent; the most, {most}, came"
        " in {month}.",
        first=months[0][0],
        last=months[-1][0],
        received=money_short(sum(month[1] for month in months), language),
        spent=money_short(sum(month[2] for month in months), language),
        most=money_short(best[1], language),
        month=best[0],
    ).text(translate)


def month_rows(months: list[Month]) -> list[list[object]]:
    """Return the table of months for a download: month, received and spent, in yuan and fen."""
    return [
        [month, yuan(received), yuan(spent), received, spent] for month, received, spent in months
    ]


async def draw_ahead() -> None:
    """Draw the chart when the site starts: loading the plotting library takes two seconds."""
    await month_chart(await read_months())


@page_route("/")
async def start(request: SiteRequest) -> Redirect:
    """Lead to the reader's language."""
    return Redirect(f"/{preferred_language(request)}/", status_code=302)


@page_route("/{language:str}/")
async def home(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Show the whole ledger at a glance."""
    chosen = language_of(language)
    translate = translator(chosen)
    months = await read_months()
    context = {
        "totals": await read_totals(),
        "other_units": await read_other_units(translate),
        "trusts": await read_all_trusts(translate),
        "latest": await latest_movements(request.app.state.ledger, translate, LATEST_SHOWN),
        "organisations": (await organisation_rows(translate))[:ORGANISATIONS_SHOWN],
        "months": months,
        "chart": await month_chart(months),
        "chart_sentence": chart_sentence(months, chosen, translate),
        "chart_csv": f"/{chosen}/months.csv",
    }
    return await page(request, chosen, "home.html", context, section="home")


@page_route("/{language:str}/months.csv")
async def months_csv(language: FromPath[str]) -> Response[bytes]:
    """Download received and spent by month."""
    language_of(language)
    rows = month_rows(await read_months())
    return csv_response("months.csv", MONTH_COLUMNS, rows)
