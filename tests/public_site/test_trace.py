"""Tests of the page of where money went and came from, its downloads, and `charity trace`."""

import csv
import io
import json
import re
from typing import Any

import httpx
import msgspec
import pytest

from ledger.tracing import Direction
from public_site import trace as trace_module
from public_site.formatting import amount_in
from public_site.trace_lines import plain_quantity
from tests.public_site.city import NEVER_SHOWN, STUDY_AID_NAME, City
from tests.public_site.page_reading import links, read_page
from tests.public_site.running import Run

LANGUAGES = ("zh", "en")
WHERE = {"zh": "这笔钱去了哪里", "en": "Where this money went"}


def places(city: City, kind: str, fund: str = "general") -> list[int]:
    return [place for place, entry in city.entries(kind) if entry["facts"].get("fund") == fund]


async def told(client: httpx.AsyncClient, place: int) -> dict[str, Any]:
    """Return the trace of an entry for programs."""
    response = await client.get(f"/en/entries/{place}/trace.json")
    assert response.status_code == 200
    [trace] = msgspec.json.decode(response.content)["traces"]
    return dict(trace)


async def test_gifts_and_spendings_agree_to_the_fen(client: httpx.AsyncClient, city: City) -> None:
    """What the spendings say of the gifts is what the gifts say of the spendings."""
    foundation = dict(city.entries())[0]["organisation"]
    backward = {
        (share["entry"], place): share["amount"]
        for kind in ("expenditure", "refund")
        for place in places(city, kind)
        for share in (await told(client, place))["shares"]
    }
    forward: dict[tuple[int, int], int] = {}
    for place, entry in city.entries("donation"):
        if entry["facts"]["fund"] != "general" or entry["organisation"] != foundation:
            continue
        trace = await told(client, place)
        assert sum(share["amount"] for share in trace["shares"]) == entry["facts"]["amount"]
        for share in trace["shares"]:
            if "entry" in share:
                forward[place, share["entry"]] = share["amount"]
    assert forward.items() <= backward.items()
    others = {source for source, _ in backward.keys() - forward.keys()}
    assert all(dict(city.entries())[place]["kind"] == "onward_transfer" for place in others)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_page_of_a_gift_names_rule_spending_and_rest(
    client: httpx.AsyncClient, city: City, language: str
) -> None:
    for place in places(city, "donation")[:4]:
        trace = await told(client, place)
        page = read_page((await client.get(f"/{language}/entries/{place}/trace")).text)
        [heading] = page.every("h1")
        assert heading.text == WHERE[language]
        assert f"{trace['checkpoint_size']:,}" in page.text
        for share in trace["shares"]:
            assert amount_in(share["amount"], "CNY") in page.text
            if "entry" in share:
                assert f"/{language}/entries/{share['entry']}" in links(page)
        assert f"/{language}/entries/{place}/trace.csv" in links(page)
        assert not any(name in page.text for name in NEVER_SHOWN)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_page_of_a_spending_links_its_gifts(
    client: httpx.AsyncClient, city: City, language: str
) -> None:
    for place in places(city, "expenditure"):
        trace = await told(client, place)
        page = read_page((await client.get(f"/{language}/entries/{place}/trace")).text)
        assert sum(share["amount"] for share in trace["shares"]) == trace["amount"]
        for share in trace["shares"][:50]:
            assert f"/{language}/entries/{share['entry']}" in links(page)
        assert not any(name in page.text for name in NEVER_SHOWN)


async def test_a_restricted_fund_is_an_earmark(client: httpx.AsyncClient, city: City) -> None:
    place = places(city, "donation", "study-aid")[0]
    [rule] = (await told(client, place))["rules"]
    assert rule["earmarked"]
    assert STUDY_AID_NAME in rule["sentence"]
    text = read_page((await client.get(f"/en/entries/{place}/trace")).text).text
    assert "Earmarked for the fund" in text
    assert "Not yet spent" in text
    assert "100.0%" in text


async def test_entries_link_to_their_trace_if_they_have_one(
    client: httpx.AsyncClient, city: City
) -> None:
    for kind in ("donation", "expenditure", "refund", "onward_transfer", "correction"):
        place = city.entries(kind)[0][0]
        found = f"/zh/entries/{place}/trace" in links(
            read_page((await client.get(f"/zh/entries/{place}")).text)
        )
        status = (await client.get(f"/zh/entries/{place}/trace")).status_code
        assert (found, status) == ((False, 404) if kind == "correction" else (True, 200))


@pytest.mark.parametrize("place", ["x", "-1", "007", "99999999", str(2**80)])
async def test_unknown_entries_have_no_trace(client: httpx.AsyncClient, place: str) -> None:
    for ending in ("", ".csv", ".json"):
        response = await client.get(f"/en/entries/{place}/trace{ending}")
        assert response.status_code == 404


async def test_csv_holds_every_share(client: httpx.AsyncClient, city: City) -> None:
    place = places(city, "expenditure")[0]
    response = await client.get(f"/en/entries/{place}/trace.csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    trace = await told(client, place)
    assert len(rows) == trace["count"]
    assert sum(int(row["amount_minor"]) for row in rows) == trace["amount"]
    assert {row["direction"] for row in rows} == {Direction.BACK.value}
    assert [int(row["entry"]) for row in rows] == [share["entry"] for share in trace["shares"]]


async def test_a_fund_that_is_too_large_says_what_to_do(
    client: httpx.AsyncClient, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_module, "ENTRIES_MAX", 3)
    place = places(city, "donation")[-1]
    page = await client.get(f"/en/entries/{place}/trace")
    assert page.status_code == 200
    assert f"charity trace {place}" in read_page(page.text).text
    assert (await client.get(f"/en/entries/{place}/trace.csv")).status_code == 400


async def test_bars_are_as_wide_as_the_money(client: httpx.AsyncClient, city: City) -> None:
    for place in (places(city, "donation")[0], places(city, "expenditure")[0]):
        text = (await client.get(f"/en/entries/{place}/trace")).text
        widths = [float(width) for width in re.findall(r'x="[\d.]+%" width="([\d.]+)%"', text)]
        assert widths
        assert sum(widths) == pytest.approx(100, abs=0.1)


def test_spreadsheets_get_plain_numbers() -> None:
    assert plain_quantity(123_450, "USD") == "1234.50"
    assert plain_quantity(12, "goods:示例饮用水/箱") == "12"


def home_of(city: City) -> dict[str, str]:
    """Return the settings by which a command works on the invented ledger."""
    return {
        "CHARITY_HOME": str(city.settings.home),
        "CHARITY_DATABASE": city.settings.database_address,
    }


def test_command_tells_a_gift_in_words(run: Run, city: City) -> None:
    place = places(city, "donation")[1]
    result = run("trace", str(place), **home_of(city))
    assert result.status == 0
    assert "First in, first out within the unrestricted fund" in result.output
    assert f"under the checkpoint of {len(city.bodies)} entries" in result.output
    assert "Spent: ¥49.99 (100.0%)" in result.output
    assert "示例图书项目" in result.output
    chinese = run("trace", str(place), **home_of(city), CHARITY_LANGUAGE="zh")
    assert "¥49.99" in chinese.output


def test_command_names_gifts_by_their_entries_only(run: Run, city: City) -> None:
    place = places(city, "expenditure")[0]
    result = run("trace", str(place), **home_of(city))
    assert result.status == 0
    assert "entry #0" in result.output
    assert not any(name in result.output for name in NEVER_SHOWN)


def test_command_gives_one_object_to_programs(run: Run, city: City) -> None:
    place, entry = city.entries("refund")[0]
    result = run("trace", str(place), "--json", **home_of(city))
    [trace] = json.loads(result.output)["traces"]
    assert (trace["entry"], trace["direction"]) == (place, "back")
    assert sum(share["amount"] for share in trace["shares"]) == entry["facts"]["amount"]
    assert trace["checkpoint_size"] == len(city.bodies)


def test_command_refuses_what_moves_no_money(run: Run, city: City) -> None:
    place = city.entries("correction")[0][0]
    for wrong in (str(place), str(len(city.bodies)), str(2**64)):
        result = run("trace", wrong, **home_of(city))
        assert (result.status, result.output) == (2, "")
        assert wrong in result.errors
