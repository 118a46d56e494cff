"""Provides what a kind of entry declares: its facts and what the summaries make of it."""

from dataclasses import dataclass
from enum import StrEnum

from ledger.entries import Facts


class Total(StrEnum):
    """The running total that the amount of an entry counts in."""

    RECEIVED = "received"
    TRANSFERRED = "transferred"
    SPENT = "spent"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry.

    Attributes:
        name: as written in the entry.
        facts: the struct of its facts, which also holds the posting rule.
        total: the total its amount counts in; None for a kind that moves no money.
    """

    name: str
    facts: type[Facts]
    total: Total | None = None
