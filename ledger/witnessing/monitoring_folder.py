"""Provides what a monitor keeps in its folder: the last checkpoint, and evidence against a log."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.messages import Refused
from ledger.signing.notes import Checkpoint, SignatureType, VerifierKey, open_checkpoint
from ledger.tiles import TILE_WIDTH, TilePath, parse_tile_path
from ledger.verification import CHECKPOINT, folder_fetch
from ledger.witnessing.monitoring import Following, InconsistencyError, UnavailableError

DATES = "dates.json"
KEPT = "checkpoint-kept"
FOUND = "log"
LOG_KEY = "log-key"
WITNESS_KEYS = "witness-keys"
EXPLANATION = "README.txt"


@dataclass(frozen=True, slots=True)
class Kept:
    """The last checkpoint that a monitor verified.

    Attributes:
        checkpoint: what it says.
        note: the signed checkpoint, verbatim.
        since: when the first one was kept, UTC.
        changed: when this one was first seen, UTC.
    """

    checkpoint: Checkpoint
    note: str
    since: datetime
    changed: datetime


def read_kept(folder: Path, keys: Sequence[VerifierKey]) -> Kept | None:
    """Return what a monitor kept; None before its first round.

    Raises:
        Refused: the folder's files are damaged or are another log's.
    """
    try:
        note = (folder / CHECKPOINT).read_text(encoding="utf-8")
        dates = json.loads((folder / DATES).read_text(encoding="utf-8"))
        return Kept(
            open_checkpoint(note, keys, keys[0].name),
            note,
            datetime.fromisoformat(dates["since"]),
            datetime.fromisoformat(dates["changed"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, RecursionError, Refused) as error:
        raise Refused(
            "What the monitor kept in {folder} cannot be used: {reason}",
            folder=folder,
            reason=error,
        ) from error


def keep(folder: Path, checkpoint: Checkpoint, note: str, kept: Kept | None, now: datetime) -> Kept:
    """Put a verified checkpoint in the place of the last one; return what is kept now."""
    same = kept is not None and kept.checkpoint == checkpoint
    changed = kept.changed if kept is not None and same else now
    after = Kept(checkpoint, note, kept.since if kept is not None else now, changed)
    folder.mkdir(parents=True, exist_ok=True)
    dates = {"since": after.since.isoformat(), "changed": after.changed.isoformat()}
    # The dates come first: a folder with a checkpoint always has them.
    _write(folder / DATES, json.dumps(dates).encode())
    _write(folder / CHECKPOINT, note.encode())
    return after


def _write(file: Path, data: bytes) -> None:
    """Write a file durably, so that a reader finds all of it or none."""
    unfinished = file.with_name(file.name + ".unfinished")
    with unfinished.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(unfinished, file)  # noqa: PTH105 (replaces on every system)


def write_evidence(
    folder: Path,
    explanation: str,
    kept: Kept | None,
    files: Mapping[str, bytes],
    keys: Sequence[VerifierKey],
    now: datetime,
) -> Path:
    """Write what shows an inconsistency into a dated folder of its own; return that folder.

    Args:
        folder: the monitor's folder.
        explanation: in plain words, what contradicts what and how to check it.
        kept: the checkpoint that was kept.
        files: what was fetched from the log, by its path there.
        keys: the log's verifier key, then those of witnesses.
        now: the time of the finding.
    """
    evidence = folder / f"evidence-{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    for path, data in files.items():
        (evidence / FOUND / path).parent.mkdir(parents=True, exist_ok=True)
        _write(evidence / FOUND / path, data)
    _write(evidence / FOUND / LOG_KEY, f"{keys[0]}\n".encode())
    witnesses = [key for key in keys if key.signature_type is SignatureType.COSIGNATURE]
    if witnesses:
        _write(evidence / WITNESS_KEYS, "".join(f"{key}\n" for key in witnesses).encode())
    if kept is not None:
        _write(evidence / KEPT, kept.note.encode())
    _write(evidence / EXPLANATION, explanation.encode())
    return evidence


def is_evidence(folder: Path) -> bool:
    """Return whether a folder is one that `write_evidence` wrote."""
    return (folder / EXPLANATION).is_file() and (folder / FOUND / CHECKPOINT).is_file()


def confirm_evidence(folder: Path, log_keys: Sequence[VerifierKey]) -> InconsistencyError:
    """Check evidence again, without the log; return the inconsistency that it shows.

    Args:
        folder: what `write_evidence` wrote.
        log_keys: the log's verifier keys, got by another way than from the folder.

    Raises:
        Refused: the files do not show any inconsistency.
    """
    keys = [*log_keys, *_witness_keys(folder)]
    kept = None
    if (folder / KEPT).is_file():
        kept = open_checkpoint((folder / KEPT).read_text(encoding="utf-8"), keys, keys[0].name)
    following = Following(folder_fetch(folder / FOUND), keys)
    try:
        followed = following.check(kept, entries=False)
        for path in _tiles(folder / FOUND):
            if path.level is None:
                following.check_bundle(path.number, followed.checkpoint.size)
            elif path.width == TILE_WIDTH:
                with suppress(UnavailableError):  # evidence has only the parents that matter
                    following.check_parent(path)
    except InconsistencyError as error:
        return error
    except UnavailableError as error:
        raise Refused("The evidence is not whole: {reason}", reason=error.reason) from error
    raise Refused("These files do not show any inconsistency of the log.")


def _witness_keys(folder: Path) -> list[VerifierKey]:
    """Return the witnesses' keys in the folder; a log's key from there would prove nothing."""
    file = folder / WITNESS_KEYS
    lines = file.read_text(encoding="utf-8").split() if file.is_file() else []
    keys = [VerifierKey.parse(line) for line in lines]
    return [key for key in keys if key.signature_type is SignatureType.COSIGNATURE]


def _tiles(log: Path) -> Iterator[TilePath]:
    """Yield the paths of bundles and tiles in a folder, the bundles first."""
    for file in sorted((log / "tile").rglob("*"), reverse=True):
        if file.is_file():
            yield parse_tile_path(file.relative_to(log).as_posix())
