"""Provides the benchmarks of bulk appends, on SQLite and on PostgreSQL.

Both sides get the same entry objects, made in chunks while no clock runs; each side is one
transaction of all entries, in a process of its own.
"""

from tests.benchmarks import plain_loops
from tests.benchmarks.appending import bulk
from tests.benchmarks.children import in_child
from tests.benchmarks.figures import Figure, Sample, beside, scaled
from tests.benchmarks.folders import folder
from tests.postgres import running_server

ENTRIES = 1_000_000
RUNS = 3
PEAK_MB = 400
UNIT = "entries/s"
BYTES_OF_AN_ENTRY = 4_000  # in database and write-ahead log, generously


def run_sqlite() -> list[Figure]:
    """Measure SQLite beside executemany into two tables."""
    count = scaled(ENTRIES)

    def floor(_: int) -> Sample:
        with folder(count * BYTES_OF_AN_ENTRY) as home:
            return in_child(plain_loops.bulk_sqlite, home, count)

    def figure(_: int) -> Sample:
        with folder(count * BYTES_OF_AN_ENTRY) as home:
            return in_child(bulk, home, count)

    name = f"bulk append of {count:,}, SQLite"
    measured = beside(floor, figure, RUNS, name=name, unit=UNIT, least=0.5)
    return [measured, _peak(measured)]


def run_postgres() -> list[Figure]:
    """Measure PostgreSQL beside binary COPY into two tables."""
    count = scaled(ENTRIES)
    with running_server(durable=True) as server:

        def floor(_: int) -> Sample:
            with server.database() as address:
                return in_child(plain_loops.bulk_postgres, address, count)

        def figure(_: int) -> Sample:
            with folder() as home, server.database() as address:
                return in_child(bulk, home, count, address)

        name = f"bulk append of {count:,}, PostgreSQL"
        measured = beside(floor, figure, RUNS, name=name, unit=UNIT, least=0.4)
    return [measured, _peak(measured)]


def _peak(measured: Figure) -> Figure:
    return Figure(
        name=f"peak memory of {measured.name}",
        unit="MB",
        figure=measured.peak_mb or 0,
        most=PEAK_MB,
        runs=measured.runs,
    )
