"""Provides running of the `charity` command in tests: in this process, in another, as a server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import CliRunner

from public_site.commands import main

COMMAND = Path(sys.executable).with_name("charity")
START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Result:
    """How a command ended: exit status, what it printed, what it said on the error stream."""

    status: int
    output: str
    errors: str


class Run(Protocol):
    """Runs `charity` with these arguments in a home; settings are other environment variables."""

    def __call__(self, *arguments: str, **settings: str) -> Result:
        """Return how it ended; fails the test on a traceback."""


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a command in a home, English unless settings say otherwise."""
    chosen = {"CHARITY_HOME": str(home), "CHARITY_LANGUAGE": "en", **settings}
    return {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "COLUMNS": "200", **chosen}


def run_here(monkeypatch: pytest.MonkeyPatch, home: Path) -> Run:
    """Return a runner in this process: quick, and it shows exceptions."""

    def run(*arguments: str, **settings: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["charity", *arguments])
        variables: dict[str, str | None] = dict.fromkeys(
            name for name in os.environ if name.startswith(("CHARITY_", "LC_", "LANG"))
        )
        result = CliRunner().invoke(
            main, list(arguments), env={**variables, **environment(home, **settings)}
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Result(result.exit_code, result.stdout, result.stderr)

    return run


def run_apart(
    home: Path, *arguments: str, seconds: float = START_SECONDS, **settings: str
) -> Result:
    """Run the installed command as a person does, in a process of its own."""
    done = subprocess.run(
        [COMMAND, *arguments],
        env=environment(home, **settings),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def unused_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(home: Path, log: Path, **settings: str) -> Iterator[str]:
    """Serve the site of a home in a process of its own; yield its address when it answers."""
    port = unused_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", str(port)],
            env=environment(home, CHARITY_ORIGIN="log.example/city", **settings),
            stdout=output,
            stderr=output,
        )
    try:
        _wait_until_it_answers(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _wait_until_it_answers(process: "subprocess.Popen[Any]", port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            try:
                process.wait(LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            break
        else:
            return
    raise RuntimeError(f"the server does not answer: {log.read_text('utf-8')}")
