"""Provides what the cells of a currency column and of a status column say about a row."""

import re
from functools import lru_cache
from typing import Literal

from charity.reporting.cells import Cell, plain_text
from charity.reporting.vocabulary import VOCABULARY

Standing = Literal["received", "not_received", "unknown"]
"""Whether the money of a row came: it did, it did not or went back, or nobody can tell."""

_YUAN = frozenset[str](VOCABULARY["currency_words"]["yuan"])
_FINE = frozenset[str](VOCABULARY["status_words"]["fine"])


def _any_of(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)))


_NOT_RECEIVED = _any_of(VOCABULARY["status_words"]["not_received"])
_RECEIVED = _any_of(VOCABULARY["status_words"]["received"])


@lru_cache(maxsize=1_000)
def is_yuan(cell: Cell) -> bool:
    """Tell whether a cell of a currency column says yuan, or nothing."""
    text = _compact(cell)
    return not text or text in _YUAN


@lru_cache(maxsize=1_000)
def standing(cell: Cell) -> Standing:
    """Return what a cell of a status column says; a blank one says nothing against its row."""
    text = _compact(cell)
    if not text or text in _FINE:
        return "received"
    if _NOT_RECEIVED.search(text):
        return "not_received"
    return "received" if _RECEIVED.search(text) else "unknown"


def _compact(cell: Cell) -> str:
    return plain_text(cell).replace(" ", "").casefold()
