"""Provides receipts of donations, read from the log: what each says, what became of it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from charity.organisations.tables import Fund, Organisation
from charity.projects.tables import Campaign
from ledger.entries import CURRENCY, GOODS_PREFIX, ORGANISATION_PREFIX, Entry
from ledger.hashing import leaf_hash
from ledger.kinds import parse_entry
from ledger.kinds.donation_receipt import DONATION_RECEIPT, DonationReceiptFacts, FiscalReceipt
from ledger.kinds.receipt_void import RECEIPT_VOID, ReceiptVoidFacts
from ledger.kinds.refund import REFUND
from ledger.kinds.reversal import REVERSAL
from ledger.tables import LogEntry, MovementRow
from ledger.vault.reading import KnownDonor, known_donors
from ledger.vault.vault import Vault

CHECK_CODE_DIGITS: Final = 20
NUMBER_DIGITS: Final = 6
POSITIONS_AT_ONCE: Final = 500

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Voided:
    """That a receipt is void: since when, why, and by which entry."""

    position: int
    day: str
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """What was given: by its campaign or fund; goods by what they are.

    Attributes:
        code: the filing number of the campaign (募捐方案备案编号), else the code of the fund.
        name: of the campaign, else of the fund.
        goods: what the goods are; None for money.
        measure: of the goods, such as 箱; None for money.
    """

    code: str
    name: str
    goods: str | None = None
    measure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DonationReceipt:
    """A receipt of donation.

    Attributes:
        position: of the receipt in the log.
        number, day: its number in the series of the year of its day (ISO).
        organisation, organisation_code: who issued it, by name and credit code.
        fiscal: the official fiscal receipt that it belongs to; None if it stands for itself.
        payer: the name of the donor; None if nobody named one, or it is not to be read here.
        payer_code: credit code of the donor, where it is registered here.
        on_behalf: whether somebody else paid.
        gift, gift_day, period_start: position and ISO day of the gift, or its last and first day.
        donor: the donor's reference in the log.
        item: what was given.
        unit: of the amount: a currency, or what the goods are counted in.
        given: amount of the gift, in minor units or in pieces.
        amount: what the receipt is for: without what had been paid back before.
        paid_back_since: what was paid back after the receipt was issued.
        gift_reversed: whether the gift counts as never made.
        leaf: the leaf hash of the receipt's entry.
        recorded_at: when it was recorded (UTC, ISO).
        void: that it is void; None while it is valid.
    """

    position: int
    number: int
    day: str
    organisation: str
    organisation_code: str
    fiscal: FiscalReceipt | None
    payer: str | None
    payer_code: str | None
    on_behalf: bool
    gift: int
    gift_day: str
    period_start: str | None
    donor: str
    item: Item
    unit: str
    given: int
    amount: int
    paid_back_since: int
    gift_reversed: bool
    leaf: bytes
    recorded_at: str
    void: Voided | None

    @property
    def year(self) -> str:
        """The year of its series."""
        return self.day[:4]

    @property
    def full_number(self) -> str:
        """Year and number, such as 2026-000123."""
        return receipt_number(self.day, self.number)

    @property
    def check_code(self) -> str:
        """The first twenty digits of the leaf hash, in groups of five (校验码)."""
        digits = self.leaf.hex()[:CHECK_CODE_DIGITS].upper()
        return " ".join(digits[start : start + 5] for start in range(0, CHECK_CODE_DIGITS, 5))

    @property
    def is_goods(self) -> bool:
        """Whether goods were given."""
        return self.item.goods is not None

    @property
    def is_contradicted(self) -> bool:
        """Whether it is valid although its gift was reversed or paid back: make it void."""
        return self.void is None and (self.gift_reversed or self.paid_back_since > 0)


def receipt_number(day: str, number: int) -> str:
    """Return how a number is written: the year of the ISO day, and six digits or more."""
    return f"{day[:4]}-{number:0{NUMBER_DIGITS}d}"


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What receipts need beside their own entries, each fetched in one query."""

    gifts: Mapping[int, Entry]
    voids: Mapping[int, Voided]
    refunds: Mapping[int, Sequence[Row]]
    reversed_at: Mapping[int, int]
    organisations: Mapping[str, str]
    funds: Mapping[tuple[str, str], str]
    campaigns: Mapping[tuple[str, str], Sequence[Row]]
    donors: Mapping[str, KnownDonor]
    codes: Mapping[str, str]


async def read_receipts(
    vault: Vault, positions: Sequence[int], *, with_names: bool
) -> list[DonationReceipt]:
    """Return the receipts at these positions, some hundred of them, in the order given.

    Args:
        vault: holds the names of the donors.
        positions: of entries; one that is no receipt is left out.
        with_names: whether the vault is opened; only for those who may see donors.
    """
    bodies = await _bodies(positions)
    entries = {position: parse_entry(body) for position, body in bodies.items()}
    receipts = {
        position: entry
        for position, entry in entries.items()
        if entry.kind == DONATION_RECEIPT.name
    }
    around = await _surroundings(vault, receipts, with_names=with_names)
    return [
        _receipt(position, receipts[position], leaf_hash(bodies[position]), around)
        for position in positions
        if position in receipts
    ]


async def _bodies(positions: Collection[int]) -> dict[int, bytes]:
    rows = await LogEntry.select(LogEntry.position, LogEntry.body).where(
        LogEntry.position.is_in(list(positions) or [-1])
    )
    return {row["position"]: bytes(row["body"]) for row in rows}


async def _referring(positions: Collection[int]) -> list[dict[str, Any]]:
    return await MovementRow.select(
        MovementRow.position,
        MovementRow.kind,
        MovementRow.amount,
        MovementRow.day,
        MovementRow.refers_to,
    ).where(MovementRow.refers_to.is_in(list(positions) or [-1]))


async def _surroundings(
    vault: Vault, receipts: Mapping[int, Entry], *, with_names: bool
) -> _Surroundings:
    gift_positions = {entry.facts.refers_to for entry in receipts.values()}
    gifts = {place: parse_entry(body) for place, body in (await _bodies(gift_positions)).items()}
    first = await _referring([*receipts, *gift_positions])
    second = await _referring([row["position"] for row in first if row["kind"] == REFUND.name])
    refunds = defaultdict(list)
    for row in first:
        if row["kind"] == REFUND.name:
            refunds[row["refers_to"]].append(row)
    codes = {
        (entry.organisation or "").removeprefix(ORGANISATION_PREFIX) for entry in gifts.values()
    }
    references = {gift.facts.donor.reference for gift in gifts.values()} if with_names else set()
    donors = await known_donors(vault, references)
    return _Surroundings(
        gifts=gifts,
        voids=await _voids([row for row in first if row["kind"] == RECEIPT_VOID.name]),
        refunds=refunds,
        reversed_at={
            row["refers_to"]: row["position"]
            for row in (*first, *second)
            if row["kind"] == REVERSAL.name
        },
        organisations=await _organisations(codes),
        funds=await _funds(codes),
        campaigns=await _campaigns(codes),
        donors=donors,
        codes=await _codes_of({donor.identity.name for donor in donors.values()}),
    )


async def _voids(rows: Sequence[Row]) -> dict[int, Voided]:
    """Return receipt → what made it void."""
    bodies = await _bodies([row["position"] for row in rows])
    found: dict[int, Voided] = {}
    for position, body in bodies.items():
        entry = parse_entry(body)
        if isinstance(entry.facts, ReceiptVoidFacts):
            found[entry.facts.refers_to] = Voided(position, entry.day, entry.facts.reason)
    return found


async def _organisations(codes: Collection[str]) -> dict[str, str]:
    rows = await Organisation.select(Organisation.code, Organisation.name).where(
        Organisation.code.is_in(list(codes) or ["-"])
    )
    return {row["code"]: row["name"] for row in rows}


async def _codes_of(names: Collection[str]) -> dict[str, str]:
    """Return name → credit code of those donors that are organisations registered here."""
    rows = await Organisation.select(Organisation.code, Organisation.name).where(
        Organisation.name.is_in(list(names) or ["-"])
    )
    return {row["name"]: row["code"] for row in rows}


async def _funds(codes: Collection[str]) -> dict[tuple[str, str], str]:
    rows = await Fund.select().where(Fund.organisation.is_in(list(codes) or ["-"]))
    return {(row["organisation"], row["code"]): row["name"] for row in rows}


async def _campaigns(codes: Collection[str]) -> dict[tuple[str, str], list[Row]]:
    """Return the campaigns of each fund, the latest first."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in (
        await Campaign.select()
        .where(Campaign.organisation.is_in(list(codes) or ["-"]))
        .order_by(Campaign.starts, ascending=False)
    ):
        found[row["organisation"], row["fund"]].append(row)
    return found


def _receipt(position: int, entry: Entry, leaf: bytes, around: _Surroundings) -> DonationReceipt:
    facts: DonationReceiptFacts = entry.facts
    place = facts.refers_to
    gift = around.gifts[place]
    code = (entry.organisation or "").removeprefix(ORGANISATION_PREFIX)
    amount, unit, *_ = gift.facts.listed()
    before, since = _paid_back(position, around.refunds.get(place, ()), around.reversed_at)
    payer = _payer(gift, around)
    return DonationReceipt(
        position=position,
        number=facts.number,
        day=entry.day,
        organisation=around.organisations.get(code, code),
        organisation_code=code,
        fiscal=facts.fiscal,
        payer=payer,
        payer_code=around.codes.get(payer) if payer else None,
        on_behalf=gift.facts.on_behalf,
        gift=place,
        gift_day=gift.day,
        period_start=gift.facts.period_start,
        donor=gift.facts.donor.reference,
        item=_item(code, gift, around),
        unit=unit or CURRENCY,
        given=amount,
        amount=amount - before,
        paid_back_since=since,
        gift_reversed=place in around.reversed_at,
        leaf=leaf,
        recorded_at=entry.recorded_at,
        void=around.voids.get(position),
    )


def _paid_back(
    receipt: int, refunds: Sequence[Row], reversed_at: Mapping[int, int]
) -> tuple[int, int]:
    """Return what was paid back of a gift before its receipt, and after it.

    What the receipt says never changes: a refund counts against it only if it stood at its issue.
    """
    before = sum(
        row["amount"]
        for row in refunds
        if row["position"] < receipt and not reversed_at.get(row["position"], receipt) < receipt
    )
    standing = sum(row["amount"] for row in refunds if row["position"] not in reversed_at)
    return before, max(0, standing - before)


def _payer(gift: Entry, around: _Surroundings) -> str | None:
    known = around.donors.get(gift.facts.donor.reference)
    return known.identity.name if known is not None else None


def _item(code: str, gift: Entry, around: _Surroundings) -> Item:
    """Return what a gift stands under: the campaign of its fund on that day, or the fund."""
    fund = gift.facts.fund
    item = Item(fund, around.funds.get((code, fund), fund))
    for campaign in around.campaigns.get((code, fund), ()):
        if campaign["starts"] <= gift.day <= campaign["ends"]:
            item = Item(campaign["filing_number"] or fund, campaign["name"])
            break
    unit = gift.facts.listed()[1] or ""
    if not unit.startswith(GOODS_PREFIX):
        return item
    goods, _, measure = unit.removeprefix(GOODS_PREFIX).rpartition("/")
    return Item(item.code, item.name, goods, measure)
