"""Provides the vault: personal data kept outside the log, sealed, so that it can be destroyed.

The log holds a donor reference and a salted commitment. Names and salts stand on pages of the
vault, 64 donors of one report to a page, under authenticated encryption (AES-256-GCM). Taking a
donor off his page leaves every proof and every total as it was. The key is never in the database.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ledger.kinds.donation import Donor, Visibility
from ledger.messages import Refused

COMMITMENT_CONTEXT: Final = b"charity-city/donor-commitment/v1\n"
SALT_BYTES: Final = 32
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
PAGE_DONORS: Final = 64
PAGE_DIGITS: Final = 28
"""Hexadecimal digits of a reference that name the page; the last four name the place on it."""

SHOWN_ORGANISATION: Final = "organisation"
SHOWN_CONSENT: Final = "consent"


class Identity(NamedTuple):
    """Who is behind a donor reference: the name, and the salt that opens the commitment."""

    name: str
    salt: bytes


class Page(msgspec.Struct, frozen=True, gc=False):
    """A page of the vault: names by place (None where one was erased), and their salts, joined."""

    names: Sequence[str | None]
    salts: bytes

    def identity(self, reference: str) -> Identity | None:
        """Return who is behind a reference of this page; None if nobody is any more."""
        place = int(reference[PAGE_DIGITS:], 16)
        name = self.names[place] if place < len(self.names) else None
        if name is None:
            return None
        return Identity(name, self.salts[place * SALT_BYTES : (place + 1) * SALT_BYTES])


class Remark(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a list said beside a gift, often with a name in it: who paid, and the remark."""

    payer: str | None = None
    remark: str | None = None


VaultRow = tuple[str, bytes, str | None, int | None]
"""A row of `vault_page`: page, sealed bytes, why its names are shown, number of the consent."""

_encode = msgspec.json.Encoder().encode
_decode_page = msgspec.json.Decoder(Page).decode
_decode_remark = msgspec.json.Decoder(Remark).decode


def commitment(name: str, salt: bytes) -> str:
    """Return the commitment (SHA-256, hex) that whoever knows name and salt can open."""
    return sha256(COMMITMENT_CONTEXT + salt + name.encode()).hexdigest()


def page_of(reference: str) -> str:
    """Return the page that a donor reference stands on."""
    return reference[:PAGE_DIGITS]


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(hashes.SHA256(), KEY_BYTES, purpose).derive(key)


class Vault:
    """Seals and opens donors with one key of 32 bytes.

    `random_bytes` is a source of secrets; only invented sample data may use a predictable one.
    """

    def __init__(self, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._cipher = AESGCM(_derive(key, b"seal"))
        self._hash_key = _derive(key, b"name hash")
        self._random = random_bytes

    def name_hash(self, name: str) -> str:
        """Return the keyed hash by which a name is found again without standing anywhere."""
        return hmac.digest(self._hash_key, name.encode(), "sha256").hex()

    def _new_page(self, now: datetime) -> str:
        """Return the name of a fresh page: time first, so that the index grows at one end."""
        time = int(now.timestamp() * 1000).to_bytes(6, "big")
        return (time + self._random(PAGE_DIGITS // 2 - len(time))).hex()

    def unnamed(self, count: int, now: datetime) -> list[Donor]:
        """Return donors whom nobody named: a fresh reference each, and nothing in the vault."""
        return [
            Donor(reference=f"{page}{place:04x}", visibility=Visibility.ANONYMOUS)
            for start in range(0, count, PAGE_DONORS)
            for page in (self._new_page(now),)
            for place in range(min(PAGE_DONORS, count - start))
        ]

    def enrol(
        self,
        names: Sequence[str],
        now: datetime,
        visibility: Visibility,
        shown: str | None = None,
        consent: int | None = None,
    ) -> tuple[list[Donor], list[VaultRow]]:
        """Give each name a fresh reference.

        Returns:
            What the log may know of each donor, and the pages for the vault.
        """
        donors: list[Donor] = []
        rows: list[VaultRow] = []
        for start in range(0, len(names), PAGE_DONORS):
            on_page, page = names[start : start + PAGE_DONORS], self._new_page(now)
            salts = self._random(SALT_BYTES * len(on_page))
            rows.append((page, self._seal(page, _encode(Page(on_page, salts))), shown, consent))
            for place, name in enumerate(on_page):
                salt = salts[place * SALT_BYTES : (place + 1) * SALT_BYTES]
                donors.append(
                    Donor(
                        commitment=commitment(name, salt),
                        reference=f"{page}{place:04x}",
                        visibility=visibility,
                    )
                )
        return donors, rows

    def open_page(self, page: str, sealed: bytes) -> Page:
        """Return a page of the vault.

        Raises:
            Refused: the row was changed, or sealed under another key.
        """
        return _decode_page(self._open(page, sealed))

    def seal_remark(self, entry_id: str, remark: Remark) -> bytes:
        """Return the sealed remark beside the gift with this id."""
        return self._seal(entry_id, _encode(remark))

    def open_remark(self, entry_id: str, sealed: bytes) -> Remark:
        """Return the remark beside a gift.

        Raises:
            Refused: the row was changed, or sealed under another key.
        """
        return _decode_remark(self._open(entry_id, sealed))

    def _seal(self, place: str, plain: bytes) -> bytes:
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def _open(self, place: str, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise Refused(
                "The vault's row {place} cannot be opened with this key.", place=place
            ) from error
