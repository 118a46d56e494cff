"""Provides the web server of a foundation, and how tests reach it."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from charity.reporting.batches.store import BatchStore
from charity.reporting.harvest.fetching import FetchLimits
from charity.reporting.harvest.harvesting import Fetching
from ledger.log import Ledger
from ledger.signing.keys import read_vault_key
from ledger.vault.envelopes import Envelopes
from public_site.settings import Settings
from tests.charity.harvest.web_server import WebServer, serving

LOOPBACK = (ip_network("127.0.0.0/8"),)
HOSTS = {
    "list.example": ["127.0.0.1"],
    "two.example": ["93.184.215.14", "10.0.0.7"],
    "inner.example": ["192.168.1.4"],
    "mapped.example": ["::ffff:10.0.0.1"],
}


async def names(host: str, port: int) -> list[str]:
    """Look a name up in the tests' own list; a number stands for itself."""
    if host in HOSTS:
        return HOSTS[host]
    if host[0].isdigit() or ":" in host:
        return [host.strip("[]")]
    raise OSError(host)


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    """A foundation's web server."""
    async with serving() as server:
        yield server


@pytest.fixture
def fetching() -> Fetching:
    """Lets the tests' server be fetched from, and few seconds pass."""
    return Fetching(LOOPBACK, FetchLimits(100_000, seconds=2, silence_seconds=1), names)


@pytest.fixture
def store(ledger: Ledger, settings: Settings) -> BatchStore:
    """The store of batches over a fresh ledger."""
    return BatchStore.at(ledger, settings.drafts, Envelopes(read_vault_key(settings.home)))
