"""Provides the scenes of the sample city that its lists of gifts cannot tell.

Goods, other currencies, a pledge, a transfer within the city, a charitable trust, a reversal, and
donors who chose how they are shown: each year the same, a few in each quarter.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Final, TypeAlias

from charity.donors.enrolment import Choice, Giver, enrol_giver, record_consent
from charity.donors.merging import merge_donors, separate_donors
from charity.donors.relations import end_ownership, record_ownership, standing_relations
from charity.organisations.uscc import organisation_identifier
from charity.receipts.issuing import issue_receipts, void_receipt
from charity.receipts.lists import GiftFilter, gifts_without_receipt
from charity.reporting.records import (
    Request,
    record_expenditures,
    record_filing,
    record_gift,
    record_goods_distribution,
    record_pledge,
    record_reversal,
    record_transfer,
    record_trust_contribution,
    record_trust_distribution,
)
from charity.sample.city import SampleOrganisation
from charity.sample.quarters import Quarter
from ledger.accounts import GENERAL_FUND, fund_account
from ledger.appending.writer import Writer
from ledger.entries import CURRENCY, Currency, FundPlace
from ledger.kinds.donation import DonationFacts, Donor
from ledger.kinds.donor_merge import MergeBasis
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.filing import FilingFacts
from ledger.kinds.goods_distribution import GoodsDistributionFacts
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.kinds.pledge import PLEDGE, PledgeFacts
from ledger.kinds.trust_contribution import TrustContributionFacts
from ledger.kinds.trust_distribution import TrustDistributionFacts
from ledger.log import Ledger
from ledger.tables import Balance, MovementRow

FEDERATION, SCHOOL, OCEAN, CANTEEN, INCLUSION, RESCUE, READING = 0, 1, 2, 3, 5, 6, 7
"""The places of organisations in the plan."""

BOOKS: Final = "goods:示例儿童绘本/册"
TRUST: Final = "SAMPLE-TRUST-001"
PLEDGED_FEN: Final = 3_000_000
RECEIPTS_A_QUARTER: Final = 4
CONSENT_BASIS: Final = "示例捐赠表第5条：同意列入鸣谢、不列金额（虚构）"
BOOKSHOP: Final = Giver("虚构图画书店有限公司", is_organisation=True)
ALUMNI: Final = Giver("虚构海外校友会", is_organisation=True)
SHIPPER: Final = Giver("虚构深港物流有限公司", is_organisation=True)
SETTLOR: Final = Giver("虚构书香控股有限公司", is_organisation=True)
BOOKSHOP_AGAIN: Final = Giver("虚构图画书店有限责任公司", is_organisation=True)
ALUMNI_HERE: Final = Giver("虚构海外校友会（深圳）", is_organisation=True)
SHIPPERS: Final = Giver("虚构深港物流集团有限公司", is_organisation=True)
"""The same names written otherwise: one donor, two donors, and one that nobody has decided."""

FRIEND: Final = Giver("虚构香港友人")
PRIVATE_SETTLOR: Final = Giver("虚构委托人")
REGULAR: Final = Giver("虚构老街坊", identity=("sample-neighbour",))
"""A donor with a pseudonym: the identity is what tells him apart when he gives again."""

THANKED: Final = tuple(
    Giver(f"虚构不留数目的{who}") for who in ("人", "邻居", "同学", "老师", "医生")
)
"""As many as it takes for the thanks to be shown."""


async def held_fen(organisation: str, fund: str) -> int:
    """Return what a fund of an organisation identifier holds, in fen."""
    rows = await Balance.select(Balance.amount).where(
        (Balance.account == fund_account(organisation, fund)) & (Balance.unit == CURRENCY)
    )
    return int(rows[0]["amount"]) if rows else 0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the scenes of a quarter are played: the writer of the moment, the cast, the time."""

    ledger: Ledger
    writer: Writer
    organisations: Sequence[SampleOrganisation]
    quarter: Quarter

    def identifier(self, place: int) -> str:
        """Return the identifier of the organisation at a place of the plan."""
        return organisation_identifier(self.organisations[place].code)

    def request(self, place: int, key: str, days: int) -> Request:
        """Return the request of an organisation for what happened on a day of the quarter."""
        quarter = self.quarter
        day = (quarter.first + timedelta(days)).isoformat()
        code = self.organisations[place].code
        return Request(code, day, f"{key}-{quarter.year}-{quarter.number}")

    async def donor(
        self, place: int, giver: Giver, choice: Choice, consent: int | None = None
    ) -> Donor:
        """Return the donor of a gift to an organisation, by what he chose for it."""
        vault, identifier = self.ledger.vault, self.identifier(place)
        return await enrol_giver(vault, self.writer, identifier, giver, choice, consent)

    async def gift(
        self, place: int, key: str, days: int, donor: Donor, amount: int, currency: Currency = "CNY"
    ) -> int:
        """Append a gift of money, in minor units, to an unrestricted fund."""
        facts = DonationFacts(amount=amount, currency=currency, donor=donor, fund=GENERAL_FUND)
        return await record_gift(self.writer, self.request(place, key, days), facts)

    async def spend(
        self,
        place: int,
        key: str,
        days: int,
        amount: int,
        words: str,
        currency: Currency = "CNY",
    ) -> int:
        """Append a spending of an unrestricted fund, in minor units; return its position."""
        facts = ExpenditureFacts(
            amount=amount,
            currency=currency,
            description=words,
            fund=GENERAL_FUND,
            project=self.organisations[place].project_code,
            purpose=Purpose.PROGRAM,
        )
        spending = (self.request(place, key, days), facts)
        return (await record_expenditures(self.writer, [spending])).start


Scene: TypeAlias = Callable[[Stage], Awaitable[object]]


async def _other_currencies(stage: Stage) -> None:
    """Give Hong Kong dollars to one organisation, US dollars to another."""
    friend = await stage.donor(OCEAN, FRIEND, Choice.NOT_SHOWN)
    await stage.gift(OCEAN, "hkd", 20, friend, 500_000, "HKD")
    alumni = await stage.donor(SCHOOL, ALUMNI, Choice.WITH_AMOUNT)
    await stage.gift(SCHOOL, "usd", 33, alumni, 120_000, "USD")


async def _dollars_spent(stage: Stage) -> None:
    await stage.spend(SCHOOL, "usd-spent", 40, 90_000, "示例进口厨具（虚构）", "USD")


async def _books_given(stage: Stage) -> None:
    facts = GoodsDonationFacts(
        amount=600,
        donor=await stage.donor(READING, BOOKSHOP, Choice.WITH_AMOUNT),
        fund=GENERAL_FUND,
        goods=BOOKS,
    )
    await record_gift(stage.writer, stage.request(READING, "books", 51), facts)


async def _books_handed_out(stage: Stage) -> None:
    facts = GoodsDistributionFacts(
        amount=240,
        description="示例绘本分送虚构街角书屋",
        fund=GENERAL_FUND,
        goods=BOOKS,
        project=stage.organisations[READING].project_code,
    )
    await record_goods_distribution(stage.writer, stage.request(READING, "books-out", 30), facts)


async def _pledge(stage: Stage) -> None:
    facts = PledgeFacts(
        amount=PLEDGED_FEN,
        donor=await stage.donor(RESCUE, SHIPPER, Choice.WITH_AMOUNT),
        fund=GENERAL_FUND,
    )
    await record_pledge(stage.writer, stage.request(RESCUE, "pledge", 60), facts)


async def _pledge_paid(stage: Stage) -> None:
    """Pay half of the newest pledge."""
    row = (
        await MovementRow.select(MovementRow.position)
        .where(
            (MovementRow.organisation == stage.identifier(RESCUE))
            & (MovementRow.kind == PLEDGE.name)
        )
        .order_by(MovementRow.position, ascending=False)
        .first()
    )
    facts = DonationFacts(
        amount=PLEDGED_FEN // 2,
        donor=await stage.donor(RESCUE, SHIPPER, Choice.WITH_AMOUNT),
        fund=GENERAL_FUND,
        pledge=row["position"] if row else None,
    )
    await record_gift(stage.writer, stage.request(RESCUE, "pledge-paid", 15), facts)


async def _passed_on(stage: Stage) -> None:
    """Pass a part of the federation's unrestricted money on to another organisation."""
    giver = FundPlace(fund=GENERAL_FUND, organisation=stage.identifier(FEDERATION))
    amount = min(2_000_000, await held_fen(giver.organisation, giver.fund) // 4)
    request = stage.request(INCLUSION, "passed-on", 70)
    await record_transfer(stage.writer, request, giver, GENERAL_FUND, amount)


async def _reversed(stage: Stage) -> None:
    """Enter a spending with a nought too many, reverse it, and enter it rightly."""
    held = await held_fen(stage.identifier(READING), GENERAL_FUND)
    right = min(105_000, held // 10)
    words = "示例书架采购（虚构）"
    wrong = await stage.spend(READING, "shelves-wrong", 44, right * 10, words)
    reason = "金额多记一个零，冲销后重新记账（虚构）"
    await record_reversal(stage.writer, stage.request(READING, "shelves-back", 46), wrong, reason)
    await stage.spend(READING, "shelves", 46, right, words)


async def _filed(stage: Stage) -> None:
    year = stage.quarter.year
    document = f"示例乡村阅读慈善信托年度事务处理报告{year}（虚构）"
    facts = FilingFacts(
        digest=sha256(document.encode()).hexdigest(), number=f"SAMPLE-{year}-01", subject=document
    )
    await record_filing(stage.writer, stage.request(SCHOOL, "filing", 5), facts)


def _contribution(giver: Giver, choice: Choice, amount: int) -> Scene:
    """Return the scene in which a settlor puts an amount, in fen, into the trust."""

    async def scene(stage: Stage) -> None:
        settlor = await stage.donor(SCHOOL, giver, choice)
        facts = TrustContributionFacts(amount=amount, settlor=settlor, trust=TRUST)
        await record_trust_contribution(stage.writer, stage.request(SCHOOL, "trust", 25), facts)

    return scene


async def _trust_gives(stage: Stage) -> None:
    """Let the trust give to an organisation, and spend on its purpose itself."""
    recipient = FundPlace(fund=GENERAL_FUND, organisation=stage.identifier(READING))
    to_organisation = TrustDistributionFacts(
        amount=2_000_000, description="资助示例街角图书馆（虚构）", recipient=recipient, trust=TRUST
    )
    spent = TrustDistributionFacts(
        amount=800_000, description="示例乡村阅读课（虚构）", trust=TRUST
    )
    for facts, key in ((to_organisation, "trust-grant"), (spent, "trust-spent")):
        request = stage.request(SCHOOL, key, 65)
        await record_trust_distribution(stage.writer, request, facts)


async def _regular(stage: Stage) -> None:
    donor = await stage.donor(CANTEEN, REGULAR, Choice.PSEUDONYM)
    await stage.gift(CANTEEN, "regular", 12, donor, 8_800)


async def _thanked(stage: Stage) -> None:
    vault, writer = stage.ledger.vault, stage.writer
    consent = await record_consent(vault, CONSENT_BASIS, writer.recorded_at)
    for number, giver in enumerate(THANKED):
        donor = await stage.donor(INCLUSION, giver, Choice.WITHOUT_AMOUNT, consent)
        await stage.gift(INCLUSION, f"thanked-{number}", 38, donor, 66_000 - 9_000 * number)


async def _receipts(stage: Stage) -> None:
    """Issue receipts for some gifts of the quarter; make one void, and issue it anew."""
    day = stage.quarter.report_day.isoformat()
    for place in (FEDERATION, SCHOOL, READING):
        code = stage.organisations[place].code
        of_quarter = GiftFilter(stage.quarter.first.isoformat(), day)
        gifts = await gifts_without_receipt(code, of_quarter, limit=RECEIPTS_A_QUARTER)
        issued = await issue_receipts(stage.writer, code, gifts, day)
        if place == SCHOOL and issued:
            await void_receipt(stage.writer, code, issued[-1], "抬头写错，作废重开（虚构）", day)
            await issue_receipts(stage.writer, code, gifts[-1:], day)


async def _one_donor_or_two(stage: Stage) -> None:
    """Merge a donor who gave under two names; merge another and undo it; enter a group company.

    In the first year only: what is decided stands.
    """
    if (await standing_relations()).merges:
        return
    vault, writer, day = stage.ledger.vault, stage.writer, stage.quarter.report_day.isoformat()
    references = {}
    for place, giver, key in (
        (READING, BOOKSHOP, "bookshop"),
        (READING, BOOKSHOP_AGAIN, "bookshop-again"),
        (SCHOOL, ALUMNI, "alumni"),
        (SCHOOL, ALUMNI_HERE, "alumni-here"),
        (RESCUE, SHIPPERS, "shippers"),
        (READING, SETTLOR, "settlor"),
    ):
        donor = await stage.donor(place, giver, Choice.WITH_AMOUNT)
        references[giver] = donor.reference
        await stage.gift(place, key, 58, donor, 320_000)
    merges = []
    for place, one, other in (
        (READING, BOOKSHOP, BOOKSHOP_AGAIN),
        (SCHOOL, ALUMNI, ALUMNI_HERE),
    ):
        code, pair = stage.organisations[place].code, (references[one], references[other])
        reason = "名称写法不同，经核对为同一捐赠人（虚构）"
        merges.append(await merge_donors(vault, writer, code, pair, MergeBasis.NAME, reason, day))
    code, reason = stage.organisations[SCHOOL].code, "深圳分会是另一机构，拆分（虚构）"
    await separate_donors(writer, "-", code, merges[-1], reason, day)
    since, evidence = f"{stage.quarter.year}-01-01", "示例年报第12页（虚构）"
    parent, child = references[SETTLOR], references[BOOKSHOP]
    await record_ownership(writer, None, parent, child, since, evidence, day)
    wrong = await record_ownership(writer, None, parent, references[SHIPPERS], since, evidence, day)
    before = f"{stage.quarter.year - 1}-12-31"
    await end_ownership(writer, None, wrong, before, "登记有误，从未生效（虚构）", day)


SCENES: Mapping[int, tuple[Scene, ...]] = MappingProxyType(
    {
        1: (_filed, _other_currencies, _books_given, _pledge, _receipts),
        2: (
            _pledge_paid,
            _books_handed_out,
            _contribution(PRIVATE_SETTLOR, Choice.NOT_SHOWN, 2_000_000),
            _regular,
            _thanked,
            _receipts,
        ),
        3: (
            _pledge_paid,
            _contribution(SETTLOR, Choice.WITH_AMOUNT, 3_000_000),
            _regular,
            _passed_on,
            _reversed,
            _receipts,
        ),
        4: (_trust_gives, _dollars_spent, _receipts, _one_donor_or_two),
    }
)
"""The scenes of each quarter of a year."""


async def act(
    ledger: Ledger, organisations: Sequence[SampleOrganisation], quarter: Quarter
) -> None:
    """Play the scenes of a quarter: in one write, so that the city is not built slower by them."""
    async with ledger.write() as writer:
        for scene in SCENES[quarter.number]:
            await scene(Stage(ledger, writer, organisations, quarter))
