"""Provides the reading of bodies: JSON that means one thing only, and forms that bring a list."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from anyio import to_thread
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException
from pydantic import BaseModel, ValidationError

from ledger.messages import Message
from public_site.api.problem_kinds import (
    MALFORMED,
    MALFORMED_JSON,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
)
from public_site.api.problems import ApiProblem
from public_site.api.schemas import ListBatch, RecordsBatch
from public_site.api.validation import invalid_content, wrong_field
from public_site.rendering import SiteRequest
from public_site.workplace.received_files import FILE_BYTES_MAX, FILE_FIELD

Model = TypeVar("Model", bound=BaseModel)

JSON_BYTES_MAX: Final = 8 * 2**20
DEPTH_MAX: Final = 64
SPACES: Final = frozenset("\n\r\t")
JSON_TYPE, FORM_TYPE = "application/json", "multipart/form-data"
REPEATED: Final = "accept"
COLUMNS: Final = "columns"


class _NotCleanError(ValueError):
    """JSON that programs may read in different ways (RFC 7493, I-JSON)."""


@dataclass(frozen=True, slots=True)
class SentList:
    """A donation list as it was sent: its file, and what it does not say."""

    file_name: str
    content: bytes
    form: ListBatch


async def read_sent(request: SiteRequest) -> RecordsBatch | SentList:
    """Return what a program sent: records as JSON, or a list in a form.

    Raises:
        ApiProblem: it is of another type, unreadable, too large, or has wrong fields.
    """
    content_type, _ = request.content_type
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiProblem(UNSUPPORTED_MEDIA_TYPE)
    if content_type == JSON_TYPE:
        body = await _json_body(request)
        return await to_thread.run_sync(read_json, RecordsBatch, body)
    if content_type == FORM_TYPE:
        return await _read_form(request)
    raise ApiProblem(UNSUPPORTED_MEDIA_TYPE)


async def _json_body(request: SiteRequest) -> bytes:
    """Return the body, no more of it than JSON may have."""
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > JSON_BYTES_MAX:
            raise ApiProblem(
                TOO_LARGE,
                Message("JSON has at most {limit} MiB here.", limit=JSON_BYTES_MAX // 2**20),
            )
        pieces.append(piece)
    return b"".join(pieces)


def read_json(model: type[Model], body: bytes) -> Model:
    """Return what a JSON document says, by a model; numbers and texts are never mixed up.

    Raises:
        ApiProblem: it is no clean JSON, or has wrong fields.
    """
    try:
        _check_value(json.loads(body.decode(), **CLEAN), 0)
    except RecursionError as error:
        raise ApiProblem(MALFORMED_JSON) from error
    except ValueError as error:  # also of the decoding, and of a number with thousands of digits
        raise ApiProblem(MALFORMED_JSON) from error
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors(include_input=False)):
            raise ApiProblem(MALFORMED_JSON) from error
        raise invalid_content(error) from error


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotCleanError("a name stands twice in one object")
    return made


def _no_constant(name: str) -> Any:
    raise _NotCleanError(f"{name} is no JSON")


CLEAN: Final[dict[str, Any]] = {"object_pairs_hook": _unique, "parse_constant": _no_constant}


def _check_value(value: Any, depth: int) -> None:
    """Look through a document for what databases and readers stumble over."""
    if depth > DEPTH_MAX:
        raise _NotCleanError("nested too deeply")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list):
        for one in value:
            _check_value(one, depth + 1)
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_text(name)
            _check_value(one, depth + 1)


def is_clean(text: str) -> bool:
    """Return whether a text has no control characters and no halves of characters."""
    return text.isprintable() or not any(
        unicodedata.category(character) in {"Cc", "Cs"} and character not in SPACES
        for character in text
    )


def _check_text(text: str) -> None:
    if not is_clean(text):
        raise _NotCleanError("a control character, or half a character")


async def _read_form(request: SiteRequest) -> SentList:
    await request.body()  # what is too large is refused before a file is made of it
    try:
        form = await request.form()
    except (ClientException, ValueError, LookupError) as error:
        raise ApiProblem(
            MALFORMED, Message("The form cannot be read: its parts or their encoding are broken.")
        ) from error
    fields: dict[str, list[Any]] = {}
    for name, value in form.multi_items():
        fields.setdefault(name, []).append(value)
    try:
        file_name, content = await _file_of(fields.pop(FILE_FIELD, []))
        return SentList(file_name, content, _list_batch(fields))
    finally:
        for _, value in form.multi_items():
            if isinstance(value, UploadFile):
                await value.close()


async def _file_of(values: Sequence[Any]) -> tuple[str, bytes]:
    """Return name and bytes of the one file.

    Raises:
        ApiProblem: there is none, more than one, an empty one, or too large a one.
    """
    if len(values) != 1 or not isinstance(values[0], UploadFile):
        raise wrong_field(
            f"/{FILE_FIELD}",
            Message("There must be one file, with its name."),
            Message("Send it as the part “file”, such as: curl --form file=@list.xlsx"),
        )
    content = await values[0].read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise ApiProblem(TOO_LARGE)
    if not content:
        raise wrong_field(
            f"/{FILE_FIELD}", Message("The file is empty."), Message("Send the list itself.")
        )
    return values[0].filename, content


def _list_batch(fields: dict[str, list[Any]]) -> ListBatch:
    """Return the fields beside the file.

    Raises:
        ApiProblem: one of them is wrong, unknown, or given twice.
    """
    given: dict[str, Any] = {}
    for name, values in fields.items():
        for value in values:
            if not isinstance(value, str) or not is_clean(value) or not is_clean(name):
                raise ApiProblem(MALFORMED)
        if name != REPEATED and len(values) > 1:
            raise wrong_field(
                f"/{name}", Message("This field is there twice."), Message("Send it once.")
            )
        given[name] = values if name == REPEATED else values[0]
    if COLUMNS in given:
        given[COLUMNS] = _columns(given[COLUMNS])
    try:
        return ListBatch.model_validate(given)
    except ValidationError as error:
        raise invalid_content(error) from error


def _columns(text: str) -> Any:
    try:
        value = json.loads(text, **CLEAN)
        _check_value(value, 0)
    except (ValueError, RecursionError) as error:
        raise wrong_field(
            f"/{COLUMNS}",
            Message("This is no clean JSON."),
            Message('Write an object, such as {{"金额（元）": "amount"}}.'),
        ) from error
    return value
