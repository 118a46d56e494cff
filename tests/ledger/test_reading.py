"""Tests of reading: tiles and bundles are those of the tree, at every size that was published."""

import hashlib
from collections.abc import Sequence

import pytest

from ledger.entries import entry_bytes
from ledger.log import Ledger
from ledger.proofs import TlogProof
from ledger.reading import read_entry, read_head, read_proven_entry, read_tile
from ledger.signing.notes import open_checkpoint
from ledger.tiles import TilePath, decode_bundle, tiles_of
from ledger.verification import VerificationError, verify_entry
from tests.ledger.entries import append_gifts, gift, stored_bodies

BATCHES = (1, 1, 3, 59, 191, 1, 1, 130, 213, 168, 1)


def tree_head(leaves: Sequence[bytes]) -> bytes:
    """Return MTH as RFC 6962 defines it."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + tree_head(leaves[:split]) + tree_head(leaves[split:])).digest()


def naive_tile(path: TilePath, entries: Sequence[bytes]) -> bytes:
    """Return a tile or a bundle from the entries alone."""
    first = path.number * 256
    if path.level is None:
        bundle = entries[first : first + path.width]
        return b"".join(len(entry).to_bytes(2, "big") + entry for entry in bundle)
    leaves = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
    below = 256**path.level
    return b"".join(
        tree_head(leaves[place * below : (place + 1) * below])
        for place in range(first, first + path.width)
    )


async def test_tiles_and_bundles_are_those_of_the_tree_at_every_published_size(
    ledger: Ledger,
) -> None:
    sizes: list[int] = []
    for count in BATCHES:
        size = (await append_gifts(ledger, sizes[-1] if sizes else 0, count)).stop
        sizes.append(size)
        entries = await stored_bodies()
        head = await read_head()
        assert head is not None
        signed = open_checkpoint(head.note, [ledger.verifier_key])
        leaves = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
        assert (signed.size, signed.root) == (size, tree_head(leaves))
        for path in tiles_of(size):
            assert await read_tile(path) == naive_tile(path, entries)
    assert {1, 2, 255, 256, 257, 600, 768} < set(sizes)
    for size in sizes:
        for path in tiles_of(size):
            assert await read_tile(path) == naive_tile(path, entries)


async def test_tiles_of_three_levels(ledger: Ledger) -> None:
    size = 256 * 256 + 300
    await append_gifts(ledger, 0, size)
    entries = [entry_bytes(gift(number)) for number in range(size)]
    last = [
        TilePath(2, 0, 1),
        TilePath(1, 0),
        TilePath(1, 1, 1),
        TilePath(0, 256),
        TilePath(0, 257, 44),
    ]
    assert {*last} < {*tiles_of(size)}
    for path in last:
        assert await read_tile(path) == naive_tile(path, entries)
    proven = await read_proven_entry(65_535)
    report = verify_entry(proven.body, proven.proof.format(), [ledger.verifier_key])
    assert report.index == 65_535


@pytest.mark.parametrize(
    "path",
    [
        TilePath(0, 1, 45),
        TilePath(0, 1),
        TilePath(0, 2, 1),
        TilePath(1, 0, 2),
        TilePath(1, 0),
        TilePath(1, 1, 1),
        TilePath(2, 0, 1),
        TilePath(63, 0, 1),
        TilePath(63, 2**63 - 1, 1),
        TilePath(None, 1, 45),
        TilePath(None, 1),
        TilePath(None, 2, 1),
        TilePath(None, 2**55, 1),
        TilePath(None, 2**63 - 1),
    ],
    ids=str,
)
async def test_a_tile_outside_of_the_log_is_not_there(ledger: Ledger, path: TilePath) -> None:
    await append_gifts(ledger, 0, 300)
    with pytest.raises(LookupError):
        await read_tile(path)


@pytest.mark.parametrize("position", [-1, 3, 2**62, 2**63, 2**64])
async def test_an_entry_outside_of_the_log_is_not_there(ledger: Ledger, position: int) -> None:
    await append_gifts(ledger, 0, 3)
    with pytest.raises(LookupError):
        await read_entry(position)
    with pytest.raises(LookupError):
        await read_proven_entry(position)


async def test_an_empty_log_has_neither_head_nor_entries_nor_tiles(ledger: Ledger) -> None:
    assert await read_head() is None
    for path in (TilePath(0, 0, 1), TilePath(None, 0, 1)):
        with pytest.raises(LookupError):
            await read_tile(path)
    with pytest.raises(LookupError):
        await read_proven_entry(0)


async def test_bundles_hold_the_entries_in_order(ledger: Ledger) -> None:
    await append_gifts(ledger, 0, 300)
    first = decode_bundle(await read_tile(TilePath(None, 0)))
    second = decode_bundle(await read_tile(TilePath(None, 1, 44)))
    assert [*first, *second] == [entry_bytes(gift(number)) for number in range(300)]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 300])
async def test_every_entry_is_proven_to_whoever_has_the_key(ledger: Ledger, size: int) -> None:
    await append_gifts(ledger, 0, size)
    for position in {0, 1, 128, 254, 255, 256, size - 1} & set(range(size)):
        proven = await read_proven_entry(position)
        text = proven.proof.format()
        assert TlogProof.parse(text) == proven.proof
        assert proven.body == entry_bytes(gift(position))
        assert verify_entry(proven.body, text, [ledger.verifier_key]).index == position
        with pytest.raises(VerificationError):
            verify_entry(entry_bytes(gift(position, 101)), text, [ledger.verifier_key])
