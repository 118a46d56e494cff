"""Provides the benchmark of growth: speed and memory of append and audit at 10⁴, 10⁵, 10⁶.

The floor is the speed at the size before.
"""

from pathlib import Path

from tests.benchmarks.appending import bulk
from tests.benchmarks.children import in_child
from tests.benchmarks.figures import Figure, scaled
from tests.benchmarks.folders import folder
from tests.benchmarks.verify import publish, verifying

SIZES = (10_000, 100_000, 1_000_000)
BYTES_OF_AN_ENTRY = 6_000


def run() -> list[Figure]:
    """Measure each size once; time in proportion means that the speed stays."""
    appends: list[Figure] = []
    audits: list[Figure] = []
    for size in map(scaled, SIZES):
        with folder(size * BYTES_OF_AN_ENTRY) as home:
            speed, peak = in_child(bulk, home / "bulk", size)
            appends.append(_figure(f"bulk append of {size:,}", speed, peak, appends))
            speed, peak = _audit(home / "audit", size)
            audits.append(_figure(f"verification of {size:,}", speed, peak, audits))
    return [*appends, *audits]


def _audit(home: Path, size: int) -> tuple[float, float]:
    in_child(publish, home, home / "log", size)
    return in_child(verifying, home, home / "log", False)


def _figure(name: str, speed: float, peak: float, smaller: list[Figure]) -> Figure:
    floor = smaller[-1].figure if smaller else None
    return Figure(
        name=name,
        unit="entries/s",
        figure=speed,
        floor=floor,
        ratio=speed / floor if floor else None,
        least=0.6 if floor else None,
        peak_mb=peak,
    )
