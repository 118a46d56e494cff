"""Tests of duties and their deadlines."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from charity.duties.due import (
    CampaignDays,
    Standing,
    deadlines,
    known_duties,
    months_after,
    progress_days,
)

DAYS = st.dates(date(2024, 9, 5), date(2035, 12, 31))
LONG = CampaignDays("示例长募捐", date(2026, 1, 31), date(2026, 12, 31))
SHORT = CampaignDays("示例短募捐", date(2026, 3, 1), date(2026, 8, 31))


def told(kind: str, today: date, *campaigns: CampaignDays) -> list[tuple[str, str, str]]:
    return [
        (each.duty.code, each.day.isoformat(), each.standing)
        for each in deadlines(kind, campaigns, today)
    ]


def test_every_duty_has_one_clock_and_its_source() -> None:
    for duty in known_duties():
        clocks = [duty.yearly, duty.after_end, duty.every]
        assert sum(clock is not None for clock in clocks) == 1, duty.code
        assert duty.source
        assert duty.article_zh
        assert duty.article_en
    assert len({duty.code for duty in known_duties()}) == len(known_duties())


def test_yearly_duties_of_a_foundation_and_of_another_charity() -> None:
    assert told("foundation", date(2026, 3, 31)) == [
        ("annual-report-registrar", "2026-03-31", Standing.SOON),
        ("annual-report", "2026-05-31", Standing.LATER),
        ("related-parties", "2026-05-31", Standing.LATER),
    ]
    assert told("charity", date(2026, 6, 1)) == [
        ("annual-report", "2026-05-31", Standing.PASSED),
        ("related-parties", "2026-05-31", Standing.PASSED),
    ]


def test_no_duty_before_its_rule_was_in_force() -> None:
    assert told("charity", date(2025, 5, 1)) == []


def test_a_campaign_of_more_than_six_months_tells_its_progress() -> None:
    assert list(progress_days(LONG, 3, 6)) == [
        date(2026, 4, 30), date(2026, 7, 31), date(2026, 10, 31),
    ]  # fmt: skip
    assert list(progress_days(SHORT, 3, 6)) == []


def test_a_result_is_due_three_months_after_the_end() -> None:
    found = told("charity", date(2026, 11, 10), SHORT)
    assert ("campaign-result", "2026-11-30", Standing.SOON) in found


@given(day=DAYS, months=st.integers(0, 60))
def test_months_after_is_the_same_day_or_the_last_of_a_shorter_month(
    day: date, months: int
) -> None:
    later = months_after(day, months)
    passed = (later.year - day.year) * 12 + later.month - day.month
    assert passed == months
    assert later.day == day.day or (later + timedelta(1)).month != later.month


@given(today=DAYS, starts=DAYS, length=st.integers(0, 1_000))
def test_deadlines_are_sorted_and_near(today: date, starts: date, length: int) -> None:
    campaign = CampaignDays("示例募捐", starts, starts + timedelta(length))
    found = deadlines("foundation", [campaign], today)
    assert [each.day for each in found] == sorted(each.day for each in found)
    assert all((each.days < 0) == (each.day < today) for each in found)
