"""Provides the sequencer: single appends from many tasks, committed in groups.

Whoever comes while a group is being committed joins the next one; the queue is drained, never
waited for. An append is answered when it is durable. The checkpoint follows as soon as nobody is
waiting, and at least once a second.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import TypeAlias

from ledger.appending.publication import LogDamaged
from ledger.appending.submissions import Appended, Submission
from ledger.messages import Refused

logger = logging.getLogger(__name__)

WAITING_MAX = 2_000
GROUP_MAX = 500
PUBLISH_SECONDS = 1.0

Answer: TypeAlias = Appended | Refused
Waiting: TypeAlias = tuple[Submission, "asyncio.Future[Appended]"]


class Busy(Refused):
    """More appends are waiting than can be kept: to be tried again a little later."""


class Sequencer:
    """Commits submissions in groups, in the order in which they came."""

    def __init__(
        self,
        commit: Callable[[Sequence[Submission]], Awaitable[Sequence[Answer]]],
        publish: Callable[[], Awaitable[object]],
    ) -> None:
        """Take what commits a group of submissions, and what publishes all that is committed."""
        self._commit = commit
        self._publish = publish
        self._waiting: deque[Waiting] = deque()
        self._draining: asyncio.Task[None] | None = None
        self._published_at = time.monotonic()
        self._damage: LogDamaged | None = None

    async def append(self, submission: Submission) -> Appended:
        """Append one entry; return when it is durable.

        Raises:
            Busy: too many are waiting.
            LogDamaged: what was read back before signing was not what had been written.
            Refused: the entry cannot be appended.
        """
        if self._damage is not None:
            raise self._damage
        if len(self._waiting) >= WAITING_MAX:
            raise Busy(
                "The ledger is busy: {count} entries are waiting. Try again in a second.",
                count=WAITING_MAX,
            )
        answered: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._waiting.append((submission, answered))
        if self._draining is None or self._draining.done():
            # A context of its own: the caller's open transaction must not become the group's.
            loop = asyncio.get_running_loop()
            self._draining = loop.create_task(self._drain(), context=Context())
        return await answered

    async def close(self) -> None:
        """Wait until everything that is waiting is committed and published."""
        if self._draining is not None:
            await self._draining

    async def _drain(self) -> None:
        """Commit groups until nobody is waiting."""
        while self._waiting:
            count = min(len(self._waiting), GROUP_MAX)
            await self._commit_group([self._waiting.popleft() for _ in range(count)])
            await asyncio.sleep(0)  # those who were answered may come again at once
            if not self._waiting or time.monotonic() - self._published_at > PUBLISH_SECONDS:
                await self._try_to_publish()

    async def _try_to_publish(self) -> None:
        """Publish; what fails for the moment is tried again after the next group."""
        self._published_at = time.monotonic()
        try:
            await self._publish()
        except LogDamaged as damage:
            logger.critical("the log is damaged, nothing more is appended: %s", damage)
            self._damage = damage
            while self._waiting:
                _, answered = self._waiting.popleft()
                if not answered.done():
                    answered.set_exception(damage)
        except Exception:
            logger.exception("a checkpoint could not be published")

    async def _commit_group(self, group: Sequence[Waiting]) -> None:
        try:
            answers = await self._commit([submission for submission, _ in group])
        except Exception as error:
            for _, answered in group:
                if not answered.done():
                    answered.set_exception(error)
            return
        for (_, answered), answer in zip(group, answers, strict=True):
            if answered.done():
                continue  # whoever asked has gone
            if isinstance(answer, Refused):
                answered.set_exception(answer)
            else:
                answered.set_result(answer)
