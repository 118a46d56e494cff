"""Provides the states of a batch, and from which state each act may take it where."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class BatchState(StrEnum):
    """How far a batch has come.

    CHECKING: a job reads and checks it. PROBLEMS: something must be mended or accepted. READY: it
    can be submitted. SUBMITTED: it waits for a second person. APPROVED: a job appends it.
    REJECTED: its reporter may mend it. APPENDED, WITHDRAWN: it is at its end. FAILED: a check broke
    off and can be repeated.
    """

    CHECKING = "checking"
    PROBLEMS = "problems"
    READY = "ready"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    APPENDED = "appended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class BatchAct(StrEnum):
    """What moves a batch from one state to another."""

    CHANGE = "change"
    FIND_PROBLEMS = "find_problems"
    CLEAR = "clear"
    BREAK_OFF = "break_off"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    APPEND = "append"


OPEN: Final = frozenset(
    {BatchState.CHECKING, BatchState.PROBLEMS, BatchState.READY, BatchState.FAILED}
)
"""States in which nobody has to decide on it yet."""

CHANGEABLE: Final = OPEN | {BatchState.REJECTED}
"""States in which the reporter may still change it, as long as its content is there."""

WAITING_FOR_JOB: Final = frozenset({BatchState.CHECKING, BatchState.APPROVED})
ENDED: Final = frozenset({BatchState.APPENDED, BatchState.WITHDRAWN})

MOVES: Final[Mapping[BatchAct, tuple[frozenset[BatchState], BatchState]]] = MappingProxyType(
    {
        BatchAct.CHANGE: (CHANGEABLE, BatchState.CHECKING),
        # An approved batch goes back when the ledger has changed since it was checked.
        BatchAct.FIND_PROBLEMS: (WAITING_FOR_JOB, BatchState.PROBLEMS),
        BatchAct.CLEAR: (WAITING_FOR_JOB, BatchState.READY),
        BatchAct.BREAK_OFF: (WAITING_FOR_JOB, BatchState.FAILED),
        BatchAct.SUBMIT: (frozenset({BatchState.READY}), BatchState.SUBMITTED),
        BatchAct.APPROVE: (frozenset({BatchState.SUBMITTED}), BatchState.APPROVED),
        BatchAct.REJECT: (frozenset({BatchState.SUBMITTED}), BatchState.REJECTED),
        BatchAct.WITHDRAW: (CHANGEABLE | {BatchState.SUBMITTED}, BatchState.WITHDRAWN),
        BatchAct.APPEND: (frozenset({BatchState.APPROVED}), BatchState.APPENDED),
    }
)
