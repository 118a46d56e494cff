"""Provides tiles: their paths, the growing right edge of the tree, and bundles of entries.

The layout is C2SP tlog-tiles: 256 hashes to a tile, 256 entries to a bundle.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ledger.hashing import fold_subtrees, node_hash, tree_root

TILE_WIDTH = 256
HASH_BYTES = 32
ENTRY_BYTES_MAX = 65_535
LEVEL_MAX = 63
NUMBER_MAX = 2**63 - 1

BytesLike: TypeAlias = bytes | bytearray | memoryview

_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True)
class TilePath:
    """Where a tile of hashes or a bundle of entries stands.

    Attributes:
        level: 0 holds the leaf hashes; None means a bundle of entries.
        number: the position in its level, from the left, beginning at 0.
        width: how many hashes or entries it holds, 1 to 256.
    """

    level: int | None
    number: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= LEVEL_MAX:
            raise ValueError(f"no tile level {self.level}")
        if not 0 <= self.number <= NUMBER_MAX:
            raise ValueError(f"no tile number {self.number}")
        if not 1 <= self.width <= TILE_WIDTH:
            raise ValueError(f"no tile width {self.width}")

    def path(self) -> str:
        """Return the path below the log's prefix, such as "tile/0/x001/x234/067.p/5"."""
        *groups, last = f"{self.number:,}".split(",")
        number = "/".join([f"x{group:0>3}" for group in groups] + [f"{last:0>3}"])
        level = "entries" if self.level is None else self.level
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number}{partial}"

    def __str__(self) -> str:
        return self.path()


def parse_tile_path(path: str) -> TilePath:
    """Return what a path such as "tile/entries/000.p/5" names.

    Raises:
        ValueError: the path is not written exactly as `TilePath.path` writes it.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise ValueError("not the path of a tile")
    level, groups, width = match.groups()
    tile = TilePath(
        None if level == "entries" else int(level),
        int(groups.replace("x", "").replace("/", "")),
        TILE_WIDTH if width is None else int(width),
    )
    if tile.path() != path:
        raise ValueError("not the canonical path of a tile")
    return tile


def tiles_of(size: int) -> Iterator[TilePath]:
    """Yield every bundle and tile of a tree of `size` entries, partial ones of the edge last."""
    yield from _row(None, size)
    level = 0
    while size:
        yield from _row(level, size)
        level += 1
        size //= TILE_WIDTH


def _row(level: int | None, hashes: int) -> Iterator[TilePath]:
    full, rest = divmod(hashes, TILE_WIDTH)
    for number in range(full):
        yield TilePath(level, number)
    if rest:
        yield TilePath(level, full, rest)


class FullTile(NamedTuple):
    """A tile of 256 hashes, joined: it never changes again."""

    level: int
    number: int
    hashes: bytes

    def tile_path(self) -> TilePath:
        """Return where the tile stands."""
        return TilePath(self.level, self.number)


class _OpenTile:
    """The rightmost, not yet full tile of a level.

    It keeps the roots of the perfect subtrees within it, the largest first, so that the root of
    the whole tree costs a few hashes and not the tile's hashes all over again.
    """

    __slots__ = ("hashes", "subtrees", "width")

    def __init__(self, hashes: bytes = b"") -> None:
        self.hashes = bytearray()
        self.subtrees: list[bytes] = []
        self.width = 0
        for start in range(0, len(hashes), HASH_BYTES):
            self.push(hashes[start : start + HASH_BYTES])

    def extend(self, digests: Sequence[bytes]) -> None:
        """Add hashes on the right; a whole tile at once is hashed row by row, which is faster."""
        if set(map(len, digests)) - {HASH_BYTES}:
            raise ValueError(f"a leaf hash that is not {HASH_BYTES} bytes long")
        if len(digests) == TILE_WIDTH:
            self.hashes += b"".join(digests)
            self.subtrees, self.width = [tree_root(digests)], TILE_WIDTH
        else:
            for digest in digests:
                self.push(digest)

    def push(self, digest: bytes) -> None:
        """Add a hash on the right and join the subtrees that are now equally high."""
        self.hashes += digest
        self.width += 1
        width = self.width
        while not width & 1:
            digest = node_hash(self.subtrees.pop(), digest)
            width >>= 1
        self.subtrees.append(digest)


class RightEdge:
    """The growing right side of a tree: all that an append needs to know of its past.

    `RightEdge(edge.size, edge.levels)` is the same edge again, after a restart or a rollback.
    """

    def __init__(self, size: int = 0, levels: Sequence[BytesLike] = ()) -> None:
        """Take a tree up where `levels` left it.

        Args:
            size: number of leaves.
            levels: per tile level, the joined hashes of its not yet full tile (0 to 255).

        Raises:
            ValueError: the levels do not belong to a tree of that size.
        """
        remaining = size
        for level in levels:
            if len(level) != remaining % TILE_WIDTH * HASH_BYTES:
                raise ValueError(f"the edge does not fit a tree of {size} leaves")
            remaining //= TILE_WIDTH
        if remaining:
            raise ValueError(f"the edge of a tree of {size} leaves lacks its upper levels")
        self._size = size
        self._tiles = [_OpenTile(bytes(level)) for level in levels] or [_OpenTile()]

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def levels(self) -> tuple[bytes, ...]:
        """Per tile level, the joined hashes of its not yet full tile."""
        return tuple(bytes(tile.hashes) for tile in self._tiles)

    def append(self, leaf_hashes: Iterable[bytes]) -> list[FullTile]:
        """Add leaves on the right.

        Returns:
            The tiles of all levels that became full, in the order in which they did.

        Raises:
            ValueError: a leaf hash is not 32 bytes long; the edge is of no more use then.
        """
        full: list[FullTile] = []
        leaves = list(leaf_hashes)
        place = 0
        while place < len(leaves):
            lowest = self._tiles[0]
            part = leaves[place : place + TILE_WIDTH - lowest.width]
            lowest.extend(part)
            place += len(part)
            self._size += len(part)
            if lowest.width == TILE_WIDTH:
                self._close(0, full)
        return full

    def _close(self, level: int, full: list[FullTile]) -> None:
        """Begin a new tile on a level and hash the full one into the level above."""
        tile = self._tiles[level]
        number = self._size // TILE_WIDTH ** (level + 1) - 1
        full.append(FullTile(level, number, bytes(tile.hashes)))
        self._tiles[level] = _OpenTile()
        if level + 1 == len(self._tiles):
            self._tiles.append(_OpenTile())
        upper = self._tiles[level + 1]
        upper.push(tile.subtrees[0])
        if upper.width == TILE_WIDTH:
            self._close(level + 1, full)

    def root(self) -> bytes:
        """Return the root hash of the tree."""
        return fold_subtrees([root for tile in reversed(self._tiles) for root in tile.subtrees])

    def partial_tiles(self) -> list[tuple[TilePath, bytes]]:
        """Return the partial tiles of hashes that a checkpoint of this size needs."""
        tiles = []
        number = self._size
        for level, tile in enumerate(self._tiles):
            number //= TILE_WIDTH
            if tile.width:
                tiles.append((TilePath(level, number, tile.width), bytes(tile.hashes)))
        return tiles


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as a bundle: each behind its length in two bytes, big-endian.

    Raises:
        ValueError: more than 256 entries, or one of more than 65,535 bytes.
    """
    if len(entries) > TILE_WIDTH:
        raise ValueError(f"a bundle of {len(entries)} entries")
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise ValueError(f"an entry of {len(entry)} bytes")
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def decode_bundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        ValueError: the bundle ends within an entry, or holds more than 256.
    """
    entries: list[bytes] = []
    start, length = 0, len(data)
    while start + 1 < length:
        end = start + 2 + (data[start] << 8 | data[start + 1])
        if end > length:
            break
        entries.append(data[start + 2 : end])
        if len(entries) > TILE_WIDTH:
            raise ValueError(f"a bundle of {len(entries)} entries")
        start = end
    if start != length:
        raise ValueError(f"the bundle ends within entry {len(entries)}")
    return entries
