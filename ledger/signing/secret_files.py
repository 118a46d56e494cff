"""Provides secret files: mode 0600, written durably, refused when others can read them."""

import os
import re
import stat
import tempfile
from pathlib import Path

from ledger.messages import Refused

OTHERS = stat.S_IRWXG | stat.S_IRWXO
UNFINISHED = "unfinished"
DRAWN = "[a-z0-9_]{8}"
"""What `tempfile` draws by lot for a name."""


def make_secret(path: Path, text: str) -> None:
    """Write a new secret file, all of it or none, never over one that is there.

    Raises:
        FileExistsError: there is one.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Nobody needs a lock to make a secret: each who tries has a file of his own, with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    unfinished = Path(name)
    try:
        _write(descriptor, text)
        os.link(unfinished, path)  # unlike a rename, it never replaces
    except PermissionError:  # a file system without links
        with path.open("xb"):
            unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)


def replace_secret(path: Path, text: str) -> None:
    """Write a secret file in the place of another: a reader finds the old or the new, whole.

    The caller holds the ledger's lock. What a crash leaves has always the same name, and goes with
    the next call: copies under names drawn by lot would keep old keys for ever.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.{UNFINISHED}")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        _write(descriptor, text)
        os.replace(unfinished, path)  # noqa: PTH105 (replaces on every system)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_leftovers(path: Path) -> None:
    """Remove what interrupted writing left beside a secret file, durably.

    The caller holds the ledger's lock: what another is writing is not touched.
    """
    found = leftovers(path)
    for leftover in found:
        leftover.unlink(missing_ok=True)
    if found:
        sync_folder(path.parent)


def leftovers(path: Path) -> list[Path]:
    """Return what `make_secret` and `replace_secret` left; a copy of another name is a person's."""
    name = re.compile(rf"{re.escape(path.name)}\.({UNFINISHED}|{DRAWN})")
    return [one for one in path.parent.iterdir() if name.fullmatch(one.name)]


def _write(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_secret(path: Path) -> str:
    """Return the text of a secret file, without blanks around it.

    Raises:
        FileNotFoundError: there is none.
        Refused: people other than its owner can read it, or it is not text.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & OTHERS and _keeps_modes(path.parent):
            raise Refused(
                "Others can read the key file {path} (mode {mode}). If they may have read it, the"
                " key has to be changed. Close it with: chmod 600 {path}",
                path=path,
                mode=f"{stat.S_IMODE(mode):04o}",
            )
        try:
            return file.read().decode().strip()
        except UnicodeDecodeError as error:
            raise Refused("The key file {path} is damaged: it is not text.", path=path) from error


def _keeps_modes(folder: Path) -> bool:
    """Return whether the file system knows who may read a file; FAT, for one, does not."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            return not os.fstat(probe.fileno()).st_mode & OTHERS
    except OSError:
        return True  # nothing can be written here: the modes seen are those of a prepared volume
