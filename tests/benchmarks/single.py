"""Provides the benchmark of single, durable appends by many tasks at once.

The floor is one fsynced commit after the other on one connection, with the driver alone.
"""

from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

from tests.benchmarks import plain_loops
from tests.benchmarks.appending import single
from tests.benchmarks.children import in_child
from tests.benchmarks.figures import Figure, Sample, beside, scaled
from tests.benchmarks.folders import folder
from tests.postgres import running_server

TASKS = 64
EACH = 200
ALONE = 2_000
RUNS = 3
LATENCY_MS = 50


def run_sqlite() -> list[Figure]:
    """Measure SQLite."""

    def floor(_: int) -> Sample:
        with folder() as home:
            return in_child(plain_loops.single_sqlite, home, scaled(ALONE))

    def figure() -> tuple[Any, float]:
        with folder() as home:
            return in_child(single, home, TASKS, scaled(EACH))

    return _measure("SQLite", floor, figure, 3)


def run_postgres() -> list[Figure]:
    """Measure PostgreSQL."""
    with running_server(durable=True) as server:

        def floor(_: int) -> Sample:
            with server.database() as address:
                return in_child(plain_loops.single_postgres, address, scaled(ALONE))

        def figure() -> tuple[Any, float]:
            with folder() as home, server.database() as address:
                return in_child(single, home, TASKS, scaled(EACH), address)

        return _measure("PostgreSQL", floor, figure, 10)


def _measure(
    database: str,
    floor: Callable[[int], Sample],
    figure: Callable[[], tuple[Any, float]],
    least: float,
) -> list[Figure]:
    latencies: list[float] = []

    def sample(_: int) -> Sample:
        (speed, seconds), peak = figure()
        latencies.extend(seconds)
        return speed, peak

    name = f"single appends, {TASKS} tasks, {database}"
    speed = beside(floor, sample, RUNS, name=name, unit="appends/s", least=least)
    return [
        speed,
        Figure(name=f"median wait, {database}", unit="ms", figure=median(latencies) * 1e3),
        Figure(
            name=f"99th percentile of waits, {database}",
            unit="ms",
            figure=quantiles(latencies, n=100)[98] * 1e3,
            most=LATENCY_MS,
            runs=RUNS,
        ),
    ]
