"""Provides a small invented ledger with an entry of every kind, for tests of the site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from charity.donors.directory import donor_lines
from charity.donors.merging import merge_donors, separate_donors
from charity.donors.relations import record_ownership
from charity.organisations.registry import OrganisationKind, add_fund, add_organisation
from charity.organisations.uscc import organisation_identifier
from charity.projects.tables import Campaign, Project
from charity.receipts.issuing import issue_receipts, void_receipt
from charity.reporting.dates import GivenDay
from charity.reporting.importing import import_donation_list
from charity.reporting.records import (
    Request,
    record_correction,
    record_expenditures,
    record_refund,
)
from charity.reporting.requests import ImportRequest
from charity.sample.building import SampleClock
from charity.sample.city import sample_code
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donor_merge import MergeBasis
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.refund import RefundReason
from ledger.log import Ledger
from ledger.reading import read_entry, read_head
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.charity.lists import HEADER, write_csv

FOUNDATION = sample_code("53", "440304", 50)
FEDERATION = sample_code("51", "440300", 51)
SILENT = sample_code("52", "440305", 52)
"""An organisation that never reported."""

FOUNDATION_NAME = "示例甲基金会"
FEDERATION_NAME = "=示例乙慈善会"
STUDY_AID = "study-aid"
STUDY_AID_NAME = "+虚构助学专项"

HIDDEN = tuple(f"虚构隐名{number:03d}" for number in range(60))
PAYERS = ("虚构付款人", "虚构汇款人")
REMARKED = "虚构备注人"
NEVER_SHOWN = (*HIDDEN, *PAYERS, REMARKED)
CONSENTED = tuple(f"虚构同意{number:03d}" for number in range(12))
ENTERPRISE = "示例科技第1有限公司"
OTHER_CHARITY = "虚构省第1慈善总会"
CONSENT_BASIS = "示例捐赠表第3条（虚构）"

FIRST_DAY = date(2025, 3, 1)
TODAY = date(2026, 1, 1)
AMOUNTS = ("0.01", "49.99", "50", "50.01", "999.99", "1000", "1000.01", "88888.88")

Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class City:
    """What was built: where, and the bytes of every entry in the order of the log."""

    settings: Settings
    bodies: tuple[bytes, ...]

    def entries(self, kind: str | None = None) -> list[tuple[int, dict[str, Any]]]:
        """Return position and content of the entries, of one kind or of all."""
        read = [(place, msgspec.json.decode(body)) for place, body in enumerate(self.bodies)]
        return [(place, entry) for place, entry in read if kind in {None, entry["kind"]}]


def hidden_rows(count: int) -> list[Row]:
    """Return rows on three days only, by donors of every sort who agreed to nothing."""
    donors = (*HIDDEN, ENTERPRISE, "*虚构", "爱心人士", f"{PAYERS[0]}转来{HIDDEN[0]}捐款")
    return [
        (
            (FIRST_DAY + timedelta(number * 3 // count)).isoformat(),
            donors[number % len(donors)],
            AMOUNTS[number % len(AMOUNTS)],
            f"代{REMARKED}" if number % 9 == 0 else "",
        )
        for number in range(count)
    ]


def consented_rows() -> list[Row]:
    """Return rows of donors who agreed to be named, one with a payer who did not."""
    donors = (*CONSENTED, f"{PAYERS[1]}转来{CONSENTED[0]}捐款")
    return [
        ((FIRST_DAY + timedelta(40 + number)).isoformat(), donor, "200", "")
        for number, donor in enumerate(donors)
    ]


def lines(title: str, rows: Sequence[Row], *more: str) -> list[str]:
    """Return the lines of a published list."""
    return [title, ",".join(HEADER), *(",".join(row) for row in rows), *more]


async def _register() -> None:
    await add_organisation(FOUNDATION, FOUNDATION_NAME, OrganisationKind.FOUNDATION, "福田区")
    await add_organisation(FEDERATION, FEDERATION_NAME, OrganisationKind.CHARITY_FEDERATION)
    await add_organisation(SILENT, "示例静默服务社", OrganisationKind.SOCIAL_SERVICE_AGENCY)
    await add_fund(FOUNDATION, STUDY_AID, STUDY_AID_NAME, restricted=True, purpose="虚构助学")
    await Campaign.insert(
        Campaign(
            organisation=FOUNDATION,
            name="虚构募捐",
            fund=STUDY_AID,
            starts="2025-03-01",
            ends="2025-12-31",
            target=10_000_00,
        )
    )
    await Project.insert(
        Project(
            organisation=FOUNDATION,
            code="books",
            name="示例图书项目",
            fund="general",
            budget=5_000_00,
        )
    )


async def _import_lists(ledger: Ledger, folder: Path) -> None:
    transfer = (FIRST_DAY.isoformat(), OTHER_CHARITY, "30000", "")
    period = [("", HIDDEN[1], "66.60", ""), ("", HIDDEN[2], "33.40", "")]
    wrong_total = [(FIRST_DAY.isoformat(), HIDDEN[3], "12.50", "")]
    lists: tuple[tuple[str, str, list[str], dict[str, Any]], ...] = (
        ("hidden", FOUNDATION, lines("示例捐赠公示甲", hidden_rows(170)), {"accept": ("unusual",)}),
        (
            "named",
            FOUNDATION,
            lines("示例捐赠公示乙", consented_rows()),
            {"fund": STUDY_AID, "consent": CONSENT_BASIS, "accept": ("unusual", "target")},
        ),
        (
            "other",
            FEDERATION,
            lines("示例捐赠公示丙", [transfer, *hidden_rows(110)]),
            {"accept": ("unusual",)},
        ),
        (
            "period",
            FEDERATION,
            lines("示例捐赠公示丁", period),
            {"given_day": GivenDay.parse("2025-05-01/2025-05-07")},
        ),
        (
            "total",
            FEDERATION,
            lines("示例捐赠公示戊", wrong_total, "合计,,13.00,"),
            {"accept": ("total",)},
        ),
    )
    for name, organisation, content, options in lists:
        path = write_csv(folder / f"{name}.csv", *content)
        request = ImportRequest(path, organisation, TODAY, **options)
        result = await import_donation_list(ledger, request)
        assert not result.problems, result.problems
        assert result.appended


async def _spend_and_mend(ledger: Ledger) -> None:
    """Record spending, two refunds of one gift, and corrections of a gift and of a spending."""
    async with ledger.write() as writer:
        spent = await record_expenditures(
            writer,
            [
                (
                    Request(FOUNDATION, "2025-04-0" + str(number), f"spending-{number}"),
                    ExpenditureFacts(
                        amount=1_234_56 * number,
                        description="-示例图书采购",
                        fund="general",
                        project="books",
                        purpose=purpose,
                    ),
                )
                for number, purpose in enumerate(Purpose, 1)
            ],
        )
        for number, fen in enumerate((10_000, 20_000)):
            await record_refund(
                writer,
                Request(FOUNDATION, "2025-06-01", f"refund-{number}"),
                7,
                fen,
                RefundReason.MINOR,
            )
        for number, refers_to in enumerate((spent.start, 8)):
            await record_correction(
                writer,
                Request(FOUNDATION, "2025-06-02", f"correction-{number}"),
                CorrectionFacts(
                    by="示例财务部",
                    field="description",
                    old="@虚构旧票据",
                    new="=虚构新票据",
                    reason="虚构原因",
                    refers_to=refers_to,
                ),
            )


async def _receipts(ledger: Ledger) -> None:
    """Issue two receipts; make one void, and issue it anew."""
    async with ledger.write() as writer:
        [_, second] = await issue_receipts(writer, FOUNDATION, (3, 4), "2025-06-03")
        await void_receipt(writer, FOUNDATION, second, "虚构作废原因", "2025-06-03")
        await issue_receipts(writer, FOUNDATION, [4], "2025-06-03")


async def _relations(ledger: Ledger) -> None:
    """Merge two organisations that gave, separate them, and say that one owns the other."""
    found = {line.name: line.reference for line in await donor_lines(ledger)}
    pair, day = (found[ENTERPRISE], found[OTHER_CHARITY]), "2025-06-04"
    async with ledger.write() as writer:
        merge = await merge_donors(
            ledger.vault, writer, FEDERATION, pair, MergeBasis.DECLARED, "虚构合并原因", day
        )
        await separate_donors(writer, "-", FEDERATION, merge, "虚构拆分原因", day)
        await record_ownership(writer, FEDERATION, *pair, "2025-01-01", "虚构年报第1页", day)


async def build_city(settings: Settings, folder: Path) -> City:
    """Build the ledger; `folder` takes the lists that are imported into it."""
    clock = SampleClock()
    clock.move_to(TODAY)
    await initialise(settings, sample=True, clock=clock)
    async with opened(settings, clock) as ledger:
        await _register()
        await _import_lists(ledger, folder)
        await _spend_and_mend(ledger)
        await _receipts(ledger)
        await _relations(ledger)
        head = await read_head()
        assert head is not None
        return City(settings, tuple([await read_entry(place) for place in range(head.size)]))


def identifier(code: str) -> str:
    """Return the identifier of an organisation as entries carry it."""
    return organisation_identifier(code)
