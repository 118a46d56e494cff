"""Tests of connections to PostgreSQL that are lost: before a commit, in it, and with the server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from ledger.appending.submissions import Appended
from ledger.database.bulk_rows import fetch_rows
from public_site.commands.charity_group import UNUSABLE
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.conftest import ORIGIN
from tests.ledger.after_faults import check_whole
from tests.ledger.appending.test_faults import BEFORE, prepare
from tests.ledger.entries import append, gift, stored_bodies
from tests.postgres import Server, running_server

pytestmark = pytest.mark.one_engine("postgres", "SQLite has no connection that could be lost")

SOCKET = ".s.PGSQL.5432"
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""What asks the server to commit: a simple query of eleven bytes (PostgreSQL protocol 3.0)."""


@dataclass
class Line:
    """A way to the server through a socket in another folder, which can be cut.

    Attributes:
        folder: where the socket is.
        cut_before: cut when the next commit comes from the client, before the server has it.
        cut_after: cut when the server has answered the next commit, before the client knows.
    """

    server: Path
    folder: Path
    cut_before: bool = False
    cut_after: bool = False
    cuts: int = 0

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        answers, questions = await asyncio.open_unix_connection(str(self.server / SOCKET))
        committing = asyncio.Event()
        carried = [
            asyncio.create_task(self._ask(reader, questions, committing)),
            asyncio.create_task(self._answer(answers, writer, committing)),
        ]
        await asyncio.wait(carried, return_when=asyncio.FIRST_COMPLETED)
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
        for end in (writer, questions):
            end.transport.abort()

    async def _ask(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, committing: asyncio.Event
    ) -> None:
        while data := await source.read(2**16):
            if data.startswith(COMMIT) and self.cut_before:
                self.cut_before, self.cuts = False, self.cuts + 1
                return
            if data.startswith(COMMIT) and self.cut_after:
                self.cut_after = False
                committing.set()
            target.write(data)
            await target.drain()

    async def _answer(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, committing: asyncio.Event
    ) -> None:
        while data := await source.read(2**16):
            if committing.is_set():
                self.cuts += 1
                return
            target.write(data)
            await target.drain()


@asynccontextmanager
async def line_to(settings: Settings) -> AsyncIterator[tuple[Settings, Line]]:
    """Open such a way; yield the settings that take it."""
    address, _, server = settings.database.partition("?host=")
    with TemporaryDirectory() as folder:
        line = Line(Path(server), Path(folder))
        serving = await asyncio.start_unix_server(line.connect, str(line.folder / SOCKET))
        try:
            yield settings.model_copy(update={"database": f"{address}?host={folder}"}), line
        finally:
            serving.close()


@pytest.mark.parametrize("committed", [False, True])
async def test_a_connection_lost_in_a_commit_leaves_the_entry_once_when_it_is_tried_again(
    settings: Settings, tmp_path: Path, committed: bool
) -> None:
    bodies = await prepare(settings)
    async with line_to(settings) as (through_line, line), opened(through_line) as ledger:
        await ledger.append(gift(1_000))
        await ledger.settle()
        if committed:
            line.cut_after = True
        else:
            line.cut_before = True
        outcomes = await asyncio.gather(
            *(ledger.append(gift(1_001 + number)) for number in range(5)), return_exceptions=True
        )
        assert line.cuts == 1
        assert {type(one) for one in outcomes if isinstance(one, Exception)} <= lost_errors()
        assert any(isinstance(outcome, Exception) for outcome in outcomes)
        for number, outcome in enumerate(outcomes):
            if not isinstance(outcome, Appended):
                again = await ledger.append(gift(1_001 + number))
                assert again.repeated is committed
        await ledger.settle()
        found = await check_whole(ledger, tmp_path / "log")
        assert (found[:BEFORE], len(found)) == (bodies, BEFORE + 6)


def lost_errors() -> set[type[Exception]]:
    """Return what a client is told when its connection is gone."""
    return {asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError, ConnectionResetError}


@pytest.mark.parametrize("cut", ["cut_before", "cut_after"])
async def test_a_connection_lost_while_a_checkpoint_is_published_only_delays_it(
    settings: Settings, tmp_path: Path, cut: str
) -> None:
    await prepare(settings)
    async with line_to(settings) as (through_line, line), opened(through_line) as ledger:
        async with ledger._writing() as writer:
            await writer.append([gift(1_000)])
        setattr(line, cut, True)
        with pytest.raises(UNUSABLE):
            await ledger.publisher.publish()
        assert line.cuts == 1
        await ledger.publisher.publish()
        assert len(await check_whole(ledger, tmp_path / "log")) == BEFORE + 1


async def end_backend(postgres: Server, connection: object) -> None:
    """End the server's process that serves a connection."""
    [row] = await fetch_rows(connection, "SELECT pg_backend_pid() AS pid")
    postgres.run(f"SELECT pg_terminate_backend({row['pid']}, 5000)")


async def test_a_write_whose_connection_the_server_ends_leaves_nothing(
    settings: Settings, postgres: Server, tmp_path: Path
) -> None:
    bodies = await prepare(settings)
    async with opened(settings) as ledger:
        with pytest.raises(UNUSABLE):  # noqa: PT012 (it is the end of the block that fails)
            async with ledger.write() as writer:
                await writer.append([gift(1_000)])
                await end_backend(postgres, writer.connection)
        assert await stored_bodies() == bodies
        await append(ledger, gift(1_000))
        assert len(await check_whole(ledger, tmp_path / "log")) == BEFORE + 1


@pytest.fixture
def own_server(engine: str) -> Iterator[Server]:
    """A server that no other test uses, so that it can be stopped."""
    with running_server() as server:
        yield server


async def test_a_server_that_crashes_loses_nothing_acknowledged(
    own_server: Server, postgres: Server, tmp_path: Path
) -> None:
    with own_server.database() as database:
        settings = Settings(home=tmp_path / "home", database=database, origin=ORIGIN)
        await initialise(settings)
        await prepare(settings)
        async with opened(settings) as ledger:
            answers = [await ledger.append(gift(1_000 + number)) for number in range(3)]
            control = ("--pgdata", f"{own_server.folder}/data", "--wait")
            own_server.programs.run("pg_ctl", "stop", "--mode=immediate", *control)
            with pytest.raises(UNUSABLE):
                await ledger.append(gift(1_003))
            options = f"-c unix_socket_directories={own_server.folder} -c listen_addresses="
            output = ("--log", f"{own_server.folder}/log")
            own_server.programs.run("pg_ctl", "start", *control, *output, "-o", options)
            for number, answer in enumerate(answers):
                again = await ledger.append(gift(1_000 + number))
                assert again == Appended(answer.position, repeated=True)
            await ledger.append(gift(1_003))
            await ledger.settle()
            assert len(await check_whole(ledger, tmp_path / "log")) == BEFORE + 4
