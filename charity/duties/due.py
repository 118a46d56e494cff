"""Provides what an organisation must disclose and by when, from the calendar and its campaigns.

Whether it was done is not known here: no disclosure is recorded yet, and nothing is pretended.
"""

import tomllib
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final, Literal

import msgspec

SOON_DAYS: Final = 30
SHOWN_DAYS: Final = 180
"""Deadlines so many days behind or ahead are told; a charity plans by the half-year."""

MONTHS_OF_A_YEAR: Final = 12


class Duty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A duty with its source; it has one of three clocks: `yearly`, `after_end` or `every`.

    Attributes:
        code: its name within the data.
        zh, en: what is to be done.
        article_zh, article_en: the article that says so.
        source: the text in which it was read.
        status: `official` where the official text was read, `unverified` where only copies were.
        valid_from: the first day on which it holds.
        kinds: kinds of organisations that it binds; none means all.
        yearly: month and day of the deadline, about the year before.
        after_end: months after the end of a campaign.
        every: months between two reports within a campaign longer than `longer_than` months.
    """

    code: str
    zh: str
    en: str
    article_zh: str
    article_en: str
    source: str
    status: Literal["official", "unverified"]
    valid_from: date
    kinds: tuple[str, ...] = ()
    yearly: str | None = None
    after_end: int | None = None
    every: int | None = None
    longer_than: int = 0


class Standing(StrEnum):
    """How a deadline stands to today."""

    PASSED = "passed"
    SOON = "soon"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class CampaignDays:
    """The days of a campaign that duties count from: `ends` is its last day."""

    name: str
    starts: date
    ends: date


@dataclass(frozen=True, slots=True)
class Deadline:
    """A duty on a day.

    Attributes:
        duty: what is to be done.
        day: the last day to do it, in Asia/Shanghai.
        days: from today to that day; below zero once it has passed.
        campaign: the campaign's name, if it is about one.
    """

    duty: Duty
    day: date
    days: int
    campaign: str | None = None

    @property
    def standing(self) -> Standing:
        """How it stands to today: passed, within 30 days, or later."""
        if self.days < 0:
            return Standing.PASSED
        return Standing.SOON if self.days <= SOON_DAYS else Standing.LATER


@cache
def known_duties() -> tuple[Duty, ...]:
    """Return the duties of `duties.toml`."""
    with resources.files(__package__).joinpath("duties.toml").open("rb") as file:
        return tuple(msgspec.convert(tomllib.load(file)["duty"], list[Duty]))


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last day of that month if it is shorter."""
    years, month = divmod(day.month - 1 + months, MONTHS_OF_A_YEAR)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def deadlines(kind: str, campaigns: Sequence[CampaignDays], today: date) -> list[Deadline]:
    """Return the deadlines of an organisation around today, the earliest first.

    Args:
        kind: what kind of organisation it is (`OrganisationKind`).
        campaigns: its campaigns.
        today: the day in Asia/Shanghai.
    """
    found = [
        Deadline(duty, day, (day - today).days, campaign)
        for duty in known_duties()
        if not duty.kinds or kind in duty.kinds
        for day, campaign in _days(duty, campaigns, today)
        if day >= duty.valid_from and abs(day - today) <= timedelta(SHOWN_DAYS)
    ]
    return sorted(found, key=lambda deadline: (deadline.day, deadline.duty.code))


def _days(
    duty: Duty, campaigns: Sequence[CampaignDays], today: date
) -> Iterator[tuple[date, str | None]]:
    if duty.yearly is not None:
        for year in (today.year - 1, today.year, today.year + 1):
            yield date.fromisoformat(f"{year}-{duty.yearly}"), None
    for campaign in campaigns:
        if duty.after_end is not None:
            yield months_after(campaign.ends, duty.after_end), campaign.name
        if duty.every is not None:
            for day in progress_days(campaign, duty.every, duty.longer_than):
                yield day, campaign.name


def progress_days(campaign: CampaignDays, every: int, longer_than: int) -> Iterator[date]:
    """Yield the days by which a long campaign must tell its progress: none after its end."""
    if campaign.ends <= months_after(campaign.starts, longer_than):
        return
    months = every
    while (day := months_after(campaign.starts, months)) <= campaign.ends:
        yield day
        months += every
