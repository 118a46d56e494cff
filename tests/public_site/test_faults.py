"""Tests of the record of faults: it says what broke where, and repeats no value."""

import logging

import pytest
from pydantic import TypeAdapter, ValidationError

from public_site.faults import log_fault

NAME = "虚构某人"

logger = logging.getLogger("tests.faults")


def broken(name: str) -> None:
    try:
        TypeAdapter(int).validate_python(name)
    except ValidationError as error:
        raise RuntimeError(f"no row for {name}") from error


def test_a_fault_is_logged_without_the_names_in_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(RuntimeError) as raised:
        broken(NAME)
    log_fault(logger, "POST /zh/workplace", raised.value)
    assert "POST /zh/workplace failed" in caplog.text
    assert all(word in caplog.text for word in ("RuntimeError:", "ValidationError:", "in broken"))
    assert NAME not in caplog.text


def test_errors_that_led_to_each_other_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    log_fault(logger, "GET /", one)
    assert caplog.text.count("ValueError:") == 1
