"""Provides the public site as a web application: routes, static files, headers, errors."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, MutableScopeHeaders
from litestar.logging import LoggingConfig
from litestar.static_files import create_static_files_router
from litestar.types import Message, Scope

from charity.donors.suggestions import NearNames
from charity.people.mail import Mail
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import sweep
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.signing.keys import read_vault_key
from ledger.vault.envelopes import Envelopes
from ledger.vault.erasure import finish_erasure
from ledger.witnessing.client import read_witnesses
from ledger.witnessing.cosigning import cosigning
from public_site import check, donations, entry, errors, home, log, organisations, receipt, trace
from public_site.api.documentation import ROUTES as API
from public_site.api.running import api_running
from public_site.opening import opened
from public_site.rendering import STATIC
from public_site.settings import Settings
from public_site.workplace.jobs import JobRunner, Jobs
from public_site.workplace.pages import ROUTES as WORKPLACE

logger = logging.getLogger(__name__)

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

ROUTES = (
    log.checkpoint,
    log.tile,
    log.log_key,
    entry.entry_file,
    home.start,
    home.home,
    home.months_csv,
    organisations.organisations,
    organisations.organisation,
    donations.donations,
    donations.donations_csv,
    entry.entry_page,
    trace.trace_page,
    trace.trace_csv,
    trace.trace_json,
    check.check,
    receipt.receipt_page,
    receipt.receipt_checker,
    *WORKPLACE,
    *API,
)


async def _add_headers(message: Message, scope: Scope) -> None:
    """Add the headers to every answer: also to errors and static files.

    A page with a policy of its own keeps it.
    """
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)


async def _finish_erasure(ledger: Ledger) -> None:
    """Finish an erasure that a crash interrupted; pages are served even where it cannot be."""
    try:
        await finish_erasure(ledger)
    except Refused as refusal:
        logger.warning("an interrupted erasure cannot be finished: %s", refusal)


def create_app(
    settings: Settings, *, jobs: Callable[[BatchStore, Settings], Jobs] = JobRunner
) -> Litestar:
    """Return the application; it opens the ledger when it starts and closes it when it stops.

    `jobs` makes what runs the jobs of batches: by default each runs in a process of its own.
    """

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with opened(settings) as ledger:
            app.state.ledger = ledger
            app.state.settings = settings
            app.state.envelopes = Envelopes(read_vault_key(settings.home))
            app.state.batches = BatchStore.at(ledger, settings.drafts, app.state.envelopes)
            await sweep(app.state.batches)
            app.state.jobs = jobs(app.state.batches, settings)
            app.state.near_names = NearNames()
            app.state.mail = Mail(settings.smtp, settings.mail_from)
            await _finish_erasure(ledger)
            drawing = asyncio.create_task(home.draw_ahead())
            app.state.witnesses = read_witnesses(settings.witnesses_file)
            async with (
                cosigning(ledger, app.state.witnesses),
                api_running(app),
                app.state.jobs.running(),
            ):
                yield
            drawing.cancel()

    return Litestar(
        route_handlers=[
            *ROUTES,
            create_static_files_router(
                path="/static",
                directories=[STATIC],
                cache_control=CacheControlHeader(max_age=365 * 24 * 3600, immutable=True),
                include_in_schema=False,
            ),
        ],
        lifespan=[lifespan],
        exception_handlers={Exception: errors.answer},
        before_send=[_add_headers],
        logging_config=LoggingConfig(
            root={"level": "WARNING", "handlers": ["queue_listener"]},
            log_exceptions="never",  # errors.answer records them
        ),
        compression_config=CompressionConfig(backend="gzip", minimum_size=1_000),
        openapi_config=None,
    )
