"""Tests of the forms of records: from what a person writes to the approved entry."""

import re
from html import unescape

import httpx
import pytest
from litestar import Litestar

from charity.people.roles import Role
from charity.reporting.batches.recording import append_records
from charity.reporting.batches.records import RecordsContent
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.tables import Batch
from ledger.tables import LogEntry
from tests.charity.batches.recording import OTHER
from tests.charity.batches.recording import record as reported
from tests.conftest import ORGANISATION
from tests.ledger.entries import stored_entries
from tests.public_site.workplace.conftest import SignedIn
from tests.public_site.workplace.record_filling import (
    DAY,
    FILLED,
    address,
    approved,
    fill,
    hand_in,
    registered,
    standing,
    view_of,
)

KINDS = tuple(FILLED)


@pytest.fixture
async def maker(app: Litestar, signed_in: SignedIn) -> httpx.AsyncClient:
    """A maker at a ledger in which each organisation has 100 yuan: entries 0 and 1."""
    await registered(app)
    store = app.state.batches
    for organisation in (ORGANISATION, OTHER):
        async with store.ledger.write() as writer:
            content = RecordsContent.model_validate(
                {"records": [reported("gift", day="2025-12-31")]}
            )
            await append_records(store, writer, organisation, content, organisation)
    return await signed_in(Role.MAKER)


def errors_of(page: str) -> dict[str, str]:
    """Return the marked fields of a page with their errors."""
    found = re.findall(r'id="([a-z_]+)-error"><span aria-hidden="true">✗ </span>(.*?)</p>', page)
    return {name: unescape(text) for name, text in found}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_form_opens(maker: httpx.AsyncClient, kind: str, language: str) -> None:
    page = await maker.get(address(kind, language, entry=0))
    assert page.status_code == 200
    assert 'method="post"' in page.text
    for label in re.findall(r'<label for="([^"]+)"', page.text):
        assert f'id="{label}"' in page.text


async def test_every_kind_goes_from_the_form_into_the_ledger(
    app: Litestar, maker: httpx.AsyncClient
) -> None:
    for kind in ("gift", "goods_gift", "spending", "goods_distribution", "transfer", "pledge"):
        batch = await hand_in(maker, kind)
        assert (await view_of(app, batch)).state is BatchState.READY
        assert len(await approved(app, batch)) == 1
    for kind in ("correction", "refund", "reversal"):
        batch = await hand_in(maker, kind, entry="2" if kind != "reversal" else "4")
        assert len(await approved(app, batch)) == 1
    entries = (await stored_entries())[2:]
    assert [entry.kind for entry in entries] == [
        "donation",
        "goods_donation",
        "expenditure",
        "goods_distribution",
        "onward_transfer",
        "pledge",
        "correction",
        "refund",
        "reversal",
    ]
    amounts = [entry.facts.listed()[0] for entry in entries]
    assert amounts == [123_450, 300, 1_000, 20, 500, 1_000_000, 0, 50, 1_000]
    assert {entry.day for entry in entries} == {DAY}


async def test_a_gift_by_hand_gets_its_receipt(app: Litestar, maker: httpx.AsyncClient) -> None:
    await approved(app, await hand_in(maker, "gift", receipt="yes"))
    _, receipt = (await stored_entries())[2:]
    assert (receipt.kind, receipt.facts.refers_to) == ("donation_receipt", 2)
    refund = await fill(maker, address("refund", "en", entry=2), **FILLED["refund"])
    assert "A valid donation receipt was issued for entry #2" in errors_of_summary(refund.text)
    assert f'href="/en/workplace/{ORGANISATION}/receipts/3"' in refund.text
    assert "Only a checker can make it void" in refund.text


def errors_of_summary(page: str) -> str:
    """Return the words of the summary of errors on top of a page."""
    found = re.search(r'<section class="sheet errors".*?</section>', page, re.DOTALL)
    return unescape(found[0]) if found else ""


async def test_all_that_is_wrong_comes_back_at_once_and_nothing_is_lost(
    maker: httpx.AsyncClient,
) -> None:
    written = {
        "day": "2026-13-01",
        "amount": "12.345",
        "project": "school",
        "description": "",
        "purpose": "administration",
    }
    page = await fill(maker, address("spending", "en"), **written)
    assert page.status_code == 422
    assert errors_of(page.text) == {
        "day": "Write a day as 2024-03-31.",
        "amount": "“12.345” has more than two decimals.",
        "description": "Please fill this in.",
    }
    for field in errors_of(page.text):
        assert f'href="#{field}"' in page.text
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"[^>]*{field}-error', page.text)
    there = standing(page.text)
    assert {name: there[name] for name in written} == written
    assert await Batch.count() == 0


async def test_what_the_ledger_refuses_comes_back_at_its_field(maker: httpx.AsyncClient) -> None:
    page = await fill(
        maker,
        address("spending", "en"),
        **dict(FILLED["spending"]) | {"amount": "100.01", "description": "电话 13800138000"},
    )
    told = errors_of(page.text)
    assert told["description"].startswith("A phone, identity or card number may stand in this")
    again = await maker.post(
        address("spending", "en"),
        data=standing(page.text) | {"accept": "records.0.description.number"},
    )
    told = errors_of(again.text)
    assert set(told) == {"amount"}
    assert "holds 100.00 yuan; 100.01 yuan are to go out" in told["amount"]
    assert 'value="records.0.description.number" checked' in again.text
    assert await Batch.count() == 0


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({"amount": ""}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "九百"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "99999999999999999"}, "amount"),
        ({"day": "2126-01-01"}, "day"),
        ({"day": "1949-10-01"}, "day"),
        ({"fund": "nowhere"}, "fund"),
        ({"fund": "../x"}, "fund"),
        ({"currency": "EUR"}, "currency"),
        ({"donor_name": "=cmd()"}, "donor_name"),
        ({"donor_name": "虚" * 10_000}, "donor_name"),
        ({"choice": "with_amount"}, "consent"),
        ({"choice": "anything"}, "choice"),
        ({"choice": "with_amount", "consent": "虚" * 10_000}, "consent"),
        ({"donor_sort": "organisation", "donor_code": "12"}, "donor_code"),
        ({"donor_sort": "organisation", "choice": "with_amount"}, "donor_sort"),
        ({"donor_name": "虚构市慈善会"}, "donor_name"),
        ({"pledge": "99"}, "pledge"),
        ({"pledge": "x"}, "pledge"),
    ],
)
async def test_a_gift_that_cannot_be_is_refused_at_its_field(
    maker: httpx.AsyncClient, written: dict[str, str], field: str
) -> None:
    page = await fill(maker, address("gift"), **{**FILLED["gift"], **written})
    assert page.status_code == 422
    assert set(errors_of(page.text)) == {field}
    assert standing(page.text)["donor_name"] == written.get("donor_name", "虚构张三")
    assert await Batch.count() == 0


@pytest.mark.parametrize(
    "name", ["虚构🎈乐队", "\u202e虚构张三\u2066", "<script>alert(1)</script>"]
)
async def test_odd_names_do_no_harm(app: Litestar, maker: httpx.AsyncClient, name: str) -> None:
    batch = await hand_in(maker, "gift", donor_name=name)
    page = await maker.get(f"/en/workplace/{ORGANISATION}/batches/{batch}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert len(await approved(app, batch)) == 1


async def test_a_suspicion_is_accepted_in_the_form(app: Litestar, maker: httpx.AsyncClient) -> None:
    await approved(app, await hand_in(maker, "gift"))
    page = await fill(maker, address("gift", "en"), **FILLED["gift"])
    assert "is in the ledger: #2" in errors_of(page.text)["donor_name"]
    sent = standing(page.text) | {"accept": "records.0.donor.name.repeated"}
    answer = await maker.post(address("gift", "en"), data=sent)
    assert answer.status_code == 303
    view = await view_of(app, answer.headers["location"].rpartition("/")[2])
    assert view.report is not None
    assert [found.code for found in view.report.accepted] == ["gift_repeated"]


async def test_a_form_that_is_sent_twice_makes_one_batch(maker: httpx.AsyncClient) -> None:
    page = await maker.get(address("gift"))
    sent = standing(page.text) | dict(FILLED["gift"])
    answers = [await maker.post(address("gift"), data=sent) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await Batch.count() == 1
    other = await maker.post(address("gift", "en"), data=sent | {"amount": "7"})
    assert other.status_code == 422
    assert "handed in before, with other words" in errors_of_summary(other.text)
    once_more = await maker.post(address("gift"), data=standing(other.text))
    assert once_more.status_code == 303
    assert await Batch.count() == 2


async def test_the_public_wording_is_shown_before_anything_is_handed_in(
    app: Litestar, maker: httpx.AsyncClient
) -> None:
    spent = (await approved(app, await hand_in(maker, "spending"))).start
    where = address("correction", "en", entry=spent)
    form = await maker.get(where)
    there = standing(form.text)
    assert (there["field"], there["old"]) == ("description", "示例支出")
    written = {"new": "示例支出（更正）", "reason": "写错了", "by": "财务部", "day": DAY}
    wording = await maker.post(where, data=there | written)
    assert wording.status_code == 200
    before = await Batch.count()
    again = await maker.post(where, data=standing(wording.text) | {"step": "again"})
    assert standing(again.text)["new"] == written["new"]
    assert await Batch.count() == before
    answer = await maker.post(where, data=standing(wording.text) | {"step": "confirmed"})
    positions = await approved(app, answer.headers["location"].rpartition("/")[2])
    public = await maker.get(f"/en/entries/{positions.start}")
    told = public.text.replace(
        f'<a href="/en/entries/{positions.start}">#{positions.start}</a>',
        '<span class="none">—</span>',
    )
    assert table_of(wording.text) == table_of(told)
    assert "示例支出（更正）" in table_of(wording.text)


def table_of(page: str) -> str:
    """Return the table of corrections of a page."""
    found = re.search(
        r'<table class="book" role="table">\s*<caption>What was corrected.*?</table>',
        page,
        re.DOTALL,
    )
    assert found is not None
    return found[0]


async def test_a_reversal_shows_what_is_undone(app: Litestar, maker: httpx.AsyncClient) -> None:
    where = address("reversal", "en", entry=0)
    wording = await fill(maker, where, **FILLED["reversal"])
    assert "What was reversed" in wording.text
    assert "虚构的误记" in wording.text
    assert await Batch.count() == 0


@pytest.mark.parametrize("kind", ["refund", "reversal", "correction"])
@pytest.mark.parametrize("entry", ["1", "99", "x", "-1", "9" * 20])
async def test_an_entry_of_others_or_none_is_asked_for_again(
    maker: httpx.AsyncClient, kind: str, entry: str
) -> None:
    page = await maker.get(address(kind, "en", entry=entry))
    assert page.status_code == 200
    assert errors_of(page.text) == {"entry": "Your organisation has no entry with this number."}
    asked = await maker.get(address(kind))
    assert asked.status_code == 200
    assert 'method="get"' in asked.text


async def test_a_refund_shows_what_is_left(app: Litestar, maker: httpx.AsyncClient) -> None:
    await approved(app, await hand_in(maker, "refund", entry="0", amount="30"))
    page = await maker.get(address("refund", "en", entry=0))
    assert "At most ¥70.00." in unescape(page.text)
    answer = await fill(maker, address("refund", "en", entry=0), amount="70.01", day=DAY)
    assert errors_of(answer.text)["amount"].startswith("Of gift #0 only 70.00 yuan are left")


async def test_goods_are_paid_back_in_whole_pieces(app: Litestar, maker: httpx.AsyncClient) -> None:
    await approved(app, await hand_in(maker, "goods_gift"))
    page = await fill(maker, address("refund", "en", entry=2), amount="1.5", day=DAY)
    assert errors_of(page.text)["amount"] == "Write a whole number of pieces, in digits."
    batch = await hand_in(maker, "refund", entry="2", amount="5")
    draft = f"/zh/workplace/{ORGANISATION}/batches/{batch}/records"
    assert standing((await maker.get(draft)).text)["amount"] == "5"
    await approved(app, batch)
    assert (await stored_entries())[3].facts.amount == 5


@pytest.mark.parametrize("role", [Role.CHECKER, Role.AUDITOR, Role.JUDGE, Role.BUREAU_OFFICER])
async def test_only_a_maker_reports(
    maker: httpx.AsyncClient, signed_in: SignedIn, role: Role
) -> None:
    assert (await (await signed_in(role)).get(address("gift"))).status_code == 403


async def test_no_form_is_taken_from_elsewhere(maker: httpx.AsyncClient) -> None:
    page = await maker.get(address("gift"))
    sent = standing(page.text) | dict(FILLED["gift"])
    assert (await maker.post(address("gift"), data=sent | {"form_word": "x"})).status_code == 403
    assert await Batch.count() == 0
    assert (await maker.get(address("gifts"))).status_code == 404


async def test_nothing_but_an_approval_appends(app: Litestar, maker: httpx.AsyncClient) -> None:
    for kind in ("gift", "goods_gift", "spending", "transfer", "pledge"):
        await hand_in(maker, kind)
    assert await LogEntry.count() == 2
