"""Tests of the access log: it is read back as it was written, and refuses every change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from charity.people.access_log import (
    ACTS_ON_A_PAGE,
    KEPT,
    access_log_statements,
    acts_of,
    guard_access_log,
    prune_acts,
    record_act,
)
from charity.people.tables import Act
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from tests.charity.people.inventing import NOW, invent
from tests.conftest import ORGANISATION


async def record(ledger: Ledger, at: datetime = NOW, **details: Any) -> None:
    async with write_transaction(ledger.engine):
        await record_act(**{"at": at, "person": None, "act": "invite", **details})


async def change(ledger: Ledger, statement: str) -> None:
    async with write_transaction(ledger.engine) as connection:
        await connection.execute(statement)


async def test_acts_are_read_back_the_newest_first(ledger: Ledger) -> None:
    person = await invent(ledger, name="虚构局员")
    await record(
        ledger, person=person, organisation=ORGANISATION, subject="b1", address="2001:db8::1"
    )
    await record(ledger, NOW + timedelta(hours=1), act="sign_in", outcome="refused")
    [second, first], pages = await acts_of()
    assert pages == 1
    assert (first.at, first.name, first.act, first.subject, first.outcome, first.address) == (
        "2026-11-23T01:02:03Z", "虚构局员", "invite", "b1", "done", "2001:db8::1",
    )  # fmt: skip
    assert (second.person, second.name, second.outcome) == (None, None, "refused")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["d", "c", "b", "a"]),
        ({"person": "one"}, ["b", "a"]),
        ({"organisation": ORGANISATION}, ["c"]),
        ({"act": "invite"}, ["d", "c", "a"]),
        ({"since": "2026-11-23T01:02:03Z"}, ["d", "c", "b"]),
        ({"since": "2026-11-23", "until": "2026-11-24"}, ["c", "b"]),
        ({"person": "one", "act": "sign_in"}, ["b"]),
        ({"person": "nobody"}, []),
    ],
)
async def test_acts_are_filtered(ledger: Ledger, filters: dict[str, str], found: list[str]) -> None:
    day = timedelta(days=1)
    await record(ledger, NOW - day, subject="a", person="one")
    await record(ledger, NOW, subject="b", person="one", act="sign_in")
    await record(ledger, NOW, subject="c", person="two", organisation=ORGANISATION)
    await record(ledger, NOW + day, subject="d")
    acts, _ = await acts_of(**filters)  # type: ignore[arg-type] # none of the filters is the page
    assert [act.subject for act in acts] == found


async def test_many_acts_come_in_pages(ledger: Ledger) -> None:
    async with write_transaction(ledger.engine):
        for number in range(ACTS_ON_A_PAGE + 1):
            await record_act(at=NOW, person=None, act="invite", subject=str(number))
    first, pages = await acts_of()
    last, _ = await acts_of(page=2)
    assert (len(first), len(last), pages) == (ACTS_ON_A_PAGE, 1, 2)
    assert last[0].subject == "0"
    assert await acts_of(page=99) == (last, 2)
    assert await acts_of(page=-1) == (first, 2)


async def test_endless_words_are_cut(ledger: Ledger) -> None:
    await record(ledger, act="a" * 999, subject="s" * 10_000, address="x" * 999)
    [act], _ = await acts_of()
    assert (len(act.act), len(act.subject or ""), len(act.address or "")) == (60, 200, 45)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE people_act SET person = 'somebody else'",
        "UPDATE people_act SET at = '2001-01-01T00:00:00Z'",
        "DELETE FROM people_act",
        "DELETE FROM people_act WHERE at > '2026'",
    ],
)
async def test_the_database_refuses_changes(ledger: Ledger, statement: str) -> None:
    await record(ledger, datetime.now(UTC), person="one")
    before = await Act.select()
    with pytest.raises(Exception, match=KEPT):
        await change(ledger, statement)
    assert await Act.select() == before


@pytest.mark.one_engine("sqlite", "only SQLite has this way around a trigger")
async def test_sqlite_replaces_nothing(ledger: Ledger) -> None:
    await record(ledger)
    with pytest.raises(Exception, match=KEPT):
        await change(
            ledger,
            "INSERT OR REPLACE INTO people_act (id, at, act, outcome) VALUES (1, '', '', '')",
        )


@pytest.mark.one_engine("postgres", "SQLite has no TRUNCATE")
async def test_postgres_truncates_nothing(ledger: Ledger) -> None:
    await record(ledger)
    with pytest.raises(Exception, match=KEPT):
        await change(ledger, "TRUNCATE people_act")


async def test_only_what_is_older_than_five_years_goes(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    five_years = timedelta(days=5 * 366)
    await record(ledger, now - five_years, subject="old")
    await record(ledger, now - five_years + timedelta(days=10), subject="young")
    await record(ledger, now, subject="new")
    async with write_transaction(ledger.engine):
        assert await prune_acts(now) == 1
        assert await prune_acts(now) == 0
    assert [act.subject for act in (await acts_of())[0]] == ["new", "young"]


async def test_a_wrong_clock_prunes_nothing_that_is_young(ledger: Ledger) -> None:
    await record(ledger, datetime.now(UTC))
    with pytest.raises(Exception, match=KEPT):
        async with write_transaction(ledger.engine):
            await prune_acts(datetime.now(UTC) + timedelta(days=3660))
    assert await Act.count() == 1


async def test_the_29th_of_february_has_a_day_five_years_before(ledger: Ledger) -> None:
    async with write_transaction(ledger.engine):
        assert await prune_acts(datetime(2028, 2, 29, tzinfo=UTC)) == 0


async def test_guarding_twice_is_harmless_and_mends_what_is_missing(ledger: Ledger) -> None:
    await guard_access_log(ledger.engine)
    for statement in access_log_statements(ledger.engine):
        await change(ledger, statement)
    await change(ledger, "DROP INDEX people_act_at")
    await guard_access_log(ledger.engine)
    await record(ledger, datetime.now(UTC))
    with pytest.raises(Exception, match=KEPT):
        await change(ledger, "DELETE FROM people_act")
