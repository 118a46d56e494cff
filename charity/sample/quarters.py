"""Provides the quarters of the sample years, after each of which the city reports."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from charity.sample.city import plan

QUARTER_MONTHS: Final = (1, 4, 7, 10)
REPORTING_DELAY: Final = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of a year, its first day and its length in days."""

    year: int
    number: int
    first: date
    days: int

    @property
    def report_day(self) -> date:
        """The day on which the quarter's lists come in."""
        return self.first + timedelta(self.days) + REPORTING_DELAY


def quarters() -> Iterator[Quarter]:
    """Yield the quarters of the sample years."""
    for year in range(plan()["first_year"], plan()["first_year"] + plan()["years"]):
        for number, month in enumerate(QUARTER_MONTHS, 1):
            first = date(year, month, 1)
            after = date(year + month // 10, (month + 2) % 12 + 1, 1)
            yield Quarter(year, number, first, (after - first).days)
