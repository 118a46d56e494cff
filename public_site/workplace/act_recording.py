"""Provides the recording of acts: every form, every download of personal data, in the access log.

A route names its act (see `public_site.workplace.routing`); nothing is left to the module that
does it, so no act can be forgotten.
"""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from charity.people.access_log import DONE, REFUSED, record_act
from charity.people.roles import Actor
from ledger.database.engines import write_transaction
from public_site.workplace.visiting import client_address, now

ACT: Final = "act"
NOTED: Final = "act_noted"
PLACES: Final = frozenset({"language", "code", "secret"})
"""Values of a path that say where, not what; `secret` opens something and is never written down."""
CODE_CHARACTERS: Final = 18
FAILED: Final = "failed"


def note_act(request: ASGIConnection[Any, Any, Any, Any], **details: str | None) -> None:
    """Say of the act under way what its path does not: `person`, `organisation`, `subject`.

    `outcome` is told by the status of the answer, `act` by the route; whoever knows better says
    it here.
    """
    state: dict[str, Any] = request.scope.setdefault("state", {})
    state[NOTED] = state.get(NOTED, {}) | details


def _outcome(status: int) -> str:
    if status < 400:
        return DONE
    return REFUSED if status < 500 else FAILED


def _subject(values: dict[str, Any]) -> str | None:
    """Return what the path names beside organisation and language: a batch, a person, a token."""
    named = (str(value) for name, value in values.items() if name not in PLACES)
    text = " ".join("".join(filter(str.isprintable, value)) for value in named)
    return text or None


def _organisation(values: dict[str, Any]) -> str | None:
    code = str(values.get("code", ""))
    return code if len(code) == CODE_CHARACTERS and code.isalnum() else None


class ActMiddleware(ASGIMiddleware):
    """Writes what was done into the access log, before the answer goes out."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Record the act as soon as its outcome is known."""

        async def recording(message: Message) -> None:
            if message["type"] == "http.response.start":
                await _record(scope, message["status"])
            await send(message)

        await next_app(scope, receive, recording)


async def _record(scope: Scope, status: int) -> None:
    connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
    actor: Actor | None = scope["state"].get("actor")
    noted: dict[str, str | None] = scope["state"].get(NOTED, {})
    if actor is None and not noted.keys() - {"outcome"}:
        return  # stopped at the door, nothing was tried: strangers must not fill the log
    values = connection.path_params
    details: dict[str, Any] = {
        "act": connection.route_handler.opt[ACT],
        "person": actor.person if actor else None,
        "organisation": _organisation(values),
        "subject": _subject(values),
        "outcome": _outcome(status),
    } | noted
    async with write_transaction(scope["litestar_app"].state.ledger.engine):
        await record_act(
            at=now(),
            address=client_address(connection),
            **details,
        )
