"""Provides whose token it is: the organisation, its funds and projects, for a program's setup."""

from litestar import HttpMethod, Response

from charity.organisations.registry import find_organisation
from charity.organisations.tables import Fund
from charity.people.tables import ApiToken
from charity.people.tokens import Scope
from charity.projects.tables import Project
from ledger.messages import Message
from public_site.api.authentication import program_of
from public_site.api.routing import api_route, represented
from public_site.api.schemas import FundOut, OrganisationOut, ProjectOut, TokenOut
from public_site.rendering import SiteRequest


@api_route(
    HttpMethod.GET,
    "/organisation",
    scope=Scope.BATCHES_READ,
    operation="readOrganisation",
    summary=Message("Whose token this is, with funds and projects"),
)
async def read_organisation(request: SiteRequest) -> Response[OrganisationOut]:
    """Say which organisation the token belongs to, and which codes its records may name."""
    program = program_of(request)
    code = program.organisation
    organisation = await find_organisation(code)
    token = await ApiToken.select().where(ApiToken.id == program.token).first()
    funds = await Fund.select().where(Fund.organisation == code).order_by(Fund.code)
    projects = await Project.select().where(Project.organisation == code).order_by(Project.code)
    model = OrganisationOut(
        code=code,
        name=organisation.name,
        token=TokenOut(
            name=token["name"] if token else "",
            scopes=sorted(scope.value for scope in program.scopes),
            expires_at=token["expires_at"] if token else "",
        ),
        funds=[FundOut.model_validate(fund, extra="ignore") for fund in funds],
        projects=[ProjectOut.model_validate(project, extra="ignore") for project in projects],
    )
    return represented(request, model)


ROUTES = (read_organisation,)
