"""Provides the answer to what cannot be shown: a page for people, a line for programs."""

import logging
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers.base import BaseRouteHandler

from charity.people.access_log import REFUSED
from ledger.messages import Message, Refused
from public_site.api import problems
from public_site.faults import log_fault
from public_site.languages import preferred_language
from public_site.rendering import LANGUAGES, rendered
from public_site.settings import Language
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.routing import (
    PERMISSION,
    SAFE_METHODS,
    ForeignForm,
    SecondFactorNeeded,
    SignInNeeded,
    way_through,
    workplace_rendered,
)

logger = logging.getLogger(__name__)

SERVER_ERROR = 500
UNREADABLE = 400
NOT_FOUND = 404
UNPROCESSABLE = 422
TEXTS = {
    400: (
        Message("This address asks for something unreadable"),
        Message("Part of the address cannot be read. Go back, or begin on the home page."),
    ),
    401: (
        Message("Sign in first"),
        Message("This page is only for people who are signed in."),
    ),
    403: (
        Message("This is not open to you"),
        Message(
            "Your roles do not include this. Nothing was changed. If you need it for your work, ask"
            " the bureau officer who invited you."
        ),
    ),
    404: (
        Message("There is nothing here"),
        Message(
            "The page or entry does not exist. Entries never vanish: look at the number again."
        ),
    ),
    405: (
        Message("This address is only for reading"),
        Message("Nothing can be sent here."),
    ),
    500: (
        Message("Something is broken on our side"),
        Message("The error is recorded. Nothing in the ledger was changed by it."),
    ),
}
SESSION_OVER = (
    Message("You are no longer signed in"),
    Message(
        "Your session had ended when you sent this form, so nothing was saved. Go back in your"
        " browser: what you typed is usually still there. Keep a copy of it, sign in again, and"
        " enter it once more."
    ),
)
FOREIGN_FORM = (
    Message("This form is out of date"),
    Message(
        "It did not come from a page of your present session; perhaps you signed in again since"
        " you opened it. Nothing was saved. Go back, load the page again, and send it once more."
    ),
)
REFUSED_TITLE = Message("Nothing was changed")


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return "text/html" in request.headers.get("accept", "")


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Return the answer to an error, never a traceback."""
    if problems.is_api(request.scope["path"]):
        return problems.answer(request, error)
    status = _status(request, error)
    if status >= SERVER_ERROR:
        log_fault(logger, f"{request.method} {_place(request)}", error)
    else:
        note_act(request, outcome=REFUSED)
    language = _language(request)
    if _wants_page(request) and isinstance(error, SignInNeeded) and request.method in SAFE_METHODS:
        return way_through(request, language, "sign_in")
    if _wants_page(request) and isinstance(error, SecondFactorNeeded):
        return way_through(request, language, "second_factor")
    translate = translator(language)
    title, explanation = (message.text(translate) for message in _texts(status, error))
    if not _wants_page(request):
        reason = explanation if isinstance(error, Refused) else title
        return Response(f"{status} {reason}\n", media_type=MediaType.TEXT, status_code=status)
    context = {"status": status, "title": title, "text": explanation}
    if _is_workplace(request):
        context["session_over"] = isinstance(error, SignInNeeded)
        return workplace_rendered(
            request, language, "workplace/refusal.html", context, status=status
        )
    return rendered(request, language, "error.html", context, status=status)


def _status(request: Request[Any, Any, Any], error: Exception) -> int:
    if request.scope["path"].startswith("/static") and isinstance(error, OSError | ValueError):
        return NOT_FOUND  # no file can have such a name
    if isinstance(error, Refused) and _is_workplace(request):
        return UNPROCESSABLE
    status = error.status_code if isinstance(error, HTTPException) else SERVER_ERROR
    return min(status, SERVER_ERROR)


def _texts(status: int, error: Exception) -> tuple[Message, Message]:
    """Return the title of the page and what it says."""
    if isinstance(error, Refused) and status == UNPROCESSABLE:
        return REFUSED_TITLE, error.message
    if isinstance(error, SignInNeeded):
        return SESSION_OVER
    if isinstance(error, ForeignForm):
        return FOREIGN_FORM
    return TEXTS.get(status, TEXTS[UNREADABLE])


def _language(request: Request[Any, Any, Any]) -> Language:
    first = request.scope["path"].strip("/").partition("/")[0]
    return next((known for known in LANGUAGES if known == first), preferred_language(request))


def _is_workplace(request: Request[Any, Any, Any]) -> bool:
    handler: BaseRouteHandler | None = request.scope.get("route_handler")  # none: 404, 405
    return handler is not None and PERMISSION in handler.opt


def _place(request: Request[Any, Any, Any]) -> str:
    """Return the path for the record of errors; a secret in it is not written down."""
    values = request.scope.get("path_params") or {}
    return request.scope["path_template"] if "secret" in values else request.scope["path"]
