"""Provides the checks of what a fault has left: all that was acknowledged, once, and sound."""

from collections.abc import Sequence
from pathlib import Path

from ledger.appending.submissions import Appended
from ledger.auditing.audit import audit_log
from ledger.auditing.rebuilding import compare_summaries
from ledger.export import export_log
from ledger.log import Ledger
from ledger.reading import read_head
from ledger.verification import folder_fetch, verify_log
from public_site.opening import opened
from tests.ledger.entries import stored_bodies, stored_entries
from tests.ledger.faults import Task, submitted


async def check_audit(ledger: Ledger) -> list[bytes]:
    """Check that the ledger is sound by its own audit; return the bytes of its entries."""
    report = await audit_log(ledger)
    assert [str(problem) for problem in report.problems] == []
    return await stored_bodies()


async def check_whole(ledger: Ledger, folder: Path) -> list[bytes]:
    """Check that the ledger is sound by all of its audits; return the bytes of its entries."""
    bodies = await check_audit(ledger)
    assert [str(message) for message in await compare_summaries(ledger)] == []
    if bodies:
        assert ledger.store.read().size == len(bodies)
        await export_log(folder, ledger.verifier_key)
        assert verify_log(folder_fetch(folder), [ledger.verifier_key]).entries == len(bodies)
    ids = [entry.id for entry in await stored_entries()]
    assert len(set(ids)) == len(ids)
    return bodies


async def check_after_fault(
    task: Task, folder: Path, before: Sequence[bytes], appended: dict[str, int]
) -> list[bytes]:
    """Check a log after the fault of a work that appended single entries, and that it goes on.

    Args:
        task: what was being done.
        folder: where the log is exported to, the same each time.
        before: the bytes of the entries before it.
        appended: id → position of what was told to be durable.

    Returns:
        The bytes of the entries in the end.
    """
    async with opened(task.settings()) as ledger:
        head = await read_head()
        assert head is None or head.size <= ledger.store.read().size
        await ledger.publisher.publish()
        found = await check_audit(ledger)
        assert found[: len(before)] == list(before)
        there = {entry.id: position for position, entry in enumerate(await stored_entries())}
        for entry_id, position in appended.items():
            assert there[entry_id] == position
        for entry in submitted(task.work, task.first):
            expected = Appended(there.get(entry.id, len(there)), entry.id in there)
            assert await ledger.append(entry) == expected
            there.setdefault(entry.id, len(there))
        await ledger.settle()
        after = await check_whole(ledger, folder)
        assert (after[: len(found)], len(after)) == (found, len(there))
        return after
