"""Tests of entries: field order, canonical bytes, what is refused as no entry."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings

from ledger.canonical import decode
from ledger.entries import Entry, Struct, entry_bytes
from ledger.kinds import parse_entry
from ledger.messages import Refused
from tests.ledger.entries import changed, entries, gift


def structs(base: type[Struct] = Struct) -> Iterator[type[Struct]]:
    for child in base.__subclasses__():
        yield child
        yield from structs(child)


@pytest.mark.parametrize("struct", list(structs()), ids=lambda struct: struct.__name__)
def test_fields_of_every_struct_are_alphabetical(struct: type[Struct]) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(struct)]
    assert names == sorted(names)


@settings(max_examples=40)
@given(entry=entries())
def test_entry_bytes_are_canonical_by_our_own_and_by_an_independent_encoder(entry: Entry) -> None:
    body = entry_bytes(entry)
    assert rfc8785.dumps(decode(body)) == body


@settings(max_examples=40)
@given(entry=entries())
def test_parse_entry_returns_the_entry_that_was_written(entry: Entry) -> None:
    assert parse_entry(entry_bytes(entry)) == entry


@settings(max_examples=40)
@given(entry=entries())
def test_entry_bytes_leave_out_what_is_absent(entry: Entry) -> None:
    def nulls(value: Any) -> bool:
        values = value.values() if isinstance(value, dict) else value
        return value is None or (
            isinstance(value, dict | list) and any(nulls(item) for item in values)
        )

    assert not nulls(json.loads(entry_bytes(entry)))


BODY = entry_bytes(gift(1, 100))
FACTS = json.loads(BODY)["facts"]
POSTINGS = json.loads(BODY)["postings"]


def test_parse_entry_of_the_unchanged_body() -> None:
    assert parse_entry(changed(BODY)) == gift(1, 100)


@pytest.mark.parametrize(
    "fields",
    [
        {"postings": []},
        {"postings": POSTINGS[:1]},
        {"postings": POSTINGS[::-1]},
        {"postings": [*POSTINGS, *POSTINGS]},
        {"postings": [POSTINGS[0], POSTINGS[1] | {"amount": 101}]},
        {"postings": [POSTINGS[0], POSTINGS[1] | {"unit": "USD"}]},
        {"postings": [POSTINGS[0], POSTINGS[1] | {"account": "funds/else"}]},
        {"facts": FACTS | {"amount": 101}},
        {"organisation": "CN-USCI-53330000501874064B"},
    ],
)
def test_parse_entry_refuses_postings_that_do_not_follow(fields: dict[str, object]) -> None:
    with pytest.raises(Refused, match="do not follow"):
        parse_entry(changed(BODY, **fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "gift"},
        {"kind": "expenditure"},
        {"surplus": 1},
        {"source": {"request": "1", "surplus": 1}},
        {"facts": FACTS | {"surplus": 1}},
        {"facts": FACTS | {"donor": FACTS["donor"] | {"name": "虚构人"}}},
        {"facts": FACTS | {"fund": "General"}},
        {"facts": FACTS | {"fund": "a/b"}},
        {"facts": FACTS | {"fund": "general\n"}},
        {"facts": FACTS | {"amount": 100.0}},
        {"facts": FACTS | {"amount": "100"}},
        {"facts": FACTS | {"amount": True}},
        {"facts": FACTS | {"amount": 0}},
        {"facts": FACTS | {"amount": -100}},
        {"facts": FACTS | {"amount": 10**15 + 1}},
        {"facts": FACTS | {"time": "24:00"}},
        {"facts": FACTS | {"donor": FACTS["donor"] | {"visibility": "public"}}},
        {"facts": FACTS | {"donor": FACTS["donor"] | {"reference": "0" * 31}}},
        {"facts": FACTS | {"donor": FACTS["donor"] | {"commitment": "F" * 64}}},
        {"facts": []},
        {"postings": [POSTINGS[0], POSTINGS[1] | {"amount": 100.0}]},
        {"postings": [POSTINGS[0], POSTINGS[1] | {"amount": 100.5}]},
        {"id": ""},
        {"id": "x" * 301},
        {"day": "2026-13-01"},
        {"day": "2026-1-1"},
        {"day": "20２６-01-02"},
        {"day": "2026-01-02\n"},
        {"organisation": "CN-USCI-53440300000009996O"},
        {"version": 1.0},
    ],
)
def test_parse_entry_refuses_what_has_another_form(fields: dict[str, object]) -> None:
    with pytest.raises(Refused, match="no entry of the ledger"):
        parse_entry(changed(BODY, **fields))


@pytest.mark.parametrize("missing", sorted(json.loads(BODY)))
def test_parse_entry_refuses_an_entry_without_a_field(missing: str) -> None:
    value = json.loads(BODY)
    del value[missing]
    with pytest.raises(Refused):
        parse_entry(json.dumps(value).encode())


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", BODY + b"x", BODY[:-1], b"[" * 100_000]
)
def test_parse_entry_refuses_what_is_no_json_object(body: bytes) -> None:
    with pytest.raises(Refused):
        parse_entry(body)
