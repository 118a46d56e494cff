"""Tests of mending records that are not submitted: one by its form, many by accepting."""

import httpx
import pytest
from litestar import Litestar

from charity.people.roles import Role
from charity.reporting.batches.drafting import draft_records
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.work import work
from public_site.workplace.records import today
from tests.charity.batches.recording import content_of, record
from tests.conftest import ORGANISATION
from tests.ledger.entries import stored_entries
from tests.public_site.workplace.conftest import SignedIn, invent_person
from tests.public_site.workplace.record_filling import (
    FILLED,
    approved,
    fill,
    hand_in,
    registered,
    standing,
    view_of,
)

KINDS_WITHOUT_ENTRY = ("gift", "goods_gift", "pledge")


@pytest.fixture
async def maker(app: Litestar, signed_in: SignedIn) -> httpx.AsyncClient:
    """A maker of an organisation with two funds and a project."""
    await registered(app)
    return await signed_in(Role.MAKER)


def draft(batch: str) -> str:
    """Return the address on which a draft is mended."""
    return f"/en/workplace/{ORGANISATION}/batches/{batch}/records"


async def sent(app: Litestar, *records: dict[str, object]) -> str:
    """Hand in records as a program does; return their batch, checked."""
    store = app.state.batches
    person = await invent_person(store.ledger, (Role.MAKER, ORGANISATION))
    batch = await draft_records(
        store, person=person, organisation=ORGANISATION, title="示例", content=content_of(*records)
    )
    await work(store, batch, today())
    return batch


@pytest.mark.parametrize("kind", KINDS_WITHOUT_ENTRY)
async def test_a_draft_comes_back_as_it_was_written(
    app: Litestar, maker: httpx.AsyncClient, kind: str
) -> None:
    donor = {"donor_sort": "person", "choice": "with_amount", "consent": "示例第5条"}
    batch = await hand_in(maker, kind, fund="water", **donor, donor_name="虚构王五")
    page = await maker.get(draft(batch))
    there = standing(page.text)
    assert there["donor_name"] == "虚构王五"
    assert {name: there[name] for name in donor} == donor
    assert (there["fund"], there["day"]) == ("water", FILLED[kind]["day"])
    amount = {"gift": "1234.50", "goods_gift": None, "pledge": "10000.00"}[kind]
    assert there.get("amount") == amount
    answer = await maker.post(draft(batch), data=there)
    assert answer.status_code == 303
    view = await view_of(app, batch)
    assert (view.state, view.version) == (BatchState.READY, 2)


async def test_a_draft_is_mended_and_approved(app: Litestar, maker: httpx.AsyncClient) -> None:
    batch = await hand_in(maker, "gift")
    answer = await fill(maker, draft(batch), amount="7", fund="water")
    assert answer.status_code == 303
    await approved(app, batch)
    [entry] = await stored_entries()
    assert (entry.facts.amount, entry.facts.fund) == (700, "water")
    assert entry.source.request == f"batch:{batch}:0"


async def test_who_decides_reads_all_that_a_record_says(
    app: Litestar, maker: httpx.AsyncClient, signed_in: SignedIn
) -> None:
    said = {"choice": "with_amount", "consent": "示例第5条", "receipt": "yes"}
    gift = await hand_in(maker, "gift", donor_sort="person", donor_name="虚构王五", **said)
    checker = await signed_in(Role.CHECKER)
    of_gift = (await checker.get(f"/en/workplace/{ORGANISATION}/batches/{gift}")).text
    for told in ("Show the name beside the amount", "示例第5条", "Donation receipt"):
        assert told in of_gift
    await approved(app, gift)
    spending = await hand_in(maker, "spending")
    of_spending = (await checker.get(f"/en/workplace/{ORGANISATION}/batches/{spending}")).text
    for told in (str(FILLED["spending"]["description"]), "Charitable activities"):
        assert told in of_spending


async def test_wrong_mending_changes_nothing(app: Litestar, maker: httpx.AsyncClient) -> None:
    batch = await hand_in(maker, "gift")
    page = await fill(maker, draft(batch), amount="zehn", fund="water")
    assert page.status_code == 422
    assert standing(page.text)["amount"] == "zehn"
    assert (await view_of(app, batch)).version == 1
    answer = await maker.post(draft(batch), data=standing(page.text) | {"amount": "10"})
    assert answer.status_code == 303


async def test_of_two_who_mend_at_once_the_second_is_told(
    app: Litestar, maker: httpx.AsyncClient
) -> None:
    batch = await hand_in(maker, "gift")
    pages = [standing((await maker.get(draft(batch))).text) for _ in range(2)]
    assert (await maker.post(draft(batch), data=pages[0] | {"amount": "1"})).status_code == 303
    second = await maker.post(draft(batch), data=pages[1] | {"amount": "2"})
    assert second.status_code == 422
    assert "changed meanwhile" in second.text
    assert (await view_of(app, batch)).version == 2


async def test_what_is_submitted_is_mended_no_more(app: Litestar, maker: httpx.AsyncClient) -> None:
    batch = await hand_in(maker, "gift")
    there = standing((await maker.get(draft(batch))).text)
    await approved(app, batch)
    for answer in (await maker.get(draft(batch)), await maker.post(draft(batch), data=there)):
        assert answer.status_code == 303
        assert answer.headers["location"].endswith(f"/batches/{batch}")
    assert len(await stored_entries()) == 1


async def test_nobody_mends_what_another_organisation_reports(
    app: Litestar, maker: httpx.AsyncClient, signed_in: SignedIn
) -> None:
    batch = await hand_in(maker, "gift")
    other = "53330000501874064B"
    stranger = await signed_in(Role.MAKER, other)
    where = draft(batch).replace(ORGANISATION, other)
    assert (await stranger.get(where)).status_code == 404
    assert (await stranger.get(draft(batch))).status_code == 403
    assert (await view_of(app, batch)).version == 1


async def test_suspicions_about_many_records_are_accepted_one_by_one(
    app: Litestar, maker: httpx.AsyncClient
) -> None:
    charity = {"name": "虚构市慈善会", "is_organisation": True}
    gifts = [record("gift", donor=charity, key=f"erp-{number}") for number in range(2)]
    batch = await sent(app, *gifts)
    page = await maker.get(draft(batch))
    assert "Record 2" in page.text
    word = "records.{}.donor.name.transfer".format
    there = standing(page.text)
    answer = await maker.post(draft(batch), data=there | {"accept": word(0)})
    assert answer.status_code == 303
    view = await view_of(app, batch)
    assert view.report is not None
    assert [found.field for found in view.report.problems] == ["records.1.donor.name"]
    there = standing((await maker.get(draft(batch))).text)
    assert there["accept"] == word(0)
    both = [(name, value) for name, value in there.items()] + [("accept", word(1))]
    body = "&".join(f"{name}={value}" for name, value in both)
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await maker.post(draft(batch), content=body, headers=form)
    assert answer.status_code == 303
    assert (await view_of(app, batch)).state is BatchState.READY
    await approved(app, batch)
    assert [entry.kind for entry in await stored_entries()] == ["onward_transfer"] * 2


async def test_a_programs_record_keeps_its_key_when_it_is_mended(
    app: Litestar, maker: httpx.AsyncClient
) -> None:
    batch = await sent(app, record("gift", key="erp-7", fund="nowhere"))
    page = await maker.get(draft(batch))
    assert "has no fund" in page.text
    assert (await fill(maker, draft(batch), fund="general")).status_code == 303
    await approved(app, batch)
    [entry] = await stored_entries()
    assert entry.source.request == "erp-7"
