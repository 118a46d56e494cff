"""Provides the tests of inclusion and consistency proofs."""

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.hashing import EMPTY_ROOT, leaf_hash, node_hash, tree_root
from ledger.proofs import (
    ProofError,
    TileReader,
    TlogProof,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from ledger.tiles import RightEdge, TilePath

LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]
NOTE = "log.example/city\n1\nroot\n\n— log.example/city signature\n"


def tiles_of_leaves(leaves: list[bytes]) -> dict[TilePath, bytes]:
    edge = RightEdge()
    return {tile.tile_path(): tile.hashes for tile in edge.append(leaves)} | dict(
        edge.partial_tiles()
    )


def reader(size: int) -> TileReader:
    return tiles_of_leaves(LEAVES[:size]).__getitem__


def recursive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH(m, D[n]) as RFC 6962, section 2.1.1, defines it."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*recursive_path(index, leaves[:split]), tree_root(leaves[split:])]
    return [*recursive_path(index - split, leaves[split:]), tree_root(leaves[:split])]


def recursive_subproof(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """Return SUBPROOF(m, D[n], b) as RFC 6962, section 2.1.2, defines it."""
    if old == len(leaves):
        return [] if whole else [tree_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        left = recursive_subproof(old, leaves[:split], whole=whole)
        return [*left, tree_root(leaves[split:])]
    right = recursive_subproof(old - split, leaves[split:], whole=False)
    return [*right, tree_root(leaves[:split])]


def test_known_proofs_of_certificate_transparency() -> None:
    entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    entries.append("606162636465666768696a6b6c6d6e6f")
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in entries]
    read = tiles_of_leaves(leaves).__getitem__
    assert [digest.hex() for digest in inclusion_proof(0, 8, read)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [digest.hex() for digest in consistency_proof(6, 8, read)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", [*range(1, 40), 255, 256, 257, 511, 512, 513, 600])
def test_proofs_of_every_size_are_those_of_the_recursive_definition(size: int) -> None:
    leaves, read = LEAVES[:size], reader(size)
    root = tree_root(leaves)
    for index in {*range(0, size, 1 + size // 40), size - 1}:
        proof = inclusion_proof(index, size, read)
        assert proof == recursive_path(index, leaves)
        verify_inclusion(leaves[index], index, size, proof, root)
    for old in {*range(1, size, 1 + size // 40), size}:
        proof = consistency_proof(old, size, read)
        assert proof == recursive_subproof(old, leaves)
        verify_consistency(old, tree_root(leaves[:old]), size, root, proof)


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, 69_888, 69_999])
def test_proofs_across_three_levels_of_tiles(index: int) -> None:
    read, root = reader(70_000), tree_root(LEAVES)
    seen: Counter[TilePath] = Counter()

    def counting(path: TilePath) -> bytes:
        seen[path] += 1
        return read(path)

    verify_inclusion(LEAVES[index], index, 70_000, inclusion_proof(index, 70_000, counting), root)
    assert set(seen.values()) == {1}
    assert len(seen) <= 5
    old = index + 1
    proof = consistency_proof(old, 70_000, read)
    verify_consistency(old, tree_root(LEAVES[:old]), 70_000, root, proof)


@settings(deadline=None)
@given(st.integers(1, 600), st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    leaves = LEAVES[:size]
    index = data.draw(st.integers(0, size - 1))
    proof, root = recursive_path(index, leaves), tree_root(leaves)
    wrong = bytes([leaves[index][0] ^ 1]) + leaves[index][1:]
    with pytest.raises(ProofError):
        verify_inclusion(wrong, index, size, proof, root)
    with pytest.raises(ProofError):
        verify_inclusion(leaves[index], index, size, [*proof, wrong], root)
    for position in range(len(proof)):
        changed = [*proof[:position], wrong, *proof[position + 1 :]]
        missing = [*proof[:position], *proof[position + 1 :]]
        for bad in (changed, missing):
            with pytest.raises(ProofError):
                verify_inclusion(leaves[index], index, size, bad, root)
    for other in {index - 1, index + 1, size, -1}:
        with pytest.raises(ProofError):
            verify_inclusion(leaves[index], other, size, proof, root)


@settings(deadline=None)
@given(st.integers(2, 600), st.data())
def test_a_changed_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    leaves = LEAVES[:size]
    old = data.draw(st.integers(1, size - 1))
    proof = recursive_subproof(old, leaves)
    old_root, root = tree_root(leaves[:old]), tree_root(leaves)
    wrong = bytes(32)
    bad_proofs = [[*proof, wrong], [], [wrong, *proof]]
    for position in range(len(proof)):
        bad_proofs.append([*proof[:position], wrong, *proof[position + 1 :]])
        bad_proofs.append([*proof[:position], *proof[position + 1 :]])
    for bad in bad_proofs:
        with pytest.raises(ProofError):
            verify_consistency(old, old_root, size, root, bad)
    for roots in ((wrong, root), (old_root, wrong), (root, old_root)):
        with pytest.raises(ProofError):
            verify_consistency(old, roots[0], size, roots[1], proof)


def test_a_rewritten_leaf_breaks_consistency() -> None:
    rewritten = [LEAVES[-1], *LEAVES[1:300]]
    read = tiles_of_leaves(rewritten).__getitem__
    with pytest.raises(ProofError, match="both root hashes"):
        verify_consistency(
            100,
            tree_root(LEAVES[:100]),
            300,
            tree_root(rewritten),
            consistency_proof(100, 300, read),
        )


def test_consistency_at_the_ends() -> None:
    read, root = reader(5), tree_root(LEAVES[:5])
    assert consistency_proof(0, 5, read) == consistency_proof(5, 5, read) == []
    verify_consistency(0, EMPTY_ROOT, 5, root, [])
    verify_consistency(5, root, 5, root, [])
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    bad: list[tuple[int, bytes, int, bytes, list[bytes]]] = [
        (0, root, 5, root, []),
        (0, EMPTY_ROOT, 5, root, [root]),
        (5, EMPTY_ROOT, 5, root, []),
        (5, root, 5, root, [root]),
        (6, root, 5, root, []),
        (-1, root, 5, root, []),
    ]
    for arguments in bad:
        with pytest.raises(ProofError):
            verify_consistency(*arguments)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ProofError, match="no entry"):
        inclusion_proof(index, size, reader(5))
    with pytest.raises(ProofError, match="shrink"):
        consistency_proof(size + 1, size, reader(5))


def test_a_missing_tile_and_one_of_the_wrong_length() -> None:
    no_tiles: dict[TilePath, bytes] = {}
    with pytest.raises(LookupError):
        inclusion_proof(0, 5, no_tiles.__getitem__)
    with pytest.raises(ProofError, match=r"tile/0/000\.p/5 has 31 bytes"):
        inclusion_proof(0, 5, lambda path: bytes(31))


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.none() | st.binary(max_size=99),
)
def test_a_proof_file_is_read_as_it_was_written(
    index: int, hashes: list[bytes], extra: bytes | None
) -> None:
    proof = TlogProof(index, tuple(hashes), NOTE, extra)
    assert TlogProof.parse(proof.format()) == proof


def test_a_proof_file_byte_by_byte() -> None:
    proof = TlogProof(7, (EMPTY_ROOT,), NOTE, b"salt")
    assert proof.format() == (
        "c2sp.org/tlog-proof@v1\nextra c2FsdA==\nindex 7\n"
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n" + NOTE
    )


HEAD = "c2sp.org/tlog-proof@v1\n"
HASH = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        f"{HEAD}index 7\n",
        f"{HEAD}index 7\n\n",
        f"{HEAD}\n{NOTE}",
        f"index 7\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v2\nindex 7\n\n{NOTE}",
        f"{HEAD}index 07\n\n{NOTE}",
        f"{HEAD}index -7\n\n{NOTE}",
        f"{HEAD}index 7 \n\n{NOTE}",
        f"{HEAD}index\n\n{NOTE}",
        f"{HEAD}index 7\nextra c2FsdA==\n\n{NOTE}",
        f"{HEAD}extra c2FsdA\nindex 7\n\n{NOTE}",
        f"{HEAD}extra c2FsdB==\nindex 7\n\n{NOTE}",
        f"{HEAD}extra c2FsdA==\nextra c2FsdA==\nindex 7\n\n{NOTE}",
        f"{HEAD}index 7\n{HASH[:-3]}V=\n\n{NOTE}",
        f"{HEAD}index 7\nc2FsdA==\n\n{NOTE}",
        f"{HEAD}index 7\n{HASH * 64}\n{NOTE}",
        f"{HEAD}index 7\r\n\r\n{NOTE}",
    ],
)
def test_malformed_proof_files_are_refused(text: str) -> None:
    with pytest.raises(ProofError):
        TlogProof.parse(text)


def test_nodes_are_ordered() -> None:
    left, right = LEAVES[:2]
    root = node_hash(left, right)
    verify_inclusion(left, 0, 2, [right], root)
    verify_inclusion(right, 1, 2, [left], root)
    with pytest.raises(ProofError):
        verify_inclusion(left, 1, 2, [right], root)
