"""Tests of problems: every error under /api is one, in both languages, with a page of its own."""

import re
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
from litestar import Litestar

from public_site.api.problem_kinds import KINDS
from tests.public_site.api.conftest import BATCHES, Program, gifts, key
from tests.public_site.conftest import BROWSER, SITE
from tests.public_site.page_reading import read_page

BATCH = f"{BATCHES}/{'0' * 32}"
HOSTILE = [
    "/api",
    "/api/",
    "/api/v1",
    "/api/v2/batches",
    "/api/v1/batches/..%2f..%2fetc",
    "/api/v1/batches/%00",
    "/api/v1/batches/%ff%fe",
    f"/api/v1/batches/{'a' * 5_000}",
    f"{BATCHES}/{'A' * 32}",
    BATCH,
    f"{BATCH}/approve",
    "/api/v1/批次",
]
QUERIES = [
    "limit=0",
    "limit=101",
    "limit=x",
    "limit=99999999999999999999",
    "limit=",
    "state=nothing",
    "cursor=x",
    "cursor=%00",
    "cursor=2026-11-23T20:46:29Z_'; DROP TABLE reporting_batch; --",
]


def check_problem(answer: httpx.Response, code: str) -> dict[str, Any]:
    """Fail unless the answer is a whole problem of this kind."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    kind = KINDS[problem["code"]]
    assert problem["code"] == code
    assert problem["status"] == answer.status_code == kind.status
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", problem["instance"])
    assert problem["title"] in problem["titles"].values()
    assert problem["detail"] in problem["details"].values()
    assert problem["type"].endswith(f"/api/problems/{code}")
    assert answer.headers["cache-control"] == "no-store"
    return cast("dict[str, Any]", problem)


@pytest.mark.parametrize("path", HOSTILE)
@pytest.mark.one_engine("sqlite", "no such address asks the database for more than an id")
async def test_addresses_without_anything_behind_them(program: Program, path: str) -> None:
    answer = await (await program()).get(path, headers=BROWSER)
    check_problem(answer, "not-found")


@pytest.mark.parametrize("query", QUERIES)
async def test_wrong_parameters_are_named(program: Program, query: str) -> None:
    problem = check_problem(await (await program()).get(f"{BATCHES}?{query}"), "invalid-parameter")
    assert [error["pointer"] for error in problem["errors"]] == [query.partition("=")[0]]


async def test_methods_that_an_address_does_not_take(program: Program) -> None:
    client = await program()
    for method, path in (("DELETE", BATCHES), ("PATCH", BATCH), ("POST", "/api/v1/organisation")):
        answer = await client.request(method, path)
        check_problem(answer, "method-not-allowed")
        assert "GET" in answer.headers["allow"]


@pytest.mark.one_engine("sqlite", "the fault is not the database's")
async def test_a_fault_of_ours_is_recorded_and_tells_nothing(
    app: Litestar,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = await program()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("inner workings")

    monkeypatch.setattr(app.state.jobs, "wake", fail)
    answer = await client.post(BATCHES, json=gifts(), headers=key())
    problem = check_problem(answer, "internal-error")
    assert "inner workings" not in answer.text
    assert problem["instance"] in caplog.text
    assert "inner workings" in caplog.text


@pytest.mark.parametrize(("accepted", "language"), [("en", "en"), ("zh-CN,zh;q=0.9", "zh")])
@pytest.mark.one_engine("sqlite", "the language is not the database's")
async def test_the_language_is_the_readers(program: Program, accepted: str, language: str) -> None:
    answer = await (await program()).get(BATCH, headers={"accept-language": accepted})
    problem = check_problem(answer, "not-found")
    assert problem["title"] == problem["titles"][language]
    assert answer.headers["content-language"] == {"zh": "zh-Hans", "en": "en"}[language]
    assert urlsplit(problem["type"]).path == f"/{language}/api/problems/not-found"


@pytest.mark.parametrize("code", KINDS)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.one_engine("sqlite", "the pages come from no table")
async def test_every_kind_has_its_page(program: Program, code: str, language: str) -> None:
    client = await program(token="")
    answer = await client.get(f"/{language}/api/problems/{code}", headers=BROWSER)
    assert answer.status_code == 200
    assert read_page(answer.text).one("h1").text.strip()
    assert code in answer.text


@pytest.mark.one_engine("sqlite", "the pages come from no table")
async def test_other_pages_keep_their_own_errors(app: Litestar) -> None:
    transport = httpx.ASGITransport(cast("Any", app))
    async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=BROWSER) as client:
        for path in ("/zh/api/problems/none", "/apiary", "/zh/apis"):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert answer.headers["content-type"].startswith("text/html")
