"""Provides the limit of requests: so many a minute for each token, counted in this process."""

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final

REQUESTS_MAX: Final = 120
WINDOW_SECONDS: Final = 60.0
SWEEP_FROM: Final = 1_000


class RequestLimits:
    """Counts the requests of each token in the last minute.

    Args:
        most: requests in a window.
        window: seconds.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        most: int = REQUESTS_MAX,
        window: float = WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._times: dict[str, deque[float]] = {}

    def wait(self, token: str) -> int:
        """Count a request; return the seconds to wait before one is taken again, 0 for this one."""
        now = self._clock()
        if token not in self._times and len(self._times) >= SWEEP_FROM:
            self._sweep(now)
        times = self._times.setdefault(token, deque())
        while times and now - times[0] >= self._window:
            times.popleft()
        if len(times) >= self._most:
            return max(1, math.ceil(self._window - (now - times[0])))
        times.append(now)
        return 0

    def _sweep(self, now: float) -> None:
        """Forget the tokens that have rested for a whole window."""
        self._times = {
            token: times for token, times in self._times.items() if now - times[-1] < self._window
        }
