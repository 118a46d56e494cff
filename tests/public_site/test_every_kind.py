"""Tests that the pages show an entry of every kind, each with its unit, and break at none."""

import csv
import io
from collections.abc import AsyncIterator

import httpx
import pytest

from charity.organisations.registry import add_organisation
from ledger.entries import Entry
from ledger.kinds import KINDS
from ledger.kinds.disclosure import DisclosureFacts
from ledger.kinds.filing import FilingFacts
from ledger.kinds.key_rotation import KeyRotationFacts
from ledger.kinds.seal import SealFacts
from ledger.kinds.statement import StatementFacts
from public_site.opening import opened
from public_site.settings import Settings
from tests.conftest import ORGANISATION, TestClock
from tests.ledger.courses import TRUST, entries_of, step
from tests.ledger.entries import append, requested
from tests.public_site.conftest import site
from tests.public_site.page_reading import Element, read_page

DIGEST = "0" * 64
CORRECTED = "corrections"
OTHER_CODE = "53330000501874064B"
COURSE = entries_of(
    [
        step("donation", 100_00),
        step("donation", 250, currency="HKD"),
        step("goods_donation", 300),
        step("pledge", 900_00),
        step("onward_transfer", 70_00),
        step("transfer_within", 5_00, organisation="CN-USCI-53330000501874064B"),
        step("expenditure", 30_00),
        step("goods_distribution", 20),
        step("refund", 9_99, pick=0),
        step("reversal", pick=6),
        step("correction", pick=2),
        step("payment", 100_00),
        step("trust_contribution", 5_000_00),
        step("trust_distribution", 1_000_00),
        step("trust_grant", 1_00),
        step("donation_receipt", pick=0),
        step("receipt_void"),
        step("donation_receipt", pick=1),
        step("erasure"),
        step("donor_merge", 1, pick=2),
        step("donor_separation"),
        step("ownership", 3, pick=4),
        step("ownership_end"),
        step("donor_merge", 1, pick=3),
    ]
)
LOG_ENTRIES = [
    requested(kind, facts, kind, organisation=None)
    for kind, facts in (
        ("statement", StatementFacts(digest=DIGEST, edition="示例榜2026", size=3)),
        ("seal", SealFacts(commitment=DIGEST, edition="示例奖2026", seat="seat-1")),
        ("key_rotation", KeyRotationFacts(key="k", proof="p")),
    )
]
OTHER_ENTRIES = [
    requested("disclosure", DisclosureFacts(digest=DIGEST, rows=1, total=1), "list"),
    requested("filing", FilingFacts(digest=DIGEST, number="1", subject="示例备案"), "filing"),
]
ENTRIES: list[Entry] = [*COURSE, *LOG_ENTRIES, *OTHER_ENTRIES]


@pytest.fixture
async def every_kind(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a site over entries of every kind."""
    async with opened(settings, TestClock()) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        await add_organisation(OTHER_CODE, "示例促进会")
        await append(ledger, *ENTRIES)
    async with site(settings) as client:
        yield client


def test_the_course_has_every_kind() -> None:
    assert {entry.kind for entry in ENTRIES} == set(KINDS)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_entry_has_a_page(every_kind: httpx.AsyncClient, language: str) -> None:
    for position in range(len(ENTRIES)):
        answer = await every_kind.get(f"/{language}/entries/{position}")
        assert answer.status_code == 200, (position, ENTRIES[position].kind)


async def test_lists_show_entries_of_every_kind(every_kind: httpx.AsyncClient) -> None:
    book = f"/en/organisations/{ORGANISATION}/donations"
    for address in ("/en/", "/zh/", book, f"{book}.csv", f"/en/organisations/{ORGANISATION}"):
        answer = await every_kind.get(address)
        assert answer.status_code == 200, address
    text = (await every_kind.get(book)).text
    assert "2.50 HKD" in text
    assert "示例瓶装水 × 300 箱" in text
    assert "Reversed" in text


async def test_sums_of_a_list_are_of_the_organisations_own_yuan(
    every_kind: httpx.AsyncClient,
) -> None:
    page = (await every_kind.get(f"/en/organisations/{ORGANISATION}")).text
    assert "2.50 HKD" in page
    assert "示例瓶装水 × 280 箱" in page
    text = (await every_kind.get(f"/en/organisations/{ORGANISATION}/donations")).text
    assert "5,000.00" in text, "the line of the trust"
    assert "of charitable trusts: in ¥5,000.00" in text, "apart from the sum"
    assert "in ¥5,0" not in text.replace("trusts: in ¥5,0", "")


async def test_an_entry_says_what_became_of_it(every_kind: httpx.AsyncClient) -> None:
    kinds = [entry.kind for entry in ENTRIES]
    reversal = kinds.index("reversal")
    undone = ENTRIES[reversal].facts.refers_to
    page = await page_of(every_kind, f"/en/entries/{undone}")
    [status] = page.with_class("status")
    assert (status.text, status.get("href")) == (
        f"Reversed #{reversal}",
        f"/en/entries/{reversal}",
    )
    assert f"it was reversed by entry #{reversal}" in page.text
    assert (
        f"It reverses entry #{undone}"
        in (await page_of(every_kind, f"/en/entries/{reversal}")).text
    )
    text = (await every_kind.get(f"/en/entries/{kinds.index('pledge')}")).text
    assert "¥100.00 of ¥900.00 paid so far." in text
    payment = next(place for place, entry in enumerate(ENTRIES) if _pledge_of(entry) is not None)
    assert (
        f"It is paid against entry #{_pledge_of(ENTRIES[payment])}"
        in (await page_of(every_kind, f"/en/entries/{payment}")).text
    )
    refund = ENTRIES[kinds.index("refund")]
    text = (await every_kind.get(f"/en/entries/{refund.facts.refers_to}")).text
    assert "¥10.00 of ¥100.00 paid back." in text


def _pledge_of(entry: Entry) -> int | None:
    position: int | None = getattr(entry.facts, "pledge", None)
    return position


async def page_of(client: httpx.AsyncClient, address: str) -> Element:
    """Return a page that must be there."""
    answer = await client.get(address)
    assert answer.status_code == 200, address
    return read_page(answer.text)


async def test_a_book_says_what_became_of_its_entries(every_kind: httpx.AsyncClient) -> None:
    book = await page_of(every_kind, f"/en/organisations/{ORGANISATION}/donations")
    said = {each.text for each in book.with_class("status")}
    reversal = [entry.kind for entry in ENTRIES].index("reversal")
    assert {"¥10.00 paid back", "¥100.00 paid so far", f"Reversed #{reversal}"} <= said
    note = next(entry.facts for entry in ENTRIES if entry.kind == "correction")
    assert note.old in {each.text for each in book.every("del")}
    assert note.new in {each.text for each in book.every("ins")}


async def test_a_correction_says_who_why_and_what_on_both_pages(
    every_kind: httpx.AsyncClient,
) -> None:
    place = [entry.kind for entry in ENTRIES].index("correction")
    note = ENTRIES[place].facts
    for position in (place, note.refers_to):
        page = await page_of(every_kind, f"/en/entries/{position}")
        [part] = [
            each for each in page.every("section") if each.get("aria-labelledby") == CORRECTED
        ]
        [old], [new] = part.every("del"), part.every("ins")
        assert (old.text, new.text) == (note.old, note.new)
        assert {note.by, note.reason} <= {cell.text for cell in part.every("td")}


def line_of(book: Element, position: int) -> Element:
    """Return the line of an entry in a list."""
    return next(
        row
        for row in book.every("tr")
        if any(
            link.get("href").endswith(f"/entries/{position}")
            for link in row.with_class("number")[0].every("a")
        )
    )


async def test_money_passed_on_within_stands_in_both_books(every_kind: httpx.AsyncClient) -> None:
    transfer = 5
    assert ENTRIES[transfer].facts.giver is not None
    for code, filled, empty in ((ORGANISATION, "out", "in"), (OTHER_CODE, "in", "out")):
        book = await page_of(every_kind, f"/en/organisations/{code}/donations")
        line = line_of(book, transfer)
        assert line.with_class(filled)[0].text.lstrip("+−") == "¥5.00"
        assert line.with_class(empty)[0].text == ""
    rows = await download(every_kind, ORGANISATION)
    assert [rows[transfer][name] for name in ("direction", "counterparty_code", "fund")] == [
        "out",
        OTHER_CODE,
        "非限定性资金",
    ]
    rows = await download(every_kind, OTHER_CODE)
    assert [rows[transfer][name] for name in ("direction", "counterparty_code")] == [
        "in",
        ORGANISATION,
    ]


async def test_a_trusts_grant_is_the_recipients_own_money(every_kind: httpx.AsyncClient) -> None:
    grant = [entry.facts.trust_number() is not None for entry in ENTRIES].index(True) + 2
    assert ENTRIES[grant].facts.recipient is not None
    assert (await download(every_kind, OTHER_CODE))[grant]["direction"] == "in"
    text = (await every_kind.get(f"/en/organisations/{OTHER_CODE}/donations")).text
    assert "in ¥6.00" in text, "five yuan from the other charity, one from the trust"
    assert "of charitable trusts" not in text


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("", True),
        ("?kind=onward_transfer", True),
        ("?fund=general", True),
        ("?fund=other", False),
        ("?min_yuan=5&max_yuan=5", True),
        ("?min_yuan=5.01", False),
        ("?from_day=2026-01-16", False),
        ("?kind=donation", False),
    ],
)
async def test_filters_find_money_passed_on_in_the_givers_book(
    every_kind: httpx.AsyncClient, query: str, there: bool
) -> None:
    assert (5 in await download(every_kind, ORGANISATION, query)) is there


async def test_an_amount_finds_reversals_too(every_kind: httpx.AsyncClient) -> None:
    reversal = [entry.kind for entry in ENTRIES].index("reversal")
    rows = await download(every_kind, ORGANISATION, "?min_yuan=30&max_yuan=30")
    assert {reversal, ENTRIES[reversal].facts.refers_to} <= rows.keys()


async def download(
    client: httpx.AsyncClient, code: str, query: str = ""
) -> dict[int, dict[str, str]]:
    """Return the lines of an organisation's book, by position."""
    answer = await client.get(f"/en/organisations/{code}/donations.csv{query}")
    assert answer.status_code == 200
    lines = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""))
    return {int(line["position"]): line for line in lines}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_other_units_and_trusts_have_tables_of_their_own(
    every_kind: httpx.AsyncClient, language: str
) -> None:
    page = await page_of(every_kind, f"/{language}/organisations/{ORGANISATION}")
    sections = {each.get("aria-labelledby"): each for each in page.every("section")}
    units = [cell.text for cell in sections["other-units"].with_class("money") if cell.tag == "td"]
    assert units == ["2.50 HKD", "0.00 HKD", "2.50 HKD", "300 箱", "20 箱", "280 箱"]
    trusts = [cell.text for cell in sections["trusts"].with_class("money") if cell.tag == "td"]
    assert trusts == ["¥5,000.00", "¥1,001.00", "¥3,999.00"]
    assert TRUST in [cell.text for cell in sections["trusts"].every("th")]
    home = await page_of(every_kind, f"/{language}/")
    sections = {each.get("aria-labelledby"): each for each in home.every("section")}
    assert {"other-units", "trusts"} <= sections.keys()
    [account] = page.with_class("statement")
    assert "¥900.00" in account.text, "what was pledged"
    assert "HKD" not in account.text
    assert "箱" not in account.text


async def test_no_amount_of_goods_or_dollars_is_written_in_yuan(
    every_kind: httpx.AsyncClient,
) -> None:
    for place, entry in enumerate(ENTRIES):
        unit = entry.facts.listed()[1]
        if unit in {None, "CNY"}:
            continue
        page = await page_of(every_kind, f"/en/entries/{place}")
        assert "¥" not in page.one("main").text, place
        assert "示例瓶装水" in page.text or "2.50 HKD" in page.text


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_each_kind_tells_its_own_facts(every_kind: httpx.AsyncClient, language: str) -> None:
    kinds = [entry.kind for entry in ENTRIES]
    for kind, words in (
        ("filing", (DIGEST, "示例备案")),
        ("seal", (DIGEST, "seat-1", "示例奖2026")),
        ("statement", (DIGEST, "示例榜2026")),
        ("key_rotation", ("k",)),
        ("disclosure", (DIGEST,)),
        ("trust_contribution", (TRUST,)),
        ("trust_distribution", (TRUST,)),
        ("reversal", ("虚构",)),
        ("donation_receipt", ("2026-000001",)),
        ("receipt_void", ("虚构原因",)),
        ("donor_merge", ("虚构原因",)),
        ("donor_separation", ("虚构原因",)),
        ("ownership", ("虚构年报第1页", "2026-01-01")),
        ("ownership_end", ("虚构原因",)),
    ):
        page = await page_of(every_kind, f"/{language}/entries/{kinds.index(kind)}")
        told = {cell.text for cell in page.every("dd")}
        assert set(words) <= told, kind


async def test_a_gift_and_its_receipts_tell_of_each_other(every_kind: httpx.AsyncClient) -> None:
    kinds = [entry.kind for entry in ENTRIES]
    void = kinds.index("receipt_void")
    receipt = ENTRIES[void].facts.refers_to
    gift = ENTRIES[receipt].facts.refers_to
    page = await page_of(every_kind, f"/en/entries/{gift}")
    told = "Donation receipt no. 2026-000001 was issued, and is void"
    assert f"{told}: entry #{receipt}" in page.text
    page = await page_of(every_kind, f"/en/entries/{receipt}")
    assert f"It is the receipt of entry #{gift}" in page.text
    assert f"It is void, made so by entry #{void}" in page.text
    assert "no official fiscal receipt" in page.text
    [status] = page.with_class("status")
    assert status.text == f"VOID #{void}"
    assert (
        f"It makes void entry #{receipt}" in (await page_of(every_kind, f"/en/entries/{void}")).text
    )
    last = len(kinds) - 1 - kinds[::-1].index("donation_receipt")
    page = await page_of(every_kind, f"/en/entries/{ENTRIES[last].facts.refers_to}")
    assert f"Donation receipt no. 2026-000002 was issued: entry #{last}" in page.text


async def test_donors_brought_together_and_parted_tell_of_each_other(
    every_kind: httpx.AsyncClient,
) -> None:
    kinds = [entry.kind for entry in ENTRIES]
    for kind, undone, told in (
        ("donor_merge", "donor_separation", "Separated"),
        ("ownership", "ownership_end", "Ended"),
    ):
        first, last = kinds.index(kind), kinds.index(undone)
        page = await page_of(every_kind, f"/en/entries/{first}")
        [status] = page.with_class("status")
        assert status.text == f"{told} #{last}"
        assert f"It holds no more, by entry #{last}" in page.text
        facts = ENTRIES[first].facts
        pair = facts.donors if kind == "donor_merge" else (facts.parent, facts.child)
        [part] = [
            each
            for each in page.every("section")
            if each.get("aria-labelledby") == "related-donors"
        ]
        assert all(reference in part.text for reference in pair)
        page = await page_of(every_kind, f"/en/entries/{last}")
        assert f"entry #{first}" in page.text
    book = await page_of(every_kind, f"/en/organisations/{ORGANISATION}/donations")
    assert "Merge of two donors" in line_of(book, kinds.index("donor_merge")).text


async def test_receipts_are_listed_where_they_are_asked_for(every_kind: httpx.AsyncClient) -> None:
    book = f"/en/organisations/{ORGANISATION}/donations"
    numbers = {"2026-000001", "2026-000002"}
    for address, shown in (
        (book, set()),
        (f"{book}.csv", set()),
        ("/en/", set()),
        (f"/en/organisations/{ORGANISATION}", set()),
        (f"{book}?kind=donation_receipt", numbers),
        (f"{book}?kind=donation_receipt&min_yuan=0", set()),
    ):
        text = (await every_kind.get(address)).text
        assert {number for number in numbers if number in text} == shown, address
    rows = list(
        csv.DictReader(
            io.StringIO((await every_kind.get(f"{book}.csv?kind=donation_receipt")).text)
        )
    )
    assert {row["note"] for row in rows} == numbers
    assert {row["amount"] for row in rows} == {"0"}, "a number is no amount"


async def test_accounts_of_a_trust_are_named_by_its_number(every_kind: httpx.AsyncClient) -> None:
    place = [entry.kind for entry in ENTRIES].index("trust_distribution")
    assert ENTRIES[place].facts.recipient is None
    page = await page_of(every_kind, f"/en/entries/{place}")
    text = page.one("main").text
    for label in ("Charitable trust", "Spent by the charitable trust"):
        assert f"{label}: {TRUST}" in text, label
