"""Provides the running of all benchmarks, or of those named: python -m tests.benchmarks import.

The environment variable SCALE (such as 0.01) makes all sizes smaller, for a quick trial.
"""

import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from tests.benchmarks import (
    browser_import,
    bulk,
    growth,
    import_speed,
    proof,
    single,
    ten_million,
    verify,
)
from tests.benchmarks.figures import HEADER, SCALE, Figure, line, row, say
from tests.benchmarks.folders import FOLDER

BENCHMARKS: Mapping[str, Callable[[], list[Figure]]] = {
    "import": import_speed.run,
    "browser_import": browser_import.run,
    "bulk": bulk.run_sqlite,
    "bulk_postgres": bulk.run_postgres,
    "single": single.run_sqlite,
    "single_postgres": single.run_postgres,
    "verify": verify.run,
    "proof": proof.run,
    "growth": growth.run,
    "ten_million": ten_million.run,
}


def main() -> None:
    """Run the benchmarks, print the table, write the JSON; leave with 1 when a goal is missed."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"No benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}")
    figures: list[Figure] = []
    for name in names:
        say(f"{name}:")
        figures += BENCHMARKS[name]()
        write_json(figures)
    if SCALE != 1:
        say(f"A trial at SCALE={SCALE:g}: the goals hold for the full sizes.")
    say(line(HEADER))
    for figure in figures:
        say(row(figure))
    raise SystemExit(0 if all(figure.reached for figure in figures) else 1)


def write_json(figures: Sequence[Figure]) -> None:
    """Write what has been measured so far into var/bench.json."""
    report = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "scale": SCALE,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "processors": os.cpu_count(),
        "figures": [
            msgspec.to_builtins(figure) | {"reached": figure.reached} for figure in figures
        ],
    }
    FOLDER.mkdir(exist_ok=True)
    data = msgspec.json.format(msgspec.json.encode(report), indent=2)
    (FOLDER / "bench.json").write_bytes(data + b"\n")


if __name__ == "__main__":
    main()
