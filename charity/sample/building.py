"""Provides the building of the sample city: its lists are imported like any charity's lists."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random
from typing import Final

from charity.organisations.registry import add_fund, add_organisation
from charity.organisations.uscc import organisation_identifier
from charity.projects.tables import Campaign, Project
from charity.reporting.importing import import_donation_list
from charity.reporting.records import (
    Request,
    record_correction,
    record_expenditures,
    record_refund,
)
from charity.reporting.requests import ImportRequest
from charity.sample.city import SampleOrganisation, plan, sample_organisations
from charity.sample.gifts import invent_gifts, published_list
from charity.sample.quarters import QUARTER_MONTHS, Quarter, quarters
from charity.sample.scenes import act, held_fen
from ledger.accounts import GENERAL_FUND
from ledger.entries import CURRENCY
from ledger.kinds import parse_entry
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.refund import RefundReason
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.reading import read_entry
from ledger.tables import MovementRow

CAMPAIGN_QUARTERS: Final = frozenset({2, 4})
CONSENT_EVERY: Final = 4
CONSENT_BASIS: Final = "示例捐赠表第3条：同意公示姓名（虚构）"
LARGE_GIFTS: Final = ("unusual", "target")
"""Words by which the invented reporters say that a large gift, or more than a target, is right."""
SPENDING: Final = (
    (0, Purpose.PROGRAM, 22, "示例项目支出：{month}月"),
    (1, Purpose.PROGRAM, 22, "示例项目支出：{month}月"),
    (1, Purpose.ADMINISTRATION, 5, "示例管理费用：{month}月"),
    (2, Purpose.PROGRAM, 22, "示例项目支出：{month}月"),
    (2, Purpose.FUNDRAISING, 2, "示例募捐成本：{month}月"),
)
"""Month of the quarter, purpose, and the share in percent of the fund's balance that is spent."""


class SampleClock:
    """A clock that the builder sets: entries are recorded when a report would have come in."""

    def __init__(self) -> None:
        self.now = datetime(plan()["first_year"], 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the moment that was set."""
        return self.now

    def move_to(self, day: date) -> None:
        """Set the clock to ten in the morning of a day in Shenzhen."""
        self.now = datetime.combine(day, time(2), tzinfo=UTC)


async def register_city(organisations: list[SampleOrganisation]) -> None:
    """Register organisations, funds, campaigns and projects."""
    years = plan()["years"]
    for organisation in organisations:
        code = organisation.code
        await add_organisation(code, organisation.name, organisation.kind, organisation.district)
        fund = organisation.fund
        if fund is not None:
            await add_fund(code, fund.code, fund.name, restricted=True, purpose=fund.purpose)
            first_year = plan()["first_year"]
            await Campaign.insert(
                Campaign(
                    organisation=code,
                    name=fund.campaign,
                    filing_number=f"{code}A{first_year % 100:02d}001",
                    fund=fund.code,
                    starts=f"{first_year}-04-01",
                    ends=f"{first_year + years - 1}-12-31",
                    target=organisation.weight * 60_000_000,
                )
            )
        await Project.insert(
            Project(
                organisation=code,
                code=organisation.project_code,
                name=organisation.project_name,
                fund=fund.code if fund is not None else GENERAL_FUND,
                budget=organisation.weight * 250_000_000,
            )
        )


class SampleCity:
    """Builds the sample city into an empty ledger of sample data."""

    def __init__(self, ledger: Ledger, clock: SampleClock, folder: Path) -> None:
        """Take an empty ledger that reads this clock, and a folder for the invented lists.

        Raises:
            Refused: the ledger is not one of sample data.
        """
        if not ledger.sample:
            raise Refused("This ledger is not for sample data; nothing invented goes into it.")
        self._ledger = ledger
        self._clock = clock
        self._folder = folder
        self._random = Random(plan()["seed"])  # noqa: S311 (invented data, the same each time)
        self._organisations = sample_organisations()
        self._lists = 0

    async def build(self, on_progress: Callable[[int, int], None]) -> None:
        """Register the city, then report quarter by quarter: gifts, spending, second thoughts."""
        await register_city(self._organisations)
        all_quarters = list(quarters())
        steps = len(all_quarters) * len(self._organisations)
        for turn, quarter in enumerate(all_quarters):
            self._clock.move_to(quarter.report_day)
            for place, organisation in enumerate(self._organisations):
                on_progress(turn * len(self._organisations) + place, steps)
                await self._report_gifts(organisation, quarter)
                await self._report_spending(organisation, quarter)
            await self._second_thoughts(quarter)
            await act(self._ledger, self._organisations, quarter)
        on_progress(steps, steps)

    def _gift_count(self, organisation: SampleOrganisation) -> int:
        weights = sum(each.weight for each in self._organisations)
        in_a_quarter: int = plan()["gifts"] // (plan()["years"] * len(QUARTER_MONTHS))
        return max(1, in_a_quarter * organisation.weight // weights)

    async def _report_gifts(self, organisation: SampleOrganisation, quarter: Quarter) -> None:
        count = self._gift_count(organisation)
        fund = organisation.fund
        if fund is None or quarter.number not in CAMPAIGN_QUARTERS:
            await self._import_list(organisation, quarter, GENERAL_FUND, count)
            return
        for_campaign = count * 2 // 3
        await self._import_list(organisation, quarter, fund.code, for_campaign)
        await self._import_list(organisation, quarter, GENERAL_FUND, count - for_campaign)

    async def _import_list(
        self, organisation: SampleOrganisation, quarter: Quarter, fund: str, count: int
    ) -> None:
        gifts = invent_gifts(self._random, quarter.first, quarter.days, max(1, count))
        title = f"{organisation.name}{quarter.year}年第{quarter.number}季度接收捐赠公示（{fund}）"
        self._lists += 1
        path = self._folder / f"list-{self._lists:04d}.csv"
        path.write_bytes(published_list(title, gifts))
        request = ImportRequest(
            path=path,
            organisation=organisation.code,
            fund=fund,
            consent=CONSENT_BASIS if self._lists % CONSENT_EVERY == 0 else None,
            accept=LARGE_GIFTS,
            today=quarter.report_day,
        )
        result = await import_donation_list(self._ledger, request)
        if result.problems:
            raise Refused("A sample list was refused: {reason}", reason=result.problems[0].message)

    async def _report_spending(self, organisation: SampleOrganisation, quarter: Quarter) -> None:
        identifier = organisation_identifier(organisation.code)
        funds = [GENERAL_FUND] + ([organisation.fund.code] if organisation.fund else [])
        spendings = []
        for fund in funds:
            held = await held_fen(identifier, fund)
            spendings += self._spendings(organisation, quarter, fund, held)
        async with self._ledger.write() as writer:
            await record_expenditures(writer, spendings)

    def _spendings(
        self, organisation: SampleOrganisation, quarter: Quarter, fund: str, balance: int
    ) -> list[tuple[Request, ExpenditureFacts]]:
        """Return what a fund that holds `balance` fen spends in the months of a quarter."""
        spendings = []
        for place, purpose, percent, description in SPENDING:
            amount = balance * (percent - self._random.randrange(percent // 3 + 1)) // 100
            month = quarter.first.month + place
            day = date(quarter.year, month, self._random.randrange(10, 28)).isoformat()
            if amount > 0:
                facts = ExpenditureFacts(
                    amount=amount,
                    description=description.format(month=month),
                    fund=fund,
                    project=organisation.project_code,
                    purpose=purpose,
                )
                key = f"{day}-{fund}-{purpose}"
                spendings.append((Request(organisation.code, day, key), facts))
        return spendings

    async def _second_thoughts(self, quarter: Quarter) -> None:
        """Pay one gift of the quarter back, and correct the words of one spending."""
        organisation = self._organisations[self._random.randrange(len(self._organisations))]
        identifier = organisation_identifier(organisation.code)
        day = quarter.report_day.isoformat()
        gift = await self._last(identifier, "donation")
        spending = await self._last(identifier, "expenditure")
        reasons = list(RefundReason)
        reason = reasons[self._random.randrange(len(reasons))]
        async with self._ledger.write() as writer:
            if gift is not None:
                key = f"refund-{quarter.year}-{quarter.number}"
                held = await held_fen(identifier, GENERAL_FUND)
                amount = max(1, min(gift["amount"], 20_000, held))
                await record_refund(
                    writer, Request(organisation.code, day, key), gift["position"], amount, reason
                )
            if spending is not None:
                words = parse_entry(await read_entry(spending["position"])).facts.description
                await record_correction(
                    writer,
                    Request(organisation.code, day, f"correction-{quarter.year}-{quarter.number}"),
                    CorrectionFacts(
                        by="示例财务部",
                        field="description",
                        new=f"{words}（票据编号已补）",
                        old=words,
                        reason="经办人补录票据编号（虚构）",
                        refers_to=spending["position"],
                    ),
                )

    @staticmethod
    async def _last(organisation: str, kind: str) -> dict[str, int] | None:
        """Return the newest entry of a kind whose amount a fund surely still holds."""
        rows = (
            await MovementRow.select(MovementRow.position, MovementRow.amount)
            .where(
                (MovementRow.organisation == organisation)
                & (MovementRow.kind == kind)
                & (MovementRow.unit == CURRENCY)
                & (MovementRow.fund == GENERAL_FUND)
            )
            .order_by(MovementRow.position, ascending=False)
            .limit(1)
        )
        return rows[0] if rows else None
