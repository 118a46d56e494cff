"""Provides signed notes, and checkpoints as notes: C2SP signed-note and tlog-checkpoint."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ledger.signing.checkpoints import Checkpoint
from ledger.signing.encodings import (
    SIZE_MAX,
    NoteError,
    decode_base64,
    decode_hash,
    encode_base64,
    parse_decimal,
)
from ledger.signing.signatures import (
    KEY_ID_BYTES,
    SignatureType,
    SigningKey,
    VerifierKey,
    check_name,
)

__all__ = [
    "SIZE_MAX",
    "Checkpoint",
    "NoteError",
    "NoteSignature",
    "OpenedNote",
    "SignatureType",
    "SigningKey",
    "VerifierKey",
    "decode_base64",
    "decode_hash",
    "encode_base64",
    "open_checkpoint",
    "open_note",
    "parse_decimal",
    "sign_note",
]

CHARACTERS_MAX = 1_000_000
"""More than 100 signatures of the largest kind: an ML-DSA-44 line has 3,300 characters, and C2SP
signed-note knows of signatures of 5 kB."""

SIGNATURES_MAX = 100

_SIGNATURE = re.compile(r"— ([^ ]+) ([^ ]+)")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who signed, with which key, and the signature without the key id."""

    name: str
    key_id: bytes
    signature: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Return what a signature line, without its newline, says.

        Raises:
            NoteError: the line is malformed.
        """
        match = _SIGNATURE.fullmatch(line)
        if match is None:
            raise NoteError("A signature line is malformed.")
        check_name(match[1])
        data = decode_base64(match[2])
        if len(data) <= KEY_ID_BYTES:
            raise NoteError("A signature line is malformed.")
        return cls(match[1], data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """The text of a note, and those of its signatures that known keys made."""

    text: str
    signatures: tuple[NoteSignature, ...]


def sign_note(text: str, keys: Sequence[SigningKey], seconds: int | None = None) -> str:
    """Return the text with an empty line and the signature line of each key.

    Args:
        text: what is signed, with its last newline.
        keys: who signs.
        seconds: the POSIX time that cosignatures carry, by default now.

    Raises:
        NoteError: the text does not end in a newline or holds control characters.
    """
    _check_text(text)
    return text + "\n" + "".join([key.sign(text, seconds) for key in keys])


def _check_text(text: str) -> None:
    if len(text) > CHARACTERS_MAX:
        raise NoteError("The note is longer than {most} characters.", most=CHARACTERS_MAX)
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise NoteError("The note is not Unicode text.") from error
    if any(byte < 0x20 and byte != 0x0A for byte in data):
        raise NoteError("The note holds a control character.")
    if not text.endswith("\n"):
        raise NoteError("The note does not end in a newline.")


def open_note(note: str, keys: Sequence[VerifierKey]) -> OpenedNote:
    """Check a note and return its text with the signatures of known keys, one for each key.

    Lines under unknown keys are left out: they may be those of keys to come.

    Raises:
        NoteError: the note is malformed, a known key's signature is not good, or there is no
            signature of a known key.
    """
    _check_text(note)
    before, blank, lines = note.rpartition("\n\n")
    if not blank or lines.count("\n") not in range(1, SIGNATURES_MAX + 1):
        raise NoteError("The note has no signatures, or more than {most}.", most=SIGNATURES_MAX)
    text = before + "\n"
    known = {(key.name, key.key_id): key for key in keys}
    verified: dict[tuple[str, bytes], NoteSignature] = {}
    for signature in map(NoteSignature.parse, lines.split("\n")[:-1]):
        signer = (signature.name, signature.key_id)
        if signer in known:
            known[signer].verify(text, signature.signature)
            verified.setdefault(signer, signature)
    if not verified:
        raise NoteError("The note bears no signature of a known key.")
    return OpenedNote(text, tuple(verified.values()))


def open_checkpoint(
    note: str, keys: Sequence[VerifierKey], origin: str | None = None
) -> Checkpoint:
    """Return the checkpoint of a note that the log itself signed.

    Args:
        note: the signed note.
        keys: the keys of the log and of witnesses.
        origin: which log it has to be; None accepts every log whose key is among `keys`.

    Raises:
        NoteError: the note is not good, is another log's, or lacks the log's own signature. A
            witness's cosignature does not stand in for it.
    """
    opened = open_note(note, keys)
    checkpoint = Checkpoint.parse(opened.text)
    if origin not in {None, checkpoint.origin}:
        raise NoteError(
            "The checkpoint is of the log {found}, not of {origin}.",
            found=checkpoint.origin,
            origin=origin,
        )
    own = {
        (key.name, key.key_id)
        for key in keys
        if key.name == checkpoint.origin and key.signature_type is SignatureType.ED25519
    }
    if not any((signature.name, signature.key_id) in own for signature in opened.signatures):
        raise NoteError("The log {origin} did not sign its checkpoint.", origin=checkpoint.origin)
    return checkpoint
