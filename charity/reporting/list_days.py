"""Provides the decision which day the gifts of a list have, where its rows do not tell it.

A date that stands only in the file's name is never used: such names are often wrong.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from charity.reporting.cells import Unreadable
from charity.reporting.dates import EARLIEST, GivenDay, check_day, read_moment
from charity.reporting.periods import (
    MonthDay,
    Period,
    Span,
    Surroundings,
    agrees,
    dated,
    spans_in,
)
from charity.reporting.problems import Findings

_DATE_DIGITS = 8
_MOMENT_DIGITS = 14


def settle_list_day(
    around: Surroundings,
    given: GivenDay | None,
    file_name: str,
    sheet: str,
    today: date,
    findings: Findings,
) -> Period | None:
    """Return the day or period of a list's gifts from its title, or from --date.

    Returns:
        The period; None if it is not known, and then the reason is among the problems.
    """
    if not around.spans:
        return _given_only(given, file_name, sheet, today, findings)
    periods: dict[Period, tuple[str, Span]] = {}
    for cell, span in around.spans:
        period = _period(span, cell, around, given, file_name, sheet, findings)
        if period is None:
            return None
        periods.setdefault(period, (cell, span))
    fitting = [period for period in periods if given is None or agrees(period, given)]
    if len(fitting) != 1:
        _report_disagreement(periods, fitting, given, sheet, findings)
        return None
    period = fitting[0]
    cell, span = periods[period]
    if span.until:
        findings.notice("only_end_known", sheet, cell, found=period.end)
    inferred = around.year_of(span.end.month, span.end.day)
    if span.end.year is None and inferred:
        findings.notice("year_inferred", sheet, cell, found=period, source=inferred[1])
    if period.start is not None:
        findings.notice("period_from_title", sheet, cell, first=period.start, last=period.end)
    elif given and given.start:
        period = Period(given.start, period.end)
    return _checked(period, cell, sheet, today, findings)


def transaction_days(ids: Iterable[str | None], today: date) -> slice | None:
    """Return where within every transaction id its day stands, with the time if all have one.

    A place counts only if every id has a plausible day there, and only if there is one such place.
    """
    known = [code for code in ids if code]
    if not known:
        return None
    shortest = min(map(len, known))
    places = [at for at in range(shortest - _DATE_DIGITS + 1) if _is_day(known[0], at, today)]
    seen: dict[tuple[int, str], bool] = {}
    for at in tuple(places):
        days = {code[at : at + _DATE_DIGITS] for code in known}
        if not all(seen.setdefault((at, day), _is_day(day, 0, today)) for day in days):
            places.remove(at)
    if len(places) != 1:
        return None
    place = places[0]
    with_time = all(_is_time(code[place + _DATE_DIGITS : place + _MOMENT_DIGITS]) for code in known)
    return slice(place, place + (_MOMENT_DIGITS if with_time else _DATE_DIGITS))


def contradict(days: Iterable[str], period: Period) -> bool:
    """Tell whether days within transaction ids (`20200124…`) lie outside the list's period."""
    margin = timedelta(days=1)
    first, last = (period.start or period.end) - margin, period.end + margin
    return any(not f"{first:%Y%m%d}" <= day[:_DATE_DIGITS] <= f"{last:%Y%m%d}" for day in days)


def title_period(around: Surroundings, given: GivenDay | None) -> Period | None:
    """Return the one full day or period above the table, without asking anybody."""
    found = {span for _, span in around.spans if not span.until}
    if len(found) != 1:
        return None
    span = found.pop()
    year = _year(span, around, given)
    try:
        return dated(span, year) if year else None
    except Unreadable:
        return None


def report_unknown_year(
    told: Span | MonthDay, cell: str, file_name: str, sheet: str, findings: Findings
) -> None:
    """Report that a day is told and its year is not; what the file's name tells is only shown."""
    if name := _name_says(file_name):
        findings.problem("year_unknown", sheet, cell, found=told, name=name)
    else:
        findings.problem("year_unknown_everywhere", sheet, cell, found=told)


def _name_says(file_name: str) -> str:
    return ", ".join(map(str, spans_in(file_name)))


def _given_only(
    given: GivenDay | None, file_name: str, sheet: str, today: date, findings: Findings
) -> Period | None:
    if given is None:
        if name := _name_says(file_name):
            findings.problem("date_missing", sheet, None, name=name)
        else:
            findings.problem("date_missing_everywhere", sheet, None)
        return None
    if given.day is None:
        findings.problem("date_only_year", sheet, None, year=given.year)
        return None
    return _checked(Period(given.start, given.day), None, sheet, today, findings)


def _period(
    span: Span,
    cell: str,
    around: Surroundings,
    given: GivenDay | None,
    file_name: str,
    sheet: str,
    findings: Findings,
) -> Period | None:
    year = _year(span, around, given)
    if year is None:
        report_unknown_year(span, cell, file_name, sheet, findings)
        return None
    try:
        return dated(span, year)
    except Unreadable:
        findings.problem("list_date_impossible", sheet, cell, found=span)
        return None


def _year(span: Span, around: Surroundings, given: GivenDay | None) -> int | None:
    if span.end.year is not None:
        return span.end.year
    if inferred := around.year_of(span.end.month, span.end.day):
        return inferred[0]
    return given.year if given else None


def _report_disagreement(
    periods: dict[Period, tuple[str, Span]],
    fitting: list[Period],
    given: GivenDay | None,
    sheet: str,
    findings: Findings,
) -> None:
    cell = next(iter(periods.values()))[0]
    told = ", ".join(map(str, periods))
    if fitting or given is None:
        findings.problem("date_ambiguous", sheet, cell, found=told)
    else:
        findings.problem("date_differs", sheet, cell, found=told, given=given)


def _checked(
    period: Period, cell: str | None, sheet: str, today: date, findings: Findings
) -> Period | None:
    try:
        check_day(period.end, today)
        check_day(period.start or EARLIEST, today)
    except Unreadable as error:
        findings.problem("list_date_impossible", sheet, cell, found=error.found)
        return None
    return period


def _is_day(code: str, at: int, today: date) -> bool:
    digits = code[at : at + _DATE_DIGITS]
    if not (digits.isascii() and digits.isdigit()):
        return False
    try:
        moment = read_moment(digits)
        check_day(moment.day, today)  # type: ignore[arg-type]  # eight digits tell a full day
    except Unreadable:
        return False
    return True


def _is_time(digits: str) -> bool:
    return (
        len(digits) == _MOMENT_DIGITS - _DATE_DIGITS
        and digits.isascii()
        and digits.isdigit()
        and digits[:2] < "24"
        and digits[2:4] < "60"
        and digits[4:] < "60"
    )
