"""Provides the running of all benchmarks, or of those named: python -m tests.benchmarks import."""

import sys

from tests.benchmarks import import_speed

BENCHMARKS = {"import": import_speed.run}


def main() -> None:
    """Run the benchmarks and print their tables; leave with 1 when one misses its goal."""
    names = sys.argv[1:] or list(BENCHMARKS)
    reached = [BENCHMARKS[name]() for name in names]
    raise SystemExit(0 if all(reached) else 1)


if __name__ == "__main__":
    main()
