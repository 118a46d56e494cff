"""Provides the tests of keys, signed notes and checkpoints."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.hashing import EMPTY_ROOT
from ledger.signing.notes import (
    Checkpoint,
    NoteError,
    NoteSignature,
    SignatureType,
    SigningKey,
    VerifierKey,
    open_checkpoint,
    open_note,
    sign_note,
)

# The published example keys and note of the Go package golang.org/x/mod/sumdb/note.
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)

LOG = SigningKey.generate("log.example/city")
OTHER = SigningKey.generate("other.example/log")
WITNESS = SigningKey.generate("witness.example/w1", SignatureType.COSIGNATURE)
CHECKPOINT = Checkpoint(LOG.name, 70_000, bytes(range(32)))


def flip(line: str, bit: int) -> str:
    """Return a signature line with one bit of its bytes changed."""
    dash, name, text = line.removesuffix("\n").split(" ")
    data = bytearray(base64.b64decode(text))
    data[bit // 8] ^= 1 << bit % 8
    return f"{dash} {name} {base64.b64encode(data).decode()}\n"


def test_the_published_example() -> None:
    assert SigningKey.from_text(GO_PRIVATE).sign(GO_TEXT) == GO_SIGNATURE
    assert str(SigningKey.from_text(GO_PRIVATE).verifier) == GO_PUBLIC
    opened = open_note(f"{GO_TEXT}\n{GO_SIGNATURE}", [VerifierKey.parse(GO_PUBLIC)])
    assert opened.text == GO_TEXT


@pytest.mark.parametrize("key", [LOG, WITNESS])
def test_keys_are_read_as_they_were_written(key: SigningKey) -> None:
    assert SigningKey.from_text(key.to_text()) == key
    assert SigningKey.from_text(f" {key.to_text()}\n") == key
    assert VerifierKey.parse(str(key.verifier)) == key.verifier


def test_the_secret_is_not_shown() -> None:
    secret = LOG.to_text().rpartition("+")[2]
    assert secret not in repr(LOG)
    with pytest.raises(NoteError) as refused:
        SigningKey.from_text(LOG.to_text().replace("log.example", "log.exanple"))
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["", "two words", "a+b", "a\u3000b", "a\n", "a\u2028b", "\x7f\x01"]
)
def test_names_with_blanks_or_plus_signs_are_refused(name: str) -> None:
    with pytest.raises(NoteError, match="name of a key"):
        SigningKey.generate(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        GO_PUBLIC.replace("c74f20a3", "c74f20a4"),
        GO_PUBLIC.replace("c74f20a3", "C74F20A3"),
        GO_PUBLIC.replace("Peter", "Pater"),
        GO_PUBLIC + "=",
        GO_PUBLIC + "\n",
        GO_PUBLIC[:-4],
        GO_PUBLIC.replace("ARpc", "BRpc"),
        GO_PUBLIC.replace("ARpc", "A pc"),
        GO_PRIVATE,
    ],
)
def test_malformed_public_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GO_PUBLIC,
        GO_PRIVATE.removeprefix("PRIVATE+KEY+"),
        GO_PRIVATE.replace("c74f20a3", "c74f20a4"),
        GO_PRIVATE.replace("AYEK", "AYEL"),
        GO_PRIVATE[:-4],
    ],
)
def test_malformed_private_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteError, match="private key is malformed"):
        SigningKey.from_text(text)


def test_a_non_canonical_key_is_refused() -> None:
    material = GO_PUBLIC.rpartition("+")[2]
    # 34 bytes leave four unused bits before the padding; set one of them.
    loose = base64.b64encode(base64.b64decode(material) + b"\0").decode().replace("A==", "B==")
    with pytest.raises(NoteError, match="canonical"):
        VerifierKey.parse(GO_PUBLIC.replace(material, loose))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_a_note_is_opened_as_it_was_signed(text: str) -> None:
    text += "\n\nfurther\n"
    opened = open_note(sign_note(text, [LOG, WITNESS]), [WITNESS.verifier, LOG.verifier])
    assert opened.text == text
    assert [signature.name for signature in opened.signatures] == [LOG.name, WITNESS.name]


@given(st.integers(0, 68 * 8 - 1))
def test_every_bit_of_a_signature_counts(bit: int) -> None:
    line = LOG.sign(CHECKPOINT.text())
    with pytest.raises(NoteError):
        open_note(f"{CHECKPOINT.text()}\n{flip(line, bit)}", [LOG.verifier])


@given(st.integers(32, 76 * 8 - 1))
def test_every_bit_of_a_cosignature_counts_its_time_too(bit: int) -> None:
    note = sign_note(CHECKPOINT.text(), [LOG]) + flip(WITNESS.sign(CHECKPOINT.text()), bit)
    with pytest.raises(NoteError, match=r"is not good|beyond 2\*\*63 - 1"):
        open_note(note, [LOG.verifier, WITNESS.verifier])


def test_a_cosignature_byte_by_byte() -> None:
    text = CHECKPOINT.text()
    plain = SigningKey(WITNESS.name, SignatureType.ED25519, WITNESS.seed)
    signature = NoteSignature.parse(WITNESS.sign(text, 1_679_315_147).removesuffix("\n"))
    expected = plain.sign(f"cosignature/v1\ntime 1679315147\n{text}").removesuffix("\n")
    assert signature.signature[:8] == (1_679_315_147).to_bytes(8, "big")
    assert signature.signature[8:] == NoteSignature.parse(expected).signature
    assert signature.key_id == WITNESS.verifier.key_id != plain.verifier.key_id
    WITNESS.verifier.verify(text, signature.signature)


@pytest.mark.parametrize("length", [0, 7, 8, 63, 73])
def test_a_signature_of_another_length_is_not_good(length: int) -> None:
    for key in (LOG, WITNESS):
        with pytest.raises(NoteError, match="not good"):
            key.verifier.verify(CHECKPOINT.text(), bytes(length))


def test_lines_under_unknown_keys_are_left_out() -> None:
    note = sign_note(CHECKPOINT.text(), [OTHER, LOG])
    unknown = flip(OTHER.sign(CHECKPOINT.text()), 100)
    same_name = SigningKey.generate(LOG.name).sign(CHECKPOINT.text())
    opened = open_note(note + unknown + same_name, [LOG.verifier])
    assert [signature.name for signature in opened.signatures] == [LOG.name]


def test_a_repeated_signature_counts_once() -> None:
    note = sign_note(CHECKPOINT.text(), [LOG, WITNESS]) + WITNESS.sign(CHECKPOINT.text(), 1)
    opened = open_note(note, [LOG.verifier, WITNESS.verifier])
    assert len(opened.signatures) == 2


def test_a_note_without_a_known_signature_is_bad() -> None:
    with pytest.raises(NoteError, match="no signature of a known key"):
        open_note(sign_note(CHECKPOINT.text(), [OTHER]), [LOG.verifier])


@pytest.mark.parametrize(
    "change",
    [
        lambda note: "",
        lambda note: note.partition("\n\n")[0] + "\n",
        lambda note: note.partition("\n\n")[0] + "\n\n",
        lambda note: note.removesuffix("\n"),
        lambda note: note + "\n",
        lambda note: note + "text\n",
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note.replace("— ", "- "),
        lambda note: note.replace("— ", "—  "),
        lambda note: note.replace("\n\n— ", "\n— "),
        lambda note: note.replace("70000", "70001"),
        lambda note: note.replace("70000", "\t70000"),
        lambda note: note.replace("70000", "\ud800"),
        lambda note: note[:-2] + "\n",
        lambda note: note + "— x AAAA\n",
        lambda note: note + "— x AAAAA===\n",
        lambda note: note + "— x AAAAAB==\n",
        lambda note: note + "— x\u3000y AAAAAAAA\n",
        lambda note: note + "— x AAAAAAAA\n" * 100,
    ],
)
def test_malformed_notes_are_refused(change: object) -> None:
    note = change(sign_note(CHECKPOINT.text(), [LOG]))  # type: ignore[operator] # a lambda
    with pytest.raises(NoteError):
        open_note(note, [LOG.verifier])


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "\ud800\n"])
def test_texts_that_no_note_may_hold_are_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, [LOG])


@pytest.mark.parametrize("extensions", [(), ("first", "second line")])
@pytest.mark.parametrize("size", [0, 1, 2**63 - 1])
def test_a_checkpoint_is_read_as_it_was_written(size: int, extensions: tuple[str, ...]) -> None:
    checkpoint = Checkpoint("log.example/city", size, EMPTY_ROOT, extensions)
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


def test_a_checkpoint_byte_by_byte() -> None:
    assert Checkpoint("log.example/city", 0, EMPTY_ROOT).text() == (
        "log.example/city\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )


ROOT = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n5\n",
        f"log\n5\n{ROOT}",
        f"\n5\n{ROOT}\n",
        f"log\n05\n{ROOT}\n",
        f"log\n00\n{ROOT}\n",
        f"log\n+5\n{ROOT}\n",
        f"log\n-5\n{ROOT}\n",
        f"log\n5 \n{ROOT}\n",
        f"log\n5_0\n{ROOT}\n",
        f"log\n٥\n{ROOT}\n",
        f"log\n{2**63}\n{ROOT}\n",
        f"log\n{'9' * 5000}\n{ROOT}\n",
        f"log\n5\n{ROOT[:-2]}V=\n",
        f"log\n5\n{ROOT[:-1]}\n",
        f"log\n5\n{ROOT} \n",
        f"log\n5\n{ROOT.replace('+', '-')}\n",
        f"log\n5\n{ROOT[:-4]}\n",
        f"log\n5\n{ROOT}\n\n",
        f"log\n5\n{ROOT}\n\nmore\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_the_log_has_to_sign_itself() -> None:
    keys = [LOG.verifier, WITNESS.verifier, OTHER.verifier]
    assert open_checkpoint(sign_note(CHECKPOINT.text(), [WITNESS, LOG]), keys) == CHECKPOINT
    for signers in ([WITNESS], [OTHER]):
        with pytest.raises(NoteError, match="did not sign its checkpoint"):
            open_checkpoint(sign_note(CHECKPOINT.text(), signers), keys)


def test_a_cosignature_under_the_name_of_the_log_is_not_its_signature() -> None:
    cosigner = SigningKey.generate(LOG.name, SignatureType.COSIGNATURE)
    with pytest.raises(NoteError, match="did not sign its checkpoint"):
        open_checkpoint(sign_note(CHECKPOINT.text(), [cosigner]), [cosigner.verifier])


def test_another_origin_under_the_same_key_is_refused() -> None:
    note = sign_note(Checkpoint("elsewhere.example/log", 1, EMPTY_ROOT).text(), [LOG])
    with pytest.raises(NoteError, match="did not sign its checkpoint"):
        open_checkpoint(note, [LOG.verifier])


def test_the_origin_asked_for_is_the_only_one_accepted() -> None:
    note = sign_note(CHECKPOINT.text(), [LOG])
    assert open_checkpoint(note, [LOG.verifier], LOG.name).size == CHECKPOINT.size
    with pytest.raises(NoteError, match=r"not of other\.example/log"):
        open_checkpoint(note, [LOG.verifier, OTHER.verifier], OTHER.name)
