"""Tests of every role at every route: a route without a rule here fails."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from charity.people.roles import ORGANISATION_ROLES, Role
from public_site.settings import Settings
from public_site.workplace.visiting import SESSION_COOKIE
from tests.conftest import ORGANISATION
from tests.public_site.applications import application
from tests.public_site.conftest import BROWSER, SITE
from tests.public_site.workplace.accounts import FORM_WORD, account, row_of
from tests.public_site.workplace.conftest import FROM_THIS_SITE, session_of

OTHER_ORGANISATION = "53440300MJL1234568"
WORKPLACE = "/{language}/workplace"
OF_ORGANISATION = "/{language}/workplace/{code}"
API = "/api/v1/"
"""Programs sign in with tokens there; tests/public_site/api checks who may do what."""

PUBLIC = {
    "GET /",
    "GET /{language}",
    "GET /{language}/api",
    "GET /{language}/api/problems/{code}",
    "GET /{language}/check",
    "GET /{language}/entries/{position}",
    "GET /{language}/entries/{position}/trace",
    "GET /{language}/entries/{position}/trace.csv",
    "GET /{language}/entries/{position}/trace.json",
    "GET /{language}/months.csv",
    "GET /{language}/organisations",
    "GET /{language}/organisations/{code}",
    "GET /{language}/organisations/{code}/donations",
    "GET /{language}/organisations/{code}/donations.csv",
    "GET /{language}/receipt",
    "GET /{language}/receipt-checker.html",
    "GET /checkpoint",
    "GET /entries/{file_name}",
    "GET /log-key",
    "GET /static/{file_path}",
    "GET /tile/{path}",
}
"""What everybody may read, without looking at who it is."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who comes: with a role, for an organisation, with or without the second factor."""

    role: Role | None
    organisation: str | None = ORGANISATION
    proved: bool = True

    def __str__(self) -> str:
        place = "another" if self.organisation == OTHER_ORGANISATION else "own"
        return f"{self.role or 'nobody'}-{place}-{'proved' if self.proved else 'unproved'}"


NOBODY = Visitor(None)
VISITORS = (
    NOBODY,
    *(Visitor(role) for role in Role),
    *(Visitor(role, OTHER_ORGANISATION) for role in sorted(ORGANISATION_ROLES)),
    *(Visitor(role, proved=False) for role in Role if role is not Role.MAKER),
)

Roles = frozenset[Role] | None
MAKER, CHECKER, OFFICER, AUDITOR = (
    frozenset({role}) for role in (Role.MAKER, Role.CHECKER, Role.BUREAU_OFFICER, Role.AUDITOR)
)
EVERY_ROLE = frozenset(Role)
ANYBODY: Roles = None
"""Also whoever is not signed in."""

RULES: Mapping[str, Roles] = {
    # Signing in, and what a link in a mail leads to.
    f"GET {WORKPLACE}/sign-in": ANYBODY,
    f"POST {WORKPLACE}/sign-in": ANYBODY,
    f"GET {WORKPLACE}/forgotten": ANYBODY,
    f"POST {WORKPLACE}/forgotten": ANYBODY,
    f"GET {WORKPLACE}/new-password/{{secret}}": ANYBODY,
    f"POST {WORKPLACE}/new-password/{{secret}}": ANYBODY,
    f"GET {WORKPLACE}/invitations/{{secret}}": ANYBODY,
    f"POST {WORKPLACE}/invitations/{{secret}}": ANYBODY,
    # One's own account.
    f"GET {WORKPLACE}": EVERY_ROLE,
    f"GET {WORKPLACE}/second-factor": EVERY_ROLE,
    f"POST {WORKPLACE}/second-factor": EVERY_ROLE,
    f"POST {WORKPLACE}/second-factor/set-up": EVERY_ROLE,
    f"GET {WORKPLACE}/second-factor/anew": EVERY_ROLE,
    f"POST {WORKPLACE}/second-factor/anew": EVERY_ROLE,
    f"POST {WORKPLACE}/sign-out": EVERY_ROLE,
    f"GET {WORKPLACE}/account": EVERY_ROLE,
    f"POST {WORKPLACE}/account/details": EVERY_ROLE,
    f"POST {WORKPLACE}/account/password": EVERY_ROLE,
    f"POST {WORKPLACE}/account/recovery-codes": EVERY_ROLE,
    f"POST {WORKPLACE}/account/sessions/{{session}}/end": EVERY_ROLE,
    # Supervision.
    f"GET {WORKPLACE}/people": OFFICER,
    f"POST {WORKPLACE}/people/invite": OFFICER,
    f"POST {WORKPLACE}/people/invitations/{{invitation}}/withdraw": OFFICER,
    f"POST {WORKPLACE}/people/{{person}}/end-role": OFFICER,
    f"POST {WORKPLACE}/people/{{person}}/disable": OFFICER,
    f"POST {WORKPLACE}/people/{{person}}/enable": OFFICER,
    f"POST {WORKPLACE}/people/{{person}}/reset-second-factor": OFFICER,
    f"GET {WORKPLACE}/acts": OFFICER | AUDITOR,
    f"GET {WORKPLACE}/acts.csv": OFFICER | AUDITOR,
    f"GET {WORKPLACE}/donors": OFFICER,
    f"POST {WORKPLACE}/donors/find": OFFICER,
    f"GET {WORKPLACE}/donors/pair": OFFICER,
    f"POST {WORKPLACE}/donors/merge": OFFICER,
    f"POST {WORKPLACE}/donors/answer": OFFICER,
    f"POST {WORKPLACE}/donors/relate": OFFICER,
    f"POST {WORKPLACE}/donors/{{position}}/separate": OFFICER,
    f"POST {WORKPLACE}/donors/{{position}}/end": OFFICER,
    # The work for an organisation: overview, batches, receipts, donors, programs.
    f"GET {OF_ORGANISATION}": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/upload": MAKER,
    f"POST {OF_ORGANISATION}/upload": MAKER,
    f"GET {OF_ORGANISATION}/batches": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/batches/{{batch}}": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/batches/{{batch}}/rows.csv": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/batches/{{batch}}/problems.csv": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/batches/{{batch}}/progress": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/batches/{{batch}}/columns": MAKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/columns": MAKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/submit": MAKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/withdraw": MAKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/approve": CHECKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/reject": CHECKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/check": MAKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/retry": MAKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/file": MAKER,
    f"GET {OF_ORGANISATION}/batches/{{batch}}/records": MAKER,
    f"POST {OF_ORGANISATION}/batches/{{batch}}/records": MAKER,
    f"GET {OF_ORGANISATION}/records/{{kind}}": MAKER,
    f"POST {OF_ORGANISATION}/records/{{kind}}": MAKER,
    f"GET {OF_ORGANISATION}/harvest": MAKER,
    f"POST {OF_ORGANISATION}/harvest": MAKER,
    f"POST {OF_ORGANISATION}/harvest/{{source}}/fetch": MAKER,
    f"POST {OF_ORGANISATION}/harvest/{{source}}/end": MAKER,
    f"GET {OF_ORGANISATION}/tokens": MAKER,
    f"GET {OF_ORGANISATION}/receipts": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/receipts/{{receipt}}": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/receipts/{{receipt}}/pdf": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/receipts/archive": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/receipts/issue": MAKER | CHECKER,
    f"POST {OF_ORGANISATION}/receipts/issue": MAKER | CHECKER,
    f"POST {OF_ORGANISATION}/receipts/{{receipt}}/void": CHECKER,
    f"POST {OF_ORGANISATION}/tokens": MAKER,
    f"POST {OF_ORGANISATION}/tokens/{{token}}/revoke": MAKER,
    f"GET {OF_ORGANISATION}/donors": MAKER | CHECKER | AUDITOR,
    f"POST {OF_ORGANISATION}/donors/find": MAKER | CHECKER | AUDITOR,
    f"GET {OF_ORGANISATION}/donors/pair": CHECKER,
    f"POST {OF_ORGANISATION}/donors/merge": CHECKER,
    f"POST {OF_ORGANISATION}/donors/answer": CHECKER,
    f"POST {OF_ORGANISATION}/donors/relate": CHECKER,
    f"POST {OF_ORGANISATION}/donors/{{position}}/separate": CHECKER,
    f"POST {OF_ORGANISATION}/donors/{{position}}/end": CHECKER,
}
"""Who may do what, once more and by hand: method and path, and the roles (for `{code}` those of
that organisation). Whoever adds a route adds a line."""

BEFORE_SECOND_FACTOR = {
    f"GET {WORKPLACE}/second-factor",
    f"POST {WORKPLACE}/second-factor",
    f"POST {WORKPLACE}/second-factor/set-up",
    f"POST {WORKPLACE}/sign-out",
}
"""Where the second factor is not asked for: it is proved there, or the session ends."""

VALUES = {"language": "zh", "code": ORGANISATION, "secret": "示例", "kind": "donation"}
UNKNOWN = "0" * 32


def routes(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Yield every route of the site: method and path, and its handler."""
    for route in app.routes:
        for handler in cast("Any", route).route_handlers:
            for method in handler.http_methods - {"HEAD", "OPTIONS"}:
                yield f"{method} {cast('Any', route).path_format}", handler


def workplace_routes(app: Litestar) -> list[str]:
    """Return the routes that name a permission, but for those of programs."""
    return [
        name
        for name, handler in routes(app)
        if "permission" in handler.opt and not name.partition(" ")[2].startswith(API)
    ]


def is_allowed(visitor: Visitor, route: str) -> bool:
    """Return what the table says."""
    roles = RULES[route]
    if roles is None:
        return True
    if visitor.role not in roles:
        return False
    if "{code}" in route and visitor.role in ORGANISATION_ROLES:
        return visitor.organisation == ORGANISATION
    return True


def expected(visitor: Visitor, route: str) -> str:
    """Return what becomes of a request."""
    if RULES[route] is None:
        return "let through"
    if visitor.role is None:
        return "sign in"
    if not visitor.proved and route not in BEFORE_SECOND_FACTOR:
        return "second factor"
    return "let through" if is_allowed(visitor, route) else "refused"


def became(answer: httpx.Response) -> str:
    """Return what became of a request, by its answer."""
    location = answer.headers.get("location", "")
    if answer.status_code == 401 or location.startswith("/zh/workplace/sign-in?next="):
        return "sign in"
    if answer.status_code == 303 and location.startswith("/zh/workplace/second-factor"):
        return "second factor"
    if answer.status_code == 403:
        return "refused"
    return "let through" if answer.status_code < 500 else f"error {answer.status_code}"


def address(route: str) -> str:
    """Return an address of a route; what it names is not there, so that nothing is changed."""
    path = route.partition(" ")[2]
    while "{" in path:
        name = path.partition("{")[2].partition("}")[0]
        path = path.replace(f"{{{name}}}", VALUES.get(name, UNKNOWN))
    return path


def test_every_route_is_public_or_names_a_permission(settings: Settings) -> None:
    app = application(settings)
    open_to_all = {
        name
        for name, handler in routes(app)
        if "permission" not in handler.opt and not name.partition(" ")[2].startswith(API)
    }
    assert open_to_all == PUBLIC
    programs = {
        name: handler for name, handler in routes(app) if name.partition(" ")[2].startswith(API)
    }
    assert [name for name, handler in programs.items() if "scope" not in handler.opt] == []


def test_every_route_of_the_workplace_has_a_rule(settings: Settings) -> None:
    there = set(workplace_routes(application(settings)))
    assert there - set(RULES) == set(), "add these routes to RULES"
    assert set(RULES) - there == set(), "these rules are for routes that are gone"


@pytest.mark.parametrize("visitor", VISITORS, ids=str)
async def test_every_role_at_every_route(app: Litestar, visitor: Visitor) -> None:
    person = await _invented(app, visitor)
    wrong = {}
    for route in sorted(RULES.keys() & set(workplace_routes(app))):
        async with await _client(app, visitor, person) as client:
            answer = await _request(client, route)
        if became(answer) != expected(visitor, route):
            wrong[route] = f"{became(answer)}, not {expected(visitor, route)}"
    assert wrong == {}


async def _invented(app: Litestar, visitor: Visitor) -> str:
    if visitor.role is None:
        return ""
    place = visitor.organisation if visitor.role in ORGANISATION_ROLES else None
    return str((await row_of(await account(app, (visitor.role, place))))["id"])


async def _client(app: Litestar, visitor: Visitor, person: str) -> httpx.AsyncClient:
    """Return a client in a session of its own: some of the requests end theirs."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(cast("Any", app)),
        base_url=SITE,
        headers=BROWSER | FROM_THIS_SITE,
    )
    if person:
        token = await session_of(app.state.ledger, person, second_factor=visitor.proved)
        client.cookies.set(SESSION_COOKIE, token)
    return client


async def _request(client: httpx.AsyncClient, route: str) -> httpx.Response:
    method, _, _ = route.partition(" ")
    if method == "GET":
        return await client.get(address(route))
    page = (await client.get("/zh/workplace/second-factor", follow_redirects=True)).text
    word = FORM_WORD.search(page)
    return await client.post(address(route), data={"form_word": word[1] if word else ""})
