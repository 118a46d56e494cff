"""Provides the entry: one fact, one Merkle leaf, as canonical JSON.

Field order in every struct is alphabetical, so that msgspec writes RFC 8785 bytes without sorting.
Optional facts that are absent are left out of the bytes, never written as null.
"""

from typing import Annotated, Any, TypeAlias

import msgspec

VERSION = 1
CURRENCY = "CNY"
ID_CHARACTERS_MAX = 300
ORGANISATION_PREFIX = "CN-USCI-"

Code: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]
Day: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")
]
Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Fen: TypeAlias = Annotated[int, msgspec.Meta(gt=0, le=10**15)]
Instant: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")
]
Organisation: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^CN-USCI-[0-9ABCDEFGHJKLMNPQRTUWXY]{18}\Z")
]
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
ShortText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Struct(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Base of everything that is written into an entry."""


class Posting(Struct, frozen=True, gc=False):
    """One line of double entry: `amount` minor units of `unit` into (or out of) an account."""

    account: str
    amount: int
    unit: str


class Source(Struct, frozen=True, gc=False):
    """Where a fact was read: file digest with sheet and row, transaction id, or request.

    Sheet and row count from 1; a sheet's name may hold a person's, so it stays out.
    `accepted` is the word by which a person accepted a problem that the checks found in this row.
    """

    accepted: str | None = None
    file: Digest | None = None
    request: str | None = None
    row: Annotated[int, msgspec.Meta(ge=1)] | None = None
    sheet: Annotated[int, msgspec.Meta(ge=1)] | None = None
    transaction: str | None = None


Listed: TypeAlias = tuple[int, str | None, str | None, int | None]
"""What lists show of an entry: amount in fen, fund, donor reference, position referred to."""


class Facts(Struct, frozen=True):
    """Base of the facts of a kind; a kind says how they are posted."""

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return the postings that these facts make in the books of `organisation`."""
        raise NotImplementedError

    def listed(self) -> Listed:
        """Return what lists show: amount, fund, donor reference, entry referred to."""
        raise NotImplementedError


class Entry(Struct, frozen=True):
    """One fact of the ledger.

    `day` is the day of the event in Asia/Shanghai, `recorded_at` the UTC time of recording, `id`
    the idempotency key: the same id is never appended twice.
    """

    day: Day
    facts: Any
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARACTERS_MAX)]
    kind: str
    organisation: Organisation
    postings: tuple[Posting, ...]
    recorded_at: Instant
    source: Source
    version: Annotated[int, msgspec.Meta(ge=VERSION, le=VERSION)]


def file_id(digest: str, sheet: int, row: int) -> str:
    """Return the idempotency key of a row of a file (128 bits of its digest, sheet, row)."""
    return f"file:{digest[:32]}:{sheet}:{row}"


def transaction_id(organisation: str, transaction: str) -> str:
    """Return the idempotency key of a payment that carries a transaction id."""
    return f"transaction:{organisation}:{transaction}"


def request_id(organisation: str, key: str) -> str:
    """Return the idempotency key of a request made by hand or by another program."""
    return f"request:{organisation}:{key}"


_encoder = msgspec.json.Encoder()


def entry_bytes(entry: Entry) -> bytes:
    """Return the canonical bytes of an entry: what is hashed, stored and served.

    The structs' alphabetical fields make sorting and checking needless here, where every row of
    a list passes; a test holds the result against `ledger.canonical`.
    """
    return _encoder.encode(entry)
