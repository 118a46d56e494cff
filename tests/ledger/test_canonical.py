"""Provides the tests of canonical JSON."""

import datetime
import decimal
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import CanonicalError, decode, encode

INTEGER_MAX = 2**53 - 1
KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.text(max_size=12)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


class Sorted(msgspec.Struct):
    amount: float
    kind: str


class Unsorted(msgspec.Struct):
    kind: str
    amount: int


@given(VALUES)
def test_bytes_are_those_of_the_rfc(value: Any) -> None:
    assert encode(value) == rfc8785.dumps(value)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_decode_returns_what_encode_was_given(value: dict[str, Any]) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        [0.5],
        INTEGER_MAX + 1,
        -INTEGER_MAX - 1,
        {"a": 10**5000},
        {"钱": 1},
        {1: "a"},
        {"a": "\ud800"},
        b"bytes",
        {"a": {1, 2}},
        decimal.Decimal(1),
        datetime.date(2024, 1, 2),
        object(),
        Sorted(1.5, "donation"),
        Unsorted("donation", 1),
        [Unsorted("donation", 1)],
    ],
)
def test_values_outside_the_profile_are_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        encode(value)


def test_deep_nesting_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(CanonicalError, match="too deeply"):
        encode(value)
    with pytest.raises(CanonicalError, match="too deeply"):
        decode(b"[" * 100_000)


def test_a_struct_in_alphabetical_order_is_encoded_like_its_object() -> None:
    assert encode(Sorted(3, "donation")) == encode({"kind": "donation", "amount": 3})


def test_a_tuple_is_an_array() -> None:
    assert encode({"a": (1, (True, None))}) == b'{"a":[1,[true,null]]}'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b'{"a":1,"a":1}',
        b'{"a":1, "b":2}',
        b'{"a":1}\n',
        b' {"a":1}',
        b'{"b":1,"a":2}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":9007199254740992}',
        b'{"a":18446744073709551616}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1}{}',
        '{"钱":1}'.encode(),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError):
        decode(data)


@pytest.mark.parametrize("data", [b"[]", b"1", b'"a"', b"null"])
def test_the_top_value_has_to_be_an_object(data: bytes) -> None:
    with pytest.raises(CanonicalError, match="not an object"):
        decode(data)


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        value = decode(data)
    except CanonicalError:
        return
    assert encode(value) == data
