"""Provides measuring in a process of its own, so that its peak memory is its own."""

import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

BYTES_OF_A_UNIT = 1024  # ru_maxrss counts KiB on Linux


def in_child(function: Callable[..., Any], *arguments: object) -> tuple[Any, float]:
    """Return what a function of a module returns in a new process, and the peak memory in MB."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, function, arguments).result()


def _measured(function: Callable[..., Any], arguments: tuple[object, ...]) -> tuple[Any, float]:
    result = function(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return result, peak * BYTES_OF_A_UNIT / 1e6
