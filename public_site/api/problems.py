"""Provides problem details (RFC 9457) for every error of the API, in both languages.

`title` and `detail` are in the language that the program prefers (Accept-Language); `titles` and
`details` hold both, so that a program can show them to whomever it serves.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from litestar import Response
from litestar.exceptions import HTTPException, ValidationException

from ledger.messages import Message, Refused, WrongUse
from public_site.api.problem_kinds import (
    BY_STATUS,
    INTERNAL,
    INVALID_CONTENT,
    INVALID_PARAMETER,
    MALFORMED,
    REFUSED,
    TOO_LARGE,
    ProblemKind,
)
from public_site.api.schemas import FieldProblem, Problem, Words
from public_site.faults import log_fault
from public_site.languages import preferred_language
from public_site.rendering import SiteRequest, page_path, site_address
from public_site.settings import Language
from public_site.translations import HTML_LANGUAGES, translator
from public_site.workplace.received_files import AfterBody

logger = logging.getLogger(__name__)

PROBLEM_JSON: Final = "application/problem+json"
API_PREFIX: Final = "/api"
PARAMETERS: Final = {"in_state": "state"}
"""Parameters whose name the web framework keeps for itself, as programs write them."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: a JSON pointer (RFC 6901), or the name of a parameter."""

    pointer: str
    message: Message
    mend: Message


@dataclass(slots=True)
class ApiProblem(Exception):  # noqa: N818 (it is an answer, not a failure of the program)
    """A request that is answered with a problem of a kind.

    Attributes:
        kind: what kind of problem it is.
        detail: what happened this time, where there is more to say than the kind does.
        errors: the fields that are wrong.
        headers: what the answer's headers add, such as Retry-After.
    """

    kind: ProblemKind
    detail: Message | None = None
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.kind.code


def is_api(path: str) -> bool:
    """Return whether a path belongs to the API, whose errors are for programs."""
    return path == API_PREFIX or path.startswith(f"{API_PREFIX}/")


def in_both(message: Message) -> Words:
    """Return a sentence in both languages."""
    return Words(zh=message.text(translator("zh")), en=message.text(translator("en")))


def _of(words: Words, language: Language) -> str:
    return words.zh if language == "zh" else words.en


def _field_problem(error: FieldError, language: Language) -> FieldProblem:
    messages, mends = in_both(error.message), in_both(error.mend)
    return FieldProblem(
        pointer=error.pointer,
        message=_of(messages, language),
        mend=_of(mends, language),
        messages=messages,
        mends=mends,
    )


def problem_of(error: Exception) -> ApiProblem:
    """Return the problem that an error is, whoever raised it."""
    if isinstance(error, ApiProblem):
        return error
    if isinstance(error, Refused):
        kind = INVALID_CONTENT if isinstance(error, WrongUse) else REFUSED
        return ApiProblem(kind, error.message)
    if isinstance(error, ValidationException):
        return ApiProblem(INVALID_PARAMETER, errors=_wrong_parameters(error))
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = BY_STATUS.get(error.status_code, MALFORMED)
        allowed = {
            name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"
        }
        return ApiProblem(kind, headers=allowed)
    return ApiProblem(INTERNAL)


def _wrong_parameters(error: ValidationException) -> tuple[FieldError, ...]:
    extra = error.extra if isinstance(error.extra, list) else []
    names = [str(one["key"]) for one in extra if isinstance(one, dict) and "key" in one]
    return tuple(
        FieldError(
            PARAMETERS.get(name, name),
            Message("This parameter has a value that it cannot have."),
            Message("The description of the API says what it may be."),
        )
        for name in names
    )


def answer(request: SiteRequest, error: Exception) -> Response[Any]:
    """Return the answer to an error under /api, never a traceback."""
    problem = problem_of(error)
    kind = problem.kind
    instance = f"urn:uuid:{uuid4()}"
    if kind is INTERNAL:
        # The path names nobody: ids are drawn by lot.
        log_fault(logger, f"{request.method} {request.scope['path']} ({instance})", error)
    language = preferred_language(request)
    titles, details = in_both(kind.title), in_both(problem.detail or kind.detail)
    body = Problem(
        type=site_address(request) + page_path(language, "api_problem", code=kind.code),
        title=_of(titles, language),
        status=kind.status,
        detail=_of(details, language),
        instance=instance,
        code=kind.code,
        titles=titles,
        details=details,
        errors=[_field_problem(error, language) for error in problem.errors],
    )
    # Whoever is still sending what is too large hears the answer only afterwards.
    answering = AfterBody if kind is TOO_LARGE else Response
    return answering(
        body.model_dump_json(),
        media_type=PROBLEM_JSON,
        status_code=kind.status,
        headers={
            "cache-control": "no-store",
            "content-language": HTML_LANGUAGES[language],
            "vary": "accept-language",
            **problem.headers,
        },
    )
