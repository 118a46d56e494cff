"""Tests of receipts in the workplace: issuing, finding, printing, making void, archives."""

import io
import re
from urllib.parse import urlencode
from zipfile import ZipFile

import httpx
import pytest
from litestar import Litestar

from charity.people.roles import Role
from charity.people.tables import Act
from charity.reporting.batches.tables import Batch
from ledger.auditing.audit import audit_log
from ledger.log import Ledger
from public_site.workplace.visiting import FORM_FIELD
from tests.charity.receipts.receipts import GOODS, PAYER, given
from tests.conftest import ORGANISATION, TestClock
from tests.ledger.entries import append, refund_of, stored_entries
from tests.public_site.page_reading import read_page
from tests.public_site.workplace.conftest import SignedIn

BASE = f"/en/workplace/{ORGANISATION}/receipts"
ISSUE = f"{BASE}/issue"
HOSTILE = "<script>alert('虚构')</script>"


@pytest.fixture(autouse=True)
def in_2026(app: Litestar) -> None:
    """Let the ledger's clock stand in one year, whatever the day is."""
    app.state.ledger.clock = TestClock()


async def page_text(client: httpx.AsyncClient, address: str) -> str:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


async def sent(client: httpx.AsyncClient, address: str, **fields: object) -> httpx.Response:
    """Send a form with the word of this session, as a page of it would."""
    text = (await client.get(BASE)).text
    word = re.search(rf'name="{FORM_FIELD}" value="([0-9a-f]+)"', text)
    assert word is not None
    return await client.post(
        address,
        content=urlencode({FORM_FIELD: word[1], **fields}, doseq=True),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )


async def issue_all(client: httpx.AsyncClient) -> None:
    """Issue receipts for all gifts that have none, as many as the page says there are."""
    page = read_page(await page_text(client, ISSUE))
    [seen] = [box.get("value") for box in page.every("input") if box.get("name") == "seen"]
    answer = await sent(client, ISSUE, which="all", seen=seen, sure="yes")
    assert answer.headers["location"] == f"{BASE}?done={seen}"


async def gifts(app: Litestar, count: int = 3) -> list[int]:
    ledger: Ledger = app.state.ledger
    return [await given(ledger, str(number), {"amount": 100 + number}) for number in range(count)]


def appended_batch(batch: str, first: int, entries: int) -> Batch:
    """Return an invented batch whose entries stand in the log already."""
    row = Batch(_ignore_missing=True)
    for column in Batch._meta.columns:
        setattr(row, column._meta.name, "x" if not column._meta.params["null"] else None)
    row.id, row.organisation, row.version = batch, ORGANISATION, 1
    row.title, row.options = b"", b""
    row.first_position, row.entries = first, entries
    return row


async def kinds() -> list[str]:
    return [entry.kind for entry in await stored_entries()]


async def test_a_maker_issues_for_chosen_gifts(app: Litestar, signed_in: SignedIn) -> None:
    places = await gifts(app)
    maker = await signed_in(Role.MAKER)
    page = read_page(await page_text(maker, ISSUE))
    assert len([box for box in page.every("input") if box.get("name") == "gift"]) == 3
    answer = await sent(maker, ISSUE, which="chosen", gift=[places[2], places[0]])
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}?done=2")
    text = read_page(await page_text(maker, answer.headers["location"])).text
    assert "2 receipts are issued." in text
    issued = [entry for entry in await stored_entries() if entry.kind == "donation_receipt"]
    assert [entry.facts.refers_to for entry in issued] == [places[2], places[0]]
    assert "1 gift has no receipt." in read_page(await page_text(maker, ISSUE)).text
    assert not (await audit_log(app.state.ledger)).problems
    [act] = await Act.select().where(Act.act == "receipt.issue")
    assert (act["organisation"], act["outcome"], act["subject"]) == (ORGANISATION, "done", "#3–#4")


async def test_all_that_a_filter_finds_are_issued_at_once(
    app: Litestar, signed_in: SignedIn
) -> None:
    places = await gifts(app)
    await Batch.insert(appended_batch("ab" * 16, first=1, entries=2))
    maker = await signed_in(Role.MAKER)
    assert (
        "2 gifts have no receipt."
        in read_page(await page_text(maker, f"{ISSUE}?batch={'ab' * 16}")).text
    )
    answer = await sent(maker, ISSUE, which="all", sure="yes", seen=2, batch="ab" * 16)
    assert answer.headers["location"] == f"{BASE}?done=2"
    issued = [entry for entry in await stored_entries() if entry.kind == "donation_receipt"]
    assert [entry.facts.refers_to for entry in issued] == places[1:]
    archive = await maker.get(f"{BASE}/archive?batch={'ab' * 16}")
    with ZipFile(io.BytesIO(archive.content)) as files:
        assert len(files.namelist()) == 3


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"which": "chosen"}, "No gift was chosen"),
        ({"which": "chosen", "gift": "x"}, "No gift was chosen"),
        ({"which": "chosen", "gift": "99"}, "There is no entry 99"),
        ({"which": "chosen", "gift": ["0", "0"]}, "gift 0 has a valid receipt already"),
        ({"which": "chosen", "gift": ["0", "1"], "fiscal_code": "44030126"}, "to one gift"),
        ({"which": "chosen", "gift": "0", "fiscal_code": "44030126"}, "6 to 12 digits"),
        ({"which": "all", "seen": "2"}, "Tick the box"),
        ({"which": "all", "seen": "1", "sure": "yes"}, "now there are 2"),
        ({"which": "all", "from_day": "yesterday"}, "Write a day"),
        ({"which": "all", "batch": "none"}, "no such batch"),
        ({"which": "all", "donor": "../"}, "32 digits"),
    ],
)
async def test_what_cannot_be_issued_is_told_and_nothing_is(
    app: Litestar, signed_in: SignedIn, fields: dict[str, object], told: str
) -> None:
    await gifts(app, 2)
    maker = await signed_in(Role.MAKER)
    answer = await sent(maker, ISSUE, **fields)
    assert answer.status_code == 422
    assert told in read_page(answer.text).text
    assert "donation_receipt" not in await kinds()


async def test_a_fiscal_receipt_is_named_on_the_sheet(app: Litestar, signed_in: SignedIn) -> None:
    [gift] = await gifts(app, 1)
    maker = await signed_in(Role.MAKER)
    fiscal = {"fiscal_code": "44030126", "fiscal_number": "0000012345"}
    assert (await sent(maker, ISSUE, which="chosen", gift=gift, **fiscal)).status_code == 303
    text = await page_text(maker, f"{BASE}/1")
    assert "code 44030126, number 0000012345" in text
    assert "44030126 · 0000012345" in await page_text(maker, BASE)


async def test_a_receipt_is_shown_printed_and_its_opening_recorded(
    app: Litestar, signed_in: SignedIn
) -> None:
    await gifts(app, 1)
    maker = await signed_in(Role.MAKER)
    await issue_all(maker)
    text = await page_text(maker, f"{BASE}/1")
    for words in (PAYER, "人民币壹元整", "2026-000001", "<svg", "not an official fiscal receipt"):
        assert words in text, words
    assert PAYER not in await page_text(maker, f"{BASE}/1?name=no")
    assert PAYER not in await page_text(maker, BASE), "the list names nobody"
    pdf = await maker.get(f"{BASE}/1/pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["content-disposition"] == 'attachment; filename="2026-000001.pdf"'
    assert pdf.content.startswith(b"%PDF")
    assert pdf.content == (await maker.get(f"{BASE}/1/pdf")).content
    assert pdf.content != (await maker.get(f"{BASE}/1/pdf?name=no")).content
    acts = await Act.select(Act.act, Act.subject).where(Act.act.like("receipt%"))
    assert {(act["act"], act["subject"]) for act in acts} >= {
        ("receipt.open", "1"),
        ("receipt.download", "1"),
    }


async def test_a_checker_makes_void_with_a_reason_and_issues_anew(
    app: Litestar, signed_in: SignedIn
) -> None:
    [gift] = await gifts(app, 1)
    maker, checker = await signed_in(Role.MAKER), await signed_in(Role.CHECKER)
    await issue_all(maker)
    assert "/void" not in await page_text(maker, f"{BASE}/1")
    assert (await sent(maker, f"{BASE}/1/void", reason="虚构")).status_code == 403
    blank = await sent(checker, f"{BASE}/1/void", reason=" ")
    assert blank.status_code == 422
    assert (
        read_page(blank.text)
        .with_class("field-error")[0]
        .text.endswith("Say why the receipt becomes void.")
    )
    answer = await sent(checker, f"{BASE}/1/void", reason=HOSTILE, again="yes")
    assert answer.headers["location"] == f"{BASE}/3"
    assert await kinds() == ["donation", "donation_receipt", "receipt_void", "donation_receipt"]
    void = await page_text(checker, f"{BASE}/1")
    assert "作废 VOID" in void
    assert HOSTILE not in void
    assert (await sent(checker, f"{BASE}/1/void", reason="再次")).status_code == 422
    listed = read_page(await page_text(checker, f"{BASE}?only=void")).text
    assert "2026-000001" in listed
    assert "2026-000002" not in listed
    assert HOSTILE in listed, "as text"
    assert gift == 0
    assert not (await audit_log(app.state.ledger)).problems


async def test_receipts_are_found_by_number_and_entry(app: Litestar, signed_in: SignedIn) -> None:
    await gifts(app, 3)
    auditor = await signed_in(Role.AUDITOR)
    maker = await signed_in(Role.MAKER)
    assert "No receipt has been issued yet." in await page_text(maker, BASE)
    await issue_all(maker)
    for query, found in (
        ("2", ["2026-000002"]),
        ("2026-000003", ["2026-000003"]),
        ("2025-000003", []),
        ("#0", ["2026-000001"]),
        ("#4", ["2026-000002"]),
        (HOSTILE[:40], []),
        ("9" * 40, []),
        ("%", []),
    ):
        page = read_page(await page_text(auditor, f"{BASE}?{urlencode({'q': query})}"))
        assert [row.text for row in page.with_class("who")] == found, query


async def test_a_gift_paid_back_later_asks_for_a_void(app: Litestar, signed_in: SignedIn) -> None:
    [gift] = await gifts(app, 1)
    maker = await signed_in(Role.MAKER)
    await issue_all(maker)
    await append(app.state.ledger, refund_of(gift, (await stored_entries())[gift], 40))
    assert "to be made void" in await page_text(maker, BASE)
    assert "paid back or reversed after this receipt" in await page_text(maker, f"{BASE}/1")


async def test_archives_of_a_year_and_of_a_donor(app: Litestar, signed_in: SignedIn) -> None:
    await gifts(app, 2)
    await given(app.state.ledger, "goods", {"amount": 3, "goods": GOODS}, "=虚构公式()")
    maker = await signed_in(Role.MAKER)
    await issue_all(maker)
    year = await maker.get(f"{BASE}/archive?year=2026")
    assert year.headers["content-type"] == "application/zip"
    with ZipFile(io.BytesIO(year.content)) as files:
        assert len(files.namelist()) == 4
        assert "'=虚构公式()" in files.read("receipts.csv").decode("utf-8-sig")
    donor = (await stored_entries())[0].facts.donor.reference
    with ZipFile(io.BytesIO((await maker.get(f"{BASE}/archive?donor={donor}")).content)) as files:
        assert files.namelist() == ["2026-000001.pdf", "receipts.csv"]
    assert (await maker.get(f"{BASE}/archive?year=1999")).status_code == 422
    for query in ("", "?year=x", f"?batch={'0' * 32}", "?donor=x"):
        assert (await maker.get(f"{BASE}/archive{query}")).status_code == 404
    acts = await Act.select(Act.outcome).where(Act.act == "receipts.download")
    assert "done" in {act["outcome"] for act in acts}


@pytest.mark.parametrize("place", ["0", "99", "x", "-1", "１", "9" * 30, "01"])
async def test_what_is_no_receipt_of_the_organisation_is_not_found(
    app: Litestar, signed_in: SignedIn, place: str
) -> None:
    await gifts(app, 1)
    maker = await signed_in(Role.MAKER)
    for ending in ("", "/pdf"):
        assert (await maker.get(f"{BASE}/{place}{ending}")).status_code == 404


async def test_receipts_of_another_organisation_stay_closed(
    app: Litestar, signed_in: SignedIn
) -> None:
    await gifts(app, 1)
    await issue_all(await signed_in(Role.MAKER))
    other = "53330000501874064B"
    stranger = await signed_in(Role.MAKER, other)
    assert (await stranger.get(f"{BASE}/1")).status_code == 403
    theirs = f"/en/workplace/{other}/receipts"
    assert (await stranger.get(f"{theirs}/1")).status_code == 404
    assert (await stranger.get(f"{theirs}/archive?year=2026")).status_code == 422
