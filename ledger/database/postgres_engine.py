"""Provides the PostgreSQL engine: Piccolo's, with transactions that never leak a connection.

Piccolo gives a connection back to its pool only after a COMMIT that worked; one that failed would
keep the connection, and the queries of its task on it, for ever.
"""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any

import asyncpg
from anyio import CancelScope
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

CONNECTIONS_MAX = 10
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What a statement raises when the connection is gone."""
WRITE_LOCK = 0x63686172  # "char": the advisory lock that writers queue on
DURABLE = {"synchronous_commit": "on"}
"""A commit is answered when it is on the disk, whatever the server's own default is."""


class WriteTransaction(PostgresTransaction):
    """A transaction under the write lock, which gives its connection back whatever happens."""

    async def begin(self) -> None:
        """Start and queue for the write lock, or give the connection back and say why not."""
        try:
            await self.connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        except BaseException:
            self._drop()  # it may be in the middle of the statement
            await self._give_back()
            raise

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """End the transaction, even while its task is being cancelled.

        Raises:
            InternalClientError: PostgreSQL answered COMMIT by taking the transaction back, as it
                does after an error inside that was caught.
        """
        ended = False
        with CancelScope(shield=True):
            try:
                if exception is None:
                    if await self.connection.execute("COMMIT") != "COMMIT":
                        raise asyncpg.InternalClientError("the transaction was taken back")
                    ended = True
                else:
                    with suppress(*LOST):  # then closing takes the transaction back
                        await self.connection.execute("ROLLBACK")
                        ended = True
            finally:
                self.engine.current_transaction.reset(self.context)
                if not ended:
                    self._drop()
                await self._give_back()
        return exception is None

    def _drop(self) -> None:
        """Close the connection at once, which takes its transaction back."""
        with suppress(asyncpg.InterfaceError):  # the pool has dropped a lost one
            self.connection.terminate()

    async def _give_back(self) -> None:
        pool: Any = self.engine.pool
        if pool is None:
            await self.connection.close()
        else:
            await pool.release(self.connection)


async def _keep_as_it_is(connection: object) -> None:
    """Reset nothing: nobody here changes the settings of a session."""


class LedgerPostgresEngine(PostgresEngine):
    """PostgreSQL through a pool of connections, of which the writers of a process take one.

    Attributes:
        writers: they queue on it, so that those who wait leave the connections to readers.
    """

    __slots__ = ("writers",)

    def __init__(self, address: str) -> None:
        self.writers = asyncio.Lock()
        super().__init__(config={"dsn": address, "server_settings": DURABLE}, extensions=())

    async def check_version(self) -> None:
        """Ask nothing: Piccolo would hold up the event loop until the server has answered."""

    async def start_connection_pool(self, **settings: Any) -> None:
        """Open the pool with one connection; it grows when it is needed."""
        await super().start_connection_pool(
            **{"min_size": 1, "max_size": CONNECTIONS_MAX, "reset": _keep_as_it_is, **settings}
        )

    def transaction(self, allow_nested: bool = False) -> PostgresTransaction:
        """Return a transaction; never nested."""
        return WriteTransaction(engine=self, allow_nested=False)
