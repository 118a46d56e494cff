"""Provides the bringing back of entries that an old copy of the database lacks."""

from collections.abc import Callable

from ledger.appending.writer import Batch, Writer
from ledger.database.engines import write_transaction
from ledger.kinds import parse_canonical_entry
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.signing.notes import open_checkpoint
from ledger.tiles import TILE_WIDTH, TilePath, decode_bundle
from ledger.verification import CHECKPOINT, Fetch

OnProgress = Callable[[int, int], None]


async def restore_entries(
    ledger: Ledger, fetch: Fetch, on_progress: OnProgress = lambda done, total: None
) -> range:
    """Append the entries that an exported log holds and the database lacks; return their positions.

    What the vault knew of their donors does not come back: their names stay hidden.

    Args:
        ledger: whose database was restored from an old copy.
        fetch: returns a file of the exported log by its path.
        on_progress: is told how many entries are there, and how many there will be.

    Raises:
        Refused: the files are not signed by this log, are smaller than what was signed, or do not
            continue what the database holds. Nothing is changed then.
    """
    note = _file(fetch, CHECKPOINT).decode(errors="replace")
    checkpoint = open_checkpoint(note, ledger.verifier_keys, ledger.origin)
    if checkpoint.size < ledger.store.read().size:
        raise Refused(
            "These files hold {size} entries, but {signed} were signed: find a newer copy.",
            size=checkpoint.size,
            signed=ledger.store.read().size,
        )
    async with write_transaction(ledger.engine) as connection:
        writer = await Writer.at_head(connection, ledger.clock())
        first = writer.size
        while writer.size < checkpoint.size:
            await _append_bundle(writer, fetch, checkpoint.size)
            on_progress(writer.size, checkpoint.size)
        if writer.edge.root() != checkpoint.root:
            raise Refused(
                "These files do not continue what the database holds: the root hash of both"
                " together is not that of the signed checkpoint. Nothing was changed."
            )
        await writer.store_edge()
    await ledger.publisher.publish()
    return range(first, checkpoint.size)


async def _append_bundle(writer: Writer, fetch: Fetch, size: int) -> None:
    """Append what the next bundle of the files holds behind the database's end.

    Raises:
        Refused: it is missing, damaged, or ends before the checkpoint says.
    """
    number, there = divmod(writer.size, TILE_WIDTH)
    path = TilePath(None, number, min(TILE_WIDTH, size - number * TILE_WIDTH))
    try:
        bodies = decode_bundle(_file(fetch, path.path()))
    except ValueError as error:
        raise Refused("The bundle {path} is damaged: {reason}.", path=path, reason=error) from error
    if len(bodies) != path.width:
        raise Refused(
            "The bundle {path} has {count} entries instead of {expected}.",
            path=path,
            count=len(bodies),
            expected=path.width,
        )
    entries = [parse_canonical_entry(body) for body in bodies[there:]]
    await writer.append_batches([Batch(entries)])


def _file(fetch: Fetch, path: str) -> bytes:
    try:
        return fetch(path)
    except LookupError as error:
        raise Refused("The file {path} is missing.", path=path) from error
