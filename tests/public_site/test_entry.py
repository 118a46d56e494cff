"""Tests of the page of an entry: downloads that prove it, links between what belongs together."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from ledger.hashing import leaf_hash
from ledger.signing.notes import VerifierKey
from ledger.verification import VerificationError, verify_entry
from tests.public_site.city import CONSENT_BASIS, NEVER_SHOWN, City
from tests.public_site.page_reading import Element, fen, links, read_page


async def key_of(client: httpx.AsyncClient) -> VerifierKey:
    return VerifierKey.parse((await client.get("/log-key")).text.strip())


def places(city: City) -> list[int]:
    """Return the first and last place of each kind, and those around the edge of a tile."""
    kinds = {entry["kind"]: place for place, entry in city.entries()}
    return sorted({0, 1, 254, 255, 256, 257, len(city.bodies) - 1, *kinds.values()})


async def test_downloads_prove_the_entry_offline(client: httpx.AsyncClient, city: City) -> None:
    key = await key_of(client)
    for place in places(city):
        entry = await client.get(f"/entries/{place}.json")
        proof = await client.get(f"/entries/{place}.tlog-proof")
        assert entry.content == city.bodies[place]
        report = verify_entry(entry.content, proof.text, [key])
        assert (report.index, report.checkpoint.size) == (place, len(city.bodies))


async def test_a_changed_entry_is_not_proved(client: httpx.AsyncClient, city: City) -> None:
    key = await key_of(client)
    proof = (await client.get("/entries/0.tlog-proof")).text
    changed = city.bodies[0].replace(b'"amount":1', b'"amount":2')
    assert changed != city.bodies[0]
    with pytest.raises(VerificationError):
        verify_entry(changed, proof, [key])
    with pytest.raises(VerificationError):
        verify_entry(city.bodies[1], proof, [key])


@pytest.mark.parametrize("ending", ["json", "tlog-proof"])
async def test_downloads_are_named_like_the_command_that_checks_them(
    client: httpx.AsyncClient, ending: str
) -> None:
    response = await client.get(f"/entries/3.{ending}")
    assert response.headers["content-disposition"] == f'attachment; filename="3.{ending}"'
    page = await client.get("/en/entries/3")
    assert f"/entries/3.{ending}" in links(read_page(page.text))
    assert "charity verify 3.json 3.tlog-proof --key" in page.text


async def test_page_shows_bytes_leaf_hash_and_proof(client: httpx.AsyncClient, city: City) -> None:
    for place in places(city):
        text = read_page((await client.get(f"/en/entries/{place}")).text).text
        assert city.bodies[place].decode() in text
        assert leaf_hash(city.bodies[place]).hex() in text


async def test_postings_add_up_to_zero(client: httpx.AsyncClient, city: City) -> None:
    for place in places(city):
        page = read_page((await client.get(f"/en/entries/{place}")).text)
        amounts = [
            fen(cell.text)
            for table in page.every("table")
            if table.one("caption").text.startswith("Postings")
            for cell in table.one("tbody").with_class("money")
        ]
        entry = dict(city.entries())[place]
        assert sum(amounts) == 0
        assert amounts == [posting["amount"] for posting in entry["postings"]]


def related(page: Element) -> set[str]:
    """Return the addresses of the entries that belong to this one."""
    lists = page.with_class("related")
    return {address for each in lists for address in links(each)}


async def test_refunds_and_corrections_are_linked_both_ways(
    client: httpx.AsyncClient, city: City
) -> None:
    later = [*city.entries("refund"), *city.entries("correction")]
    assert len(later) == 4
    for place, entry in later:
        earlier = entry["facts"]["refers_to"]
        there = read_page((await client.get(f"/zh/entries/{earlier}")).text)
        here = read_page((await client.get(f"/zh/entries/{place}")).text)
        assert f"/zh/entries/{place}" in related(there)
        assert f"/zh/entries/{earlier}" in related(here)


async def test_a_correction_stands_beside_what_it_corrects(
    client: httpx.AsyncClient, city: City
) -> None:
    for place, entry in city.entries("correction"):
        facts: dict[str, Any] = entry["facts"]
        page = read_page((await client.get(f"/en/entries/{facts['refers_to']}")).text)
        assert {each.text for each in page.every("del")} == {facts["old"]}
        assert {each.text for each in page.every("ins")} == {facts["new"]}
        assert facts["reason"] in page.text
        [status] = page.with_class("status")
        assert status.text == f"Corrected #{place}"


async def test_a_refunded_gift_says_so_in_lists_too(client: httpx.AsyncClient, city: City) -> None:
    place, refund = city.entries("refund")[0]
    gift = refund["facts"]["refers_to"]
    page = read_page((await client.get(f"/en/entries/{gift}")).text)
    assert "¥300.00 paid back" in [each.text for each in page.with_class("status")]
    assert any(name not in page.text for name in NEVER_SHOWN)
    assert place > gift


async def test_why_a_donor_is_named_is_told(client: httpx.AsyncClient, city: City) -> None:
    named = next(
        place
        for place, entry in city.entries("donation")
        if entry["facts"]["donor"]["visibility"] == "named" and entry["facts"]["fund"] != "general"
    )
    assert CONSENT_BASIS in (await client.get(f"/en/entries/{named}")).text
    assert CONSENT_BASIS not in (await client.get("/en/entries/0")).text


async def test_every_entry_is_what_the_log_holds(
    client: httpx.AsyncClient, city: City, tmp_path: Path
) -> None:
    """The file as saved to disk, read back: no byte added or lost on the way."""
    for place in places(city):
        saved = tmp_path / f"{place}.json"
        saved.write_bytes((await client.get(f"/entries/{place}.json")).content)
        assert msgspec.json.decode(saved.read_bytes())["id"] == dict(city.entries())[place]["id"]
        assert saved.read_bytes() == city.bodies[place]
