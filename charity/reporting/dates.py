"""Provides the reading of dates and times, in single cells and as --date, in Asia/Shanghai."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from charity.reporting.cells import Cell, Unreadable, clean_text, is_number
from ledger.messages import Refused

EARLIEST = date(1990, 1, 1)
SHENZHEN = ZoneInfo("Asia/Shanghai")

_SERIAL_EPOCH = date(1899, 12, 30)
_FIRST_SERIAL = 32_874  # 1990-01-01
_LAST_SERIAL = 73_415  # 2100-12-31
_SHANGHAI = timezone(timedelta(hours=8))
_DAY_SECONDS = 86_400

_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
_MOMENT = re.compile(
    r"(?P<year>[0-9]{4})(?:年|(?P<mark>[-./]))(?P<month>[0-9]{1,2})(?(mark)(?P=mark)|月)"
    rf"(?P<day>[0-9]{{1,2}})日?(?:[T\s]\s*{_CLOCK}\s*(?P<zone>Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
)
_DIGITS = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:\s*(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2}):?(?P<second>[0-9]{2}))?"
)
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
_PARTIAL = re.compile(rf"(?P<month>[0-9]{{1,2}})月(?P<day>[0-9]{{1,2}})日?(?:\s+{_CLOCK})?")
_TIME = re.compile(_CLOCK)
_GIVEN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Moment(NamedTuple):
    """When a gift was made.

    Attributes:
        day: Day in Asia/Shanghai; the last one where only a period is known.
        time: Time of that day (`HH:MM:SS`) if it is known.
        start: First day where only a period is known.
    """

    day: date
    time: str | None = None
    start: date | None = None


class PartialDay(NamedTuple):
    """A month and a day whose year is told elsewhere."""

    month: int
    day: int
    time: str | None = None


@dataclass(frozen=True, slots=True)
class GivenDay:
    """What a person gave as --date: a day, a period or only a year.

    Attributes:
        year: The year, always known.
        day: The day, or the last day of the period; None if only the year is given.
        start: First day of the period.
    """

    year: int
    day: date | None = None
    start: date | None = None

    @classmethod
    def parse(cls, text: str) -> "GivenDay":
        """Read `2020-01-28`, `2020-01-22/2020-01-28` or `2020`.

        Raises:
            Refused: if `text` is none of these or the period ends before it starts.
        """
        if re.fullmatch(r"(?:19|20)[0-9]{2}", text):
            return cls(int(text))
        parts = text.split("/")
        try:
            if len(parts) > 2 or not all(_GIVEN_DAY.fullmatch(part) for part in parts):
                raise ValueError  # noqa: TRY301 (one answer to every wrong form)
            days = [date.fromisoformat(part) for part in parts]
        except ValueError:
            raise Refused(
                "{text} is no date. Write 2020-01-28, 2020-01-22/2020-01-28 or 2020.", text=text
            ) from None
        if days[0] > days[-1]:
            raise Refused("The period {text} ends before it starts.", text=text)
        return cls(days[-1].year, days[-1], days[0] if days[0] != days[-1] else None)

    def year_of(self, month: int, day: int) -> int:
        """Return the year of a month and day: the nearest such day not after the given one."""
        if self.day is None:
            return self.year
        return self.year - ((month, day) > (self.day.month, self.day.day))

    def __str__(self) -> str:
        return "/".join(str(part) for part in (self.start, self.day or self.year) if part)


def read_moment(cell: Cell) -> Moment | PartialDay:
    """Return the day, and the time if there is one, that a cell tells.

    Reads dates, Excel serial numbers, `2020.01.22`, `2020-1-22 13:05:06`, `2020年1月22日`,
    `20200122`, `20200122130506` and `1月22日`. Orders that could be mistaken (`1/2/2020`) are not
    read.

    Raises:
        Unreadable: `row_date_missing` or `date_unreadable`.
    """
    try:
        if isinstance(cell, datetime):
            return Moment(cell.date(), _clock_or_none(cell.time()))
        if isinstance(cell, date):
            return Moment(cell)
        if isinstance(cell, str):
            return _moment_of_text(cell)
        if is_number(cell) and not isinstance(cell, (time, timedelta)):
            return _moment_of_number(float(cell), cell)
    except (ValueError, OverflowError) as error:
        if isinstance(error, Unreadable):
            raise
    raise Unreadable("date_unreadable", cell)


def read_time(cell: Cell) -> str | None:
    """Return the time of day in a cell as `HH:MM:SS`, None if the cell is blank.

    Raises:
        Unreadable: `time_unreadable`.
    """
    if isinstance(cell, str):
        text = unicodedata.normalize("NFKC", clean_text(cell))
        if not text:
            return None
        if match := _TIME.fullmatch(text):
            return _checked_clock(match)
        moment = read_moment(text)
        if moment.time:
            return moment.time
    elif isinstance(cell, (datetime, time)):
        return cell.strftime("%H:%M:%S")
    elif isinstance(cell, timedelta) and timedelta(0) <= cell < timedelta(days=1):
        return _clock_of_seconds(cell.total_seconds())
    elif isinstance(cell, float) and 0 <= cell < 1:
        return _clock_of_seconds(cell * _DAY_SECONDS)
    raise Unreadable("time_unreadable", cell)


def check_day(day: date, today: date) -> None:
    """Refuse a day before 1990 or after `today`.

    Raises:
        Unreadable: `date_in_future` or `date_too_early`.
    """
    if day > today:
        raise Unreadable("date_in_future", day.isoformat())
    if day < EARLIEST:
        raise Unreadable("date_too_early", day.isoformat())


def _moment_of_text(cell: str) -> Moment | PartialDay:
    text = unicodedata.normalize("NFKC", clean_text(cell))
    if not text:
        raise Unreadable("row_date_missing")
    if match := _DIGITS.fullmatch(text) or _MOMENT.fullmatch(text):
        return _moment_of_match(match)
    if match := _PARTIAL.fullmatch(text):
        month, day = int(match["month"]), int(match["day"])
        date(2020, month, day)  # a leap year: raises ValueError for a day that never exists
        return PartialDay(month, day, _clock(match))
    if _SERIAL.fullmatch(text):
        return _moment_of_number(float(text), text)
    raise Unreadable("date_unreadable", text)


def _moment_of_match(match: re.Match[str]) -> Moment:
    day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    clock = _clock(match)
    zone = match.groupdict().get("zone")
    if clock is None or zone is None:
        return Moment(day, clock)
    told = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(_SHANGHAI)
    return Moment(told.date(), told.strftime("%H:%M:%S"))


def _moment_of_number(number: float, found: Cell) -> Moment | PartialDay:
    if _FIRST_SERIAL <= number <= _LAST_SERIAL:
        days = int(number)
        seconds = round((number - days) * _DAY_SECONDS)
        day = _SERIAL_EPOCH + timedelta(days=days + seconds // _DAY_SECONDS)
        return Moment(day, _clock_of_seconds(seconds % _DAY_SECONDS) if seconds else None)
    if number.is_integer() and (match := _DIGITS.fullmatch(str(int(number)))):
        return _moment_of_match(match)
    raise Unreadable("date_unreadable", found)


def _clock(match: re.Match[str]) -> str | None:
    if match["hour"] is None:
        return None
    return time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0)).isoformat()


def _checked_clock(match: re.Match[str]) -> str | None:
    try:
        return _clock(match)
    except ValueError:
        raise Unreadable("time_unreadable", match[0]) from None


def _clock_or_none(clock: time) -> str | None:
    # A spreadsheet stores a plain day as its midnight, so midnight says nothing.
    return clock.strftime("%H:%M:%S") if clock != time() else None


def _clock_of_seconds(seconds: float) -> str:
    minutes, second = divmod(round(seconds) % _DAY_SECONDS, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"
