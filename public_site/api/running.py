"""Provides what the API keeps while the site runs: counted requests, batches to be submitted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar

from public_site.api.limits import RequestLimits
from public_site.api.submitting import submitting


@asynccontextmanager
async def api_running(app: Litestar) -> AsyncIterator[None]:
    """Let the API run as long as this context lasts; the store of batches must be there."""
    app.state.api_limits = RequestLimits()
    # One at a time: of two equal requests at once the second finds the batch of the first.
    app.state.api_posting = asyncio.Lock()
    async with submitting(app.state.batches):
        yield
