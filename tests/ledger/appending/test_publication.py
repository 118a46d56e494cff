"""Tests of publishing: nothing is signed that is not so, and nothing is signed twice."""

import asyncio
import shutil
from pathlib import Path

import anyio
import pytest

from ledger.appending.publication import LogDamaged, Publisher, edge_at, stored_edge
from ledger.appending.signed_store import Signed, SignedStore
from ledger.database.engines import read_connection
from ledger.export import export_log
from ledger.hashing import leaf_hash
from ledger.log import Ledger
from ledger.reading import read_head
from ledger.signing.notes import Checkpoint, open_checkpoint, sign_note
from ledger.tiles import RightEdge
from ledger.verification import folder_fetch, verify_log
from public_site.opening import opened
from public_site.settings import Settings
from tests.conftest import TestClock
from tests.ledger.damage import damage, flipped
from tests.ledger.entries import append, append_gifts, gift, published_sizes, stored_bodies

pytestmark = pytest.mark.one_engine("sqlite", "damages the database's file by hand")


async def commit_only(ledger: Ledger, first: int, count: int) -> None:
    """Append and commit, and go down before anything is signed."""
    async with ledger._writing() as writer:
        await writer.append([gift(number) for number in range(first, first + count)])


async def assert_nothing_signed(ledger: Ledger, size: int) -> None:
    assert ledger.store.read().size == size
    head = await read_head()
    assert (head.size if head else 0) == size


async def test_what_was_committed_before_a_crash_is_checked_and_signed_by_the_next_write(
    ledger: Ledger, tmp_path: Path
) -> None:
    await append_gifts(ledger, 0, 10)
    await commit_only(ledger, 10, 300)
    await assert_nothing_signed(ledger, 10)
    await append(ledger, gift(999))
    await assert_nothing_signed(ledger, 311)
    await export_log(tmp_path, ledger.verifier_key)
    assert verify_log(folder_fetch(tmp_path), [ledger.verifier_key]).entries == 311


async def test_what_was_signed_before_a_crash_is_published_by_the_next(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append_gifts(ledger, 0, 10)

    async def crash(self: Publisher, signed: Signed) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Publisher, "_publish_signed", crash)
        with pytest.raises(SystemExit):
            await append_gifts(ledger, 10, 10)
    assert (ledger.store.read().size, await published_sizes()) == (20, [10])
    await ledger.publisher.publish()
    assert await published_sizes() == [10, 20]
    head = await read_head()
    assert head is not None
    assert head.note == ledger.store.read().note


@pytest.mark.parametrize("position", [10, 265, 300])
async def test_a_bit_that_flips_in_an_entry_is_never_signed(
    ledger: Ledger, home: Path, position: int
) -> None:
    await append_gifts(ledger, 0, 10)
    await commit_only(ledger, 10, 300)
    body = (await stored_bodies())[position]
    damage(home, "UPDATE ledger_entry SET body = ? WHERE position = ?", flipped(body), position)
    with pytest.raises(LogDamaged, match="read back"):
        await ledger.publisher.publish()
    await assert_nothing_signed(ledger, 10)
    with pytest.raises(LogDamaged, match="read back"):
        await append(ledger, gift(999))
    await assert_nothing_signed(ledger, 10)


async def test_an_entry_that_vanishes_is_never_signed(ledger: Ledger, home: Path) -> None:
    await commit_only(ledger, 0, 10)
    damage(home, "DELETE FROM ledger_entry WHERE position = 9")
    with pytest.raises(LogDamaged, match="not all there"):
        await ledger.publisher.publish()
    await assert_nothing_signed(ledger, 0)


async def test_a_bit_that_flips_in_a_tile_or_the_edge_is_never_signed(
    ledger: Ledger, home: Path
) -> None:
    await append_gifts(ledger, 0, 10)
    await commit_only(ledger, 10, 300)
    async with read_connection(ledger.engine) as connection:
        levels = (await stored_edge(connection)).levels
    damage(home, "UPDATE ledger_edge SET hashes = ? WHERE level = 1", flipped(levels[1]))
    with pytest.raises(LogDamaged, match="read back"):
        await ledger.publisher.publish()
    damage(home, "UPDATE ledger_edge SET hashes = ? WHERE level = 1", levels[1])
    damage(home, "UPDATE ledger_tile SET hashes = zeroblob(8192)")
    with pytest.raises(LogDamaged, match="tiles"):
        await ledger.publisher.publish()
    await assert_nothing_signed(ledger, 10)


async def test_nothing_is_appended_to_a_database_restored_from_an_old_copy(
    settings: Settings, home: Path, tmp_path: Path
) -> None:
    async with opened(settings, TestClock()) as ledger:
        await append_gifts(ledger, 0, 10)
    old = tmp_path / "old.sqlite"
    shutil.copy(home / "charity.sqlite", old)
    async with opened(settings, TestClock()) as ledger:
        await append_gifts(ledger, 10, 5)
    shutil.copy(old, home / "charity.sqlite")
    async with opened(settings, TestClock()) as ledger:
        assert len(await stored_bodies()) == 10
        with pytest.raises(LogDamaged, match="old copy"):
            await append(ledger, gift(999))
        with pytest.raises(LogDamaged, match="old copy"):
            await ledger.append(gift(999))
        assert len(await stored_bodies()) == 10


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 600])
async def test_the_edge_of_every_earlier_size_comes_from_the_tiles(
    ledger: Ledger, size: int
) -> None:
    await append_gifts(ledger, 0, 600)
    edge = RightEdge()
    edge.append([leaf_hash(body) for body in (await stored_bodies())[:size]])
    assert (await edge_at(size)).root() == edge.root()


async def test_witnesses_are_asked_before_the_first_signature_whoever_comes_first(
    ledger: Ledger,
) -> None:
    """One who is refused, cancelled or overtaken leaves the question to the next."""
    asked: list[str] = []
    answer = asyncio.Event()

    async def ask(note: str) -> int:
        asked.append(note)
        await answer.wait()
        return 500

    ledger.publisher.ask_witnesses = ask
    with anyio.move_on_after(0.01):
        await append(ledger, gift(1))
    answer.set()
    outcomes = await asyncio.gather(
        append(ledger, gift(2)), ledger.append(gift(3)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [LogDamaged, LogDamaged]
    assert len(asked) == 3
    assert open_checkpoint(asked[0], [ledger.verifier_key]).size == 0
    assert await stored_bodies() == []

    async def agree(note: str) -> int:
        return 0

    ledger.publisher.ask_witnesses = agree
    await append(ledger, gift(4))
    assert ledger.publisher.ask_witnesses is None


async def test_a_checkpoint_that_does_not_belong_to_the_entries_is_not_published(
    ledger: Ledger,
) -> None:
    await append_gifts(ledger, 0, 10)
    other = sign_note(Checkpoint(ledger.origin, 11, bytes(32)).text(), ledger.signing_keys)
    await commit_only(ledger, 10, 1)
    assert ledger.store.replace(ledger.store.read(), Signed(11, other))
    with pytest.raises(LogDamaged, match="newest checkpoint"):
        await ledger.publisher.publish()
    assert (await published_sizes())[-1] == 10


async def test_what_another_process_has_signed_is_seen_before_anything_is_appended(
    ledger: Ledger,
) -> None:
    await append_gifts(ledger, 0, 10)
    another = SignedStore(ledger.store.file)
    note = sign_note(Checkpoint(ledger.origin, 500, bytes(32)).text(), ledger.signing_keys)
    assert another.replace(another.read(), Signed(500, note))
    with pytest.raises(LogDamaged, match="old copy"):
        await append(ledger, gift(99))
    assert len(await stored_bodies()) == 10
