"""Provides the benchmark of inclusion proofs: what one costs in a large log, and what it reads."""

import asyncio
import math
import sqlite3
import time
from pathlib import Path
from random import Random
from statistics import fmean, median, quantiles
from typing import Any

from ledger.reading import read_head, read_proven_entry
from ledger.tiles import TILE_WIDTH
from public_site.opening import opened
from tests.benchmarks.appending import bulk, settings_of
from tests.benchmarks.children import in_child
from tests.benchmarks.figures import Figure, scaled
from tests.benchmarks.folders import folder

ENTRIES = 1_000_000
PROOFS = 1_000
PROOF_MS = 5
OTHER_READS = 2  # checkpoint and entry
BYTES_OF_AN_ENTRY = 4_000


def _count_statements() -> list[str]:
    """Let every connection of this process tell its statements; return where they will stand."""
    statements: list[str] = []
    connect = sqlite3.connect

    def connect_and_tell(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.set_trace_callback(statements.append)
        return connection

    sqlite3.connect = connect_and_tell  # type: ignore[assignment]
    return statements


async def _prove(home: Path, proofs: int, *, counted: bool) -> tuple[list[float], list[int]]:
    statements = _count_statements() if counted else []
    random = Random(1)
    seconds: list[float] = []
    reads: list[int] = []
    async with opened(settings_of(home)) as _:
        head = await read_head()
        assert head is not None
        for _ in range(proofs):
            position = random.randrange(head.size)
            statements.clear()
            started = time.perf_counter()
            await read_proven_entry(position)
            seconds.append(time.perf_counter() - started)
            reads.append(sum(text.startswith("SELECT") for text in statements))
    return seconds, reads


def prove(home: Path, proofs: int) -> tuple[list[float], list[int]]:
    """Return the seconds that each of many random proofs took, and the rows that each read.

    Times and reads come from two passes: telling statements takes time.
    """
    seconds, _ = asyncio.run(_prove(home, proofs, counted=False))
    _, reads = asyncio.run(_prove(home, proofs, counted=True))
    return seconds, reads


def measure(home: Path, size: int) -> list[Figure]:
    """Measure proofs in the ledger under `home`, which holds `size` entries."""
    (seconds, reads), peak = in_child(prove, home, PROOFS)
    name = f"inclusion proof at {size:,}"
    levels = max(1, math.ceil(math.log(size, TILE_WIDTH)))
    # a proof crosses each level of tiles twice at most: to its place, and along the right edge
    most_reads = 2 * 2 * levels + OTHER_READS
    return [
        Figure(
            name=f"{name}, median",
            unit="ms",
            figure=median(seconds) * 1e3,
            most=PROOF_MS,
            peak_mb=peak,
        ),
        Figure(
            name=f"{name}, 99th percentile",
            unit="ms",
            figure=quantiles(seconds, n=100)[98] * 1e3,
            most=PROOF_MS,
        ),
        Figure(name=f"{name}, reads on average", unit="rows", figure=fmean(reads)),
        Figure(name=f"{name}, reads at most", unit="rows", figure=max(reads), most=most_reads),
    ]


def run() -> list[Figure]:
    """Measure proofs in a log of a million; `ten_million` measures them in its own."""
    size = scaled(ENTRIES)
    with folder(size * BYTES_OF_AN_ENTRY) as home:
        in_child(bulk, home, size)
        return measure(home, size)
