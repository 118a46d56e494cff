"""Provides the tests of tile paths, the right edge and bundles."""

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.hashing import EMPTY_ROOT, tree_root
from ledger.tiles import (
    ENTRY_BYTES_MAX,
    HASH_BYTES,
    TILE_WIDTH,
    RightEdge,
    TilePath,
    decode_bundle,
    encode_bundle,
    parse_tile_path,
    tiles_of,
)

LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]
PATHS = st.builds(
    TilePath,
    st.none() | st.integers(0, 63),
    st.integers(0, 2**63 - 1),
    st.integers(1, TILE_WIDTH),
)


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("tile/0/000", TilePath(0, 0)),
        ("tile/0/x001/x234/067", TilePath(0, 1_234_067)),
        ("tile/63/255.p/255", TilePath(63, 255, 255)),
        ("tile/entries/000.p/5", TilePath(None, 0, 5)),
        ("tile/entries/x001/000", TilePath(None, 1000)),
    ],
)
def test_known_paths(path: str, tile: TilePath) -> None:
    assert parse_tile_path(path) == tile
    assert tile.path() == path


@given(PATHS)
def test_every_path_is_read_as_it_was_written(tile: TilePath) -> None:
    assert parse_tile_path(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/0/x01/000",
        "tile/0/X001/000",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/" + "x999/" * 3000 + "000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/05",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/5/6",
        "tile/0/٠٠٠",
        "tile/٠/000",
        "tile/0/000.p/٥",
        "tile/0/000\n",
        "tile/0/../000",
        " tile/0/000",
    ],
)
def test_malformed_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="tile"):
        parse_tile_path(path)


def test_a_tree_of_70000_holds_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_of(70_000))
    counts = Counter((tile.level, tile.width) for tile in tiles)
    assert counts == {
        (None, 256): 273,
        (None, 112): 1,
        (0, 256): 273,
        (0, 112): 1,
        (1, 256): 1,
        (1, 17): 1,
        (2, 1): 1,
    }
    assert len(set(tiles)) == len(tiles)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536])
def test_the_tiles_of_a_tree_are_those_that_the_edge_made(size: int) -> None:
    edge = RightEdge()
    made = {tile.tile_path(): tile.hashes for tile in edge.append(LEAVES[:size])}
    made |= dict(edge.partial_tiles())
    assert set(made) == {tile for tile in tiles_of(size) if tile.level is not None}
    assert all(len(hashes) == tile.width * HASH_BYTES for tile, hashes in made.items())


def test_the_edge_of_70000() -> None:
    edge = RightEdge()
    tiles = {(tile.level, tile.number): tile.hashes for tile in edge.append(LEAVES)}
    assert edge.size == 70_000
    assert [len(level) // HASH_BYTES for level in edge.levels] == [112, 17, 1]
    assert edge.root() == tree_root(LEAVES)
    assert tiles[0, 272] == b"".join(LEAVES[272 * 256 : 273 * 256])
    assert tiles[1, 0][:HASH_BYTES] == tree_root(LEAVES[:256])
    assert edge.levels[2] == tree_root(LEAVES[:65_536])


def test_the_root_after_every_leaf_is_that_of_the_tree() -> None:
    edge = RightEdge()
    for size in range(600):
        assert edge.root() == tree_root(LEAVES[:size])
        assert edge.size == size
        edge.append([LEAVES[size]])


@settings(deadline=None)
@given(st.lists(st.integers(0, 700), max_size=5))
def test_batches_and_restarts_make_no_difference(batches: list[int]) -> None:
    whole, edge = RightEdge(), RightEdge()
    expected = whole.append(LEAVES[: sum(batches)])
    tiles, start = [], 0
    for count in batches:
        edge = RightEdge(edge.size, [bytearray(level) for level in edge.levels])
        tiles += edge.append(iter(LEAVES[start : start + count]))
        start += count
    assert tiles == expected
    assert (edge.size, edge.levels, edge.root()) == (whole.size, whole.levels, whole.root())


@pytest.mark.parametrize(
    ("size", "levels"),
    [
        (1, []),
        (0, [b"h" * 32]),
        (1, [b"h" * 31]),
        (2, [b"h" * 32]),
        (256, [b""]),
        (256, [b"h" * 8192]),
        (257, [b"h" * 32, b"h" * 64]),
        (-1, []),
    ],
)
def test_an_edge_of_another_size_is_refused(size: int, levels: list[bytes]) -> None:
    with pytest.raises(ValueError, match="edge"):
        RightEdge(size, levels)


def test_a_leaf_hash_of_the_wrong_length_is_refused() -> None:
    edge = RightEdge()
    with pytest.raises(ValueError, match="32 bytes"):
        edge.append([LEAVES[0], b"h" * 31])
    assert edge.root() == EMPTY_ROOT


@given(st.lists(st.binary(max_size=300), max_size=TILE_WIDTH))
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == entries


def test_a_bundle_byte_by_byte() -> None:
    assert encode_bundle([b"", b"ab", b"c" * 258]) == b"\0\0\0\2ab\1\2" + b"c" * 258


def test_the_longest_entry() -> None:
    assert decode_bundle(encode_bundle([b"e" * ENTRY_BYTES_MAX])) == [b"e" * ENTRY_BYTES_MAX]
    with pytest.raises(ValueError, match="65536 bytes"):
        encode_bundle([b"e" * (ENTRY_BYTES_MAX + 1)])


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=9), st.data())
def test_a_truncated_bundle_is_never_the_same(entries: list[bytes], data: st.DataObject) -> None:
    bundle = encode_bundle(entries)
    cut = bundle[: data.draw(st.integers(0, len(bundle) - 1))]
    try:
        rest = decode_bundle(cut)
    except ValueError:
        return
    assert rest == entries[: len(rest)]
    assert len(rest) < len(entries)


@pytest.mark.parametrize("data", [b"\0", b"\0\1", b"\0\1a\0", b"\0\1a\0\2b"])
def test_a_bundle_that_ends_within_an_entry_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ends within entry"):
        decode_bundle(data)


def test_a_bundle_of_more_than_256_entries_is_refused() -> None:
    with pytest.raises(ValueError, match="257 entries"):
        encode_bundle([b""] * 257)
    with pytest.raises(ValueError, match="257 entries"):
        decode_bundle(b"\0\0" * 257)
