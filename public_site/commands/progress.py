"""Provides the progress bar of long commands, on the terminal's error stream."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from ledger.messages import Message
from public_site.commands.charity_group import text

STAGES = {
    "read": Message("Reading"),
    "check": Message("Checking"),
    "append": Message("Appending"),
    "export": Message("Exporting"),
    "verify": Message("Verifying"),
    "audit": Message("Auditing"),
    "rebuild": Message("Rebuilding"),
    "demo": Message("Inventing a city"),
}


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show one bar for each stage: call what is yielded with (stage, done, total)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, TaskID] = {}

    def show(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            progress.start()
            tasks[stage] = progress.add_task(text(STAGES[stage]), total=total)
        progress.update(tasks[stage], completed=done, total=total)

    try:
        yield show
    finally:
        if tasks:
            progress.stop()
