"""Provides the hashes of the Merkle tree of RFC 6962, section 2.1: leaf, node and root."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf: SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hash of each entry."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two children: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaves, or over the roots of subtrees that are all equally high.

    Hashing the pairs of one row gives the next row, and an unpaired last hash rises unchanged:
    the same tree as the RFC's, which splits at the largest power of two.
    """
    if not leaf_hashes:
        return EMPTY_ROOT
    row = list(leaf_hashes)
    while len(row) > 1:
        unpaired = row[len(row) & ~1 :]
        pairs = zip(row[::2], row[1::2], strict=False)
        # node_hash written out: on this path every function call shows
        row = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + unpaired
    return row[0]


def fold_subtrees(roots: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees of falling height, the highest and leftmost first."""
    if not roots:
        return EMPTY_ROOT
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root
