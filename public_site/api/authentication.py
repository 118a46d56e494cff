"""Provides who speaks: a program with a token, for one organisation, within the token's scopes.

Source of the answers to a missing, wrong or narrow token: RFC 6750 §3.
"""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from charity.people.tokens import Scope as TokenScope
from charity.people.tokens import TokenActor, find_token, touch_token
from ledger.messages import Message
from public_site.api.limits import RequestLimits
from public_site.api.problem_kinds import (
    INSUFFICIENT_SCOPE,
    INVALID_TOKEN,
    NO_TOKEN,
    TOO_MANY_REQUESTS,
)
from public_site.api.problems import ApiProblem
from public_site.rendering import SiteRequest
from public_site.workplace.act_recording import note_act
from public_site.workplace.visiting import now

SCOPE: Final = "scope"
PROGRAM: Final = "program"
BEARER: Final = "bearer"
REALM: Final = 'Bearer realm="charity-city"'


class TokenMiddleware(ASGIMiddleware):
    """Finds out which program speaks, before anything else is done with its request."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Put the program beside the request.

        Raises:
            ApiProblem: there is no token, it opens nothing, or it asks too often.
        """
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        state = connection.app.state
        program = await _program(connection.headers.get("authorization", ""))
        limits: RequestLimits = state.api_limits
        seconds = limits.wait(program.token)
        if seconds:
            raise ApiProblem(TOO_MANY_REQUESTS, headers={"retry-after": str(seconds)})
        scope["state"][PROGRAM] = program
        scope["state"]["actor"] = program.actor
        note_act(connection, organisation=program.organisation)
        await touch_token(state.ledger.engine, program.token, now())
        await next_app(scope, receive, send)


async def check_scope(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Let only programs through whose token reaches as far as the route.

    Raises:
        ApiProblem: the token lacks the scope.
    """
    needed: TokenScope = handler.opt[SCOPE]
    program: TokenActor = connection.scope["state"][PROGRAM]
    if program.may(needed):
        return
    challenge = f'{REALM}, error="insufficient_scope", scope="{needed.value}"'
    raise ApiProblem(
        INSUFFICIENT_SCOPE,
        Message("The token lacks the scope {scope}.", scope=needed.value),
        headers={"www-authenticate": challenge},
    )


async def _program(authorization: str) -> TokenActor:
    kind, _, token = authorization.partition(" ")
    if kind.lower() != BEARER or not token.strip():
        raise ApiProblem(NO_TOKEN, headers={"www-authenticate": REALM})
    program = await find_token(token.strip(), now())
    if program is None:
        raise ApiProblem(
            INVALID_TOKEN, headers={"www-authenticate": f'{REALM}, error="invalid_token"'}
        )
    return program


def program_of(request: SiteRequest) -> TokenActor:
    """Return the program that speaks, on a route whose guard has made sure that one does."""
    program: TokenActor = request.scope["state"][PROGRAM]
    return program
