"""Provides the routes of the workplace: each names the permission it needs, or it is refused.

A path that names an organisation (`{code}`) needs the permission for that very organisation.
"""

import re
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import quote

from litestar import HttpMethod, Response, route
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from charity.people.roles import Actor, Permission
from ledger.reading import read_head
from public_site.languages import language_of
from public_site.rendering import SiteRequest, page_path, rendered
from public_site.settings import Language
from public_site.workplace.act_recording import ACT, ActMiddleware
from public_site.workplace.visiting import (
    FORM_FIELD,
    VisitorMiddleware,
    actor_if_any,
    form_word,
    is_from_this_site,
)

PERMISSION: Final = "permission"
BEFORE_SECOND_FACTOR: Final = "before_second_factor"
WORKPLACE_PATH: Final = re.compile(r"/(zh|en)/workplace(/[A-Za-z0-9_%][A-Za-z0-9._~%-]*)*")
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
WITHOUT_SESSION: Final = frozenset({Permission.PUBLIC, Permission.SIGN_IN})


class SignInNeeded(HTTPException):
    """Nobody is signed in, or the session is over."""

    status_code = 401


class SecondFactorNeeded(HTTPException):
    """The second factor is still to be proved, or to be set up."""

    status_code = 401


class NotAllowed(HTTPException):
    """The person's roles do not allow this."""

    status_code = 403


class ForeignForm(HTTPException):
    """A form that did not come from a page of this site and session."""

    status_code = 403


async def check_permission(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Let only those through whom the route's permission allows.

    Raises:
        NotFoundException: the path names what no table can hold.
        SignInNeeded: nobody is signed in.
        SecondFactorNeeded: the roles demand one, or there is one, and it was not proved.
        NotAllowed: no role of the person allows it, for this organisation.
    """
    if any("\0" in str(value) for value in connection.path_params.values()):
        raise NotFoundException  # PostgreSQL has no such character
    permission: Permission = handler.opt[PERMISSION]
    if permission in WITHOUT_SESSION:
        return
    actor: Actor | None = connection.scope["state"].get("actor")
    if actor is None:
        raise SignInNeeded
    is_early = handler.opt.get(BEFORE_SECOND_FACTOR, False)
    if connection.scope["state"]["second_factor_due"] and not is_early:
        raise SecondFactorNeeded
    if not actor.may(permission, connection.path_params.get("code")):
        raise NotAllowed


async def check_form(request: SiteRequest) -> None:
    """Let only forms through that a page of this site and session sent.

    Raises:
        ForeignForm: it came from elsewhere, or from a page of another session.
        ClientException: it cannot be read.
    """
    if request.method in SAFE_METHODS:
        return
    if not is_from_this_site(request):
        raise ForeignForm
    expected = form_word(request)
    try:
        form = await request.form()
    except (ValueError, LookupError) as error:  # bytes that are no text, an unknown encoding
        raise ClientException from error
    given = form.get(FORM_FIELD) if expected else ""
    if not (isinstance(given, str) and compare_digest(given.encode(), expected.encode())):
        raise ForeignForm


def workplace_page(
    *paths: str,
    permission: Permission,
    act: str | None = None,
    before_second_factor: bool = False,
    **options: Any,
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a function answer GET and HEAD at these paths, to those whom the permission allows.

    A page that hands out personal data names its `act`, and is written into the access log. Only
    where people prove who they are is the second factor not yet asked for.
    """
    return route(
        list(paths),
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        include_in_schema=False,
        guards=[check_permission],
        middleware=_middleware(act),
        opt=_rules(permission, act, before_second_factor=before_second_factor),
        **options,
    )


def workplace_action(
    *paths: str,
    permission: Permission,
    act: str,
    before_second_factor: bool = False,
    **options: Any,
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a function take forms (POST) at these paths; `act` is its name in the access log.

    The act is recorded whatever comes of it, with the person, the organisation (`{code}`) and what
    else the path names, but for a value `{secret}`.
    """
    return route(
        list(paths),
        http_method=[HttpMethod.POST],
        status_code=HTTP_303_SEE_OTHER,
        include_in_schema=False,
        guards=[check_permission],
        before_request=check_form,
        middleware=_middleware(act),
        opt=_rules(permission, act, before_second_factor=before_second_factor),
        **options,
    )


def _middleware(act: str | None) -> list[ASGIMiddleware]:
    """Return who looks at the request before the guard: the visitor's finder, the recorder."""
    return [VisitorMiddleware(), *([ActMiddleware()] if act else [])]


def _rules(
    permission: Permission, act: str | None, *, before_second_factor: bool
) -> dict[str, object]:
    return {PERMISSION: permission, ACT: act, BEFORE_SECOND_FACTOR: before_second_factor}


async def workplace(
    request: SiteRequest,
    language: str,
    template: str,
    context: Mapping[str, object],
    *,
    section: str = "",
    status: int = 200,
) -> Response[str]:
    """Return a page of the workplace; browsers keep no copy of it.

    Templates extend `workplace/frame.html` and get `actor`, `form_word` and `code` beside
    the context.
    """
    chosen: Language = language_of(language)
    if status == 200:
        request.app.state.head = await read_head()
    return workplace_rendered(request, chosen, template, context, section=section, status=status)


def workplace_rendered(
    request: SiteRequest,
    language: Language,
    template: str,
    context: Mapping[str, object],
    *,
    section: str = "",
    status: int = 200,
) -> Response[str]:
    """Return a page of the workplace without reading anything."""
    shown = {
        "actor": actor_if_any(request),
        "form_word": form_word(request),
        "code": request.path_params.get("code", ""),
        "second_factor_due": request.scope["state"].get("second_factor_due", False),
        "is_form_answer": request.method not in SAFE_METHODS,
        **context,
    }
    response = rendered(request, language, template, shown, section=section, status=status)
    response.headers["cache-control"] = "no-store"
    # Under the site's own “no-referrer”, browsers would hide the origin of forms from us, too.
    response.headers["referrer-policy"] = "same-origin"
    return response


def see_other(language: str, name: str, /, *, done: str = "", **values: object) -> Redirect:
    """Return the way to a page of `public_site.rendering.PAGES` after a form was taken.

    `done` tells the page what was done, so that it can say so.
    """
    way = page_path(language_of(language), name, **values)
    return Redirect(f"{way}?done={quote(done)}" if done else way, status_code=303)


def way_through(request: SiteRequest, language: Language, name: str) -> Redirect:
    """Return the way to a page where people prove who they are, and from there back here."""
    way = page_path(language, name)
    if request.method in SAFE_METHODS:
        way = f"{way}?next={quote(request.url.path)}"
    return Redirect(way, status_code=303)


def own_way(text: str | None) -> str | None:
    """Return the path of a workplace page that a form names as the next; None if it is another.

    Nothing else is ever a way on: neither another site nor a public page.
    """
    return text if text and WORKPLACE_PATH.fullmatch(text) else None
