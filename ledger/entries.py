"""Provides the entry: one fact, one Merkle leaf, as canonical JSON.

Field order in every struct is alphabetical, so that msgspec writes RFC 8785 bytes without sorting.
Optional facts that are absent are left out of the bytes, never written as null.
"""

from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

import msgspec

from ledger.canonical import INTEGER_MAX
from ledger.counting import Counting

VERSION = 1
CURRENCY: Final = "CNY"
GOODS_PREFIX = "goods:"
ID_CHARACTERS_MAX = 300
ORGANISATION_PREFIX = "CN-USCI-"

Code: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]
Currency: TypeAlias = Literal["CNY", "HKD", "MOP", "USD"]
Day: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")
]
Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Fen: TypeAlias = Annotated[int, msgspec.Meta(gt=0, le=10**15)]
"""Minor units of a currency, such as fen and cents; of goods, whole pieces of their measure."""
FilingNumber: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{0,39}\Z")]
"""备案编号: what an authority gave to a filed trust, plan or report."""
GoodsUnit: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^goods:[\w()（）.·%+-]{1,50}/[\w()（）.·%+-]{1,20}\Z")
]
"""The unit of goods: what they are and how they are measured, such as `goods:N95口罩/个`."""
Instant: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")
]
Organisation: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^CN-USCI-[0-9ABCDEFGHJKLMNPQRTUWXY]{18}\Z")
]
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)]
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=INTEGER_MAX)]
ShortText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Struct(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Base of everything that is written into an entry."""


class Posting(Struct, frozen=True, gc=False):
    """One line of double entry: `amount` minor units of `unit` into (or out of) an account."""

    account: str
    amount: Annotated[int, msgspec.Meta(ge=-INTEGER_MAX, le=INTEGER_MAX)]
    unit: str


class Source(Struct, frozen=True, gc=False):
    """Where a fact was read: file digest with sheet and row, transaction id, or request.

    Sheet and row count from 1; a sheet's name may hold a person's, so it stays out.
    `accepted` is the word by which a person accepted a problem that the checks found in this row.
    """

    accepted: str | None = None
    file: Digest | None = None
    request: str | None = None
    row: Annotated[int, msgspec.Meta(ge=1, le=INTEGER_MAX)] | None = None
    sheet: Annotated[int, msgspec.Meta(ge=1, le=INTEGER_MAX)] | None = None
    transaction: str | None = None


class FundPlace(Struct, frozen=True, gc=False):
    """A fund of an organisation whose books are in this ledger."""

    fund: Code
    organisation: Organisation


Listed: TypeAlias = tuple[int, str | None, str | None, str | None, int | None]
"""What lists show of an entry: amount, its unit, fund, donor reference, position referred to.

The amount is in minor units and never negative, but for a reversal, where a negative one says that
a fund loses it again.
"""

NOTHING_LISTED: Listed = (0, None, None, None, None)


class Facts(Struct, frozen=True):
    """Base of the facts of a kind; a kind says how they are posted and counted."""

    counting: ClassVar[Counting | None] = None

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return the postings that these facts make in the books of `organisation`."""
        return ()

    def listed(self) -> Listed:
        """Return what lists show: amount, unit, fund, donor reference, entry referred to."""
        return NOTHING_LISTED

    def trust_number(self) -> str | None:
        """Return the filing number of the trust whose money these facts move, if there is one."""
        return None

    def other_place(self) -> FundPlace | None:
        """Return the fund on the other side, where money is passed on within this ledger."""
        return None


class Entry(Struct, frozen=True, kw_only=True):
    """One fact of the ledger.

    `day` is the day of the event in Asia/Shanghai, `recorded_at` the UTC time of recording, `id`
    the idempotency key: the same id is never appended twice. `organisation` is the one that
    reports; it is absent from entries of the log itself, such as a published statement.
    """

    day: Day
    facts: Any
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARACTERS_MAX)]
    kind: str
    organisation: Organisation | None = None
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
