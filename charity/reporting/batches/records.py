"""Provides the records that a form or a program reports: one fact each, checked at the boundary."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from charity.donors.enrolment import Choice
from ledger.entries import Currency
from ledger.kinds.expenditure import Purpose
from ledger.kinds.refund import RefundReason

RECORDS_MAX = 5_000
AMOUNT_MAX = 10**15

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
FundCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Amount = Annotated[int, Field(gt=0, le=AMOUNT_MAX, description="in minor units, such as fen")]
Place = Annotated[int, Field(ge=0, description="position of an entry in the log")]
AcceptWord = Annotated[str, StringConstraints(pattern=r"^[0-9a-z_.]{1,60}$")]
Organisation = Annotated[str, StringConstraints(min_length=18, max_length=26)]


class _Record(BaseModel):
    """What all records share: the day of the event in Asia/Shanghai, and an own key.

    The key makes a repeated record harmless: within one organisation it is recorded once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: date
    key: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:-]{1,100}$")] | None = None


class DonorRecord(BaseModel):
    """Who gave. `code` is an organisation's credit code, `identity` what tells a person apart.

    Neither ever stands in the log; `identity` (phone, identity number) is kept as a keyed hash.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name | None = None
    is_organisation: bool = False
    code: Organisation | None = None
    identity: tuple[Name, ...] = ()
    choice: Choice = Choice.NOT_SHOWN
    consent: Text | None = None


class GiftRecord(_Record):
    """A gift of money."""

    kind: Literal["gift"] = "gift"
    fund: FundCode = "general"
    amount: Amount
    currency: Currency = "CNY"
    donor: DonorRecord = DonorRecord()
    pledge: Place | None = None
    receipt: bool = False


class GoodsGiftRecord(_Record):
    """A gift of goods: whole pieces of what is measured in `measure`."""

    kind: Literal["goods_gift"] = "goods_gift"
    fund: FundCode = "general"
    pieces: Amount
    goods: Name
    measure: Name
    donor: DonorRecord = DonorRecord()
    receipt: bool = False


class SpendingRecord(_Record):
    """Money spent; the description is public and names no person."""

    kind: Literal["spending"] = "spending"
    fund: FundCode = "general"
    amount: Amount
    currency: Currency = "CNY"
    project: FundCode
    purpose: Purpose
    description: Text


class GoodsDistributionRecord(_Record):
    """Goods handed out; the description is public and names no person."""

    kind: Literal["goods_distribution"] = "goods_distribution"
    fund: FundCode = "general"
    pieces: Amount
    goods: Name
    measure: Name
    project: FundCode
    description: Text


class TransferRecord(_Record):
    """Money that another organisation of this ledger passed on to this one (onward transfer)."""

    kind: Literal["transfer"] = "transfer"
    fund: FundCode = "general"
    amount: Amount
    currency: Currency = "CNY"
    giver: Organisation
    giver_fund: FundCode = "general"


class RefundRecord(_Record):
    """A gift, or a part of it, that was paid back."""

    kind: Literal["refund"] = "refund"
    gift: Place
    amount: Amount
    reason: RefundReason


class ReversalRecord(_Record):
    """The undoing of one earlier entry; the reason is public."""

    kind: Literal["reversal"] = "reversal"
    entry: Place
    reason: Text


class CorrectionRecord(_Record):
    """A public correction note (更正说明) to an earlier entry; `by` is an office, not a person."""

    kind: Literal["correction"] = "correction"
    entry: Place
    field: Name
    old: Text
    new: Text
    reason: Text
    by: Name


class PledgeRecord(_Record):
    """A promise to give; it counts when it is paid."""

    kind: Literal["pledge"] = "pledge"
    fund: FundCode = "general"
    amount: Amount
    currency: Currency = "CNY"
    donor: DonorRecord = DonorRecord()


Record = Annotated[
    GiftRecord
    | GoodsGiftRecord
    | SpendingRecord
    | GoodsDistributionRecord
    | TransferRecord
    | RefundRecord
    | ReversalRecord
    | CorrectionRecord
    | PledgeRecord,
    Field(discriminator="kind"),
]


class RecordsContent(BaseModel):
    """The content of a batch of records.

    `accept` holds what the reporter accepted of what the check suspects: a word for all problems of
    its kind, or field and word of one of them, such as `records.3.amount.unusual`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    records: Annotated[tuple[Record, ...], Field(min_length=1, max_length=RECORDS_MAX)]
    accept: Annotated[tuple[AcceptWord, ...], Field(max_length=RECORDS_MAX)] = ()
