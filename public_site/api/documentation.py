"""Provides the description of the API (OpenAPI 3.1), the pages that show it, and those of problems.

Litestar describes the routes; the schemas are pydantic's own, which state every pattern (Litestar's
leave patterns out, stack L16).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from litestar import Litestar, Response
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.params import FromPath
from pydantic.json_schema import models_json_schema

from public_site.api import batches, organisation
from public_site.api.authentication import SCOPE
from public_site.api.body_descriptions import LIST_FORM
from public_site.api.problem_kinds import KINDS
from public_site.api.routing import API, etag_of
from public_site.api.schemas import ANSWERS, BATCH_ID, IDEMPOTENCY_KEY, REQUESTS, list_form_schema
from public_site.languages import language_of
from public_site.rendering import SiteRequest, page, site_address
from public_site.routing import page_route
from public_site.translations import translator

DOCUMENT: Final = f"{API}/openapi.json"
DESCRIBED: Final = (*batches.ROUTES, *organisation.ROUTES)
TITLE: Final = "慈善之城 · Charity City API"
DESCRIPTION: Final = """\
Programs of foundations hand in batches of gifts, spendings and other facts, and read what became
of them. A batch is checked as in the workplace; a second person approves it there before anything
is in the ledger. Amounts are whole numbers in minor units (fen), days are days in Asia/Shanghai.

机构的程序可在此提交捐赠、支出等批次，并查询处理结果。检查与工作台相同；复核人在工作台通过后才记入账本。\
金额为整数，以最小单位（分）计；日期为北京时间。

Every error is a problem (RFC 9457) in Chinese and English. Each token may make 120 requests a
minute.

所有错误都以中英文问题详情（RFC 9457）返回；每个令牌每分钟最多 120 次请求。
"""
# Swagger UI puts styles into its elements; its script needs nothing from anywhere else.
VIEWER_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
ORDER: Final = ("get", "post", "put", "delete")


@cache
def description() -> dict[str, Any]:
    """Return the description, as Litestar makes it of the routes, with the schemas of pydantic."""
    described = Litestar(
        route_handlers=list(DESCRIBED),
        openapi_config=OpenAPIConfig(
            title=TITLE,
            version="1",
            description=DESCRIPTION,
            use_handler_docstrings=True,
            servers=[],
            tags=[
                Tag(name="batches", description="批次"),
                Tag(name="organisation", description="机构"),
            ],
            components=Components(
                security_schemes={
                    "token": SecurityScheme(
                        type="http",
                        scheme="bearer",
                        description=(
                            "A token from the page “Programs” of the workplace."
                            " 工作台“程序接入”页面生成的令牌。"
                        ),
                    )
                }
            ),
        ),
        logging_config=None,
    )
    # Through JSON, so that it is plain and ours to complete.
    said = msgspec.json.encode(described.openapi_schema.to_schema())
    made: dict[str, Any] = msgspec.json.decode(said)
    made["components"]["schemas"] |= _schemas()
    for operations in made["paths"].values():
        operations.pop("head", None)  # it is the GET without its body
        for method, operation in operations.items():
            _complete(method, operation)
    return made


def _schemas() -> dict[str, Any]:
    """Return the schemas of all that is sent and answered."""
    models = [(model, "validation") for model in REQUESTS]
    models += [(model, "serialization") for model in ANSWERS]
    _, definitions = models_json_schema(
        models,  # type: ignore[arg-type]  # the modes are literals
        ref_template="#/components/schemas/{model}",
    )
    return {**definitions["$defs"], LIST_FORM: list_form_schema()}


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add what Litestar cannot know: Chinese summaries, forms of ids and of headers."""
    english = operation["summary"]
    operation["summary"] = f"{english} · {translator('zh')(english)}"
    for parameter in operation.get("parameters", []):
        match parameter["name"]:
            case "batch":
                parameter["schema"] = {"type": "string", "pattern": BATCH_ID}
                parameter["description"] = "id of the batch · 批次编号"
            case "Idempotency-Key":
                parameter["schema"] = {"type": "string", "pattern": IDEMPOTENCY_KEY}
                parameter["required"] = True
            case "If-Match":
                parameter["schema"] = {"type": "string"}
                parameter["required"] = method == "put"


@cache
def document() -> bytes:
    """Return the description as it is served."""
    return msgspec.json.format(msgspec.json.encode(description()), indent=1)


def operations() -> list[dict[str, Any]]:
    """Return the operations for a plain list: method, path, summary, description, scope."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": said["summary"],
            "scope": said["security"][0]["token"][0],
        }
        for path, methods in description()["paths"].items()
        for method, said in sorted(methods.items(), key=lambda item: ORDER.index(item[0]))
    ]


@page_route(DOCUMENT, opt={SCOPE: None})
async def openapi_document(request: SiteRequest) -> Response[Any]:
    """Serve the description; anybody may read it."""
    content = document()
    headers = {"etag": etag_of(content), "cache-control": "public, max-age=300"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(None, status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@page_route("/{language:str}/api")
async def api_page(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Show the API: how to begin, the list of operations, and the viewer for trying them out."""
    chosen = language_of(language)
    translate = translator(chosen)
    context: Mapping[str, object] = {
        "address": f"{site_address(request)}{API}",
        "document": DOCUMENT,
        "example": example_command(f"{site_address(request)}{API}"),
        "operations": [
            {**said, "summary": _in_language(said["summary"], chosen)} for said in operations()
        ],
        "kinds": [(kind.code, kind.status, kind.title.text(translate)) for kind in KINDS.values()],
    }
    response = await page(request, chosen, "api/api.html", context, section="api")
    response.headers["content-security-policy"] = VIEWER_POLICY
    return response


def example_command(address: str) -> str:
    """Return the command that hands in one gift."""
    gift = '{"title":"2026-11","records":[{"kind":"gift","day":"2026-11-20","amount":10000}]}'
    return (
        f"curl --header 'Authorization: Bearer cc_…' --header 'Idempotency-Key: 2026-11-20-1'"
        f" --json '{gift}' {address}/batches"
    )


def _in_language(summary: str, language: str) -> str:
    english, _, chinese = summary.partition(" · ")
    return chinese if language == "zh" else english


@page_route("/{language:str}/api/problems/{code:str}")
async def problem_page(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str]:
    """Explain one kind of problem."""
    chosen = language_of(language)
    kind = KINDS.get(code)
    if kind is None:
        raise NotFoundException
    translate = translator(chosen)
    context: Mapping[str, object] = {
        "code": kind.code,
        "status_code": kind.status,
        "title": kind.title.text(translate),
        "text": kind.detail.text(translate),
        "mend": kind.mend.text(translate),
    }
    return await page(request, chosen, "api/problem.html", context, section="api")


ROUTES = (*DESCRIBED, openapi_document, api_page, problem_page)
