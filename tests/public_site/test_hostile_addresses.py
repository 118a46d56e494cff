"""Tests that no address, however written, makes the site fail."""

import logging
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.public_site.city import FOUNDATION
from tests.public_site.conftest import SITE

KNOWN_SEGMENTS = (
    "zh", "en", "organisations", FOUNDATION, "donations", "donations.csv", "entries", "0",
    "300", "305", "18446744073709551616", "0.json", "5.tlog-proof", "check", "checkpoint",
    "tile", "entries", "000", "x001", "001.p", "49", "..", ".", "static", "site.css", "months.csv",
    "log-key", "",
)  # fmt: skip
QUERY_NAMES = ("from_day", "to_day", "min_yuan", "max_yuan", "fund", "kind", "after", "q", "x")
QUERY_VALUES = (
    "2025-03-01", "2025-02-30", "0000-00-00", "10000-01-01", "50", "0.01", "0.001", "￥1,000",
    "-1", "NaN", "sNaN", "Infinity", "1e999999", "1e-999999", "1e9999999999999999999", "9" * 40,
    "2025-03-01.5", "2025-03-01.", ".", "..", "x.9223372036854775808", "2025-03-01.999999999999",
    "general", "study-aid", "donation", "%", "_", "\\", "' OR 1=1 --", "<script>", "\x00", "￿",
)  # fmt: skip

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
segments = st.lists(st.sampled_from(KNOWN_SEGMENTS) | anything, max_size=7)
queries = st.lists(
    st.tuples(st.sampled_from(QUERY_NAMES) | anything, st.sampled_from(QUERY_VALUES) | anything),
    max_size=5,
)
patient = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def check(client: httpx.AsyncClient, address: str) -> httpx.Response:
    """Ask as a person does; fail if the answer is the site's own failure."""
    response = await client.get(SITE + address)
    assert response.status_code in {200, 302, 307, 400, 404}, address
    if response.status_code in {400, 404}:
        assert response.headers["content-type"].startswith("text/html")
    return response


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)


@patient
@given(segments)
@example(["zh", "entries", "9" * 5000])
@example(["entries", "9" * 5000 + ".json"])
@example(["tile", "63", *["x999"] * 6, "999"])
@example(["tile", "entries", "x036", "x028", "x797", "x018", "x963", "967"])
@example(["zh", "organisations", "%"])
@example(["", "", "", "zh"])
async def test_no_path_makes_the_site_fail(client: httpx.AsyncClient, parts: list[str]) -> None:
    await check(client, "/" + "/".join(quote(part, safe="") for part in parts))


@patient
@given(queries, st.sampled_from(["donations", "donations.csv"]))
@example([("min_yuan", "1e999999")], "donations")
@example([("after", "2025-03-01." + "9" * 30)], "donations")
@example([("fund", "\x00")], "donations.csv")
async def test_no_filter_makes_the_site_fail(
    client: httpx.AsyncClient, query: list[tuple[str, str]], page: str
) -> None:
    address = f"/zh/organisations/{FOUNDATION}/{page}?{urlencode(query)}"
    assert (await check(client, address)).status_code in (
        {200} if page == "donations" else {200, 400}
    )


@patient
@given(anything)
async def test_no_search_makes_the_site_fail(client: httpx.AsyncClient, text: str) -> None:
    response = await check(client, f"/en/organisations?{urlencode({'q': text})}")
    assert "<script>" not in response.text


@pytest.mark.parametrize(
    "address", ["/zh/%ff", "/zh/entries/%ff%fe", "/zh/organisations?q=%ff", "/%00", "//zh//", "/zh"]
)
async def test_broken_encodings_do_not_make_the_site_fail(
    client: httpx.AsyncClient, address: str
) -> None:
    await check(client, address)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("language", ["", "*", "zh" * 5000, ";q=", "\t,,,"])
async def test_no_wish_for_a_language_makes_the_site_fail(
    client: httpx.AsyncClient, method: str, language: str
) -> None:
    response = await client.request(method, "/", headers={"accept-language": language})
    assert response.status_code == 302


@pytest.mark.parametrize("host", ["evil.example", "a:b", "a:99999", ""])
async def test_no_host_header_comes_into_a_page(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/en/check", headers={"host": host})
    assert response.status_code == 200
    assert "evil" not in response.text
    assert "https://log.example/city/en/check" in response.text
