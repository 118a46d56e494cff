"""Provides the start of the workplace: for whom somebody works, and what the roles open."""

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from charity.organisations.tables import Organisation
from charity.people.roles import ROLE_NAMES, Actor, Permission, Role
from ledger.messages import Translate
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.routing import see_other, workplace, workplace_page
from public_site.workplace.visiting import actor_of_request


@workplace_page("/{language:str}/workplace", permission=Permission.OWN_ACCOUNT)
async def start(request: SiteRequest, language: FromPath[str]) -> Response[str] | Redirect:
    """Show the organisations to choose from; whoever works for just one goes straight there."""
    actor = actor_of_request(request)
    own = sorted(actor.organisations())
    if len(own) == 1 and all(standing.organisation for standing in actor.standings):
        return see_other(language, "overview", code=own[0])
    roles = {standing.role for standing in actor.standings}
    context = {
        "own": await _organisations(actor, translator(language_of(language))),
        "is_judge": Role.JUDGE in roles,
        "is_auditor": Role.AUDITOR in roles,
        "all": await _all_organisations() if Role.AUDITOR in roles else [],
    }
    return await workplace(request, language, "workplace/start.html", context, section="workplace")


async def _organisations(actor: Actor, translate: Translate) -> list[dict[str, object]]:
    """Return the organisations that a person acts for, with the roles there."""
    names = {row["code"]: row["name"] for row in await _all_organisations()}
    return [
        {
            "code": code,
            "name": names.get(code, code),
            "roles": [
                label.text(translate)
                for role, label in ROLE_NAMES.items()
                if any(
                    standing.role is role and standing.organisation == code
                    for standing in actor.standings
                )
            ],
        }
        for code in sorted(actor.organisations())
    ]


async def _all_organisations() -> list[dict[str, str]]:
    return await Organisation.select(Organisation.code, Organisation.name).order_by(
        Organisation.name
    )


ROUTES = (start,)
