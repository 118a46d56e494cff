"""Provides real witnesses on the loopback: our own application behind a real HTTP server."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from ledger.signing.notes import VerifierKey
from ledger.witnessing.client import WitnessAddress
from ledger.witnessing.store import WitnessStore, opened_witness
from ledger.witnessing.witness import Witness
from public_site.witness_app import create_witness_app

NAME = "witness.example"


@dataclass(frozen=True)
class RunningWitness:
    """A witness that answers at an address."""

    key: VerifierKey
    address: str
    store: WitnessStore

    @property
    def entry(self) -> WitnessAddress:
        """The witness as a log knows it."""
        return WitnessAddress(self.key, self.address)

    @property
    def line(self) -> str:
        """The witness's line in a log's list."""
        return f"{self.key} {self.address}\n"


@contextmanager
def running_witness(
    home: Path, *log_keys: VerifierKey, name: str = NAME
) -> Iterator[RunningWitness]:
    """Run a witness of these logs in a thread; yield it when it answers."""
    with opened_witness(home, name) as (key, store), socket.create_server(("127.0.0.1", 0)) as at:
        app = create_witness_app(Witness(key, log_keys, store), store, {})
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        # The socket listens already: whoever connects before the server runs is answered then.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]})
        thread.start()
        try:
            yield RunningWitness(key.verifier, f"http://127.0.0.1:{at.getsockname()[1]}", store)
        finally:
            server.should_exit = True
            thread.join()
