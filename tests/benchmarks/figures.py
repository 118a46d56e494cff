"""Provides figures: what a benchmark measured, beside its floor and its goal; table and JSON."""

import os
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

SCALE = float(os.environ.get("SCALE", "1"))
"""What all sizes are multiplied by: 0.01 is a quick trial, whose ratios say little."""

HEADER = ("", "figure", "floor", "ratio", "peak MB", "goal")
WIDTHS = (74, 10, 10, 6, 8, 0)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured figure.

    Attributes:
        name: what was measured.
        unit: of figure and floor.
        figure: the median of the runs.
        floor: the median of what the least possible work reached in the same runs.
        ratio: the median of figure ÷ floor, run by run.
        least: the goal that the ratio, or without a floor the figure, must reach.
        most: the goal that it must not pass.
        peak_mb: the largest memory that the measured process ever held, in 10⁶ bytes.
        runs: how often it was measured.
    """

    name: str
    unit: str
    figure: float
    floor: float | None = None
    ratio: float | None = None
    least: float | None = None
    most: float | None = None
    peak_mb: float | None = None
    runs: int = 1

    @property
    def reached(self) -> bool:
        """Whether the goal is reached; a figure without a goal reaches it."""
        value = self.figure if self.ratio is None else self.ratio
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def goal(self) -> str:
        """Return the goal and whether it is reached, in words."""
        if self.least is None and self.most is None:
            return ""
        bound = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        return f"{bound} {'reached' if self.reached else 'MISSED'}"


Sample: TypeAlias = tuple[float, float]
"""What one run in a process of its own measured: the value, and its peak memory in MB."""


def scaled(count: int) -> int:
    """Return a size at the scale of this run."""
    return max(1, round(count * SCALE))


def beside(
    floor: Callable[[int], Sample], figure: Callable[[int], Sample], runs: int, **described: object
) -> Figure:
    """Measure floor and figure in turn, each in every run; they are told the run's number."""
    floors: list[float] = []
    samples: list[Sample] = []
    for run in range(runs):
        floors.append(floor(run)[0])
        samples.append(figure(run))
        say(f"  run {run + 1} of {runs}: {number(samples[-1][0])} beside {number(floors[-1])}")
    values = [value for value, _ in samples]
    return msgspec.convert(
        {
            "figure": statistics.median(values),
            "floor": statistics.median(floors),
            "ratio": statistics.median(
                value / least for value, least in zip(values, floors, strict=True)
            ),
            "peak_mb": max(peak for _, peak in samples),
            "runs": runs,
        }
        | described,
        Figure,
    )


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def number(value: float | None) -> str:
    """Return a figure with as many digits as tell something."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def line(cells: Sequence[str]) -> str:
    """Return a line of the table: the name on the left, figures on the right of their columns."""
    name, *figures, last = cells
    columns = [f"{cell:>{width}}" for cell, width in zip(figures, WIDTHS[1:-1], strict=True)]
    return "  ".join([f"{name:<{WIDTHS[0]}}", *columns, last]).rstrip()


def row(figure: Figure) -> str:
    """Return a figure as a line of the table."""
    return line(
        (
            f"{figure.name}, {figure.unit}",
            number(figure.figure),
            number(figure.floor),
            "" if figure.ratio is None else f"{figure.ratio:.3f}",
            "" if figure.peak_mb is None else f"{figure.peak_mb:,.0f}",
            figure.goal(),
        )
    )
