"""Provides the first page of the workplace: what is due, what waits, what the funds hold."""

from litestar import Response
from litestar.params import FromPath

from charity.people.roles import Permission
from public_site.rendering import SiteRequest
from public_site.workplace.routing import workplace, workplace_page


@workplace_page("/{language:str}/workplace/{code:str}", permission=Permission.SEE_REPORTS)
async def overview(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str]:
    """Show what waits for the people of an organisation."""
    return await workplace(request, language, "workplace/overview.html", {}, section="overview")


ROUTES = (overview,)
