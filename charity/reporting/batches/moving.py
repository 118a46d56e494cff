"""Provides the moving of a batch from state to state: compare and swap, and what to say if it lost.

Every move is an UPDATE that names the states and the version it was decided on. Whoever comes
second changes nothing and is told what happened meanwhile.
"""

from collections.abc import Collection
from typing import Any, Final, TypeAlias

from charity.people.roles import Permission
from charity.people.sessions import actor_of, moment_of
from charity.people.tables import Person
from charity.reporting.batches.states import MOVES, BatchAct, BatchState
from charity.reporting.batches.tables import Batch
from charity.reporting.dates import SHENZHEN
from ledger.messages import Message, Refused, WrongUse

Line: TypeAlias = dict[str, Any]
"""The line of a batch in the database, sealed where it is sealed there."""

CALLED: Final = {
    BatchState.CHECKING: Message("it is being checked"),
    BatchState.PROBLEMS: Message("its problems wait to be mended"),
    BatchState.READY: Message("it is ready and not submitted"),
    BatchState.SUBMITTED: Message("it waits for approval"),
    BatchState.APPROVED: Message("it is approved and goes into the ledger"),
    BatchState.APPENDED: Message("it is in the ledger"),
    BatchState.REJECTED: Message("it was rejected"),
    BatchState.WITHDRAWN: Message("it was withdrawn"),
    BatchState.FAILED: Message("its check broke off"),
}

NOT_DECIDED: Final[Line] = dict.fromkeys(
    (
        "submitted_by",
        "submitted_at",
        "decided_by",
        "decided_at",
        "agreed_by",
        "agreed_at",
    )
)
"""What a batch forgets when it goes back to its reporter."""


async def line_of(batch: str) -> Line | None:
    """Return the line of a batch; None if there is none."""
    line: Line | None = await Batch.select().where(Batch.id == batch).first()
    return line


async def own_line(organisation: str, batch: str) -> Line:
    """Return the line of a batch of this organisation.

    Raises:
        WrongUse: there is none, or it is another organisation's.
    """
    line = await line_of(batch)
    if line is None or line["organisation"] != organisation:
        raise no_such_batch()
    return line


def no_such_batch() -> WrongUse:
    """Return the answer to a batch that is not there, or not for these eyes."""
    return WrongUse("This organisation has no such batch.")


async def check_permission(person: str, permission: Permission, organisation: str) -> None:
    """Make sure that a person may do this for an organisation at this moment.

    Raises:
        Refused: no role in force allows it.
    """
    actor = await actor_of(person)
    if actor is None or not actor.may(permission, organisation):
        raise Refused("You may not do this for this organisation.")


async def check_unchanged(line: Line, seen_version: int, states: Collection[BatchState]) -> None:
    """Make sure that a batch is still as a person saw it, and in one of these states.

    Raises:
        Refused: it was changed, decided or withdrawn meanwhile; the message says what and by whom.
    """
    if line["state"] not in states:
        raise await _other_state(line)
    if line["version"] != seen_version:
        raise Refused(
            "This batch was changed meanwhile: you saw version {seen}, now it is version"
            " {version}. Nothing was done; look at it again.",
            seen=seen_version,
            version=line["version"],
        )


async def _other_state(line: Line) -> Refused:
    decided = line["decided_by"] is not None
    match BatchState(line["state"]):
        case BatchState.APPROVED | BatchState.APPENDED if decided:
            return Refused(
                "{name} approved this batch already, on {time}. Nothing was done.",
                name=await name_of(line["decided_by"]),
                time=told_time(line["decided_at"]),
            )
        case BatchState.REJECTED if decided:
            return Refused(
                "{name} rejected this batch already, on {time}. Nothing was done.",
                name=await name_of(line["decided_by"]),
                time=told_time(line["decided_at"]),
            )
        case state:
            return Refused(
                "This cannot be done with the batch as it is now: {state}. Nothing was done.",
                state=CALLED[state],
            )


async def name_of(person: str) -> str:
    """Return the name by which colleagues know a person."""
    names = await names_of({person})
    return names.get(person, "–")


async def names_of(people: Collection[str | None]) -> dict[str, str]:
    """Return id → name of people."""
    ids = sorted({person for person in people if person})
    if not ids:
        return {}
    rows = await Person.select(Person.id, Person.name).where(Person.id.is_in(ids))
    return {row["id"]: row["name"] for row in rows}


def told_time(instant: str) -> str:
    """Return an instant as people read it, in Asia/Shanghai."""
    return f"{moment_of(instant).astimezone(SHENZHEN):%Y-%m-%d %H:%M}"


async def move(
    line: Line, act: BatchAct, /, to: BatchState | None = None, **values: object
) -> bool:
    """Move a batch that still is in the state and version of `line`; tell whether it was so.

    Only inside a write transaction. `to` is the state where it does not follow from the act: an
    approval that still lacks the other organisation's leaves the batch where it is.
    """
    states, after = MOVES[act]
    if line["state"] not in states:
        return False
    changes: dict[Any, Any] = {"state": (to or after).value, **values}
    moved = (
        await Batch.update(changes)
        .where(
            (Batch.id == line["id"])
            & (Batch.organisation == line["organisation"])
            & (Batch.state == line["state"])
            & (Batch.version == line["version"])
        )
        .returning(Batch.id)
    )
    return bool(moved)
