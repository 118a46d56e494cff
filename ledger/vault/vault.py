"""Provides the vault: personal data kept outside the log, sealed, so that it can be destroyed.

The log holds a donor reference and a salted commitment. Names and salts stand on pages of the
vault, 64 donors of one report to a page, under authenticated encryption (AES-256-GCM). Taking a
donor off his page leaves every proof and every total as it was. The keys are never in the database:
each page, remark or consent is sealed under the key of its bucket (`ledger.vault.page_keys`).
"""

import hmac
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag

from ledger.kinds.donation import Donor, Visibility
from ledger.messages import Refused
from ledger.vault.page_keys import FIRST_GENERATION, NONCE_BYTES, PAGE_BUCKETS, PageKeys, derive

COMMITMENT_CONTEXT: Final = b"charity-city/donor-commitment/v1\n"
SALT_BYTES: Final = 32
NO_SALT: Final = bytes(SALT_BYTES)
GENERATION_BYTES: Final = 4
PAGE_DONORS: Final = 64
PAGE_DIGITS: Final = 28
"""Hexadecimal digits of a reference that name the page; the last four name the place on it."""

BUCKET_DIGITS: Final = 3
"""The last hexadecimal digits of a page's name, which tell its bucket."""

REMARKS_TOGETHER: Final = 64
"""So many positions in a row have their remarks in one bucket."""

SHOWN_ORGANISATION: Final = "organisation"
SHOWN_CONSENT: Final = "consent"


class Opening(NamedTuple):
    """What opens a commitment: the name it was made of, and its salt (32 bytes)."""

    name: str
    salt: bytes


class Page(msgspec.Struct, frozen=True, gc=False):
    """A page of the vault: names by place (None where one was erased), and their salts, joined."""

    names: Sequence[str | None]
    salts: bytes

    def identity(self, reference: str) -> Opening | None:
        """Return who is behind a reference of this page; None if nobody is any more."""
        place = place_of(reference)
        name = self.names[place] if place < len(self.names) else None
        if name is None:
            return None
        return Opening(name, self.salts[place * SALT_BYTES : (place + 1) * SALT_BYTES])

    def without(self, places: Sequence[int]) -> "Page":
        """Return the page without the names and salts at these places."""
        names, salts = list(self.names), bytearray(self.salts)
        for place in places:
            names[place] = None
            salts[place * SALT_BYTES : (place + 1) * SALT_BYTES] = NO_SALT
        return Page(names, bytes(salts))

    @property
    def is_blank(self) -> bool:
        """Whether nobody stands on the page any more."""
        return all(name is None for name in self.names)


class Remark(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a list said beside a gift, often with a name in it: who paid, and the remark."""

    payer: str | None = None
    remark: str | None = None


class Thanks(msgspec.Struct, frozen=True, gc=False):
    """Names that are thanked without their amounts, and the references that they belong to."""

    names: tuple[str, ...]
    references: tuple[str, ...]

    def without(self, references: Collection[str]) -> "Thanks":
        """Return the row without the names of these donors."""
        kept = [
            (name, reference)
            for name, reference in zip(self.names, self.references, strict=True)
            if reference not in references
        ]
        return Thanks(tuple(name for name, _ in kept), tuple(reference for _, reference in kept))


class Place(NamedTuple):
    """Where a sealed row stands: its bucket, and what binds the sealed bytes to this row alone."""

    bucket: int
    name: str


VaultRow = tuple[str, bytes, str | None, int | None]
"""A row of `vault_page`: page, sealed bytes, why its names are shown, number of the consent."""

DonorRow = tuple[str, str, bytes]
"""A row of `vault_donor`: keyed hash, reference, and what the hash is made of again, sealed."""

BLANK_PAGE: Final = Page((), b"")

_encode = msgspec.json.Encoder().encode
_decode_page = msgspec.json.Decoder(Page).decode
_decode_remark = msgspec.json.Decoder(Remark).decode
_decode_thanks = msgspec.json.Decoder(Thanks).decode


def commitment(name: str, salt: bytes) -> str:
    """Return the commitment (SHA-256, hex) that whoever knows name and salt can open."""
    return sha256(COMMITMENT_CONTEXT + salt + name.encode()).hexdigest()


def opens(donor_commitment: str, opening: Opening) -> bool:
    """Return whether the commitment in an entry was made of this name and salt.

    A donor who kept both proves by them that an anonymous gift is theirs. No database is asked.
    """
    made = commitment(opening.name, opening.salt)
    return len(opening.salt) == SALT_BYTES and hmac.compare_digest(made, donor_commitment)


def page_of(reference: str) -> str:
    """Return the page that a donor reference stands on."""
    return reference[:PAGE_DIGITS]


def place_of(reference: str) -> int:
    """Return the place on its page that a donor reference stands at, from 0."""
    return int(reference[PAGE_DIGITS:], 16)


def page_place(page: str) -> Place:
    """Return where a page stands."""
    return Place(int(page[-BUCKET_DIGITS:], 16) % PAGE_BUCKETS, page)


def remark_place(position: int) -> Place:
    """Return where the remark beside the gift at this position stands."""
    return Place(position // REMARKS_TOGETHER % PAGE_BUCKETS, f"remark/{position}")


def consent_place(number: int) -> Place:
    """Return where the basis of a consent stands."""
    return Place(number % PAGE_BUCKETS, f"consent/{number}")


def thanks_place(page: str) -> Place:
    """Return where a row of thanks stands."""
    return Place(page_place(page).bucket, f"thanks/{page}")


def donor_place(name_hash: str, reference: str) -> Place:
    """Return where a lasting donor stands: the last digit of the keyed hash is the bucket."""
    return Place(PAGE_BUCKETS + int(name_hash[-1], 16), f"donor/{reference}")


class Vault:
    """Seals and opens what is personal.

    `random_bytes` is a source of secrets; only invented sample data may use a predictable one.
    Whatever seals must do so inside `Ledger.write`: an erasure changes the keys meanwhile.
    """

    def __init__(
        self, key: bytes, page_keys: PageKeys, random_bytes: Callable[[int], bytes]
    ) -> None:
        self.page_keys = page_keys
        self._hash_key = derive(key, b"name hash")
        self._random = random_bytes

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
        self.page_keys.refresh()
        donors: list[Donor] = []
        rows: list[VaultRow] = []
        for start in range(0, len(names), PAGE_DONORS):
            on_page, page = names[start : start + PAGE_DONORS], self._new_page(now)
            salts = self._random(SALT_BYTES * len(on_page))
            rows.append((page, self.seal_page(page, Page(on_page, salts)), shown, consent))
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

    def seal_page(self, page: str, content: Page) -> bytes:
        """Return a page of the vault, sealed."""
        return self._seal(page_place(page), _encode(content))

    def open_page(self, page: str, sealed: bytes) -> Page:
        """Return a page of the vault; a blank one if its key was destroyed by an erasure.

        Raises:
            Refused: the row was changed, or sealed under another key.
        """
        plain = self._open(page_place(page), sealed)
        return BLANK_PAGE if plain is None else _decode_page(plain)

    def seal_remark(self, position: int, remark: Remark) -> bytes:
        """Return the sealed remark beside the gift at this position."""
        return self._seal(remark_place(position), _encode(remark))

    def open_remark(self, position: int, sealed: bytes) -> Remark:
        """Return the remark beside a gift; an empty one if its key was destroyed by an erasure.

        Raises:
            Refused: the row was changed, or sealed under another key.
        """
        plain = self._open(remark_place(position), sealed)
        return Remark() if plain is None else _decode_remark(plain)

    def seal_basis(self, number: int, basis: str) -> bytes:
        """Return the sealed basis of the consent with this number."""
        return self._seal(consent_place(number), basis.encode())

    def open_basis(self, number: int, sealed: bytes) -> str:
        """Return the basis of a consent; no words if its key was destroyed by an erasure.

        Raises:
            Refused: the row was changed, or sealed under another key.
        """
        return (self._open(consent_place(number), sealed) or b"").decode()

    def thank(
        self, names: Sequence[str], donors: Sequence[Donor], now: datetime
    ) -> list[tuple[str, bytes]]:
        """Return rows of thanks, page and sealed bytes: names in order, not in that of gifts."""
        pairs = sorted(zip(names, (donor.reference for donor in donors), strict=True))
        rows = []
        for start in range(0, len(pairs), PAGE_DONORS):
            thanked, references = zip(*pairs[start : start + PAGE_DONORS], strict=True)
            page = self._new_page(now)
            rows.append((page, self.seal_thanks(page, Thanks(thanked, references))))
        return rows

    def seal_thanks(self, page: str, thanks: Thanks) -> bytes:
        """Return a row of thanks, sealed."""
        return self._seal(thanks_place(page), _encode(thanks))

    def open_thanks(self, page: str, sealed: bytes) -> Thanks:
        """Return a row of thanks; an empty one if its key was destroyed by an erasure.

        Raises:
            Refused: the row was changed, or sealed under another key.
        """
        plain = self._open(thanks_place(page), sealed)
        return Thanks((), ()) if plain is None else _decode_thanks(plain)

    def identity_digest(self, *identity: str) -> bytes:
        """Return the keyed hash of what tells a donor apart: his parts in order, each by itself."""
        parts = _encode(identity)  # a list in JSON: no two lists of texts have the same bytes
        return hmac.digest(self._hash_key, parts, "sha256")

    def donor_hashes(self, digest: bytes) -> list[str]:
        """Return the hashes under which a lasting donor may stand, the newest first.

        There are two only while an erasure is unfinished.
        """
        self.page_keys.refresh()
        bucket = PAGE_BUCKETS + (digest[-1] & 15)
        hashes = []
        for generation in self.page_keys.generations(bucket):
            key = self.page_keys.key(bucket, generation)
            if key is not None:
                made = hmac.digest(derive(key, b"donor hash"), digest, "sha256").hex()
                hashes.append(f"{made[:-1]}{digest[-1] & 15:x}")
        return hashes

    def donor_row(self, digest: bytes, reference: str) -> DonorRow:
        """Return the row by which a lasting donor is found again."""
        name_hash = self.donor_hashes(digest)[0]
        return name_hash, reference, self._seal(donor_place(name_hash, reference), digest)

    def open_donor(self, name_hash: str, reference: str, sealed: bytes) -> bytes | None:
        """Return the digest of a lasting donor; None if its key was destroyed by an erasure.

        Raises:
            Refused: the row was changed, or sealed under another key.
        """
        return self._open(donor_place(name_hash, reference), sealed)

    def renewed(self, rows: Sequence[VaultRow]) -> list[VaultRow]:
        """Return pages that were sealed before the write began, under the keys of this moment.

        Raises:
            Refused: an erasure has destroyed the key of one meanwhile.
        """
        self.page_keys.refresh()
        renewed = []
        for page, sealed, shown, consent in rows:
            place = page_place(page)
            kept = sealed if self.is_newest(place.bucket, sealed) else self.reseal(place, sealed)
            if kept is None:
                raise Refused("Keys of the vault were changed meanwhile. Send the gift again.")
            renewed.append((page, kept, shown, consent))
        return renewed

    def is_newest(self, bucket: int, sealed: bytes) -> bool:
        """Return whether a row is sealed under its bucket's newest key."""
        return self.page_keys.newest(bucket)[0] == _generation(sealed)

    def reseal(self, place: Place, sealed: bytes) -> bytes | None:
        """Return a row sealed under its bucket's newest key; None if its own key was destroyed.

        Raises:
            Refused: the row was changed, or sealed under another key.
        """
        plain = self._open(place, sealed)
        return None if plain is None else self._seal(place, plain)

    def _seal(self, place: Place, plain: bytes) -> bytes:
        generation, cipher = self.page_keys.newest(place.bucket)
        nonce = self._random(NONCE_BYTES)
        sealed = cipher.encrypt(nonce, plain, place.name.encode())
        return generation.to_bytes(GENERATION_BYTES, "big") + nonce + sealed

    def _open(self, place: Place, sealed: bytes) -> bytes | None:
        generation, rest = _generation(sealed), sealed[GENERATION_BYTES:]
        cipher = self.page_keys.cipher(place.bucket, generation)
        if cipher is None and generation >= FIRST_GENERATION:
            return None
        try:
            if cipher is not None:
                return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], place.name.encode())
        except (InvalidTag, ValueError):
            pass
        raise Refused("The vault's row {place} cannot be opened with this key.", place=place.name)


def _generation(sealed: bytes) -> int:
    return int.from_bytes(sealed[:GENERATION_BYTES], "big")
