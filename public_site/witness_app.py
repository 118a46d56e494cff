"""Provides the web application of a witness: add-checkpoint, what it cosigned, and a page."""

import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from anyio import to_thread
from litestar import Litestar, MediaType, Request, Response, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from ledger.log import utc_now
from ledger.witnessing.store import WitnessStore
from ledger.witnessing.witness import ADD_CHECKPOINT, PLAIN, REQUEST_BYTES_MAX, Answer, Witness
from public_site.languages import preferred_language
from public_site.rendering import environment
from public_site.routing import page_route

logger = logging.getLogger(__name__)

HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class WitnessSite:
    """What the routes need: the witness, its memory, and what the logs are called."""

    witness: Witness
    store: WitnessStore
    labels: Mapping[str, str]


class LogLine(NamedTuple):
    """What the page says of one log."""

    label: str
    origin: str
    size: int | None
    cosigned_at: datetime | None
    address: str
    contradicted_at: datetime | None


def _site(request: Request[Any, Any, Any]) -> WitnessSite:
    site: WitnessSite = request.app.state.site
    return site


@post(
    f"/{ADD_CHECKPOINT}",
    request_max_body_size=REQUEST_BYTES_MAX,
    status_code=200,
    include_in_schema=False,
)
async def add_checkpoint(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Cosign a checkpoint, or say why not (C2SP tlog-witness)."""
    body = await request.body()
    now = int(utc_now().timestamp())
    try:
        answer = await to_thread.run_sync(_site(request).witness.add_checkpoint, body, now)
    except sqlite3.Error:
        logger.exception("the witness's memory cannot be used")
        answer = Answer(503, PLAIN, b"the memory of this witness cannot be used now\n")
    # As a header: Litestar would add a charset to every type of text.
    headers = {"content-type": answer.content_type}
    return Response(answer.body, status_code=answer.status, headers=headers)


@page_route("/{origin_hash:str}/checkpoint")
async def checkpoint(request: Request[Any, Any, Any], origin_hash: FromPath[str]) -> Response[str]:
    """Serve the last cosigned checkpoint of a log, named by the SHA-256 of its origin in hex."""
    site = _site(request)
    for origin in site.witness.logs:
        if _origin_hash(origin) == origin_hash:
            last = await to_thread.run_sync(site.store.last, origin)
            if last is not None:
                return Response(last.note, media_type=MediaType.TEXT)
    raise NotFoundException


@page_route("/witness-key")
async def witness_key(request: Request[Any, Any, Any]) -> Response[str]:
    """Serve the witness's verifier key; whoever wants certainty gets it by another way too."""
    return Response(f"{_site(request).witness.verifier_key}\n", media_type=MediaType.TEXT)


@page_route("/", "/zh", "/en")
async def page(request: Request[Any, Any, Any]) -> Response[str]:
    """Show what this is, its key, and the logs that it follows."""
    asked = request.scope["path"].strip("/")
    language = asked if asked in {"zh", "en"} else preferred_language(request)
    site = _site(request)
    lines = await to_thread.run_sync(partial(_log_lines, site))
    html = (
        environment("en" if language == "en" else "zh")
        .get_template("witness.html")
        .render(witness_key=str(site.witness.verifier_key), logs=lines)
    )
    return Response(html, media_type=MediaType.HTML)


def _origin_hash(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()


def _log_lines(site: WitnessSite) -> list[LogLine]:
    lines = []
    for origin in site.witness.logs:
        last, contradiction = site.store.last(origin), site.store.contradiction(origin)
        lines.append(
            LogLine(
                label=site.labels.get(origin, origin),
                origin=origin,
                size=last.size if last else None,
                cosigned_at=datetime.fromtimestamp(last.seconds, UTC) if last else None,
                address=f"/{_origin_hash(origin)}/checkpoint",
                contradicted_at=(
                    datetime.fromtimestamp(contradiction.seconds, UTC) if contradiction else None
                ),
            )
        )
    return lines


def create_witness_app(
    witness: Witness, store: WitnessStore, labels: Mapping[str, str]
) -> Litestar:
    """Return the application of a witness.

    Args:
        witness: what decides.
        store: its memory.
        labels: what each log is called on the page, by its origin.
    """
    app = Litestar(
        route_handlers=[add_checkpoint, checkpoint, witness_key, page],
        response_headers=HEADERS,
        openapi_config=None,
    )
    app.state.site = WitnessSite(witness, store, labels)
    return app
