"""Provides the benchmark of a large log: the last million beside the first, and proofs in it.

Each million is a transaction of its own, as large imports are.
"""

import asyncio
from pathlib import Path

from public_site.opening import initialise, opened
from tests.benchmarks import proof
from tests.benchmarks.appending import append_bulk, settings_of
from tests.benchmarks.children import in_child
from tests.benchmarks.figures import Figure, number, say, scaled
from tests.benchmarks.folders import folder

PARTS = 10
PART = 1_000_000
BYTES_OF_AN_ENTRY = 1_600


async def _fill(home: Path, part: int) -> list[float]:
    settings = settings_of(home)
    await initialise(settings)
    rates = []
    async with opened(settings) as ledger:
        for number_of_part in range(PARTS):
            seconds = await append_bulk(ledger, part, f"part {number_of_part} ")
            rates.append(part / seconds)
            say(f"  {(number_of_part + 1) * part:,} entries: {number(rates[-1])} a second")
    return rates


def fill(home: Path, part: int) -> list[float]:
    """Append ten parts; return the entries per second of each."""
    return asyncio.run(_fill(home, part))


def run() -> list[Figure]:
    """Measure bulk appends up to ten million, then proofs in that log."""
    part = scaled(PART)
    size = PARTS * part
    with folder(size * BYTES_OF_AN_ENTRY) as home:
        rates, peak = in_child(fill, home, part)
        file_bytes = sum(file.stat().st_size for file in home.iterdir())
        last = Figure(
            name=f"bulk append of {size:,}, SQLite: last tenth beside the first",
            unit="entries/s",
            figure=rates[-1],
            floor=rates[0],
            ratio=rates[-1] / rates[0],
            least=0.6,
            peak_mb=peak,
        )
        slowest = Figure(
            name=f"bulk append of {size:,}, SQLite: slowest tenth",
            unit="entries/s",
            figure=min(rates),
            floor=rates[0],
            ratio=min(rates) / rates[0],
        )
        stored = Figure(
            name=f"database of {size:,}", unit="bytes an entry", figure=file_bytes / size
        )
        return [last, slowest, stored, *proof.measure(home, size)]
