"""Provides the access log: who did what to what, when and from where; nobody can change it.

Source of the five years: the platform's own rule for acts of people (its requirement “every act is
in an access log kept for five years”). The database itself refuses to change an act, and to delete
one that is younger.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from charity.people.sessions import instant
from charity.people.tables import Act, Person
from ledger.database.engines import Engine, write_transaction
from ledger.database.sqlite_engine import LedgerSQLiteEngine

KEPT_YEARS: Final = 5
ACTS_ON_A_PAGE: Final = 100
SUBJECT_CHARACTERS_MAX: Final = 200

DONE: Final = "done"
REFUSED: Final = "refused"

KEPT: Final = "people_act is kept for five years and never changed"
REFUSE: Final = f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END"

SQLITE_TRIGGERS: Final = (
    f"CREATE TRIGGER IF NOT EXISTS people_act_no_update BEFORE UPDATE ON people_act {REFUSE}",
    f"""
CREATE TRIGGER IF NOT EXISTS people_act_no_delete BEFORE DELETE ON people_act
WHEN OLD.at > strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-{KEPT_YEARS} years') {REFUSE}
""",
    # INSERT OR REPLACE fires no DELETE trigger in SQLite.
    (
        "CREATE TRIGGER IF NOT EXISTS people_act_no_replace BEFORE INSERT ON people_act"  # noqa: S608 (our names)
        f" WHEN EXISTS (SELECT 1 FROM people_act WHERE id = NEW.id) {REFUSE}"
    ),
)

POSTGRES_TRIGGERS: Final = (
    f"""
CREATE OR REPLACE FUNCTION people_act_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.at <= to_char((now() AT TIME ZONE 'UTC') - interval '{KEPT_YEARS} years',
                         'YYYY-MM-DD"T"HH24:MI:SS"Z"') THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION '{KEPT}';
END $$
""",
    """
CREATE OR REPLACE TRIGGER people_act_no_truncate BEFORE TRUNCATE ON people_act
FOR EACH STATEMENT EXECUTE FUNCTION people_act_refuse_change()
""",
    """
CREATE OR REPLACE TRIGGER people_act_no_change BEFORE UPDATE OR DELETE ON people_act
FOR EACH ROW EXECUTE FUNCTION people_act_refuse_change()
""",
)

INDEXES: Final = (
    "CREATE INDEX IF NOT EXISTS people_act_person ON people_act (person, id)",
    "CREATE INDEX IF NOT EXISTS people_act_organisation ON people_act (organisation, id)",
    "CREATE INDEX IF NOT EXISTS people_act_at ON people_act (at)",
)
LAST_MADE: Final = "people_act_at"
"""The last of what `access_log_statements` make: where it is, all of them are."""


def access_log_statements(engine: Engine) -> tuple[str, ...]:
    """Return the statements that make triggers and indexes; running them again is harmless."""
    triggers = SQLITE_TRIGGERS if isinstance(engine, LedgerSQLiteEngine) else POSTGRES_TRIGGERS
    return (*triggers, *INDEXES)


async def guard_access_log(engine: Engine) -> None:
    """Let the database refuse changes of acts, unless it does already: one look then."""
    if isinstance(engine, LedgerSQLiteEngine):
        look = f"SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = '{LAST_MADE}'"  # noqa: S608 (our name)
    else:
        look = f"SELECT 1 WHERE to_regclass('{LAST_MADE}') IS NOT NULL"
    if await Act.raw(look):
        return
    async with write_transaction(engine) as connection:
        for statement in access_log_statements(engine):
            await connection.execute(statement)


@dataclass(frozen=True, slots=True)
class ActView:
    """One act, with the name of the person who did it; None where nobody was known."""

    at: str
    person: str | None
    name: str | None
    act: str
    organisation: str | None
    subject: str | None
    outcome: str
    address: str | None


async def record_act(
    *,
    at: datetime,
    person: str | None,
    act: str,
    organisation: str | None = None,
    subject: str | None = None,
    outcome: str = DONE,
    address: str | None = None,
) -> None:
    """Record what a person did; never with the name of a donor or what a form contained.

    Only inside `ledger.database.engines.write_transaction`, best the one of the act itself.

    Args:
        at: when.
        person: the person's id; None where nobody is known.
        act: what was done, such as `batch.approve`.
        organisation: the credit code that it was done for.
        subject: what it was done to, by its id.
        outcome: `done` or `refused`.
        address: the network address that it came from.
    """
    await Act.insert(
        Act(
            at=instant(at),
            person=person,
            act=act[:60],
            organisation=organisation[:18] if organisation else None,
            subject=subject[:SUBJECT_CHARACTERS_MAX] if subject else None,
            outcome=outcome[:20],
            address=address[:45] if address else None,
        )
    )


async def acts_of(
    *,
    person: str | None = None,
    organisation: str | None = None,
    act: str | None = None,
    since: str | None = None,
    until: str | None = None,
    page: int = 1,
) -> tuple[list[ActView], int]:
    """Return a page of acts, the newest first, and the number of pages.

    Args:
        person: only acts of this person.
        organisation: only acts for this organisation.
        act: only acts of this name.
        since: from this instant or day on (UTC, ISO 8601).
        until: before this instant or day.
        page: its number, from 1.
    """
    conditions = [
        condition
        for value, condition in (
            (person, Act.person == person),
            (organisation, Act.organisation == organisation),
            (act, Act.act == act),
            (since, Act.at >= (since or "")),
            (until, Act.at < (until or "")),
        )
        if value
    ]
    number, query = Act.count(), Act.select()
    for condition in conditions:
        number, query = number.where(condition), query.where(condition)
    pages = max(1, -(-await number // ACTS_ON_A_PAGE))
    rows = (
        await query.order_by(Act.id, ascending=False)
        .limit(ACTS_ON_A_PAGE)
        .offset((min(max(page, 1), pages) - 1) * ACTS_ON_A_PAGE)
    )
    names = await _names({row["person"] for row in rows if row["person"] is not None})
    return [
        ActView(
            at=row["at"],
            person=row["person"],
            name=names.get(row["person"]),
            act=row["act"],
            organisation=row["organisation"],
            subject=row["subject"],
            outcome=row["outcome"],
            address=row["address"],
        )
        for row in rows
    ], pages


async def _names(people: set[str]) -> dict[str, str]:
    if not people:
        return {}
    rows = await Person.select(Person.id, Person.name).where(Person.id.is_in(list(people)))
    return {row["id"]: row["name"] for row in rows}


async def prune_acts(now: datetime) -> int:
    """Delete what is older than five years; return how many acts that were.

    Only inside `ledger.database.engines.write_transaction`.
    """
    end = instant(_years_before(now, KEPT_YEARS))
    gone: int = await Act.count().where(Act.at < end)
    await Act.delete().where(Act.at < end)
    return gone


def _years_before(now: datetime, years: int) -> datetime:
    """Return the same day of an earlier year; 28 February for the 29th."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, day=28)
