"""Provides inclusion and consistency proofs: made from tiles, checked, and written as a file.

The recursions are those of RFC 6962, section 2.1; the checks are those of RFC 9162, section 2.1.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

from ledger.hashing import EMPTY_ROOT, node_hash, tree_root
from ledger.messages import Refused
from ledger.signing.notes import NoteError, decode_base64, decode_hash, encode_base64, parse_decimal
from ledger.tiles import HASH_BYTES, TILE_WIDTH, TilePath

TileReader: TypeAlias = Callable[[TilePath], bytes]

PROOF_HASHES_MAX = 63
TILE_HEIGHT = TILE_WIDTH.bit_length() - 1

_HEADER = "c2sp.org/tlog-proof@v1"


class ProofError(Refused):
    """A proof is malformed, or does not prove what it should."""


class _Tree:
    """The hashes of a tree, read from its tiles; each tile is read once."""

    def __init__(self, size: int, read: TileReader) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[TilePath, bytes] = {}

    def hash(self, start: int, end: int) -> bytes:
        """Return the root over the leaves from start to end, cut as the RFC cuts the tree."""
        count = end - start
        if count & (count - 1) == 0:
            return self._perfect(start, count)
        middle = start + _split(count)
        return node_hash(self.hash(start, middle), self.hash(middle, end))

    def _perfect(self, start: int, count: int) -> bytes:
        level, height = divmod(count.bit_length() - 1, TILE_HEIGHT)
        number, first = divmod(start >> (level * TILE_HEIGHT), TILE_WIDTH)
        tile = self._tile(level, number)
        return tree_root(
            [
                tile[position * HASH_BYTES : (position + 1) * HASH_BYTES]
                for position in range(first, first + (1 << height))
            ]
        )

    def _tile(self, level: int, number: int) -> bytes:
        hashes = self.size >> (level * TILE_HEIGHT)
        path = TilePath(level, number, min(TILE_WIDTH, hashes - number * TILE_WIDTH))
        if path not in self._tiles:
            tile = self._read(path)
            if len(tile) != path.width * HASH_BYTES:
                raise ProofError("The tile {path} has {bytes} bytes.", path=path, bytes=len(tile))
            self._tiles[path] = tile
        return self._tiles[path]


def _split(count: int) -> int:
    """Return the largest power of two below count."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, read: TileReader) -> list[bytes]:
    """Return the hashes that lead from an entry to the root, the leaf's sibling first.

    Args:
        index: the entry, counted from 0.
        size: the number of entries of the tree.
        read: returns a tile of hashes; reads each at most once.

    Raises:
        ProofError: there is no such entry, or a tile has the wrong length.
        LookupError: a tile is missing.
    """
    if not 0 <= index < size:
        raise ProofError("There is no entry {index} among {size}.", index=index, size=size)
    tree = _Tree(size, read)
    start, end = 0, size
    proof: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(tree.hash(middle, end))
            end = middle
        else:
            proof.append(tree.hash(start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, size: int, read: TileReader) -> list[bytes]:
    """Return the hashes that show a tree of `old` entries to be the beginning of a larger one.

    Args:
        old: the number of entries of the earlier tree; for 0 the proof is empty.
        size: the number of entries of the later tree.
        read: returns a tile of hashes of the later tree; reads each at most once.

    Raises:
        ProofError: the earlier tree is larger, or a tile has the wrong length.
        LookupError: a tile is missing.
    """
    if not 0 <= old <= size:
        raise ProofError("A log of {old} entries cannot shrink to {size}.", old=old, size=size)
    if old in {0, size}:
        return []
    tree = _Tree(size, read)
    start, end = 0, size
    proof: list[bytes] = []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(tree.hash(middle, end))
            end = middle
        else:
            proof.append(tree.hash(start, middle))
            start = middle
    # The old tree's own root is known to whoever checks, unless it was cut into parts on the way.
    if start:
        proof.append(tree.hash(start, end))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf stands at a place of a tree.

    Args:
        leaf: the leaf hash of the entry.
        index: the place, counted from 0.
        size: the number of entries of the tree.
        proof: the hashes from the leaf's sibling up to the child of the root.
        root: the root hash of the tree.

    Raises:
        ProofError: the proof does not lead from the leaf to the root.
    """
    if not 0 <= index < size:
        raise ProofError("There is no entry {index} among {size}.", index=index, size=size)
    digest = leaf
    for sibling, on_the_left in _climb(index, size - 1, proof):
        digest = node_hash(sibling, digest) if on_the_left else node_hash(digest, sibling)
    if digest != root:
        raise ProofError("The inclusion proof does not lead to the root hash.")


def _climb(node: int, last: int, siblings: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each sibling on the way to the root, and whether it stands on the left.

    Args:
        node: the place of the node in its row.
        last: the place of the last node in that row.
        siblings: the hashes of the proof.
    """
    for sibling in siblings:
        if last == 0:
            raise ProofError("The proof is too long.")
        on_the_left = bool(node & 1) or node == last
        yield sibling, on_the_left
        if on_the_left:
            # A last node without a partner rises unchanged until it is a right child.
            zeroes = _trailing_zeroes(node)
            node, last = node >> zeroes, last >> zeroes
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("The proof is too short.")


def _trailing_zeroes(number: int) -> int:
    """Return how many bits of a number above 0 are 0 on the right."""
    return (number & -number).bit_length() - 1


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that a tree is the beginning of a larger one.

    Raises:
        ProofError: the later tree is smaller, or the proof does not lead to both root hashes.
    """
    if not 0 <= old_size <= size:
        raise ProofError("A log of {old} entries cannot shrink to {size}.", old=old_size, size=size)
    if old_size in {0, size}:
        if proof or old_root != (root if old_size else EMPTY_ROOT):
            raise ProofError("The earlier root hash is not that of the same entries.")
        return
    if not proof:
        raise ProofError("The proof is too short.")
    # A perfect earlier tree is itself a node of the later one, and the proof leaves it out.
    start, *siblings = proof if old_size & (old_size - 1) else [old_root, *proof]
    ones = _trailing_zeroes(old_size)
    old_found = found = start
    for sibling, on_the_left in _climb((old_size - 1) >> ones, (size - 1) >> ones, siblings):
        if on_the_left:
            old_found = node_hash(sibling, old_found)
        found = node_hash(sibling, found) if on_the_left else node_hash(found, sibling)
    if (old_found, found) != (old_root, root):
        raise ProofError("The consistency proof does not lead to both root hashes.")


@dataclass(frozen=True, slots=True)
class TlogProof:
    """All that proves an entry without the log: a `.tlog-proof` file of C2SP tlog-proof.

    Attributes:
        index: the place of the entry, counted from 0.
        hashes: the inclusion proof, the leaf's sibling first.
        checkpoint_note: the signed checkpoint, verbatim.
        extra: bytes for the application, not covered by any signature; None if there are none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes | None = None

    def format(self) -> str:
        """Return the text of the file."""
        lines = [_HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(encode_base64(digest) for digest in self.hashes)
        return "\n".join(lines) + "\n\n" + self.checkpoint_note

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the proof that a file holds; the checkpoint is not opened yet.

        Raises:
            ProofError: the text is not written exactly as `format` writes it.
        """
        head, _, note = text.partition("\n\n")
        header, *lines = head.split("\n")
        extra = lines.pop(0) if lines and lines[0].startswith("extra ") else None
        if header != _HEADER or not lines or not lines[0].startswith("index ") or not note:
            raise ProofError("The file is not a proof of the form {form}.", form=_HEADER)
        if len(lines) - 1 > PROOF_HASHES_MAX:
            raise ProofError("The inclusion proof is too long.")
        try:
            return cls(
                parse_decimal(lines[0].removeprefix("index ")),
                tuple(decode_hash(line) for line in lines[1:]),
                note,
                None if extra is None else decode_base64(extra.removeprefix("extra ")),
            )
        except NoteError as error:
            raise ProofError("The proof is malformed: {reason}", reason=error.message) from error
