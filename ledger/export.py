"""Provides the static copy of the log: a folder of files that any web server can publish."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ledger.messages import Refused
from ledger.reading import read_head, read_tile
from ledger.signing.notes import VerifierKey
from ledger.signing.rotation import LOG_KEY_FILE
from ledger.tiles import tiles_of


async def export_log(
    folder: Path,
    verifier_key: VerifierKey,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    more_keys: Sequence[VerifierKey] = (),
) -> int:
    """Write checkpoint, tiles, entry bundles and verifier keys; return the number of entries.

    A folder that holds an earlier copy is brought up to date: full tiles never change and are left
    as they are. The checkpoint comes last, so that it never promises what is not there.

    Raises:
        Refused: the log is empty, or the folder holds another log.
    """
    head = await read_head()
    if head is None:
        raise Refused("The log is empty: there is nothing to export yet.")
    keys = [f"{key}\n".encode() for key in (verifier_key, *more_keys)]
    there = folder / LOG_KEY_FILE
    # While the key changes hands, the folder has the old one, and then both.
    if there.exists() and not set(keys) & set(there.read_bytes().splitlines(keepends=True)):
        raise Refused("The folder {folder} holds another log. Take an empty one.", folder=folder)
    _write(there, b"".join(keys))
    paths = list(tiles_of(head.size))
    for done, path in enumerate(paths, 1):
        file = folder / path.path()
        if not file.exists():
            _write(file, await read_tile(path))
        if on_progress is not None:
            on_progress(done, len(paths))
    _write(folder / "checkpoint", head.note.encode())
    return head.size


def _write(file: Path, data: bytes) -> None:
    """Write a file so that a reader finds all of it or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(file.name + ".unfinished")
    unfinished.write_bytes(data)
    os.replace(unfinished, file)  # noqa: PTH105 (replaces on every system)
