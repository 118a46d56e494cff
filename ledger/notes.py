"""Provides signed notes, their keys, and checkpoints: C2SP signed-note and tlog-checkpoint."""

import base64
import binascii
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.messages import Refused

KEY_ID_BYTES = 4
SEED_BYTES = 32
SIGNATURES_MAX = 100
TIME_BYTES = 8
SIZE_MAX = 2**63 - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_PRIVATE = "PRIVATE+KEY+"
_SIGNATURE = re.compile(r"— ([^ ]+) ([^ ]+)")


class NoteError(Refused):
    """A note, a key or a checkpoint is malformed, or its signature is not good."""


class SignatureType(IntEnum):
    """What a key signs; the byte stands in the key and in its id."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


def decode_base64(text: str) -> bytes:
    """Return the bytes of standard base64.

    Raises:
        NoteError: the text is not the one way to write these bytes.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("“{text}” is not base64.", text=text[:80]) from error
    if encode_base64(data) != text:
        raise NoteError("“{text}” is not canonical base64.", text=text[:80])
    return data


def encode_base64(data: bytes) -> str:
    """Return bytes in standard base64."""
    return base64.b64encode(data).decode("ascii")


def decode_hash(text: str) -> bytes:
    """Return the 32 bytes of a hash in base64.

    Raises:
        NoteError: the text is not canonical base64 of 32 bytes.
    """
    digest = decode_base64(text)
    if len(digest) != sha256().digest_size:
        raise NoteError("“{text}” is not a hash of 32 bytes.", text=text[:80])
    return digest


def parse_decimal(text: str) -> int:
    """Return a number below 2**63 that is written without leading zeroes.

    Raises:
        NoteError: the text is written otherwise.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > SIZE_MAX:
        raise NoteError("“{text}” is not a number without leading zeroes.", text=text[:80])
    return int(text)


def _check_name(name: str) -> None:
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise NoteError("“{name}” cannot be the name of a key.", name=name)


def _key_id(name: str, signature_type: SignatureType, public: bytes) -> bytes:
    return sha256(f"{name}\n".encode() + bytes([signature_type]) + public).digest()[:KEY_ID_BYTES]


def _parse_key(name: str, key_id: str, material: str) -> tuple[SignatureType, bytes]:
    """Return the type and the 32 bytes of a key's text, public or private."""
    _check_name(name)
    data = decode_base64(material)
    if not _KEY_ID.fullmatch(key_id) or len(data) != 1 + SEED_BYTES:
        raise NoteError("The key {name} is malformed.", name=name)
    if data[0] not in tuple(SignatureType):
        raise NoteError("The key {name} is of an unknown type {type}.", name=name, type=data[0])
    return SignatureType(data[0]), data[1:]


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name of its owner.

    Attributes:
        name: who signs; a log's name is its origin.
        signature_type: how it signs: a note of its own, or a cosignature with a time.
        public: the 32 bytes of the Ed25519 public key.
    """

    name: str
    signature_type: SignatureType
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key of a text such as "example.org/log+1a2b3c4d+AQ…".

        Raises:
            NoteError: the text is malformed, of an unknown type, or its key id is another key's.
        """
        name, _, rest = text.partition("+")
        key_id, _, material = rest.partition("+")
        key = cls(name, *_parse_key(name, key_id, material))
        if key.key_id.hex() != key_id:
            raise NoteError("The id {id} is not that of the key {name}.", id=key_id, name=name)
        return key

    def __str__(self) -> str:
        material = encode_base64(bytes([self.signature_type]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before each of its signatures."""
        return _key_id(self.name, self.signature_type, self.public)

    def verify(self, text: str, signature: bytes) -> None:
        """Check a signature, without its key id, over the text of a note.

        Raises:
            NoteError: this key did not sign this text so.
        """
        message = text.encode()
        if self.signature_type is SignatureType.COSIGNATURE:
            seconds, signature = signature[:TIME_BYTES], signature[TIME_BYTES:]
            message = _cosigned(text, int.from_bytes(seconds, "big"))
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError("The signature of {name} is not good.", name=self.name) from error


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key with the name of its owner. Neither its text nor its seed may be shown."""

    name: str
    signature_type: SignatureType
    seed: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)

    @classmethod
    def generate(cls, name: str, signature_type: SignatureType = SignatureType.ED25519) -> Self:
        """Return a new key.

        Raises:
            NoteError: the name is empty or holds blanks or plus signs.
        """
        return cls(name, signature_type, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the key that `to_text` wrote; blanks around it are left out.

        Raises:
            NoteError: the text is malformed, of an unknown type, or its key id is another key's.
                The message does not hold the text.
        """
        try:
            name, key_id, material = text.strip().removeprefix(_PRIVATE).split("+", 2)
            key = cls(name, *_parse_key(name, key_id, material))
        except (NoteError, ValueError):
            raise NoteError("The private key is malformed.") from None
        if not text.strip().startswith(_PRIVATE) or key.verifier.key_id.hex() != key_id:
            raise NoteError("The private key is malformed.")
        return key

    def to_text(self) -> str:
        """Return the secret as text: "PRIVATE+KEY+" name, key id, type and seed."""
        material = encode_base64(bytes([self.signature_type]) + self.seed)
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{material}"

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return VerifierKey(self.name, self.signature_type, private.public_key().public_bytes_raw())

    def sign(self, text: str, seconds: int | None = None) -> str:
        """Return the signature line over the text of a note, with its newline.

        Args:
            text: the text, with its last newline.
            seconds: the POSIX time of a cosignature, by default now; plain signatures have none.
        """
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        if self.signature_type is SignatureType.COSIGNATURE:
            seconds = int(time.time()) if seconds is None else seconds
            stamp = seconds.to_bytes(TIME_BYTES, "big")
            signature = stamp + private.sign(_cosigned(text, seconds))
        else:
            signature = private.sign(text.encode())
        return f"— {self.name} {encode_base64(self.verifier.key_id + signature)}\n"


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
        _check_name(match[1])
        data = decode_base64(match[2])
        if len(data) <= KEY_ID_BYTES:
            raise NoteError("A signature line is malformed.")
        return cls(match[1], data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """The text of a note, and those of its signatures that known keys made."""

    text: str
    signatures: tuple[NoteSignature, ...]


def sign_note(text: str, keys: Sequence[SigningKey]) -> str:
    """Return the text with an empty line and the signature line of each key.

    Raises:
        NoteError: the text does not end in a newline or holds control characters.
    """
    _check_text(text)
    return text + "\n" + "".join([key.sign(text) for key in keys])


def _check_text(text: str) -> None:
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


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself at one moment.

    Attributes:
        origin: which log; also the name of its key.
        size: the number of entries.
        root: the root hash of the tree over them, 32 bytes.
        extensions: further lines, signed but without a meaning here.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text to sign."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the checkpoint that a note's text holds.

        Raises:
            NoteError: the text is not written exactly as `text` writes it.
        """
        *lines, end = text.split("\n")
        if end or len(lines) < 3 or not all(lines):
            raise NoteError("The checkpoint is not made of three or more full lines.")
        origin, size, root, *extensions = lines
        return cls(origin, parse_decimal(size), decode_hash(root), tuple(extensions))


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
