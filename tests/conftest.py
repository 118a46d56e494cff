"""Provides what tests share: hypothesis profile, a fresh ledger, paths to real files."""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
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

if TYPE_CHECKING:
    from tests.public_site.city import City

hypothesis_settings.register_profile("shared machines", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis_settings.load_profile("ci" if "CI" in os.environ else "shared machines")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
ORGANISATION = "53440300000009996C"


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
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with keys and an empty log, made once and copied for each test."""
    import asyncio

    home = tmp_path_factory.mktemp("made-home")
    asyncio.run(initialise(Settings(home=home, database="", origin="log.example/city")))
    return home


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    """A fresh home with an empty log of the origin log.example/city."""
    return Path(shutil.copytree(made_home, tmp_path / "home"))


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings(home=home, database="", origin="log.example/city")


@pytest.fixture
async def ledger(settings: Settings) -> AsyncIterator[Ledger]:
    """An empty ledger with one registered organisation, ORGANISATION."""
    async with opened(settings, TestClock()) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        yield ledger


@asynccontextmanager
async def fresh_ledger(made_home: Path) -> AsyncIterator[Ledger]:
    """An empty ledger of its own for each example of a property."""
    with TemporaryDirectory() as folder:
        home = Path(shutil.copytree(made_home, Path(folder) / "home"))
        async with opened(
            Settings(home=home, database="", origin="log.example/city"), TestClock()
        ) as ledger:
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
def city(tmp_path_factory: pytest.TempPathFactory) -> "City":
    """A small invented ledger with an entry of every kind; tests only read it."""
    import asyncio

    from tests.public_site.city import build_city

    home = tmp_path_factory.mktemp("city")
    settings = Settings(home=home, database="", origin="log.example/city")
    return asyncio.run(build_city(settings, home))


@pytest.fixture(scope="session")
def served(city: "City", tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server of that ledger's site, in a process of its own."""
    from tests.public_site.running import serving

    with serving(city.settings.home, tmp_path_factory.mktemp("served") / "log") as address:
        yield address
