"""Provides the days that a list tells for all its rows: in titles, in --date, in a file's name."""

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from charity.reporting.cells import Cell, Unreadable, is_number, plain_text
from charity.reporting.dates import GivenDay, Moment, read_moment

_DAY = (
    r"(?:(?P<year{0}>[0-9]{{4}})\s*年\s*)?(?P<month{0}>[0-9]{{1,2}})\s*月\s*(?P<day{0}>[0-9]{{1,2}})\s*[日号]"
    r"|(?<![0-9])(?P<Year{0}>[0-9]{{4}})(?P<mark{0}>[-./])(?P<Month{0}>[0-9]{{1,2}})(?P=mark{0})(?P<Day{0}>[0-9]{{1,2}})(?![0-9])"
    r"|(?<![0-9])(?P<digits{0}>(?:19|20)[0-9]{{6}})(?![0-9])"
)
_TO = r"\s*(?:[0-9]{1,2}\s*[::时]\s*(?:[0-9]{2})?\s*)?(?:至|到|-|—|–|~)+\s*"
_SPAN = re.compile(
    rf"(?:{_DAY.format(1)})(?:{_TO}(?:(?:{_DAY.format(2)})|(?P<last>[0-9]{{1,2}})\s*[日号]))?"
)
_MONTH = re.compile(r"([0-9]{4})\s*年\s*([0-9]{1,2})\s*月(?!\s*[0-9]{1,2}\s*[日号])")
_YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})\s*年(?!度|\s*[0-9]{1,2}\s*月)")
_CLAUSE = re.compile(r"[。;,、!?]")
# Such a clause tells when the list was made or what came before it, not when the gifts were made.
_NOT_OF_GIFTS = re.compile(r"累计|发布|公布|公示时间|公示日期|制表|打印|导出|生成|填报|更新|报送")
_UNTIL = re.compile(r"截[至止]")


class MonthDay(NamedTuple):
    """A day whose year may be unknown."""

    year: int | None
    month: int
    day: int

    def __str__(self) -> str:
        text = f"{self.month}月{self.day}日"
        return text if self.year is None else f"{self.year}年{text}"


class Span(NamedTuple):
    """A day or a period as a text tells it; `until` if it tells only the last day."""

    start: MonthDay | None
    end: MonthDay
    until: bool = False

    def __str__(self) -> str:
        return str(self.end) if self.start is None else f"{self.start}至{self.end}"


class Period(NamedTuple):
    """The day of the gifts of a list, or the first and the last day."""

    start: date | None
    end: date

    def __str__(self) -> str:
        return str(self.end) if self.start is None else f"{self.start}/{self.end}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The dates that stand around a table.

    Attributes:
        spans: Days and periods above the table, with the cell of each.
        years: Bare years above the table, with the cell of each.
        anchors: Full dates anywhere around the table, with the cell of each.
    """

    spans: list[tuple[str, Span]] = field(default_factory=list)
    years: dict[int, str] = field(default_factory=dict)
    anchors: dict[date, str] = field(default_factory=dict)

    def year_of(self, month: int, day: int) -> tuple[int, str] | None:
        """Return the year of a day by the dates around the table, and the cell that tells it.

        One bare year in the title decides; else the latest full date does, because a list is
        signed after the gifts: the nearest such day not after it.
        """
        if len(self.years) == 1:
            return next(iter(self.years.items()))
        if not self.anchors:
            return None
        latest = max(self.anchors)
        later = (month, day) > (latest.month, latest.day)
        return latest.year - later, self.anchors[latest]


def dates_around(
    above: Iterable[tuple[str, Cell]], below: Iterable[tuple[str, Cell]]
) -> Surroundings:
    """Collect the dates in the cells above and below a table."""
    around = Surroundings()
    for cell, content in above:
        for clause, span in _spans(content):
            if not _NOT_OF_GIFTS.search(clause):
                around.spans.append((cell, span))
            _add_anchor(around, cell, span)
        for match in _YEAR.finditer(plain_text(content)):
            around.years.setdefault(int(match[1]), cell)
    for cell, content in below:
        for _, span in _spans(content):
            _add_anchor(around, cell, span)
    return around


def spans_in(text: str) -> list[Span]:
    """Return the days and periods that a text tells, in their order."""
    until = _UNTIL.search(text) is not None
    spans = [_span(match, until) for match in _SPAN.finditer(text)]
    if not spans:
        spans = [_whole_month(int(m[1]), int(m[2])) for m in _MONTH.finditer(text)]
    return [span for span in spans if span is not None]


def dated(span: Span, year: int) -> Period:
    """Return the period of a span whose years, where they are not told, follow from `year`.

    Raises:
        Unreadable: `date_unreadable` if there is no such day or the period ends before it starts.
    """
    try:
        end = date(span.end.year or year, span.end.month, span.end.day)
        if span.start is None:
            return Period(None, end)
        first = span.start
        earlier = (first.month, first.day) > (end.month, end.day)
        start = date(first.year or end.year - earlier, first.month, first.day)
    except ValueError:
        raise Unreadable("date_unreadable", span) from None
    if start > end:
        raise Unreadable("date_unreadable", span)
    return Period(start if start < end else None, end)


def agrees(period: Period, given: GivenDay) -> bool:
    """Tell whether a period in the file is the one that a person gave."""
    if given.day is None:
        return period.end.year == given.year
    return period.end == given.day and (
        given.start is None or period.start is None or given.start == period.start
    )


def _spans(content: Cell) -> Iterator[tuple[str, Span]]:
    if isinstance(content, (date, datetime)) or is_number(content):
        try:
            moment = read_moment(content)
        except Unreadable:
            return
        if isinstance(moment, Moment):
            day = moment.day
            yield "", Span(None, MonthDay(day.year, day.month, day.day))
    elif isinstance(content, str):
        for clause in _CLAUSE.split(plain_text(content)):
            for span in spans_in(clause):
                yield clause, span


def _add_anchor(around: Surroundings, cell: str, span: Span) -> None:
    if span.end.year is not None:
        try:
            around.anchors.setdefault(date(*map(int, span.end)), cell)  # type: ignore[arg-type]
        except ValueError:
            return


def _span(match: re.Match[str], until: bool) -> Span | None:
    first = _month_day(match, 1)
    if match["last"]:
        return Span(first, MonthDay(first.year, first.month, int(match["last"])))
    if not (match["month2"] or match["Month2"] or match["digits2"]):
        return Span(None, first, until)
    second = _month_day(match, 2)
    if second.year is None and first.year is not None:
        later = (second.month, second.day) < (first.month, first.day)
        second = second._replace(year=first.year + later)
    return Span(first, second)


def _month_day(match: re.Match[str], which: int) -> MonthDay:
    if digits := match[f"digits{which}"]:
        return MonthDay(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    year = match[f"year{which}"] or match[f"Year{which}"]
    month = match[f"month{which}"] or match[f"Month{which}"]
    day = match[f"day{which}"] or match[f"Day{which}"]
    return MonthDay(int(year) if year else None, int(month), int(day))


def _whole_month(year: int, month: int) -> Span | None:
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return Span(MonthDay(year, month, 1), MonthDay(year, month, last))
