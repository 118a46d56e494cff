"""Tests of the ML-DSA-44 cosignature, byte by byte, and of texts with several keys."""

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.proofs import TlogProof
from ledger.signing.checkpoints import Checkpoint
from ledger.signing.encodings import NoteError
from ledger.signing.notes import NoteSignature, open_checkpoint, open_note, sign_note
from ledger.signing.signatures import SignatureType, SigningKey, VerifierKey, parse_verifier_keys
from tests.ledger.signing.test_notes import flip

LOG = SigningKey.generate("log.example/city")
QUANTUM = SigningKey.generate("log.example/city", SignatureType.ML_DSA_44)
CHECKPOINT = Checkpoint(LOG.name, 70_000, bytes(range(32)), ("an extension",))
SECONDS = 1_679_315_147


def test_an_ml_dsa_cosignature_byte_by_byte() -> None:
    """The structures `cosigned_message` and `timestamped_signature` of C2SP tlog-cosignature."""
    signature = NoteSignature.parse(QUANTUM.sign(CHECKPOINT.text(), SECONDS).removesuffix("\n"))
    stamp = SECONDS.to_bytes(8, "big")
    message = (
        b"subtree/v1\n\0\x10log.example/city"
        + stamp
        + b"\x10log.example/city"
        + bytes(8)
        + (70_000).to_bytes(8, "big")
        + bytes(range(32))
    )
    assert len(signature.signature) == 8 + 2_420
    assert signature.signature[:8] == stamp
    public = MLDSA44PrivateKey.from_seed_bytes(QUANTUM.seed).public_key().public_bytes_raw()
    MLDSA44PublicKey.from_public_bytes(public).verify(signature.signature[8:], message)
    assert QUANTUM.verifier == VerifierKey(LOG.name, SignatureType(6), public)


def test_ml_dsa_keys_are_read_as_they_were_written() -> None:
    assert SigningKey.from_text(QUANTUM.to_text()) == QUANTUM
    assert VerifierKey.parse(str(QUANTUM.verifier)) == QUANTUM.verifier
    assert len(QUANTUM.verifier.public) == 1_312


@given(st.integers(32, (4 + 8 + 2_420) * 8 - 1))
def test_every_bit_of_an_ml_dsa_cosignature_counts(bit: int) -> None:
    note = sign_note(CHECKPOINT.text(), [LOG]) + flip(QUANTUM.sign(CHECKPOINT.text()), bit)
    with pytest.raises(NoteError, match="not good"):
        open_note(note, [LOG.verifier, QUANTUM.verifier])
    assert open_checkpoint(note, [LOG.verifier]) == CHECKPOINT, "who knows it not, ignores it"


def test_an_ml_dsa_line_does_not_stand_in_for_the_signature_of_the_log() -> None:
    with pytest.raises(NoteError, match="did not sign its checkpoint"):
        open_checkpoint(sign_note(CHECKPOINT.text(), [QUANTUM]), [QUANTUM.verifier])


def test_a_checkpoint_with_both_lines_passes_through_a_proof_file() -> None:
    note = sign_note(CHECKPOINT.text(), [LOG, QUANTUM], SECONDS)
    proof = TlogProof(3, (bytes(32),) * 17, note, b"extra")
    assert TlogProof.parse(proof.format()) == proof
    assert open_checkpoint(note, [LOG.verifier, QUANTUM.verifier]) == CHECKPOINT


def test_ml_dsa_signs_nothing_but_checkpoints() -> None:
    with pytest.raises(NoteError, match="full lines"):
        QUANTUM.sign("some text\n")
    with pytest.raises(NoteError):
        QUANTUM.verifier.verify("some text\n", bytes(2_428))


@pytest.mark.parametrize("seconds", [2**63, 2**64 - 1])
@pytest.mark.parametrize("signature_type", [SignatureType.COSIGNATURE, SignatureType.ML_DSA_44])
def test_a_time_beyond_what_is_allowed_is_refused(
    signature_type: SignatureType, seconds: int
) -> None:
    key = SigningKey.generate("witness.example", signature_type)
    with pytest.raises(NoteError, match="time"):
        key.sign(CHECKPOINT.text(), seconds)
    with pytest.raises(NoteError, match="time"):
        key.verifier.verify(CHECKPOINT.text(), seconds.to_bytes(8, "big") + bytes(64))


def test_a_name_too_long_for_the_structure_is_refused() -> None:
    key = SigningKey.generate("x" * 256, SignatureType.ML_DSA_44)
    with pytest.raises(NoteError, match="255 bytes"):
        key.sign(CHECKPOINT.text())


@pytest.mark.parametrize(
    ("signature_type", "length"),
    [(SignatureType.ED25519, 1_312), (SignatureType.ML_DSA_44, 32), (SignatureType.ED25519, 0)],
)
def test_a_public_key_has_the_length_of_its_type(
    signature_type: SignatureType, length: int
) -> None:
    with pytest.raises(NoteError, match="malformed"):
        VerifierKey("log.example", signature_type, bytes(length))


def test_the_largest_note_is_read_and_a_larger_one_is_refused() -> None:
    others = [SigningKey.generate(f"w{n}.example", SignatureType.ML_DSA_44) for n in range(3)]
    lines = [key.sign(CHECKPOINT.text()) for key in others]
    note = sign_note(CHECKPOINT.text(), [LOG]) + "".join(lines * 33)
    assert open_checkpoint(note, [LOG.verifier]) == CHECKPOINT
    with pytest.raises(NoteError, match="longer than"):
        open_checkpoint("x" * 1_000_000 + "\n" + note, [LOG.verifier])


def test_several_keys_stand_one_a_line() -> None:
    text = f"\n {LOG.verifier}\r\n\n{QUANTUM.verifier}\n"
    assert parse_verifier_keys(text) == (LOG.verifier, QUANTUM.verifier)


@pytest.mark.parametrize(
    "text",
    ["", "\n \n", f"{LOG.verifier}\nx", f"{LOG.verifier}\n" * 17],
    ids=["nothing", "blank", "another word", "17 keys"],
)
def test_a_text_without_keys_or_with_too_many_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_verifier_keys(text)


@pytest.mark.parametrize("name", ["\ud800", "log\udfff.example"])
def test_a_name_that_is_not_unicode_is_refused(name: str) -> None:
    with pytest.raises(NoteError, match="not Unicode"):
        VerifierKey.parse(str(LOG.verifier).replace(LOG.name, name))
