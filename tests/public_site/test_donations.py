"""Tests of the account book: filters, errors beside fields, paging by key, the download."""

import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from public_site.donations import COLUMNS, LINES_ON_A_PAGE
from public_site.movement_rows import BESIDE_BOOKS
from public_site.movements import KIND_LABELS
from tests.public_site.city import (
    AMOUNTS,
    FEDERATION,
    FIRST_DAY,
    FOUNDATION,
    STUDY_AID,
    City,
    identifier,
)
from tests.public_site.page_reading import Element, read_page

Entry = dict[str, Any]
BOOK = f"/en/organisations/{FOUNDATION}/donations"


def book_of(
    city: City, code: str, wanted: Callable[[Entry], bool], *, receipts: bool = False
) -> list[int]:
    """Return the places of an organisation's entries, newest day first, as read from the log.

    Receipts of donations are there only where they are asked for.
    """
    found = [
        (entry["day"], place)
        for place, entry in city.entries()
        if entry["organisation"] == identifier(code) and wanted(entry)
        if receipts or entry["kind"] not in BESIDE_BOOKS
    ]
    return [place for _, place in sorted(found, reverse=True)]


def shown_places(page: Element) -> list[int]:
    """Return the places of the entries in the order in which a page lists them."""
    [table] = page.with_class("movements")
    return [int(row.with_class("number")[0].text.partition("#")[2]) for row in body_rows(table)]


def body_rows(table: Element) -> list[Element]:
    return list(table.one("tbody").every("tr"))


async def walk(client: httpx.AsyncClient, address: str) -> list[list[int]]:
    """Follow “next page” to the end; return the places listed on each page."""
    pages = []
    while True:
        page = read_page((await client.get(address)).text)
        pages.append(shown_places(page) if page.with_class("movements") else [])
        following = [link.get("href") for link in page.every("a") if link.get("rel") == "next"]
        if not following:
            return pages
        [address] = following
        assert len(pages) < 50, "paging does not end"


async def download(client: httpx.AsyncClient, address: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file by the names of its columns."""
    response = await client.get(address)
    assert response.status_code == 200
    text = response.content.decode("utf-8")
    assert text.startswith("\ufeff"), "without it spreadsheets take the file for another encoding"
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def fen_of(entry: Entry) -> int:
    amount = entry["facts"].get("amount", 0)
    assert isinstance(amount, int)
    return amount


FILTERS: dict[str, tuple[dict[str, str], Callable[[Entry], bool]]] = {
    "everything": ({}, lambda _: True),
    "from a day": ({"from_day": "2025-03-03"}, lambda e: e["day"] >= "2025-03-03"),
    "to a day": ({"to_day": "2025-03-01"}, lambda e: e["day"] <= "2025-03-01"),
    "one day": (
        {"from_day": "2025-03-02", "to_day": "2025-03-02"},
        lambda e: e["day"] == "2025-03-02",
    ),
    "at least 50": ({"min_yuan": "50"}, lambda e: fen_of(e) >= 50_00),
    "at most one fen": ({"max_yuan": "0.01"}, lambda e: fen_of(e) <= 1),
    "with a sign and a comma": ({"min_yuan": "￥1,000"}, lambda e: fen_of(e) >= 1_000_00),
    "between": (
        {"min_yuan": " 49.99 ", "max_yuan": "¥50.01"},
        lambda e: 49_99 <= fen_of(e) <= 50_01,
    ),
    "a fund": ({"fund": STUDY_AID}, lambda e: e["facts"].get("fund") == STUDY_AID),
    "a kind": ({"kind": "refund"}, lambda e: e["kind"] == "refund"),
    "nothing": ({"from_day": "2030-01-01"}, lambda _: False),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_filters_find_what_the_log_holds(
    client: httpx.AsyncClient, city: City, name: str
) -> None:
    query, wanted = FILTERS[name]
    expected = book_of(city, FOUNDATION, wanted)
    address = f"{BOOK}?{urlencode(query)}"
    pages = await walk(client, address)
    assert [place for page in pages for place in page] == expected
    assert all(len(page) == LINES_ON_A_PAGE for page in pages[:-1])
    rows = await download(client, address.replace("donations?", "donations.csv?"))
    assert [int(row["position"]) for row in rows] == expected
    first = read_page((await client.get(address)).text)
    count = len(expected)
    assert f"{count} {'entry matches' if count == 1 else 'entries match'}" in first.text
    assert not first.with_class("field-error")


async def test_filters_find_something_to_show(city: City) -> None:
    """The test above must not pass because nothing is there."""
    found = {name: book_of(city, FOUNDATION, wanted) for name, (_, wanted) in FILTERS.items()}
    assert {name for name, places in found.items() if not places} == {"nothing"}
    assert len(found["one day"]) > LINES_ON_A_PAGE, "a day must be longer than a page"


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    days=st.lists(st.integers(-1, 50), max_size=2).map(sorted),
    amounts=st.lists(st.sampled_from(AMOUNTS), max_size=2).map(
        lambda drawn: sorted(drawn, key=float)
    ),
    kind=st.sampled_from(["", *KIND_LABELS]),
    code=st.sampled_from([FOUNDATION, FEDERATION]),
)
async def test_any_filters_together(
    client: httpx.AsyncClient, city: City, days: list[int], amounts: list[str], kind: str, code: str
) -> None:
    from datetime import timedelta

    shown_days = [(FIRST_DAY + timedelta(day)).isoformat() for day in days]
    query = {
        **dict(zip(("from_day", "to_day"), shown_days, strict=False)),
        **dict(zip(("min_yuan", "max_yuan"), amounts, strict=False)),
        "kind": kind,
    }
    limits = [round(float(amount) * 100) for amount in amounts]

    def wanted(entry: Entry) -> bool:
        return (
            (len(days) < 1 or entry["day"] >= shown_days[0])
            and (len(days) < 2 or entry["day"] <= shown_days[1])
            and (len(limits) < 1 or fen_of(entry) >= limits[0])
            and (len(limits) < 2 or fen_of(entry) <= limits[1])
            and kind in {"", entry["kind"]}
        )

    address = f"/zh/organisations/{code}/donations.csv?{urlencode(query)}"
    rows = await download(client, address)
    assert [int(row["position"]) for row in rows] == book_of(
        city, code, wanted, receipts=kind in BESIDE_BOOKS and not amounts
    )


UNREADABLE = [
    ("from_day", "yesterday"),
    ("to_day", "2025-02-30"),
    ("min_yuan", "fifty"),
    ("min_yuan", "0.001"),
    ("max_yuan", "-1"),
    ("max_yuan", "NaN"),
    ("max_yuan", "1e999999"),
    ("max_yuan", "99999999999999999"),
    ("kind", "theft"),
]


@pytest.mark.parametrize(("field", "value"), UNREADABLE)
async def test_nothing_is_downloaded_while_a_field_is_wrong(
    client: httpx.AsyncClient, field: str, value: str
) -> None:
    response = await client.get(f"{BOOK}.csv?{urlencode({field: value})}")
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("field", "other", "query"),
    [
        ("to_day", "from_day", {"from_day": "2025-02-01", "to_day": "2025-01-01"}),
        ("max_yuan", "min_yuan", {"min_yuan": "2", "max_yuan": "1"}),
    ],
)
async def test_limits_upside_down_are_a_mistake(
    client: httpx.AsyncClient, field: str, other: str, query: dict[str, str]
) -> None:
    page = read_page((await client.get(f"{BOOK}?{urlencode(query)}")).text)
    assert [error.get("id") for error in page.with_class("field-error")] == [f"{field}-error"]
    assert other not in {error.get("id") for error in page.with_class("field-error")}
    assert not page.with_class("movements")


@pytest.mark.parametrize(("field", "value"), UNREADABLE)
async def test_what_cannot_be_read_is_said_beside_its_field(
    client: httpx.AsyncClient, field: str, value: str
) -> None:
    response = await client.get(f"{BOOK}?{urlencode({field: value, 'fund': STUDY_AID})}")
    assert response.status_code == 200
    page = read_page(response.text)
    [error] = page.with_class("field-error")
    assert error.get("id") == f"{field}-error"
    [wrong] = [each for each in page.every() if each.get("aria-invalid") == "true"]
    assert (wrong.get("name"), wrong.get("aria-describedby")) == (field, error.get("id"))
    if field != "kind":
        assert wrong.get("value") == value, "what was typed must stay"
    assert not page.with_class("movements"), "a list that ignores a filter would mislead"
    assert not [each for each in page.every("a") if ".csv" in each.get("href")]


async def test_filters_stay_in_the_form_and_in_the_links(client: httpx.AsyncClient) -> None:
    query = {"from_day": "2025-03-01", "min_yuan": "0.01", "kind": "donation", "fund": "general"}
    page = read_page((await client.get(f"{BOOK}?{urlencode(query)}")).text)
    typed = {each.get("name"): each.get("value") for each in page.every("input")}
    assert (typed["from_day"], typed["min_yuan"]) == ("2025-03-01", "0.01")
    chosen = [each.get("value") for each in page.every("option") if "selected" in each.attributes]
    assert set(chosen) == {"general", "donation"}
    for link in page.every("a"):
        if link.get("rel") == "next" or ".csv" in link.get("href"):
            assert urlencode(query) in httpx.URL(link.get("href")).query.decode() or all(
                httpx.URL(link.get("href")).params[name] == value for name, value in query.items()
            )


@pytest.mark.parametrize("key", ["", "nonsense", "2025-03-02", "2025-03-02.", ".5", "2025-03-02.x"])
async def test_a_broken_key_begins_at_the_first_page(
    client: httpx.AsyncClient, city: City, key: str
) -> None:
    page = read_page((await client.get(f"{BOOK}?{urlencode({'after': key})}")).text)
    assert shown_places(page) == book_of(city, FOUNDATION, lambda _: True)[:LINES_ON_A_PAGE]


async def test_page_totals_are_those_of_the_lines(client: httpx.AsyncClient, city: City) -> None:
    from tests.public_site.page_reading import fen

    page = read_page((await client.get(BOOK)).text)
    [table] = page.with_class("movements")
    entries = dict(city.entries())
    lines = [entries[place] for place in shown_places(page)]
    coming, going = (fen(each.text) for each in table.one("tfoot").with_class("closing"))
    assert coming == sum(fen_of(e) for e in lines if e["kind"] in {"donation", "onward_transfer"})
    assert going == sum(fen_of(e) for e in lines if e["kind"] in {"expenditure", "refund"})


async def test_download_has_every_column_and_no_formula(
    client: httpx.AsyncClient, city: City
) -> None:
    """A spreadsheet runs what begins with = + - @: names and notes of others must not."""
    entries = dict(city.entries())
    risky = 0
    for code in (FOUNDATION, FEDERATION):
        for row in await download(client, f"/zh/organisations/{code}/donations.csv"):
            assert tuple(row) == COLUMNS
            assert int(row["amount_fen"]) == fen_of(entries[int(row["position"])])
            assert row["day"] == entries[int(row["position"])]["day"]
            assert row["organisation_code"] == code
            assert not any(
                cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values()
            )
            risky += sum(cell.startswith("'") for cell in row.values())
    assert risky > 100


async def test_download_is_offered_under_the_name_of_the_organisation(
    client: httpx.AsyncClient,
) -> None:
    headers = (await client.get(f"{BOOK}.csv")).headers
    assert headers["content-disposition"] == f'attachment; filename="{FOUNDATION}.csv"'
    assert headers["content-type"] == "text/csv; charset=utf-8"
