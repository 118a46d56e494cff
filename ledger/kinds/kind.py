"""Provides what a kind of entry declares: its name, its facts, and whose entry it is."""

from dataclasses import dataclass

from ledger.entries import Facts


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry.

    Attributes:
        name: as written in the entry.
        facts: the struct of its facts, which also holds the rules of posting and counting.
        of_log: whether it is an entry of the log itself, which names no organisation.
        of_either: whether it may be one of the log itself as well as an organisation's: it names
            who decided, and the supervision decides in the name of the log.
    """

    name: str
    facts: type[Facts]
    of_log: bool = False
    of_either: bool = False
