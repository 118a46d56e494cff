"""Tests of single entries of a published log: believed only with their proof."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.export import export_log
from ledger.log import Ledger
from ledger.proven_entries import proven_entries
from ledger.reading import read_head
from ledger.recount import Recount
from ledger.signing.notes import Checkpoint
from ledger.verification import Fetch, VerificationError, folder_fetch, verify_log
from tests.ledger.entries import append, append_gifts, gift, refund_of, stored_bodies

SIZE = 300
Reader = Callable[[int], bytes]


async def exported(ledger: Ledger, folder: Path) -> Checkpoint:
    await export_log(folder, ledger.verifier_key)
    head = await read_head()
    assert head is not None
    return head.checkpoint


def exchanging(fetch: Fetch, old: bytes, new: bytes) -> Fetch:
    """Return a server that answers with other bytes from now on."""
    return lambda path: fetch(path).replace(old, new)


async def test_every_entry_is_read_with_its_proof(ledger: Ledger, tmp_path: Path) -> None:
    await append_gifts(ledger, 0, SIZE)
    checkpoint = await exported(ledger, tmp_path)
    read = proven_entries(folder_fetch(tmp_path), lambda: checkpoint)
    bodies = await stored_bodies()
    for position in (0, 1, 255, 256, SIZE - 1):
        assert read(position) == bodies[position]


@pytest.mark.parametrize("position", [SIZE, 10**9, -1])
async def test_what_the_checkpoint_does_not_cover_is_refused(
    ledger: Ledger, tmp_path: Path, position: int
) -> None:
    await append_gifts(ledger, 0, SIZE)
    checkpoint = await exported(ledger, tmp_path)
    with pytest.raises(VerificationError):
        proven_entries(folder_fetch(tmp_path), lambda: checkpoint)(position)


async def test_an_entry_that_is_answered_otherwise_is_not_believed(
    ledger: Ledger, tmp_path: Path
) -> None:
    await append_gifts(ledger, 0, SIZE)
    checkpoint = await exported(ledger, tmp_path)
    fetch = exchanging(folder_fetch(tmp_path), b'"amount":100,', b'"amount":999,')
    with pytest.raises(VerificationError, match="answered otherwise"):
        proven_entries(fetch, lambda: checkpoint)(7)
    (tmp_path / "tile/entries/000").unlink()
    with pytest.raises(VerificationError, match="is missing"):
        proven_entries(folder_fetch(tmp_path), lambda: checkpoint)(7)


async def test_a_recount_reads_the_gifts_of_refunds_again(ledger: Ledger, tmp_path: Path) -> None:
    await append_gifts(ledger, 0, SIZE)
    await append(ledger, *(refund_of(n, gift(n), 40 + n, f"r{n}") for n in range(3)))
    checkpoint = await exported(ledger, tmp_path)
    asked: list[str] = []

    def fetch(path: str) -> bytes:
        asked.append(path)
        return folder_fetch(tmp_path)(path)

    recount = Recount(proven_entries(fetch, lambda: checkpoint))
    verify_log(folder_fetch(tmp_path), [ledger.verifier_key], on_entry=recount.add)
    said = " ".join(finding.text() for finding in recount.findings())
    assert "3 entries refer to earlier ones" in said
    assert len(asked) == len(set(asked)), "a file is fetched once"


@pytest.mark.parametrize("asked", [0, 7, 255, 256, SIZE - 1])
async def test_no_entry_of_a_bundle_is_believed_where_another_was_changed(
    ledger: Ledger, tmp_path: Path, asked: int
) -> None:
    """The proof of a bundle's first entry covers all of them."""
    await append_gifts(ledger, 0, SIZE)
    checkpoint = await exported(ledger, tmp_path)
    bodies = await stored_bodies()
    for changed in {0, 100, 255, 256, SIZE - 1} - {asked}:
        body = bodies[changed]
        other = body.replace(b'"amount":100,', b'"amount":999,')
        read = proven_entries(exchanging(folder_fetch(tmp_path), body, other), lambda: checkpoint)
        if changed // 256 == asked // 256:
            with pytest.raises(VerificationError, match="answered otherwise"):
                read(asked)
        else:
            assert read(asked) == bodies[asked]
