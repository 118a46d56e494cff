"""Tests of every page: reachable, in both languages, well made, honest about sums and names."""

import gzip
import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import httpx
import pytest

from ledger.kinds import KINDS
from public_site.formatting import money
from tests.public_site.city import (
    CONSENTED,
    ENTERPRISE,
    FEDERATION,
    FOUNDATION,
    NEVER_SHOWN,
    OTHER_CHARITY,
    SILENT,
    City,
    identifier,
)
from tests.public_site.conftest import SITE, Visit, visit
from tests.public_site.page_reading import Element, statement

PAGE_KILOBYTES_MAX = 60
SECTIONS = (
    "",
    "organisations",
    "organisations?q=基金",
    "check",
    "receipt",
    "entries/0/trace",
    f"organisations/{FOUNDATION}",
    f"organisations/{SILENT}",
    f"organisations/{FOUNDATION}/donations",
    f"organisations/{SILENT}/donations",
    f"organisations/{FOUNDATION}/donations?min_yuan=x&kind=x&to_day=x",
    "entries/0",
)
FILES = (
    "/checkpoint",
    "/log-key",
    "/tile/0/000",
    "/tile/entries/000",
    "/entries/0.json",
    "/entries/0.tlog-proof",
    "/entries/0.receipt.json",
    "/zh/months.csv",
    f"/en/organisations/{FOUNDATION}/donations.csv",
    "/static/site.css",
    "/static/favicon.svg",
)
MISSING = (
    "/fr/",
    "/zh/nothing",
    "/en/organisations/91440300000000000X",
    "/zh/organisations/nobody/donations",
    "/zh/organisations/nobody/donations.csv",
    "/en/entries/999999",
    "/en/entries/-1",
    "/en/entries/01",
    "/en/entries/1.5",
    "/en/entries/٣",
    "/zh/entries/" + "9" * 30,
    "/entries/7",
    "/entries/7.xml",
    "/entries/999999.json",
    "/entries/x.tlog-proof",
    "/static/nothing.css",
    "/static/../app.py",
    "/nothing/at/all",
)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("section", SECTIONS)
async def test_page_answers_in_its_language(
    client: httpx.AsyncClient, language: str, section: str
) -> None:
    response = await client.get(f"/{language}/{section}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in response.text


@pytest.mark.parametrize("address", [*(f"/zh/{section}" for section in SECTIONS), "/", *FILES])
async def test_head_answers_like_get(client: httpx.AsyncClient, address: str) -> None:
    got, head = await client.get(address), await client.head(address)
    assert head.status_code == got.status_code
    if not address.startswith("/static/"):
        assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("address", [*FILES, "/zh/", "/en/nothing"])
async def test_every_answer_carries_the_security_headers(
    client: httpx.AsyncClient, address: str
) -> None:
    headers = (await client.get(address)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("wanted", "place"),
    [("en-GB,en;q=0.9", "/en/"), ("zh-CN", "/zh/"), ("fr, en;q=0.5", "/en/"), ("", "/zh/")],
)
async def test_bare_address_leads_to_the_language_of_the_reader(
    client: httpx.AsyncClient, wanted: str, place: str
) -> None:
    response = await client.get("/", headers={"accept-language": wanted})
    assert (response.status_code, response.headers["location"]) == (302, place)


@pytest.mark.parametrize("address", MISSING)
async def test_what_is_not_there_is_a_404_for_people_and_for_programs(
    client: httpx.AsyncClient, address: str
) -> None:
    page = await client.get(address)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>" in page.text
    line = await client.get(address, headers={"accept": "*/*", "accept-language": "en"})
    assert line.status_code == 404
    assert line.headers["content-type"].startswith("text/plain")
    assert len(line.text.splitlines()) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_sent(client: httpx.AsyncClient, method: str) -> None:
    for address in ("/zh/", "/checkpoint", "/zh/entries/0"):
        assert (await client.request(method, address)).status_code == 405


async def test_pages_without_entries_say_so(blank_client: httpx.AsyncClient) -> None:
    for language in ("zh", "en"):
        for section in ("", "organisations", "check"):
            response = await blank_client.get(f"/{language}/{section}")
            assert response.status_code == 200
            assert 'class="sample"' not in response.text
    assert (await blank_client.get("/checkpoint")).status_code == 404
    assert (await blank_client.get("/zh/entries/0")).status_code == 404


def test_crawl_reaches_every_kind_of_page(visits: dict[str, Visit], city: City) -> None:
    kinds = {entry["kind"]: place for place, entry in city.entries()}
    assert kinds.keys() <= KINDS.keys()
    for language in ("zh", "en"):
        assert {f"/{language}/entries/{place}" for place in kinds.values()} <= visits.keys()
        for code in (FOUNDATION, FEDERATION, SILENT):
            assert f"/{language}/organisations/{code}/donations.csv" in visits


def test_every_page_says_that_it_is_sample_data(pages: dict[str, Element]) -> None:
    for address, page in pages.items():
        [notice] = page.with_class("sample")
        assert ("示例" in notice.text) or ("Sample data" in notice.text), address


def test_every_page_has_a_title_of_its_own_and_one_heading(pages: dict[str, Element]) -> None:
    titles: dict[str, set[str]] = defaultdict(set)
    for address, page in pages.items():
        title = page.one("head").one("title").text
        titles[title].add(address.partition("?")[0])
        assert title.endswith(("慈善之城", "Charity City")), address
        assert page.one("h1").text, address
    assert {title: found for title, found in titles.items() if len(found) > 1} == {}


def test_headings_go_down_step_by_step(pages: dict[str, Element]) -> None:
    for address, page in pages.items():
        levels = [int(heading.tag[1]) for heading in page.every("h1", "h2", "h3", "h4")]
        assert levels[0] == 1, address
        assert all(below - above <= 1 for above, below in pairwise(levels)), address


def test_fields_have_labels_and_tables_have_captions(pages: dict[str, Element]) -> None:
    for address, page in pages.items():
        labelled = {label.get("for") for label in page.every("label")}
        fields = [each for each in page.every("input", "select") if each.get("type") != "hidden"]
        assert {each.get("id") for each in fields} <= labelled, address
        for table in page.every("table"):
            assert table.one("caption").text, address
            assert all(head.get("scope") for head in table.every("th")), address


def test_ids_are_unique_and_references_meet_them(pages: dict[str, Element]) -> None:
    for address, page in pages.items():
        ids = Counter(each.get("id") for each in page.every() if each.get("id"))
        assert [name for name, count in ids.items() if count > 1] == [], address
        for name in ("aria-labelledby", "aria-describedby"):
            named = {word for each in page.every() for word in each.get(name).split()}
            assert named <= ids.keys(), address


def test_pictures_have_a_text_or_are_decoration(pages: dict[str, Element]) -> None:
    for address, page in pages.items():
        for picture in page.every("svg", "img"):
            said = picture.get("aria-labelledby") or picture.get("aria-label") or picture.get("alt")
            assert said or picture.get("aria-hidden") == "true", address


def test_pages_run_no_script_and_load_nothing_from_elsewhere(pages: dict[str, Element]) -> None:
    for address, page in pages.items():
        embedded = ["iframe", "object", "embed"]
        if not address.endswith(
            ("/receipt", "/api")
        ):  # their scripts, from here, have own policies
            embedded.append("script")
        assert list(page.every(*embedded)) == [], address
        loaded = [each.get("src") for each in page.every() if each.get("src")]
        loaded += [
            link.get("href") for link in page.every("link") if "stylesheet" in link.get("rel")
        ]
        assert all(address.startswith(("/static/", "data:")) for address in loaded), address
        handlers = [name for each in page.every() for name in each.attributes if name[:2] == "on"]
        assert handlers == [], address


def test_pages_are_light(visits: dict[str, Visit], pages: dict[str, Element]) -> None:
    heavy = {
        address: size
        for address in pages
        if (size := len(gzip.compress(visits[address].content))) > PAGE_KILOBYTES_MAX * 1000
    }
    assert heavy == {}


def test_each_page_names_itself_in_both_languages(
    visits: dict[str, Visit], pages: dict[str, Element]
) -> None:
    for address, page in pages.items():
        language = "zh-Hans" if address.startswith("/zh") else "en"
        alternates = {
            link.get("hreflang"): link.get("href")
            for link in page.every("link")
            if link.get("rel") == "alternate"
        }
        assert alternates.keys() == {"zh-Hans", "en", "x-default"}
        assert httpx.URL(alternates[language]) == httpx.URL(SITE + address)
        rest = address[3:]
        assert httpx.URL(alternates["en"]) == httpx.URL(f"{SITE}/en{rest}")
        [canonical] = [link for link in page.every("link") if link.get("rel") == "canonical"]
        assert canonical.get("href") == alternates[language]


def sums(entries: list[dict[str, Any]]) -> dict[str, int]:
    """Return the account of entries as read from the log alone, in fen."""
    by_kind: Counter[str] = Counter()
    for entry in entries:
        by_kind[entry["kind"]] += entry["facts"].get("amount", 0)
    received = by_kind["donation"] + by_kind["onward_transfer"]
    return {
        "received": received,
        "transferred": by_kind["onward_transfer"],
        "refunded": -by_kind["refund"],
        "spent": -by_kind["expenditure"],
        "held": received - by_kind["refund"] - by_kind["expenditure"],
    }


@pytest.mark.parametrize("code", [None, FOUNDATION, FEDERATION, SILENT])
def test_account_is_the_sum_of_the_entries(
    pages: dict[str, Element], city: City, code: str | None
) -> None:
    entries = [
        entry
        for _, entry in city.entries()
        if code is None or entry["organisation"] == identifier(code)
    ]
    path = "/en/" if code is None else f"/en/organisations/{code}"
    shown = statement(pages[path])
    assert shown == sums(entries)
    assert shown["received"] + shown["refunded"] + shown["spent"] == shown["held"]
    assert (code == SILENT) == (shown["held"] == 0)


def test_organisations_add_up_to_the_whole(pages: dict[str, Element]) -> None:
    whole = statement(pages["/zh/"])
    parts = [
        statement(pages[f"/zh/organisations/{code}"]) for code in (FOUNDATION, FEDERATION, SILENT)
    ]
    assert {name: sum(part[name] for part in parts) for name in whole} == whole


def test_months_add_up_to_the_whole(visits: dict[str, Visit]) -> None:
    header, *rows = visits["/en/months.csv"].text.removeprefix("\ufeff").split()
    assert header == "month,received_yuan,spent_yuan,received_fen,spent_fen"
    whole = statement(visits["/en/"].page)
    columns = list(zip(*(map(int, row.split(",")[3:]) for row in rows), strict=True))
    assert [sum(column) for column in columns] == [whole["received"], -whole["spent"]]


async def test_who_did_not_agree_is_named_nowhere(
    client: httpx.AsyncClient, visits: dict[str, Visit], city: City
) -> None:
    """Also not in the log itself: what is in the log can never be taken out again."""
    entries = {
        f"/zh/entries/{place}": await visit(client, f"/zh/entries/{place}")
        for place in range(len(city.bodies))
    }
    bodies = {f"/entries/{place}.json": Visit(body, "") for place, body in enumerate(city.bodies)}
    assert [
        (address, name)
        for address, answer in {**visits, **entries, **bodies}.items()
        for name in NEVER_SHOWN
        if name.encode() in answer.content
    ] == []


def test_who_agreed_and_organisations_are_named(visits: dict[str, Visit], city: City) -> None:
    everything = b"".join(visit.content for visit in visits.values())
    for name in (*CONSENTED, ENTERPRISE, OTHER_CHARITY):
        assert name.encode() in everything
        assert not any(name.encode() in body for body in city.bodies), "the log names nobody"


def test_chinese_pages_say_nothing_in_english(pages: dict[str, Element]) -> None:
    """Whoever reads Chinese meets English only in code, addresses and names of standards."""
    english = re.compile(r"\b[A-Z]?[a-z]+ [a-z]+ [a-z]+\b")
    found = {
        (address, match[0])
        for address, page in pages.items()
        if address.startswith("/zh")
        for element in page.one("body").every()
        if element.tag not in {"code", "pre"} and element.get("lang") != "en"
        for text in element.children
        if isinstance(text, str) and (match := english.search(text))
    }
    assert found == set()


def test_english_pages_mark_their_chinese(pages: dict[str, Element]) -> None:
    """A screen reader must know which words to read in Chinese."""
    unmarked = set()
    for address, page in pages.items():
        if not address.startswith("/en"):
            continue
        for element in page.one("main").every():
            text = "".join(child for child in element.children if isinstance(child, str))
            if re.search(r"[\u4e00-\u9fff]", text) and not _is_marked(element):
                unmarked.add((address.partition("?")[0], element.tag, text.strip()))
    assert unmarked == set()


def _is_marked(element: Element) -> bool:
    at: Element | None = element
    while at is not None and at.tag != "html":
        if at.get("lang").startswith("zh") or at.tag in {"pre", "option"}:
            return True
        at = at.parent
    return False


def test_money_of_every_gift_is_on_its_page(pages: dict[str, Element], city: City) -> None:
    shown = 0
    for place, entry in city.entries():
        address = f"/zh/entries/{place}"
        if "amount" in entry["facts"] and address in pages:
            assert money(entry["facts"]["amount"]) in pages[address].text
            shown += 1
    assert shown > 20
