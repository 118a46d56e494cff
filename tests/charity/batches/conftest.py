"""Provides a store of batches over a fresh ledger, with invented people of two organisations."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from charity.people.sessions import ACTIVE, instant
from charity.people.tables import Membership, Person
from charity.reporting.batches.approval import approve, submit
from charity.reporting.batches.drafting import draft_list
from charity.reporting.batches.reading import BatchView, find_batch
from charity.reporting.batches.schemas import BatchReport, ListOptions
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import work
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.signing.keys import read_vault_key
from ledger.tables import LogEntry
from ledger.vault.envelopes import Envelopes
from public_site.settings import Settings
from tests.charity.lists import TODAY
from tests.conftest import ORGANISATION

OTHER = "53440300MJL0000017"


def csv(*rows: str, columns: str = "捐赠日期,捐赠人,金额（元）") -> bytes:
    """Return a list: each row is what stands behind its date, 2025-12-01."""
    return "".join(
        f"{line}\r\n" for line in (columns, *(f"2025-12-01,{row}" for row in rows))
    ).encode()


NO_OPTIONS = ListOptions()
GIFTS = csv("虚构甲,100.00", "虚构乙,20.50", "虚构丙,3.25")


async def invent(ledger: Ledger, role: Role, organisation: str, name: str) -> str:
    """Make an invented person with a role in an organisation; return its id."""
    person = uuid4().hex
    now = instant(datetime.now(UTC))
    async with write_transaction(ledger.engine):
        await Person.insert(
            Person(
                id=person,
                email=f"{person}@example.org",
                name=name,
                language="zh",
                password="-",
                second_factor=None,
                second_factor_step=None,
                state=ACTIVE,
                made_at=now,
            )
        )
        await Membership.insert(
            Membership(
                person=person,
                role=role,
                organisation=organisation,
                granted_by=None,
                granted_at=now,
                ended_by=None,
                ended_at=None,
            )
        )
    return person


@dataclass(frozen=True, slots=True)
class Office:
    """A store of batches, and the people who use it; all but `stranger` are of ORGANISATION."""

    store: BatchStore
    maker: str
    checker: str
    second_checker: str
    stranger: str

    async def draft(
        self,
        content: bytes = GIFTS,
        *,
        options: ListOptions = NO_OPTIONS,
        person: str | None = None,
        name: str = "虚构清单.csv",
    ) -> str:
        """Hand in a list; return its batch."""
        return await draft_list(
            self.store,
            person=person or self.maker,
            organisation=ORGANISATION,
            fund="general",
            file_name=name,
            content=content,
            options=options,
        )

    async def view(self, batch: str, organisation: str = ORGANISATION) -> BatchView:
        """Return a batch that is there."""
        view = await find_batch(self.store, organisation, batch)
        assert view is not None
        return view

    async def work(self, batch: str) -> BatchState:
        """Do the job of a batch."""
        return await work(self.store, batch, TODAY)

    async def submitted(self, content: bytes = GIFTS, **options: object) -> str:
        """Hand in a list, check it and submit it."""
        batch = await self.draft(content, **options)  # type: ignore[arg-type]
        assert await self.work(batch) == BatchState.READY
        await self.submit(batch)
        return batch

    async def submit(self, batch: str) -> None:
        """Submit a batch as it is now."""
        version = (await self.view(batch)).version
        await submit(
            self.store,
            person=self.maker,
            organisation=ORGANISATION,
            batch=batch,
            seen_version=version,
        )

    async def approve(
        self, batch: str, person: str | None = None, organisation: str = ORGANISATION
    ) -> None:
        """Approve a batch as it is now."""
        version = (await self.view(batch, organisation)).version
        await approve(
            self.store,
            person=person or self.checker,
            organisation=organisation,
            batch=batch,
            seen_version=version,
        )

    async def approved(self, content: bytes = GIFTS, **options: object) -> str:
        """Hand in a list, check it, submit it and approve it."""
        batch = await self.submitted(content, **options)
        await self.approve(batch)
        return batch


@pytest.fixture
async def office(ledger: Ledger, settings: Settings) -> Office:
    """A store of batches over an empty ledger with two organisations and their people."""
    await add_organisation(OTHER, "示例联合会", confirm_code=True)
    return Office(
        BatchStore.at(ledger, settings.drafts, Envelopes(read_vault_key(settings.home))),
        maker=await invent(ledger, Role.MAKER, ORGANISATION, "虚构经办人"),
        checker=await invent(ledger, Role.CHECKER, ORGANISATION, "虚构复核人"),
        second_checker=await invent(ledger, Role.CHECKER, ORGANISATION, "虚构复核人二"),
        stranger=await invent(ledger, Role.CHECKER, OTHER, "虚构外人"),
    )


async def entries() -> int:
    """Return how many entries the log has."""
    return int(await LogEntry.count())


async def report_of(office: Office, batch: str) -> BatchReport:
    report = (await office.view(batch)).report
    assert report is not None
    return report


def codes(report: BatchReport) -> list[str]:
    return [problem.code for problem in report.problems]
