"""Tests of the server that tests start: it never stays behind, and is never left out in silence."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgres as server_module
from tests.conftest import _one_engine
from tests.postgres import CannotStartError, Server, installed_programs

SECONDS_MAX = 30
STARTING = """
import sys
from tests.postgres import running_server
with running_server() as server:
    print((server.folder / "data" / "postmaster.pid").read_text().split()[0], flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for a stranger is Linux's")
def test_the_server_ends_with_the_process_that_started_it(postgres: Server) -> None:
    assert postgres.folder.exists()  # where that one cannot start, another cannot either
    process = subprocess.Popen(
        [sys.executable, "-c", STARTING],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    server = os.pidfd_open(int(process.stdout.readline()))
    try:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert select.select([server], [], [], SECONDS_MAX)[0] == [server]
    finally:
        os.close(server)


def test_databases_of_tests_are_apart(postgres: Server) -> None:
    with postgres.database() as one, postgres.database() as other:
        assert one != other
    assert postgres.run("SELECT datname FROM pg_database WHERE datname LIKE 'test%'") == ""


def test_without_the_package_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "PACKAGE", "no_such_package")
    with pytest.raises(CannotStartError, match="no_such_package is not installed"):
        installed_programs()


@pytest.mark.parametrize(("name", "reason"), [("sqlite", ""), ("mysql", "because")])
def test_a_test_of_one_engine_must_say_why(name: str, reason: str) -> None:
    with pytest.raises(pytest.UsageError):
        _one_engine(name, reason)
