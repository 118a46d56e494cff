"""Tests of the rotation of the signing key: the chain of proofs, and whom it makes trusted."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entries import Entry, entry_bytes
from ledger.hashing import leaf_hash, tree_root
from ledger.kinds import parse_entry
from ledger.kinds.key_rotation import KeyRotationFacts
from ledger.messages import Refused
from ledger.signing.notes import Checkpoint, NoteSignature, encode_base64, sign_note
from ledger.signing.rotation import (
    LogSigners,
    RotationError,
    follow_rotations,
    rotation_entry,
    rotation_steps,
    rotation_text,
)
from ledger.signing.signatures import SignatureType, SigningKey
from ledger.tiles import encode_bundle
from ledger.verification import LogReport, VerificationError, folder_fetch, verify_log

ORIGIN = "log.example/city"
DAY, INSTANT = "2026-01-02", "2026-01-02T03:04:05Z"
A, B, C, D = (SigningKey.generate(ORIGIN) for _ in range(4))
QUANTUM = SigningKey.generate(ORIGIN, SignatureType.ML_DSA_44)
THIEF = SigningKey.generate(ORIGIN)


def named(old: SigningKey, new: SigningKey) -> Entry:
    """Return the entry by which a key names its successor."""
    return rotation_entry(old, new, DAY, INSTANT)


def forged(old: SigningKey, new: SigningKey, **changes: str) -> Entry:
    """Return such an entry with other facts."""
    entry = named(old, new)
    return msgspec.structs.replace(entry, facts=msgspec.structs.replace(entry.facts, **changes))


def pretended() -> Entry:
    """Return an entry in which a thief names himself, his signature under the id of key A."""
    line = THIEF.sign(rotation_text(A.verifier, THIEF.verifier)).removesuffix("\n")
    signature = NoteSignature.parse(line).signature
    return forged(A, THIEF, proof=f"— {ORIGIN} {encode_base64(A.verifier.key_id + signature)}")


def chain(*entries: Entry) -> list[tuple[int, Entry]]:
    return [(position * 10, entry) for position, entry in enumerate(entries, 1)]


def test_a_rotation_entry_is_an_entry_like_any_other() -> None:
    entry = named(A, B)
    assert parse_entry(entry_bytes(entry)) == entry
    assert entry.organisation is None


def test_without_a_rotation_the_keys_stay_what_they_were() -> None:
    assert follow_rotations([A.verifier, QUANTUM.verifier], []) == (A.verifier, QUANTUM.verifier)
    assert follow_rotations([A.verifier], chain(named(C, D))) == (A.verifier,)


def test_the_newest_key_and_the_one_that_named_it_may_sign() -> None:
    entries = chain(named(A, B), named(B, C), named(C, D))
    assert follow_rotations([A.verifier], entries) == (D.verifier, C.verifier)
    assert follow_rotations([B.verifier], entries) == (D.verifier, C.verifier)
    steps = rotation_steps([A.verifier], entries)
    assert [step.position for step in steps] == [10, 20, 30]
    assert "In entry 10 key" in steps[0].message().text()


@given(st.integers(1, 8), st.integers(0, 7))
def test_a_chain_of_any_length_leads_to_its_end(length: int, start: int) -> None:
    keys = [SigningKey.generate(ORIGIN) for _ in range(length + 1)]
    entries = chain(*(named(old, new) for old, new in pairwise(keys)))
    given = keys[min(start, length - 1)]
    assert follow_rotations([given.verifier], entries)[0] == keys[-1].verifier
    assert follow_rotations([THIEF.verifier], entries) == (THIEF.verifier,)


def test_a_new_key_that_was_lost_is_replaced_by_the_old_one() -> None:
    assert follow_rotations([A.verifier], chain(named(A, B), named(A, C)))[0] == C.verifier
    with pytest.raises(RotationError, match="replaced before"):
        follow_rotations([A.verifier], chain(named(A, B), named(A, C), named(B, THIEF)))


def test_a_retired_key_names_nobody() -> None:
    with pytest.raises(RotationError, match=r"Entry 30.*replaced before"):
        follow_rotations([A.verifier], chain(named(A, B), named(B, C), named(A, THIEF)))


OTHER_OWNER = SigningKey.generate("other.example")
WITNESS = SigningKey.generate(ORIGIN, SignatureType.COSIGNATURE)


@pytest.mark.parametrize(
    "entry",
    [
        pretended(),
        forged(A, B, key=str(C.verifier)),
        forged(A, B, key="nonsense"),
        forged(A, B, key="\ud800"),
        forged(A, B, proof="nonsense"),
        forged(A, B, proof=A.sign(Checkpoint(ORIGIN, 5, bytes(32)).text()).removesuffix("\n")),
        forged(A, B, key=str(QUANTUM.verifier)),
        forged(A, B, key=str(WITNESS.verifier)),
        named(A, OTHER_OWNER),
    ],
)
def test_a_false_rotation_is_refused(entry: Entry) -> None:
    with pytest.raises(RotationError, match="Entry 10"):
        follow_rotations([A.verifier], chain(entry))


def written(folder: Path, entries: Sequence[Entry], *signers: SigningKey) -> None:
    """Write a whole log of one or two entries, with the signers' keys as its own."""
    bodies = [entry_bytes(entry) for entry in entries]
    leaves = [leaf_hash(body) for body in bodies]
    note = sign_note(Checkpoint(ORIGIN, len(bodies), tree_root(leaves)).text(), signers)
    keys = "".join(f"{key.verifier}\n" for key in signers)
    for path, data in {
        "checkpoint": note.encode(),
        "log-key": keys.encode(),
        f"tile/entries/000.p/{len(bodies)}": encode_bundle(bodies),
        f"tile/0/000.p/{len(bodies)}": b"".join(leaves),
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def checked(folder: Path, *keys: SigningKey) -> tuple[LogReport, list[str]]:
    """Check a log as the command does."""
    signers = LogSigners(folder_fetch(folder), [key.verifier for key in keys])
    report = verify_log(signers.fetch, signers.keys, on_entry=signers.add)
    return report, [finding.text() for finding in signers.findings()]


def test_who_knows_the_old_key_alone_is_led_to_the_new_one(tmp_path: Path) -> None:
    written(tmp_path, [named(A, B)], B)
    report, findings = checked(tmp_path, A)
    assert report.entries == 1
    assert "In entry 0 key" in findings[0]
    assert str(B.verifier) in findings[1]


def test_two_rotations_lead_on(tmp_path: Path) -> None:
    written(tmp_path, [named(A, B), named(B, C)], C)
    for known in (A, B):
        assert str(C.verifier) in checked(tmp_path, known)[1][-1]
    assert checked(tmp_path, C)[1] == []


def test_while_both_sign_either_key_is_enough(tmp_path: Path) -> None:
    written(tmp_path, [named(A, B)], B, A)
    assert len(checked(tmp_path, A)[1]) == 1
    assert checked(tmp_path, B)[1] == []


def test_a_signer_whom_nobody_named_is_refused(tmp_path: Path) -> None:
    written(tmp_path, [named(A, B)], THIEF)
    with pytest.raises(VerificationError, match="no entry of the log proves"):
        checked(tmp_path, A)


def test_a_forged_chain_is_refused(tmp_path: Path) -> None:
    written(tmp_path, [pretended()], THIEF)
    with pytest.raises(RotationError, match="did not sign that"):
        checked(tmp_path, A)


def test_a_chain_that_stands_in_no_entry_is_refused(tmp_path: Path) -> None:
    """The bytes of the entry are served, but are not what the checkpoint was signed over."""
    written(tmp_path, [named(A, B)], B)
    (tmp_path / "tile/entries/000.p/1").write_bytes(encode_bundle([entry_bytes(named(A, C))]))
    with pytest.raises(VerificationError, match="does not have the hash"):
        checked(tmp_path, A)


def test_a_false_signature_of_the_known_key_is_not_passed_over(tmp_path: Path) -> None:
    written(tmp_path, [named(A, B)], B)
    other = A.sign(Checkpoint(ORIGIN, 9, bytes(32)).text())
    with (tmp_path / "checkpoint").open("a", encoding="utf-8") as file:
        file.write(other)
    with pytest.raises(VerificationError, match="not good"):
        checked(tmp_path, A)


@pytest.mark.parametrize("own", [b"", b"\xff", b"nonsense\n", None])
def test_a_log_without_a_key_of_its_own_is_judged_by_the_given_one(
    tmp_path: Path, own: bytes | None
) -> None:
    written(tmp_path, [named(A, B)], B, A)
    if own is None:
        (tmp_path / "log-key").unlink()
    else:
        (tmp_path / "log-key").write_bytes(own)
    assert len(checked(tmp_path, A)[1]) == 1
    with pytest.raises(VerificationError, match="cannot be trusted"):
        checked(tmp_path, C)


def test_an_ml_dsa_key_that_was_given_must_have_signed(tmp_path: Path) -> None:
    written(tmp_path, [named(A, B)], B, A, QUANTUM)
    assert "ML-DSA-44" in checked(tmp_path, B, QUANTUM)[1][-1]
    written(tmp_path, [named(A, B)], B, A)
    with pytest.raises(VerificationError, match="ML-DSA-44 key given"):
        checked(tmp_path, B, QUANTUM)


def test_a_log_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="checkpoint is missing"):
        checked(tmp_path, A)


def test_facts_that_do_not_fit_are_no_entry() -> None:
    signers = LogSigners(folder_fetch(Path("nowhere")), [A.verifier])
    with pytest.raises(Refused):
        signers.add(0, b'{"kind":"key_rotation"}')
    assert KeyRotationFacts(key="x", proof="y").postings("") == ()
