"""Tests of any sequence of operations: what was signed stays so, and everything adds up.

A model in memory says what the ledger must answer to each operation. Crashes are images of the
files as they are before a step, on which the log is opened again.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import cache
from itertools import combinations, count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgspec
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from charity.organisations.registry import add_organisation
from ledger.accounts import must_stay_covered
from ledger.appending.repetition import Conflict
from ledger.appending.submissions import Appended
from ledger.auditing.rebuilding import compare_summaries, replace_summaries
from ledger.entries import Entry, entry_bytes
from ledger.kinds import parse_entry
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.proofs import consistency_proof, verify_consistency
from ledger.reading import with_tiles
from ledger.signing.notes import Checkpoint, open_checkpoint
from ledger.tables import Balance, PublishedCheckpoint, RunningTotal
from ledger.vault.erasure import erase_donors, finish_erasure
from ledger.vault.reading import known_donors
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.conftest import ORGANISATION, ORIGIN, TestClock
from tests.ledger.after_faults import check_audit
from tests.ledger.courses import OTHER, Course, Step, entry_of, steps
from tests.ledger.entries import stored_bodies
from tests.ledger.faults import named_gift, steps_watched

Result = TypeVar("Result")
NAME = "虚构甲"
STEPS_MAX = 45


@cache
def made_home() -> "TemporaryDirectory[str]":
    """Make keys and an empty log once; every example gets a copy."""
    folder = TemporaryDirectory()
    settings = Settings(home=Path(folder.name) / "home", database="", origin=ORIGIN)

    async def make() -> None:
        await initialise(settings)
        async with opened(settings, TestClock()):
            await add_organisation(ORGANISATION, "示例基金会")
            await add_organisation(OTHER.removeprefix("CN-USCI-"), "示例协会")

    asyncio.run(make())
    return folder


def model_of(entries: Sequence[Entry]) -> Course:
    """Return what a ledger with these entries takes from here on."""
    course = Course()
    for entry in entries:
        assert course.take(entry), entry
    return course


class Operations(RuleBasedStateMachine):
    """A ledger, the model beside it, and everything that was ever published."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.numbers = count()
        self.model = Course()
        self.published: dict[int, str] = {}
        self.named: list[Entry] = []
        self.erased: list[Entry] = []
        self.stack = AsyncExitStack()
        self.clock = TestClock()
        self.home = Path(self.folder.name) / "home"
        shutil.copytree(Path(made_home().name) / "home", self.home)
        self.open()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def open(self) -> None:
        settings = Settings(home=self.home, database="", origin=ORIGIN, disk_floor_mb=0)
        self.ledger: Ledger = self.run(self.stack.enter_async_context(opened(settings, self.clock)))

    def teardown(self) -> None:
        try:
            self.run(self.check_everything())
        finally:
            self.run(self.stack.aclose())
            self.runner.close()
            self.folder.cleanup()

    # --- operations ---

    def entries(self, course: Course, chosen: Sequence[Step]) -> list[tuple[Entry, bool]]:
        """Return the entries of steps, and whether a ledger that stands there takes each."""
        made: list[tuple[Entry, bool]] = []
        for step in chosen:
            entry = entry_of(course, next(self.numbers), step)
            if entry is not None:
                made.append((entry, course.take(entry)))
        return made

    @rule(step=steps)
    def append_one(self, step: Step) -> None:
        self.run(self.append_together([step], []))

    @rule(chosen=st.lists(steps, max_size=12), again=st.lists(st.integers(0, 99), max_size=4))
    def append_group(self, chosen: list[Step], again: list[int]) -> None:
        self.run(self.append_together(chosen, again))

    async def append_together(self, chosen: Sequence[Step], again: Sequence[int]) -> None:
        """Submit entries at the same moment; some that are there again, and as other content."""
        first = len(self.model.entries)
        made = self.entries(self.model, chosen)
        places = iter(range(first, len(self.model.entries)))
        expected: list[Appended | type[Refused]] = [
            Appended(next(places), repeated=False) if taken else Refused for _, taken in made
        ]
        submitted = [entry for entry, _ in made]
        for pick in again if self.model.entries else ():
            place = pick % len(self.model.entries)
            there = self.model.entries[place]
            submitted += [there, msgspec.structs.replace(there, day="2026-04-01")]
            expected += [Appended(place, repeated=True), Conflict]
        answers = await asyncio.gather(*map(self.ledger.append, submitted), return_exceptions=True)
        for answer, right in zip(answers, expected, strict=True):
            assert answer == right or (isinstance(right, type) and isinstance(answer, right))
        await self.ledger.settle()

    @rule(chosen=st.lists(steps, max_size=12))
    def append_bulk(self, chosen: list[Step]) -> None:
        self.run(self.append_in_bulk(chosen))

    async def append_in_bulk(self, chosen: Sequence[Step]) -> None:
        """Append all entries or none."""
        trial = model_of(self.model.entries)
        made = self.entries(trial, chosen)
        try:
            async with self.ledger.write() as writer:
                await writer.append([entry for entry, _ in made])
        except Refused:
            assert not all(taken for _, taken in made)
        else:
            assert all(taken for _, taken in made)
            self.model = trial

    @rule()
    def give_by_name(self) -> None:
        entry, answer = self.run(named_gift(self.ledger, NAME, 10_000 + next(self.numbers)))
        assert answer == Appended(len(self.model.entries), repeated=False)
        assert self.model.take(entry)
        self.named.append(entry)

    @rule(pick=st.integers(0, 9))
    def erase(self, pick: int) -> None:
        self.run(self.erase_one(pick))

    async def erase_one(self, pick: int) -> None:
        """Erase somebody who has given by name."""
        if not self.named:
            return
        entry = self.named.pop(pick % len(self.named))
        self.erased.append(entry)
        erasure = await erase_donors(self.ledger, [entry.facts.donor.reference])
        assert erasure.position == len(self.model.entries)
        assert self.model.take(parse_entry((await stored_bodies())[-1]))

    @rule()
    def publish(self) -> None:
        assert self.run(self.ledger.publisher.publish()) == len(self.model.entries)

    @rule()
    def rebuild(self) -> None:
        assert self.run(replace_summaries(self.ledger)) == len(self.model.entries)

    @rule(
        work=st.sampled_from(["one", "group", "bulk", "erase", "publish", "rebuild"]),
        chosen=st.lists(steps, min_size=1, max_size=6),
        at=st.integers(1, STEPS_MAX),
    )
    def crash(self, work: str, chosen: list[Step], at: int) -> None:
        """Go on from the files as they were before a step of some work."""
        image = self.home.with_name(f"image-{next(self.numbers)}")
        reached = count(1)
        before = len(self.model.entries), list(self.named), list(self.erased)

        def reach(_: str) -> None:
            if next(reached) == at:
                shutil.copytree(self.home, image)

        with steps_watched(reach):
            match work:
                case "one" | "group":
                    self.run(self.append_together(chosen if work == "group" else chosen[:1], []))
                case "bulk":
                    self.run(self.append_in_bulk(chosen))
                case "erase":
                    self.run(self.erase_one(at))
                case "publish":
                    self.run(self.ledger.publisher.publish())
                case _:
                    self.run(replace_summaries(self.ledger))
        if image.exists():
            self.run(self.go_on_from(image, *before))

    async def go_on_from(
        self, image: Path, size: int, named: list[Entry], erased: list[Entry]
    ) -> None:
        """Open the image of a crash: what was being done is there as a whole or not at all."""
        await self.stack.aclose()
        shutil.rmtree(self.home)
        self.home = image
        settings = Settings(home=image, database="", origin=ORIGIN, disk_floor_mb=0)
        self.ledger = await self.stack.enter_async_context(opened(settings, self.clock))
        stored = len(await stored_bodies())
        assert stored in {size, len(self.model.entries)}
        if stored < len(self.model.entries):
            self.model = model_of(self.model.entries[:stored])
            self.named, self.erased = named, erased
        await finish_erasure(self.ledger)
        await self.ledger.publisher.publish()

    # --- what holds after each of them ---

    @invariant()
    def nothing_old_has_changed(self) -> None:
        self.run(self.check_log())

    async def check_log(self) -> None:
        bodies = await stored_bodies()
        assert bodies == [entry_bytes(entry) for entry in self.model.entries]
        assert len({entry.id for entry in self.model.entries}) == len(bodies)
        rows = await PublishedCheckpoint.select()
        published = {row["size"]: row["note"] for row in rows}
        assert self.published.items() <= published.items()
        self.published = published

    @invariant()
    def sums_hold(self) -> None:
        self.run(self.check_sums())

    async def check_sums(self) -> None:
        """Balances are the sums of postings, and what came in is held or has gone out."""
        posted: Counter[tuple[str, str]] = Counter()
        for entry in self.model.entries:
            for posting in entry.postings:
                posted[posting.account, posting.unit] += posting.amount
        held = {
            (row["account"], row["unit"]): row["amount"]
            for row in await Balance.select()
            if must_stay_covered(row["account"])
        }
        for place, amount in held.items():
            assert amount == posted[place] >= 0
        totals = await RunningTotal.select().where(RunningTotal.month == "")
        for row in totals:
            left = row["received"] - row["refunded"] - row["spent"] - row["passed_on"]
            if must_stay_covered(row["scope"]):
                assert left == held.get((row["scope"], row["unit"]), 0)

    @invariant()
    def the_erased_are_gone(self) -> None:
        self.run(self.check_names())

    async def check_names(self) -> None:
        references = [entry.facts.donor.reference for entry in (*self.named, *self.erased)]
        known = await known_donors(self.ledger.vault, references)
        assert list(known) == references[: len(self.named)] or set(known) == set(
            references[: len(self.named)]
        )

    async def check_everything(self) -> None:
        """Check by the audits, and that any two checkpoints are consistent."""
        await self.ledger.publisher.publish()
        await check_audit(self.ledger)
        assert await compare_summaries(self.ledger) == []
        keys = self.ledger.verifier_keys
        heads = [open_checkpoint(note, keys, ORIGIN) for note in self.published.values()]
        for old, new in combinations(sorted(heads, key=lambda head: head.size), 2):
            await check_consistent(old, new)


async def check_consistent(old: Checkpoint, new: Checkpoint) -> None:
    proof = await with_tiles(lambda read: consistency_proof(old.size, new.size, read))
    verify_consistency(old.size, old.root, new.size, new.root, proof)


TestOperations = Operations.TestCase
TestOperations.settings = hypothesis_settings(
    max_examples=20, stateful_step_count=20, report_multiple_bugs=False
)
