"""Provides envelopes: the sealing of what rests outside the log and the vault for a while.

Drafts of reports hold names before they are approved; secrets of second factors must not stand in
a copy of the database. Each envelope is bound to its place: it opens nowhere else.
"""

import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.messages import Refused
from ledger.vault.page_keys import derive

NONCE_BYTES: Final = 12


class Envelopes:
    """Seals and opens bytes with AES-256-GCM, under a key made of the vault's key."""

    def __init__(self, vault_key: bytes) -> None:
        self._cipher = AESGCM(derive(vault_key, b"envelopes"))
        self._hash_key = derive(vault_key, b"envelope hashes")

    def seal(self, place: str, content: bytes) -> bytes:
        """Return the content sealed for one place, such as `batch/4f…/content`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, place: str, sealed: bytes) -> bytes:
        """Return what was sealed for this place.

        Raises:
            Refused: it was sealed for another place or with another key, or is damaged.
        """
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise Refused("{place} cannot be opened with this vault key.", place=place) from error

    def digest(self, text: str) -> str:
        """Return a keyed hash (HMAC-SHA-256, hex) that only this installation can make."""
        return hmac.new(self._hash_key, text.encode(), "sha256").hexdigest()
