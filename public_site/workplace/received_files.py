"""Provides the file that a form brings: its bytes, and a clear answer where it is too large."""

from typing import Any, Final

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.types import Receive, Scope, Send

from ledger.messages import Message, Refused
from public_site.rendering import SiteRequest

FILE_MIB_MAX: Final = 64
FILE_BYTES_MAX: Final = FILE_MIB_MAX * 2**20
FORM_BYTES_MAX: Final = FILE_BYTES_MAX + 2**20
"""A file and the fields around it."""

READ_AWAY_BYTES_MAX: Final = 2**30
FILE_FIELD: Final = "file"

TOO_LARGE: Final = Message(
    "This file has more than {limit} MiB. Split the list into several files and send them one"
    " after the other.",
    limit=FILE_MIB_MAX,
)


async def received_file(request: SiteRequest) -> tuple[str, bytes]:
    """Return name and bytes of the file in a form.

    Raises:
        Refused: no file was chosen, or it is too large.
    """
    given = (await request.form()).get(FILE_FIELD)
    if not isinstance(given, UploadFile):
        raise Refused("Choose a file first.")
    try:
        content = await given.read(FILE_BYTES_MAX + 1)
    finally:
        await given.close()
    if len(content) > FILE_BYTES_MAX:
        raise Refused(TOO_LARGE.template, **TOO_LARGE.values)
    return given.filename, content


class _AnswerAfterBody:
    """Reads away what a browser still sends before it answers, or the browser shows no answer."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the rest of the request, within bounds, and answer."""
        read = 0
        while read < READ_AWAY_BYTES_MAX:
            event = await receive()
            if event["type"] != "http.request" or not event.get("more_body", False):
                break
            read += len(event["body"])
        await self._answer(scope, receive, send)


class AfterBody(Response[str]):
    """A page that is sent once the whole request has been read away."""

    def to_asgi_response(self, *arguments: Any, **options: Any) -> Any:
        """Return the page as an application that first reads the rest of the request."""
        return _AnswerAfterBody(super().to_asgi_response(*arguments, **options))
