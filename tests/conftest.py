"""Provides what tests share: hypothesis profile, a fresh ledger, paths to real files."""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from charity.organisations.registry import add_organisation
from ledger.log import Ledger
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.postgres import CannotStartError, Server, running_server

if TYPE_CHECKING:
    from tests.public_site.city import City

hypothesis_settings.register_profile("shared machines", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis_settings.load_profile("ci" if "CI" in os.environ else "shared machines")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
ORGANISATION = "53440300000009996C"
ORIGIN = "log.example/city"
ENGINES = ("sqlite", "postgres")
MADE = "made"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs a database on both engines, unless the test is marked to be about one."""
    if "engine" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("one_engine")
    chosen = ENGINES if mark is None else (_one_engine(*mark.args, **mark.kwargs),)
    metafunc.parametrize("engine", chosen, indirect=True, scope="session")


def _one_engine(name: str, reason: str) -> str:
    """Return the engine that a mark names; a mark without a reason is an error."""
    if name not in ENGINES or not reason:
        raise pytest.UsageError("write one_engine(name, reason)")
    return name


class TestClock:
    """A clock that moves a second at every look."""

    __test__ = False

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """The database engine of the test: sqlite or postgres."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running PostgreSQL server; where none can run the test is skipped, but not in CI."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server())
        except CannotStartError as error:
            if "CI" in os.environ:
                raise
            pytest.skip(f"no PostgreSQL server can be started here: {error}")
        yield server


def new_database(engine: str, name: str, request: pytest.FixtureRequest) -> str:
    """Make an empty database that lasts for the session; return its address, '' for SQLite's."""
    if engine == "sqlite":
        return ""
    server: Server = request.getfixturevalue("postgres")
    server.run(f"CREATE DATABASE {name}")
    return server.address(name)


@dataclass(frozen=True)
class MadeHome:
    """A home with keys and an empty log of ORIGIN, to be copied; on PostgreSQL with its server."""

    folder: Path
    server: Server | None

    @contextmanager
    def copied(self, folder: Path) -> Iterator[Settings]:
        """Copy it into a folder; its database is dropped at the end."""
        shutil.copytree(self.folder, folder)
        if self.server is None:
            yield Settings(home=folder, database="", origin=ORIGIN)
        else:
            with self.server.database(MADE) as database:
                yield Settings(home=folder, database=database, origin=ORIGIN)


@pytest.fixture(scope="session")
def made_home(
    engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> MadeHome:
    """A home with keys and an empty log, made once for each engine and copied for each test."""
    import asyncio

    home = tmp_path_factory.mktemp("made-home")
    database = new_database(engine, MADE, request)
    asyncio.run(initialise(Settings(home=home, database=database, origin=ORIGIN)))
    return MadeHome(home, request.getfixturevalue("postgres") if database else None)


@pytest.fixture
def settings(made_home: MadeHome, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a fresh installation with an empty log of ORIGIN."""
    with made_home.copied(tmp_path / "home") as settings:
        yield settings


@pytest.fixture
def home(settings: Settings) -> Path:
    """The home of these settings."""
    return settings.home


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Ledger]:
    """An empty ledger with one registered organisation, ORGANISATION."""
    async with opened(settings, TestClock()) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        yield ledger


@asynccontextmanager
async def fresh_ledger(made_home: MadeHome) -> AsyncIterator[Ledger]:
    """An empty ledger of its own for each example of a property."""
    with TemporaryDirectory() as folder, made_home.copied(Path(folder) / "home") as settings:
        async with opened(settings, TestClock()) as ledger:
            await add_organisation(ORGANISATION, "示例基金会")
            yield ledger


@pytest.fixture(scope="session")
def red_cross() -> Callable[[str], Path]:
    """Finds a real published list by a part of its name; skips where the files are not there."""
    folder = SHARED_DATA / "red_cross_2020"

    def find(part: str) -> Path:
        if not folder.is_dir():
            pytest.skip(f"the published lists are not at {folder}")
        [path] = [path for path in folder.iterdir() if part in path.name]
        return path

    return find


@pytest.fixture(scope="session")
def city(
    engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "City":
    """A small invented ledger with an entry of every kind; tests only read it."""
    import asyncio

    from tests.public_site.city import build_city

    home = tmp_path_factory.mktemp("city")
    settings = Settings(home=home, database=new_database(engine, "city", request), origin=ORIGIN)
    return asyncio.run(build_city(settings, home))


@pytest.fixture(scope="session")
def served(city: "City", tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server of that ledger's site, in a process of its own."""
    from tests.public_site.running import serving

    log = tmp_path_factory.mktemp("served") / "log"
    database = city.settings.database_address
    with serving(city.settings.home, log, CHARITY_DATABASE=database) as address:
        yield address
