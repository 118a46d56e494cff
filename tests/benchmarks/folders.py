"""Provides folders for what benchmarks write: on the disk of the checkout, never in memory."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).parents[2] / "var"


@contextmanager
def folder(free_bytes: int = 0) -> Iterator[Path]:
    """Yield an empty folder, removed afterwards.

    Raises:
        SystemExit: less than `free_bytes` of the disk are free.
    """
    FOLDER.mkdir(exist_ok=True)
    free = shutil.disk_usage(FOLDER).free
    if free < free_bytes:
        raise SystemExit(
            f"This benchmark writes up to {free_bytes / 1e9:.1f} GB below {FOLDER}, where"
            f" {free / 1e9:.1f} GB are free. Free some, or lower SCALE."
        )
    with TemporaryDirectory(prefix="bench-", dir=FOLDER) as name:
        yield Path(name)
