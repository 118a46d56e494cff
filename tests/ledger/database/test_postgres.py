"""Tests of what is PostgreSQL's own: its triggers, lost connections, failed commits, its pool."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.lowlevel
import asyncpg
import pytest

from charity.organisations.registry import add_organisation
from ledger.appending.submissions import Appended
from ledger.database.postgres_engine import CONNECTIONS_MAX, WRITE_LOCK
from ledger.entries import Entry
from ledger.export import export_log
from ledger.log import Ledger
from ledger.reading import read_head
from ledger.tables import LogEntry
from ledger.verification import folder_fetch, verify_log
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.conftest import ORIGIN
from tests.ledger.entries import append, append_gifts, gift, rows_of_all_tables, stored_entries
from tests.postgres import Server, running_server

pytestmark = pytest.mark.one_engine("postgres", "it is about PostgreSQL")

SECONDS_MAX = 60
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what the driver says when it learns it in the middle of a step
)
SOME_COLUMN = {
    "ledger_log": "origin",
    "ledger_entry": "body",
    "ledger_tile": "hashes",
    "ledger_checkpoint": "note",
}
AT_COMMIT = """
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {action} END $$;
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON ledger_entry
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit();
"""


@pytest.fixture
async def beside(ledger: Ledger, settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A plain connection to the ledger's database, as any other program would open it."""
    connection = await asyncpg.connect(settings.database_address)
    yield connection
    await connection.close()


async def locks(beside: asyncpg.Connection, *, granted: bool) -> int:
    """Return how many hold, or wait for, an advisory lock."""
    count: int = await beside.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted = $1", granted
    )
    return count


async def check_goes_on(ledger: Ledger, beside: asyncpg.Connection, *numbers: int) -> None:
    """The log holds these gifts; nothing holds the lock; more can be appended than the pool has."""
    assert [entry.id for entry in await stored_entries()] == [gift(n).id for n in numbers]
    assert await locks(beside, granted=True) == 0
    with anyio.fail_after(SECONDS_MAX):
        for turn in range(CONNECTIONS_MAX + 1):
            assert await append(ledger, gift(1_000 + turn)) == range(
                len(numbers) + turn, len(numbers) + turn + 1
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "DELETE FROM {table} WHERE false",
        "TRUNCATE {table}",
        "TRUNCATE {table} CASCADE",
        "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE SET {column} = ''",
        "MERGE INTO {table} a USING {table} b ON a.{key} = b.{key} WHEN MATCHED THEN DELETE",
    ],
)
@pytest.mark.parametrize("table", SOME_COLUMN)
async def test_the_database_itself_refuses_to_change_the_log(
    ledger: Ledger, beside: asyncpg.Connection, table: str, statement: str
) -> None:
    await append_gifts(ledger, 0, 257)
    before = await beside.fetch(f"SELECT * FROM {table}")
    key = {"ledger_log": "id", "ledger_entry": "position", "ledger_tile": "path"}.get(table, "size")
    with pytest.raises(asyncpg.RaiseError, match=f"{table} is append-only"):
        await beside.execute(statement.format(table=table, column=SOME_COLUMN[table], key=key))
    assert before
    assert await beside.fetch(f"SELECT * FROM {table}") == before


async def test_a_connection_lost_inside_a_write_leaves_nothing(
    ledger: Ledger, beside: asyncpg.Connection
) -> None:
    await append(ledger, gift(1))
    before = await rows_of_all_tables()

    async def write() -> None:
        async with ledger.write() as writer:
            await writer.append([gift(2)])
            process = writer.connection.get_server_pid()
            assert await beside.fetchval("SELECT pg_terminate_backend($1, 5000)", process)
            await writer.append([gift(3)])

    for _ in range(CONNECTIONS_MAX + 1):
        with pytest.raises(LOST):
            await write()
    assert await rows_of_all_tables() == before
    await check_goes_on(ledger, beside, 1)


async def test_a_connection_lost_before_the_commit_leaves_nothing(
    ledger: Ledger, beside: asyncpg.Connection
) -> None:
    async def write() -> None:
        async with ledger.write() as writer:
            await writer.append([gift(2)])
            process = writer.connection.get_server_pid()
            assert await beside.fetchval("SELECT pg_terminate_backend($1, 5000)", process)

    with pytest.raises(LOST):
        await write()
    await check_goes_on(ledger, beside)


@pytest.mark.parametrize(
    ("action", "failure"),
    [
        ("RAISE EXCEPTION 'refused at commit';", asyncpg.RaiseError),
        ("PERFORM pg_terminate_backend(pg_backend_pid());", asyncpg.PostgresError),
    ],
    ids=["refused", "connection lost"],
)
async def test_a_commit_that_fails_leaves_nothing_and_keeps_no_connection(
    ledger: Ledger, beside: asyncpg.Connection, action: str, failure: type[Exception]
) -> None:
    await append(ledger, gift(1))
    before = await rows_of_all_tables()
    await beside.execute(AT_COMMIT.format(action=action))
    for _ in range(CONNECTIONS_MAX + 1):
        with pytest.raises(failure):
            await append(ledger, gift(2))
        with pytest.raises(failure):
            await ledger.append(gift(3))
    assert await rows_of_all_tables() == before
    await beside.execute("DROP TRIGGER at_commit ON ledger_entry")
    await check_goes_on(ledger, beside, 1)


async def test_a_commit_whose_answer_is_lost_is_there_once(
    ledger: Ledger, beside: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = asyncpg.Connection.execute

    async def lose_answer(connection: asyncpg.Connection, query: str, *values: object) -> str:
        answer: str = await execute(connection, query, *values)
        if query == "COMMIT":
            connection.terminate()
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", lose_answer)
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await ledger.append(gift(1))
    assert await ledger.append(gift(1)) == Appended(0, repeated=True)
    await ledger.settle()
    await check_goes_on(ledger, beside, 1)


@pytest.mark.parametrize("entries", [[], [gift(1)]], ids=["without an entry", "with one"])
async def test_an_error_of_the_database_that_is_caught_takes_the_write_back(
    ledger: Ledger, beside: asyncpg.Connection, entries: list[Entry]
) -> None:
    async def write() -> None:
        async with ledger.write() as writer:
            await add_organisation("53440300000009997A", "虚构会", confirm_code=True)
            await writer.append(entries)
            with suppress(asyncpg.UndefinedTableError):
                await writer.connection.execute("SELECT * FROM no_such_table")

    before = await rows_of_all_tables()
    with pytest.raises((asyncpg.InternalClientError, asyncpg.InFailedSQLTransactionError)):
        await write()
    assert await rows_of_all_tables() == before
    await check_goes_on(ledger, beside)


async def test_more_writers_than_connections_all_come_to_their_turn(
    ledger: Ledger, beside: asyncpg.Connection
) -> None:
    async def write(number: int) -> None:
        async with ledger.write() as writer:
            await writer.append([gift(number)])
            assert await LogEntry.count() == writer.size

    async def read() -> None:
        for _ in range(5):
            await LogEntry.count()

    writers = 3 * CONNECTIONS_MAX
    with anyio.fail_after(SECONDS_MAX):
        async with anyio.create_task_group() as group:
            for number in range(writers):
                group.start_soon(write, number)
                group.start_soon(read)
    assert {entry.id for entry in await stored_entries()} == {gift(n).id for n in range(writers)}
    assert await locks(beside, granted=True) == 0


async def test_writers_that_are_cancelled_in_the_queue_keep_no_connection(
    ledger: Ledger, beside: asyncpg.Connection
) -> None:
    async def write(number: int) -> None:
        async with ledger.write() as writer:
            await writer.append([gift(number)])

    with anyio.fail_after(SECONDS_MAX):
        async with beside.transaction():
            await beside.execute("SELECT pg_advisory_xact_lock($1)", WRITE_LOCK)
            async with anyio.create_task_group() as group:
                for number in range(2 * CONNECTIONS_MAX):
                    group.start_soon(write, number)
                while await locks(beside, granted=False) < 1:
                    await anyio.lowlevel.checkpoint()
                assert await read_head() is None, "readers are served while writers wait"
                group.cancel_scope.cancel()
    await check_goes_on(ledger, beside)


APPENDING = """
import asyncio, sys
from public_site.opening import opened
from public_site.settings import Settings
from tests.ledger.entries import gift

async def main():
    async with opened(Settings.model_validate_json(sys.argv[1])) as ledger:
        async with ledger.write() as writer:
            await writer.append([gift(number) for number in range(300)])
            print("appended", flush=True)
            await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_process_killed_inside_a_write_leaves_nothing(
    ledger: Ledger, beside: asyncpg.Connection, settings: Settings
) -> None:
    process = subprocess.Popen(  # noqa: ASYNC220 (nothing else is going on)
        [sys.executable, "-c", APPENDING, settings.model_dump_json()],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"appended\n"
    assert await locks(beside, granted=True) == 1
    process.kill()
    process.communicate()
    with anyio.fail_after(SECONDS_MAX):
        assert await append(ledger, gift(1)) == range(1)
    assert [entry.id for entry in await stored_entries()] == [gift(1).id]


async def test_what_was_acknowledged_outlives_a_crash_of_the_server(
    postgres: Server, tmp_path: Path
) -> None:
    assert postgres.folder.exists()  # where that one cannot start, this one cannot either
    with running_server(durable=True) as server, server.database() as database:
        settings = Settings(home=tmp_path / "home", database=database, origin=ORIGIN)
        await initialise(settings)
        async with opened(settings) as ledger:
            await append_gifts(ledger, 0, 300)
            single = await asyncio.gather(*(ledger.append(gift(300 + n)) for n in range(20)))
            server.crash()
            ids = [entry.id for entry in await stored_entries()]
            assert [ids[answer.position] for answer in single] == [
                gift(300 + n).id for n in range(20)
            ]
            assert len(ids) == 320
            assert await append(ledger, gift(320)) == range(320, 321)
            await export_log(tmp_path / "copy", ledger.verifier_key)
            report = verify_log(folder_fetch(tmp_path / "copy"), [ledger.verifier_key])
            assert report.entries == 321
