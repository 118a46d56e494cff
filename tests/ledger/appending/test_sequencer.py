"""Tests of the sequencer: groups, order, a bounded queue, refusals and failures."""

import asyncio
from collections.abc import Sequence

import pytest

from ledger.appending import sequencer
from ledger.appending.publication import LogDamaged
from ledger.appending.sequencer import Busy, Sequencer
from ledger.appending.submissions import Appended, Submission
from ledger.messages import Refused
from tests.ledger.entries import gift


class FakeLog:
    """A log in memory whose commits can be held up, refused and broken."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.published = 0
        self.open = asyncio.Event()
        self.open.set()
        self.broken: Exception | None = None
        self.damaged: Exception | None = None
        self.sequencer = Sequencer(self._commit, self._publish)

    async def _commit(self, group: Sequence[Submission]) -> list[Appended | Refused]:
        await self.open.wait()
        if self.broken is not None:
            error, self.broken = self.broken, None
            raise error
        first = sum(map(len, self.groups))
        self.groups.append([submission.entry.id for submission in group])
        return [
            Refused("Not this one.") if "no-" in submission.entry.id else Appended(position, False)
            for position, submission in enumerate(group, first)
        ]

    async def _publish(self) -> None:
        if self.damaged is not None:
            raise self.damaged
        self.published = sum(map(len, self.groups))

    async def append(self, number: int, key: str = "gift") -> Appended:
        return await self.sequencer.append(Submission.of(gift(number, key=key)))

    def start(self, count: int) -> list["asyncio.Task[Appended]"]:
        return [asyncio.create_task(self.append(number)) for number in range(count)]


async def test_whoever_comes_during_a_commit_joins_the_next_group_in_order() -> None:
    log = FakeLog()
    log.open.clear()
    first = asyncio.create_task(log.append(1_000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = log.start(50)
    await asyncio.sleep(0)
    log.open.set()
    answers = await asyncio.gather(first, *others)
    assert [answer.position for answer in answers] == list(range(51))
    assert [len(group) for group in log.groups] == [1, 50]
    await log.sequencer.close()
    assert log.published == 51


async def test_a_full_queue_refuses_instead_of_growing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "WAITING_MAX", 10)
    log = FakeLog()
    log.open.clear()
    waiting = log.start(30)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log.open.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(outcome, Busy) for outcome in outcomes) == 20
    assert sum(isinstance(outcome, Appended) for outcome in outcomes) == 10
    assert (await log.append(99)).position == 10


async def test_one_that_is_refused_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    log = FakeLog()
    refused, appended = await asyncio.gather(
        log.append(1, "no-gift"), log.append(2), return_exceptions=True
    )
    assert isinstance(refused, Refused)
    assert appended == Appended(1, repeated=False)


async def test_a_failed_commit_is_told_to_its_group_alone() -> None:
    log = FakeLog()
    log.broken = OSError("no space left")
    outcomes = await asyncio.gather(*log.start(3), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no space left"] * 3
    assert await log.append(4) == Appended(0, repeated=False)


async def test_nothing_is_appended_to_a_damaged_log() -> None:
    log = FakeLog()
    log.damaged = LogDamaged("A bit has flipped.")
    await log.append(1)
    await log.sequencer.close()
    with pytest.raises(LogDamaged):
        await log.append(2)
    assert len(log.groups) == 1


async def test_a_publication_that_fails_for_the_moment_is_tried_again() -> None:
    log = FakeLog()
    log.damaged = OSError("disk is full")
    await log.append(1)
    await log.sequencer.close()
    log.damaged = None
    await log.append(2)
    await log.sequencer.close()
    assert log.published == 2


async def test_one_who_went_away_does_not_hold_up_the_group() -> None:
    log = FakeLog()
    log.open.clear()
    gone, stays = log.start(2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    log.open.set()
    assert await stays == Appended(1, repeated=False)
    assert gone.cancelled() or await asyncio.wait([gone])
