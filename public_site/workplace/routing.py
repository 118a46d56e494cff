"""Provides the routes of the workplace: each names the permission it needs, or it is refused.

A path that names an organisation (`{code}`) needs the permission for that very organisation.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

from litestar import HttpMethod, Response, route
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from charity.people.roles import Actor, Permission
from public_site.languages import language_of
from public_site.rendering import SiteRequest, page, page_path, rendered
from public_site.settings import Language
from public_site.workplace.visiting import (
    FORM_FIELD,
    VisitorMiddleware,
    actor_if_any,
    form_word,
    is_from_this_site,
)

PERMISSION: Final = "permission"
ACT: Final = "act"
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
        SignInNeeded: nobody is signed in.
        SecondFactorNeeded: the person's roles demand one, and it was not proved.
        NotAllowed: no role of the person allows it, for this organisation.
    """
    permission: Permission = handler.opt[PERMISSION]
    if permission in WITHOUT_SESSION:
        return
    actor: Actor | None = connection.scope["state"].get("actor")
    if actor is None:
        raise SignInNeeded
    is_own_account = permission is Permission.OWN_ACCOUNT
    if actor.needs_second_factor and not actor.proved_second_factor and not is_own_account:
        raise SecondFactorNeeded
    if not actor.may(permission, connection.path_params.get("code")):
        raise NotAllowed


async def check_form(request: SiteRequest) -> None:
    """Let only forms through that a page of this site and session sent.

    Raises:
        ForeignForm: it came from elsewhere, or from a page of another session.
    """
    if request.method in SAFE_METHODS:
        return
    if not is_from_this_site(request):
        raise ForeignForm
    expected = form_word(request)
    if expected and (await request.form()).get(FORM_FIELD) != expected:
        raise ForeignForm


def workplace_page(
    *paths: str, permission: Permission, **options: Any
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a function answer GET and HEAD at these paths, to those whom the permission allows."""
    return route(
        list(paths),
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        include_in_schema=False,
        guards=[check_permission],
        middleware=[VisitorMiddleware()],
        opt={PERMISSION: permission},
        **options,
    )


def workplace_action(
    *paths: str, permission: Permission, act: str, **options: Any
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a function take forms (POST) at these paths; `act` is its name in the access log."""
    return route(
        list(paths),
        http_method=[HttpMethod.POST],
        status_code=HTTP_303_SEE_OTHER,
        include_in_schema=False,
        guards=[check_permission],
        before_request=check_form,
        middleware=[VisitorMiddleware()],
        opt={PERMISSION: permission, ACT: act},
        **options,
    )


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
    shown = {
        "actor": actor_if_any(request),
        "form_word": form_word(request),
        "code": request.path_params.get("code", ""),
        **context,
    }
    if status == 200:
        response = await page(request, chosen, template, shown, section=section)
    else:
        response = rendered(request, chosen, template, shown, section=section, status=status)
    response.headers["cache-control"] = "no-store"
    return response


def see_other(language: str, name: str, /, **values: object) -> Redirect:
    """Return the way to a page of `public_site.rendering.PAGES` after a form was taken."""
    return Redirect(page_path(language_of(language), name, **values), status_code=303)


def sign_in_again(request: SiteRequest, language: Language) -> Redirect:
    """Return the way to the sign-in page, which leads back here."""
    back = quote(request.url.path) if request.method in SAFE_METHODS else ""
    query = f"?next={back}" if back else ""
    return Redirect(page_path(language, "sign_in") + query, status_code=303)
