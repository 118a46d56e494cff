"""Provides who visits the workplace: the session cookie, the person behind it, safe forms.

Public pages never look at the cookie. A form is taken only from a page of this site (Origin, or
Sec-Fetch-Site) and with the word that only pages of this session hold.
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from charity.people.roles import Actor
from charity.people.second_factor import has_second_factor
from charity.people.sessions import ENDS_AFTER, find_actor, touch_session
from public_site.rendering import SiteRequest, site_address

SESSION_COOKIE: Final = "charity_session"
FORM_FIELD: Final = "form_word"
ADDRESS_CHARACTERS_MAX: Final = 45
SAME_SITE: Final = frozenset({"same-origin", "none"})


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class VisitorMiddleware(ASGIMiddleware):
    """Finds out who is signed in, for routes of the workplace only."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Put the actor, or None, beside the request."""
        connection: ASGIConnection[Any, Any, Any, Any] = ASGIConnection(scope)
        token = connection.cookies.get(SESSION_COOKIE)
        actor = await find_actor(token, now()) if token else None
        scope["state"]["session_token"] = token
        scope["state"]["actor"] = actor
        scope["state"]["second_factor_due"] = await is_second_factor_due(actor)
        await next_app(scope, receive, send)
        if actor is not None and actor.session is not None:
            # Only now: it waits for the writer's place, which a long import may hold.
            await touch_session(scope["litestar_app"].state.ledger.engine, actor.session, now())


async def is_second_factor_due(actor: Actor | None) -> bool:
    """Return whether somebody has still to prove a second factor, or to set one up.

    Whoever has set one up is asked for it, even where no role demands it.
    """
    if actor is None or actor.proved_second_factor:
        return False
    return actor.needs_second_factor or await has_second_factor(actor.person)


async def go_on_under(request: SiteRequest, token: str) -> Cookie:
    """Let the rest of this request go on in a session that has just got a new token.

    Returns the cookie that the answer has to set.
    """
    request.scope["state"]["session_token"] = token
    request.scope["state"]["actor"] = await find_actor(token, now())
    return session_cookie(request, token)


def client_address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the network address that a request came from; empty where there is none."""
    return connection.client.host[:ADDRESS_CHARACTERS_MAX] if connection.client else ""


def actor_if_any(request: SiteRequest) -> Actor | None:
    """Return who is signed in; None if nobody is."""
    actor: Actor | None = request.scope["state"].get("actor")
    return actor


def actor_of_request(request: SiteRequest) -> Actor:
    """Return who is signed in, on a route whose guard has made sure that somebody is."""
    actor = actor_if_any(request)
    if actor is None:
        raise RuntimeError("this route has no guard")
    return actor


def form_word(request: SiteRequest) -> str:
    """Return the word that forms of this session carry; empty where nobody is signed in."""
    token: str | None = request.scope["state"].get("session_token")
    if not token or actor_if_any(request) is None:
        return ""
    return hmac.new(token.encode(), b"form word", sha256).hexdigest()


def is_from_this_site(request: SiteRequest) -> bool:
    """Return whether a form was sent from a page of this site.

    Source: OWASP CSRF Prevention Cheat Sheet, “Fetch Metadata” and “Verifying Origin”.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site not in SAME_SITE:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return fetch_site is not None
    if origin == "null":  # what browsers say that are told to send no referrer
        return fetch_site == "same-origin"
    return urlsplit(origin).netloc in {
        request.headers.get("host", ""),
        urlsplit(site_address(request)).netloc,
    }


def session_cookie(request: SiteRequest, token: str) -> Cookie:
    """Return the cookie that keeps a session; an empty token ends it."""
    return Cookie(
        key=SESSION_COOKIE,
        value=token,
        path="/",
        max_age=int(ENDS_AFTER.total_seconds()) if token else 0,
        httponly=True,
        samesite="lax",
        secure=site_address(request).startswith("https:"),
    )
