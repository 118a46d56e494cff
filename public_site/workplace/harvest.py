"""Provides the page of harvesting: where a foundation publishes its lists, fetched from there."""

from typing import Any, Final

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from charity.people.roles import Permission
from charity.people.sessions import moment_of
from charity.projects.tables import Project
from charity.reporting.batches.schemas import ListOptions
from charity.reporting.batches.store import BatchStore
from charity.reporting.harvest.harvesting import (
    Fetching,
    add_source,
    end_source,
    harvest,
    outcome_of,
    sources_of,
)
from ledger.accounts import GENERAL_FUND
from ledger.messages import Message, Refused
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.list_forms import CONSENT_CHARACTERS_MAX, fund_options
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page
from public_site.workplace.visiting import actor_of_request

PATH: Final = "/{language:str}/workplace/{code:str}/harvest"
FIELDS: Final = ("address", "fund", "project", "consent")


async def _shown(
    request: SiteRequest,
    language: str,
    code: str,
    form: dict[str, str],
    *,
    error: Message | None = None,
) -> Response[str]:
    translate = translator(language_of(language))
    funds = await fund_options(code)
    names = dict(funds)
    rows = []
    for line in await sources_of(code):
        outcome = outcome_of(line)
        rows.append(
            {
                "id": line["id"],
                "address": line["address"],
                "fund_name": names.get(line["fund"], line["fund"]),
                "checked_at": moment_of(line["checked_at"]) if line["checked_at"] else None,
                "outcome": outcome.text(translate) if outcome else "",
                "batch": line["batch"],
            }
        )
    projects = await Project.select(Project.code, Project.name).where(Project.organisation == code)
    none = Message("none: nothing is paid out through this list").text(translate)
    context = {
        "sources": rows,
        "form": form,
        "errors": {"address": error.text(translate)} if error else {},
        "fund_options": funds,
        "project_options": [("", none), *((row["code"], row["name"]) for row in projects)],
        "consent_most": CONSENT_CHARACTERS_MAX,
    }
    status = 422 if error else 200
    return await workplace(
        request, language, "workplace/harvest.html", context, section="harvest", status=status
    )


@workplace_page(PATH, permission=Permission.REPORT)
async def harvest_page(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str]:
    """Show the addresses of an organisation, and the form for another one."""
    return await _shown(
        request, language, code, {**dict.fromkeys(FIELDS, ""), "fund": GENERAL_FUND}
    )


@workplace_action(PATH, permission=Permission.REPORT, act="harvest.add")
async def add(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str] | Redirect:
    """Put an address on the list."""
    sent = await request.form()
    form = {name: _text(sent.get(name)) for name in FIELDS}
    store: BatchStore = request.app.state.batches
    try:
        if len(form["consent"]) > CONSENT_CHARACTERS_MAX:
            raise Refused("At most {limit} characters, please.", limit=CONSENT_CHARACTERS_MAX)  # noqa: TRY301 (told like all others)
        await add_source(
            store,
            person=actor_of_request(request).person,
            organisation=code,
            fund=form["fund"] or GENERAL_FUND,
            project=form["project"] or None,
            address=form["address"],
            options=ListOptions(consent=form["consent"] or None),
        )
    except Refused as refusal:
        return await _shown(request, language, code, form, error=refusal.message)
    return see_other(language, "harvest", code=code)


@workplace_action(PATH + "/{source:str}/fetch", permission=Permission.REPORT, act="harvest.fetch")
async def fetch_now(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], source: FromPath[str]
) -> Redirect:
    """Fetch an address now; what is new there becomes a batch."""
    store: BatchStore = request.app.state.batches
    line = next((line for line in await sources_of(code) if line["id"] == source), None)
    if line is None:
        return see_other(language, "harvest", code=code)
    done = await harvest(store, line, Fetching(request.app.state.settings.harvest_networks))
    if done.batch is None:
        return see_other(language, "harvest", code=code)
    request.app.state.jobs.wake(done.batch)
    return see_other(language, "batch", code=code, batch=done.batch)


@workplace_action(PATH + "/{source:str}/end", permission=Permission.REPORT, act="harvest.end")
async def end(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], source: FromPath[str]
) -> Redirect:
    """Take an address off the list."""
    await end_source(request.app.state.batches, code, source)
    return see_other(language, "harvest", code=code)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


ROUTES = (harvest_page, add, fetch_now, end)
