"""Provides the routes of the API: each names the scope that a token needs for it."""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final

from litestar import HttpMethod, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Operation
from pydantic import BaseModel

from charity.people.tokens import Scope
from ledger.messages import Message
from public_site.api.authentication import SCOPE, TokenMiddleware, check_scope
from public_site.api.problem_kinds import (
    INSUFFICIENT_SCOPE,
    INTERNAL,
    INVALID_PARAMETER,
    INVALID_TOKEN,
    NO_TOKEN,
    TOO_MANY_REQUESTS,
    ProblemKind,
)
from public_site.api.problems import PROBLEM_JSON
from public_site.api.schemas import Problem
from public_site.rendering import SiteRequest
from public_site.workplace.act_recording import ACT, ActMiddleware

API: Final = "/api/v1"
ALWAYS: Final = (
    INVALID_PARAMETER,
    NO_TOKEN,
    INVALID_TOKEN,
    INSUFFICIENT_SCOPE,
    TOO_MANY_REQUESTS,
    INTERNAL,
)
ETAG: Final = re.compile(r'(?:W/)?"([^"]*)"|\*')


def api_route(
    method: HttpMethod,
    path: str,
    *,
    scope: Scope,
    operation: str,
    summary: Message,
    problems: Sequence[ProblemKind] = (),
    act: str | None = None,
    responses: dict[int, ResponseSpec] | None = None,
    operation_class: type[Operation] = Operation,
    **options: Any,
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a function a route of the API.

    Args:
        method: GET answers HEAD as well.
        path: below /api/v1.
        scope: what a token must be good for.
        operation: the operation's id in the description.
        summary: what it does, in a few words.
        problems: which problems it may answer with, beside those of every route.
        act: its name in the access log, if it changes something.
        responses: further answers, by status.
        operation_class: how the description describes its body.
        options: further options of a route.
    """
    methods = [method, HttpMethod.HEAD] if method is HttpMethod.GET else [method]

    def operation_id(_: Any, asked: Any, __: Any) -> str:
        return f"{operation}Head" if asked == HttpMethod.HEAD else operation

    return route(
        f"{API}{path}",
        http_method=methods,
        guards=[check_scope],
        middleware=[TokenMiddleware(), *([ActMiddleware()] if act else [])],
        opt={SCOPE: scope, ACT: act},
        operation_id=operation_id,
        operation_class=operation_class,
        summary=summary.text(),
        tags=[path.split("/")[1]],
        security=[{"token": [scope.value]}],
        responses={**problem_answers((*ALWAYS, *problems)), **(responses or {})},
        **options,
    )


def problem_answers(kinds: Sequence[ProblemKind]) -> dict[int, ResponseSpec]:
    """Return the description of answers with a problem, by status."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        titles.setdefault(kind.status, []).append(f"{kind.title.text()} (`{kind.code}`)")
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            description="; ".join(said),
            media_type=PROBLEM_JSON,
        )
        for status, said in sorted(titles.items())
    }


def etag_of(content: bytes) -> str:
    """Return the tag of a content: it changes whenever the content does."""
    return f'"{sha256(content).hexdigest()[:24]}"'


def represented(
    request: SiteRequest,
    model: BaseModel,
    *,
    version: int | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    """Return the representation of something, or 304 if the program has it (RFC 9110 §13).

    The ETag of a batch begins with its version: that is what If-Match is compared with.
    """
    content = model.model_dump_json().encode()
    tag = etag_of(content)
    if version is not None:
        tag = f'"{version}-{tag[1:]}'
    common = {"etag": tag, "cache-control": "private, no-cache", **(headers or {})}
    if status == 200 and request.method != HttpMethod.POST and _has(request, tag):
        return Response(None, status_code=304, headers=common)
    return Response(content, media_type="application/json", status_code=status, headers=common)


def _has(request: SiteRequest, tag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return any(found[0] == "*" or f'"{found[1]}"' == tag for found in ETAG.finditer(known))
