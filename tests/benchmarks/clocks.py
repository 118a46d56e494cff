"""Provides the clock that runs only while what is measured runs."""

import time
from types import TracebackType


class Clock:
    """Adds up the seconds between `start` and `stop`, or inside its `with` blocks."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0

    def start(self) -> None:
        """Let it run."""
        self._started = time.perf_counter()

    def stop(self) -> None:
        """Halt it."""
        self.seconds += time.perf_counter() - self._started

    def __enter__(self) -> None:
        self.start()

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
