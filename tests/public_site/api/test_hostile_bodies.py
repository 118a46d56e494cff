"""Tests of bodies that no program should send: each gets a clear problem, and nothing is kept."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charity.reporting.batches.tables import Batch
from public_site.api.bodies import read_json
from public_site.api.problems import ApiProblem
from public_site.api.schemas import RecordsBatch
from public_site.settings import Settings
from tests.public_site.api.conftest import BATCHES, GIFT, Program, gifts, key

JSON = {"content-type": "application/json"}
MIB = 2**20


def body(text: str) -> bytes:
    """Return a batch whose one record has this text among its fields."""
    return f'{{"title":"示例","records":[{{"kind":"gift","day":"2026-11-20",{text}}}]}}'.encode()


MALFORMED = {
    "nothing": b"",
    "no JSON": b"{",
    "two documents": b"{}{}",
    "NaN": body('"amount":NaN'),
    "infinity": body('"amount":-Infinity'),
    "a name twice": body('"amount":1,"amount":10000'),
    "a number with 5,000 digits": body(f'"amount":{"9" * 5_000}'),
    "invalid UTF-8": body('"amount":1,"key":"\xff"').replace("\xff".encode(), b"\xff\xfe"),
    "half a character": body('"amount":1,"key":"\\ud800"'),
    "a zero character": body('"amount":1,"key":"a\\u0000b"'),
    "UTF-16": json.dumps(gifts()).encode("utf-16"),
    "deep lists": b"[" * 100_000,
    "deep and closed": b"[" * 2_000 + b"]" * 2_000,
    "65 levels": b'{"title":' + b"[" * 65 + b"]" * 65 + b"}",
    "a comment": b"{} // nothing",
}
INVALID: dict[str, tuple[bytes, str]] = {
    "a list of nothing": (b"[]", ""),
    "a word": (b'"records"', ""),
    "null": (b"null", ""),
    "no records": (b'{"title":"x","records":[]}', "/records"),
    "no title": (b'{"records":[' + json.dumps(GIFT).encode() + b"]}", "/title"),
    "an amount as text": (body('"amount":"100"'), "/records/0/amount"),
    "an amount with a point": (body('"amount":100.0'), "/records/0/amount"),
    "an exponent": (body('"amount":1e999'), "/records/0/amount"),
    "a huge amount": (body(f'"amount":{10**30}'), "/records/0/amount"),
    "an amount beyond the limit": (body(f'"amount":{10**15 + 1}'), "/records/0/amount"),
    "nothing given": (body('"amount":0'), "/records/0/amount"),
    "a negative amount": (body('"amount":-5'), "/records/0/amount"),
    "true as an amount": (body('"amount":true'), "/records/0/amount"),
    "an unknown field": (body('"amount":1,"colour":"red"'), "/records/0/colour"),
    "a field with a slash": (body('"amount":1,"a/b~c":1'), "/records/0/a~1b~0c"),
    "an unknown kind": (b'{"title":"x","records":[{"kind":"loan"}]}', "/records/0"),
    "no kind": (b'{"title":"x","records":[{"day":"2026-11-20"}]}', "/records/0"),
    "an unknown currency": (body('"amount":1,"currency":"EUR"'), "/records/0/currency"),
    "no day": (body('"amount":1').replace(b"2026-11-20", b"2026-02-30"), "/records/0/day"),
    "a moment": (
        body('"amount":1').replace(b"2026-11-20", b"2026-11-20T10:00:00"),
        "/records/0/day",
    ),
    "a fund with a blank": (body('"amount":1,"fund":"a b"'), "/records/0/fund"),
    "a name of 10,000 characters": (
        body(f'"amount":1,"donor":{{"name":"{"名" * 10_000}"}}'),
        "/records/0/donor/name",
    ),
    "a title of 10,000 characters": (
        json.dumps(gifts(title="题" * 10_000)).encode(),
        "/title",
    ),
    "5,001 records": (json.dumps(gifts(*[GIFT] * 5_001)).encode(), "/records"),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.one_engine("sqlite", "the body is refused before the database is asked")
async def test_what_is_no_clean_json_is_refused(program: Program, content: bytes) -> None:
    answer = await (await program()).post(BATCHES, content=content, headers=JSON | key())
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")
    assert await Batch.count() == 0


@pytest.mark.parametrize(("content", "pointer"), INVALID.values(), ids=INVALID)
@pytest.mark.one_engine("sqlite", "the body is refused before the database is asked")
async def test_a_wrong_field_is_named_by_its_pointer(
    program: Program, content: bytes, pointer: str
) -> None:
    answer = await (await program()).post(BATCHES, content=content, headers=JSON | key())
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid-content"), problem
    [error] = problem["errors"]
    assert error["pointer"] == pointer
    for said in ("messages", "mends"):
        assert error[said]["zh"]
        assert error[said]["en"]
    assert await Batch.count() == 0


@pytest.mark.one_engine("sqlite", "the body is refused before the database is asked")
async def test_a_thousand_mistakes_are_counted_and_a_hundred_listed(program: Program) -> None:
    wrong = gifts(*[{**GIFT, "amount": 0}] * 1_000)
    problem = (await (await program()).post(BATCHES, json=wrong, headers=key())).json()
    assert len(problem["errors"]) == 100
    assert "1000" in problem["detail"]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "json", "a/b;c=d"],
)
@pytest.mark.one_engine("sqlite", "the body is refused before the database is asked")
async def test_other_kinds_of_content_are_refused(program: Program, content_type: str) -> None:
    headers = {"content-type": content_type} | key()
    answer = await (await program()).post(BATCHES, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


@pytest.mark.one_engine("sqlite", "the body is refused before the database is asked")
async def test_compressed_bodies_are_refused(program: Program) -> None:
    headers = JSON | key() | {"content-encoding": "gzip"}
    answer = await (await program()).post(BATCHES, content=b"\x1f\x8b", headers=headers)
    assert answer.status_code == 415


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * MIB


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("is_announced", [True, False])
@pytest.mark.one_engine("sqlite", "the body is refused before the database is asked")
async def test_seventy_mebibytes_are_too_many(
    program: Program, content_type: str, is_announced: bool
) -> None:
    headers = {"content-type": content_type} | key()
    if is_announced:
        headers["content-length"] = str(70 * MIB)
    if content_type.startswith("multipart"):

        async def form() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            async for piece in pieces(70):
                yield piece

        content: Any = form()
    else:
        content = pieces(70)
    answer = await (await program()).post(BATCHES, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "content-too-large")


FORMS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no file": ({"data": {"fund": "general"}, "files": {"other": b"x"}}, 422, "/file"),
    "an empty file": ({"files": {"file": ("a.csv", b"")}}, 422, "/file"),
    "a file without a name": ({"files": {"file": (None, b"x")}}, 422, "/file"),
    "two files": ({"files": [("file", ("a", b"x")), ("file", ("b", b"x"))]}, 422, "/file"),
    "an unknown field": (
        {"files": {"file": ("a", b"x")}, "data": {"colour": "red"}},
        422,
        "/colour",
    ),
    "a field twice": (
        {"files": {"file": ("a", b"x")}, "data": {"fund": ["a", "b"]}},
        422,
        "/fund",
    ),
    "columns that are no JSON": (
        {"files": {"file": ("a", b"x")}, "data": {"columns": "{"}},
        422,
        "/columns",
    ),
    "columns that are a list": (
        {"files": {"file": ("a", b"x")}, "data": {"columns": "[1]"}},
        422,
        "/columns",
    ),
    "receipts perhaps": (
        {"files": {"file": ("a", b"x")}, "data": {"receipts": "perhaps"}},
        422,
        "/receipts",
    ),
    "a zero character": (
        {"files": {"file": ("a", b"x")}, "data": {"consent": "a\0b"}},
        400,
        "",
    ),
    "an unreadable day": (
        {"files": {"file": ("a", b"x")}, "data": {"given_day": "soon"}},
        422,
        "",
    ),
    "an unknown fund": ({"files": {"file": ("a", b"x")}, "data": {"fund": "none"}}, 422, ""),
}


@pytest.mark.parametrize(("sent", "status", "pointer"), FORMS.values(), ids=FORMS)
@pytest.mark.one_engine("sqlite", "the form is refused before anything is kept")
async def test_wrong_forms_are_refused(
    program: Program, sent: dict[str, Any], status: int, pointer: str
) -> None:
    answer = await (await program()).post(BATCHES, **sent, headers=key())
    assert answer.status_code == status, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == ([pointer] if pointer else [])
    assert await Batch.count() == 0


def part(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    return b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name, more, value)


BROKEN_FORMS = {
    "no end": part(b"fund", b"general"),
    "no parts": b"--x--\r\n",
    "nothing": b"",
    "noise": b"\x00\xff" * 1_000,
    "a field in no encoding": part(b"fund", b"\xff\xfe") + b"--x--\r\n",
    "a name in no encoding": part(b"\xff", b"1") + b"--x--\r\n",
    "an invented charset": b"--x\r\nContent-Disposition: form-data; name=fund\r\n"
    b"Content-Type: text/plain; charset=klingon\r\n\r\na\r\n--x--\r\n",
    "2,000 parts": part(b"accept", b"1") * 2_000 + b"--x--\r\n",
}


@pytest.mark.parametrize("content", BROKEN_FORMS.values(), ids=BROKEN_FORMS)
@pytest.mark.one_engine("sqlite", "the form is refused before anything is kept")
async def test_broken_forms_are_refused(program: Program, content: bytes) -> None:
    for boundary in ("; boundary=x", ""):
        headers = {"content-type": f"multipart/form-data{boundary}"} | key()
        answer = await (await program()).post(BATCHES, content=content, headers=headers)
        assert answer.status_code in {400, 422}, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.one_engine("sqlite", "nothing of it reaches the database")
async def test_nothing_that_was_sent_is_repeated(
    program: Program, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    name = "虚构姓名甲乙丙"
    content = body(f'"amount":"{name}","{name}":1,"donor":{{"name":5,"choice":"{name}"}}')
    answer = await (await program()).post(BATCHES, content=content, headers=JSON | key())
    assert answer.status_code == 422
    said = [error | {"pointer": ""} for error in answer.json()["errors"]]
    assert name not in json.dumps(said, ensure_ascii=False)
    assert name not in caplog.text
    assert list(_files(settings.drafts)) == []


def _files(folder: Path) -> Iterator[Path]:
    return folder.rglob("content*")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=JSON_VALUES)
def test_whatever_json_is_sent_is_a_batch_or_a_problem(value: object) -> None:
    content = json.dumps({"title": value, "records": [value]}).encode("utf-8", "surrogatepass")
    with pytest.raises(ApiProblem) as raised:
        read_json(RecordsBatch, content)
    assert raised.value.kind.status in {400, 422}


@given(content=st.binary(max_size=200))
def test_whatever_bytes_are_sent_are_a_problem(content: bytes) -> None:
    with pytest.raises(ApiProblem):
        read_json(RecordsBatch, content)
