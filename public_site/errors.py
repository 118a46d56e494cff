"""Provides the answer to what cannot be shown: a page for people, a line for programs."""

import logging
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from ledger.messages import Message
from public_site.languages import preferred_language
from public_site.rendering import LANGUAGES, page_path, rendered
from public_site.translations import translator
from public_site.workplace.routing import SecondFactorNeeded, SignInNeeded, sign_in_again

logger = logging.getLogger(__name__)

SERVER_ERROR = 500
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
            "Your roles do not include this, or the form did not come from a page that you have"
            " open. Nothing was changed. Go back, load the page again, and try once more."
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
UNREADABLE = 400
NOT_FOUND = 404


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return "text/html" in request.headers.get("accept", "")


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Return the answer to an error, never a traceback."""
    status = error.status_code if isinstance(error, HTTPException) else SERVER_ERROR
    if request.scope["path"].startswith("/static") and isinstance(error, OSError | ValueError):
        status = NOT_FOUND  # no file can have such a name
    if status >= SERVER_ERROR:
        logger.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
        status = SERVER_ERROR
    title, explanation = TEXTS.get(status, TEXTS[UNREADABLE])
    first = request.scope["path"].strip("/").partition("/")[0]
    language = next((known for known in LANGUAGES if known == first), None)
    if language is None:
        language = preferred_language(request)
    if _wants_page(request) and isinstance(error, SignInNeeded):
        return sign_in_again(request, language)
    if _wants_page(request) and isinstance(error, SecondFactorNeeded):
        return Redirect(page_path(language, "second_factor"), status_code=303)
    translate = translator(language)
    if not _wants_page(request):
        return Response(
            f"{status} {title.text(translate)}\n",
            media_type=MediaType.TEXT,
            status_code=status,
        )
    context = {
        "status": status,
        "title": title.text(translate),
        "text": explanation.text(translate),
    }
    return rendered(request, language, "error.html", context, status=status)
