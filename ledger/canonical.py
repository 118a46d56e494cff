"""Provides canonical JSON: one value, one sequence of bytes.

The profile is RFC 8785 narrowed until no two writers can disagree: strings, integers that a double
holds exactly, booleans, null, arrays, and objects whose keys are ASCII. Floats are left out, and
with ASCII keys the order by code point is the order by UTF-16 code unit that the RFC asks for.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from ledger.messages import Refused

INTEGER_MAX = 2**53 - 1
_PLAIN = frozenset((str, bool, type(None)))

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder()


class CanonicalError(Refused):
    """A value or a sequence of bytes is not canonical JSON."""


def encode(value: object) -> bytes:
    """Return the canonical JSON of a value.

    Args:
        value: strings, integers with |n| <= 2**53 - 1, booleans, None, lists, tuples, and
            dictionaries with ASCII keys; or a `msgspec.Struct` whose fields are declared in
            alphabetical order and encode to such values.

    Raises:
        CanonicalError: the value holds anything else.
    """
    try:
        if isinstance(value, msgspec.Struct):
            data = _encoder.encode(value)
            _decode_value(data)
            return data
        _check(value)
        return _encoder.encode(value)
    except UnicodeEncodeError as error:
        raise CanonicalError("A text holds half of a surrogate pair.") from error
    except RecursionError as error:
        raise CanonicalError("The value is nested too deeply.") from error


def decode(data: bytes) -> dict[str, Any]:
    """Return the object that canonical JSON stands for.

    Raises:
        CanonicalError: the bytes are not JSON, not canonical (duplicate keys, blanks, needless
            escapes, a byte order mark, floats), or the top value is no object.
    """
    value = _decode_value(data)
    if type(value) is not dict:
        raise CanonicalError("The top value is not an object.")
    return value


def _decode_value(data: bytes) -> object:
    try:
        value = _decoder.decode(data)
        _check(value)
        canonical = _encoder.encode(value)
    except RecursionError as error:
        raise CanonicalError("The value is nested too deeply.") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise CanonicalError("The bytes are not JSON: {reason}", reason=error) from error
    if canonical != data:
        raise CanonicalError("The bytes are JSON, but not in canonical form.")
    return value


def _check(value: Any) -> None:
    """Refuse what msgspec would write, but the profile leaves out."""
    kind = type(value)
    if kind is int:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise CanonicalError("An integer is beyond 2**53 - 1.")
    elif kind is dict:
        _check_keys(value)
        _check_items(value.values())
    elif kind is list or kind is tuple:
        _check_items(value)
    elif kind not in _PLAIN:
        raise CanonicalError("A value of type {kind} has no canonical form.", kind=kind.__name__)


def _check_items(items: Iterable[Any]) -> None:
    for item in items:
        if type(item) not in _PLAIN:
            _check(item)


def _check_keys(keys: Iterable[Any]) -> None:
    for key in keys:
        if type(key) is not str or not key.isascii():
            raise CanonicalError("The key {key} is not ASCII text.", key=repr(key))
