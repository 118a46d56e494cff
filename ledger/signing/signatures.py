"""Provides keys and signatures of notes: Ed25519, and cosignatures by Ed25519 or ML-DSA-44.

The types are those of C2SP signed-note (0x01) and C2SP tlog-cosignature (0x04, 0x06).
"""

import re
import secrets
import time
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Self, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from ledger.signing.checkpoints import Checkpoint
from ledger.signing.encodings import SHOWN_MAX, SIZE_MAX, NoteError, decode_base64, encode_base64

KEY_CHARACTERS_MAX = 4_000
"""Twice an ML-DSA-44 key with a long name."""

KEY_ID_BYTES = 4
KEYS_MAX = 16
SEED_BYTES = 32
TIME_BYTES = 8

_KEY_ID = re.compile(r"[0-9a-f]{8}")
_NAME_BYTES_MAX = 255
_PRIVATE = "PRIVATE+KEY+"

PrivateKey: TypeAlias = Ed25519PrivateKey | MLDSA44PrivateKey
PublicKey: TypeAlias = Ed25519PublicKey | MLDSA44PublicKey


class SignatureType(IntEnum):
    """What a key signs; the byte stands in the key and in its id.

    Ed25519 signs the text of a note, the other two a checkpoint together with the time. ML-DSA-44
    withstands quantum computers; it exists as a cosignature only, which a log makes beside its own
    signature (C2SP tlog-checkpoint, “Signatures”).
    """

    ED25519 = 0x01
    COSIGNATURE = 0x04
    ML_DSA_44 = 0x06

    @property
    def public_bytes(self) -> int:
        """The length of a public key of this type."""
        return 1_312 if self is SignatureType.ML_DSA_44 else 32


def check_name(name: str) -> None:
    """Make sure that this can be the name of a key.

    Raises:
        NoteError: it is empty, holds blanks, plus signs or control characters, or is not Unicode.
    """
    shown = name[:SHOWN_MAX]
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise NoteError("“{name}” cannot be the name of a key.", name=shown)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise NoteError("The name of a key is not Unicode text.") from error


def _key_id(name: str, signature_type: SignatureType, public: bytes) -> bytes:
    return sha256(f"{name}\n".encode() + bytes([signature_type]) + public).digest()[:KEY_ID_BYTES]


def _split_key(text: str) -> tuple[str, str, SignatureType, bytes]:
    """Return name, key id, type and material of a key's text, public or private."""
    if len(text) > KEY_CHARACTERS_MAX:
        raise NoteError("A key is longer than {most} characters.", most=KEY_CHARACTERS_MAX)
    name, _, rest = text.partition("+")
    key_id, _, material = rest.partition("+")
    check_name(name)
    data = decode_base64(material)
    if not _KEY_ID.fullmatch(key_id) or not data:
        raise NoteError("The key {name} is malformed.", name=name[:SHOWN_MAX])
    if data[0] not in tuple(SignatureType):
        raise NoteError(
            "The key {name} is of an unknown type {type}.", name=name[:SHOWN_MAX], type=data[0]
        )
    return name, key_id, SignatureType(data[0]), data[1:]


def _length_prefixed(name: str) -> bytes:
    """Return a name behind its length in one byte: `opaque <1..2^8-1>` of RFC 8446, section 3."""
    data = name.encode()
    if not 1 <= len(data) <= _NAME_BYTES_MAX:
        raise NoteError(
            "“{name}” is longer than {most} bytes.", name=name[:SHOWN_MAX], most=_NAME_BYTES_MAX
        )
    return bytes([len(data)]) + data


def _signed(signature_type: SignatureType, name: str, seconds: int, text: str) -> bytes:
    """Return the bytes that a signature over the text of a note signs.

    A cosignature signs its time too (C2SP tlog-cosignature): with Ed25519 as a line of text before
    the others, with ML-DSA-44 in a structure, which also holds both names.

    Raises:
        NoteError: the time is beyond 2**63 - 1; a name is too long, or the text is not that of a
            checkpoint, for ML-DSA-44.
    """
    if seconds > SIZE_MAX:
        raise NoteError("The time of a cosignature is beyond 2**63 - 1.")
    match signature_type:
        case SignatureType.ED25519:
            return text.encode()
        case SignatureType.COSIGNATURE:
            return f"cosignature/v1\ntime {seconds}\n{text}".encode()
        case SignatureType.ML_DSA_44:
            return _subtree_message(name, seconds, Checkpoint.parse(text))


def _subtree_message(name: str, seconds: int, checkpoint: Checkpoint) -> bytes:
    """Return the `cosigned_message` over a checkpoint: the subtree that begins at entry 0.

    It leaves the extension lines out.
    """
    start, end = 0, checkpoint.size
    return b"".join(
        (
            b"subtree/v1\n\0",
            _length_prefixed(name),
            seconds.to_bytes(TIME_BYTES, "big"),
            _length_prefixed(checkpoint.origin),
            start.to_bytes(8, "big"),
            end.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name of its owner.

    Attributes:
        name: who signs; a log's name is its origin.
        signature_type: how it signs: a note of its own, or a cosignature with a time.
        public: the public key: 32 bytes of Ed25519, or 1,312 of ML-DSA-44.
    """

    name: str
    signature_type: SignatureType
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != self.signature_type.public_bytes:
            raise NoteError("The key {name} is malformed.", name=self.name[:SHOWN_MAX])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key of a text such as "example.org/log+1a2b3c4d+AQ…".

        Raises:
            NoteError: the text is malformed, of an unknown type, or its key id is another key's.
        """
        name, key_id, signature_type, public = _split_key(text)
        key = cls(name, signature_type, public)
        if key.key_id.hex() != key_id:
            raise NoteError(
                "The id {id} is not that of the key {name}.", id=key_id, name=name[:SHOWN_MAX]
            )
        return key

    def __str__(self) -> str:
        material = encode_base64(bytes([self.signature_type]) + self.public)
        return f"{self.short}+{material}"

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before each of its signatures."""
        return _key_id(self.name, self.signature_type, self.public)

    @property
    def short(self) -> str:
        """Name and key id: enough to tell keys apart, not to check anything."""
        return f"{self.name}+{self.key_id.hex()}"

    def verify(self, text: str, signature: bytes) -> None:
        """Check a signature, without its key id, over the text of a note.

        Raises:
            NoteError: this key did not sign this text so.
        """
        seconds = 0
        if self.signature_type is not SignatureType.ED25519:
            seconds = int.from_bytes(signature[:TIME_BYTES], "big")
            signature = signature[TIME_BYTES:]
        try:
            message = _signed(self.signature_type, self.name, seconds, text)
            self._public_key().verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(
                "The signature of {name} is not good.", name=self.name[:SHOWN_MAX]
            ) from error

    def _public_key(self) -> PublicKey:
        if self.signature_type is SignatureType.ML_DSA_44:
            return MLDSA44PublicKey.from_public_bytes(self.public)
        return Ed25519PublicKey.from_public_bytes(self.public)


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key with the name of its owner. Neither its text nor its seed may be shown."""

    name: str
    signature_type: SignatureType
    seed: bytes

    def __post_init__(self) -> None:
        check_name(self.name)

    @classmethod
    def generate(cls, name: str, signature_type: SignatureType = SignatureType.ED25519) -> Self:
        """Return a new key.

        Raises:
            NoteError: the name is empty or holds blanks or plus signs.
        """
        # Both kinds of key grow from 32 random bytes: RFC 8032, section 5.1.5; FIPS 204, 5.1.
        return cls(name, signature_type, secrets.token_bytes(SEED_BYTES))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the key that `to_text` wrote; blanks around it are left out.

        Raises:
            NoteError: the text is malformed, of an unknown type, or its key id is another key's.
                The message does not hold the text.
        """
        try:
            name, key_id, signature_type, seed = _split_key(text.strip().removeprefix(_PRIVATE))
            key = cls(name, signature_type, seed)
            good = len(seed) == SEED_BYTES and key.verifier.key_id.hex() == key_id
        except NoteError:
            good = False
        if not good or not text.strip().startswith(_PRIVATE):
            raise NoteError("The private key is malformed.")
        return key

    def to_text(self) -> str:
        """Return the secret as text: "PRIVATE+KEY+" name, key id, type and seed."""
        material = encode_base64(bytes([self.signature_type]) + self.seed)
        return f"{_PRIVATE}{self.verifier.short}+{material}"

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        public = self._private_key().public_key().public_bytes_raw()
        return VerifierKey(self.name, self.signature_type, public)

    def sign(self, text: str, seconds: int | None = None) -> str:
        """Return the signature line over the text of a note, with its newline.

        Args:
            text: the text, with its last newline.
            seconds: the POSIX time of a cosignature, by default now; plain signatures have none.

        Raises:
            NoteError: this is an ML-DSA-44 key, and the text is not that of a checkpoint.
        """
        seconds = int(time.time()) if seconds is None else seconds
        message = _signed(self.signature_type, self.name, seconds, text)
        signature = self._private_key().sign(message)
        if self.signature_type is not SignatureType.ED25519:
            signature = seconds.to_bytes(TIME_BYTES, "big") + signature
        return f"— {self.name} {encode_base64(self.verifier.key_id + signature)}\n"

    def _private_key(self) -> PrivateKey:
        if self.signature_type is SignatureType.ML_DSA_44:
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def parse_verifier_keys(text: str) -> tuple[VerifierKey, ...]:
    """Return the keys of a text with one a line; blank lines and blanks around keys are left out.

    Raises:
        NoteError: there is no key, there are more than 16, or a line is none.
    """
    lines = [line.strip() for line in text.split("\n", 2 * KEYS_MAX) if line.strip()]
    if not 1 <= len(lines) <= KEYS_MAX:
        raise NoteError("There is no verifier key, or there are more than {most}.", most=KEYS_MAX)
    return tuple(VerifierKey.parse(line) for line in lines)
