"""Provides the ways in which notes, keys and proofs write bytes and numbers: one text for each."""

import base64
import binascii
import re
from hashlib import sha256

from ledger.messages import Refused

SHOWN_MAX = 80
SIZE_MAX = 2**63 - 1

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteError(Refused):
    """A note, a key or a checkpoint is malformed, or its signature is not good."""


def decode_base64(text: str) -> bytes:
    """Return the bytes of standard base64.

    Raises:
        NoteError: the text is not the one way to write these bytes.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("“{text}” is not base64.", text=text[:SHOWN_MAX]) from error
    if encode_base64(data) != text:
        raise NoteError("“{text}” is not canonical base64.", text=text[:SHOWN_MAX])
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
        raise NoteError("“{text}” is not a hash of 32 bytes.", text=text[:SHOWN_MAX])
    return digest


def parse_decimal(text: str) -> int:
    """Return a number below 2**63 that is written without leading zeroes.

    Raises:
        NoteError: the text is written otherwise.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > SIZE_MAX:
        raise NoteError("“{text}” is not a number without leading zeroes.", text=text[:SHOWN_MAX])
    return int(text)
