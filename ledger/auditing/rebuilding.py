"""Provides the rebuilding of all summaries from the log alone."""

from collections.abc import Callable

from ledger.appending.publication import stored_edge
from ledger.appending.writer import MOVEMENT_COLUMNS
from ledger.auditing.audit import stored_entries
from ledger.auditing.summary_check import SummaryCheck
from ledger.database.bulk_rows import insert_rows, table_name
from ledger.database.engines import snapshot, write_transaction
from ledger.kinds import parse_entry
from ledger.log import Ledger
from ledger.messages import Message
from ledger.tables import SUMMARIES, MovementRow

OnProgress = Callable[[int, int], None]


def _no_progress(done: int, total: int) -> None:
    """Show nothing."""


async def compare_summaries(
    ledger: Ledger, on_progress: OnProgress = _no_progress
) -> list[Message]:
    """Make all summaries again from the log, and return every row that differs from what is there.

    Raises:
        Refused: an entry is missing or unsound: see `charity audit`.
    """
    async with snapshot(ledger.engine) as connection:
        size = (await stored_edge(connection)).size
        summaries = SummaryCheck()
        differences: list[Message] = []
        async for start, rows in stored_entries(connection, size):
            movements = summaries.add([parse_entry(body) for _, body in rows], start)
            differences += await summaries.compare_movements(connection, movements, start)
            on_progress(start + len(rows), size)
        return differences + await summaries.compare_sums(connection, size)


async def replace_summaries(ledger: Ledger, on_progress: OnProgress = _no_progress) -> int:
    """Put summaries made from the log in the place of those that are there; return the size.

    Nothing is appended meanwhile.

    Raises:
        Refused: an entry is missing or unsound: nothing is changed then.
    """
    async with write_transaction(ledger.engine) as connection:
        size = (await stored_edge(connection)).size
        for table in SUMMARIES:
            await connection.execute(f"DELETE FROM {table_name(table)}")  # noqa: S608 (our name)
        summaries = SummaryCheck()
        async for start, rows in stored_entries(connection, size):
            movements = summaries.add([parse_entry(body) for _, body in rows], start)
            await insert_rows(connection, MovementRow, MOVEMENT_COLUMNS, movements)
            on_progress(start + len(rows), size)
        await summaries.write_sums(connection)
    return size
