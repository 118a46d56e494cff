"""Provides the measurement of an import through the site: from upload to preview.

The floor is the command line's whole time for the same file, start of the process included. The
site takes the upload, has a process of its own check it, and keeps a preview of every row. Goal: at
most three times the command line's time.
"""

import asyncio
import re
import resource
import time
from pathlib import Path

import httpx

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from public_site.opening import initialise, opened
from public_site.settings import Settings
from public_site.workplace.visiting import SESSION_COOKIE
from tests.benchmarks.children import BYTES_OF_A_UNIT, in_child
from tests.benchmarks.figures import Figure, Sample, beside, scaled
from tests.benchmarks.folders import folder
from tests.benchmarks.import_speed import ORGANISATION, write_list
from tests.public_site.running import run_apart, serving
from tests.public_site.workplace.conftest import invent_person, session_of

ROWS = 50_000
RUNS = 3
GOAL = 3
LARGEST_FEN = 10_000
"""No gift is a hundred times the usual one: that would have to be accepted before the preview."""
LIMIT_SECONDS = 600.0
LOOK_SECONDS = 0.1
FORM_WORD = re.compile(r'name="form_word" value="([0-9a-f]+)"')


def run() -> list[Figure]:
    """Measure both in turn."""
    with folder() as home:
        path = home / "list.xlsx"
        rows = scaled(ROWS)
        write_list(path, rows, LARGEST_FEN)

        def floor(run: int) -> Sample:
            return in_child(command_line, path, home / f"command-{run}")

        def figure(run: int) -> Sample:
            sample: Sample = in_child(upload_to_preview, path, home / f"site-{run}")[0]
            return sample

        name = f"import of {rows:,} rows through the site, upload to preview"
        return [beside(floor, figure, RUNS, name=name, unit="s", most=GOAL)]


async def _furnish(home: Path) -> str:
    """Make a ledger with an organisation; return the session of a person who reports for it."""
    settings = Settings(home=home, database="")
    await initialise(settings)
    async with opened(settings) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        return await session_of(ledger, await invent_person(ledger, (Role.MAKER, ORGANISATION)))


def command_line(path: Path, home: Path) -> float:
    """Return the seconds that `charity import` takes."""
    asyncio.run(_furnish(home))
    started = time.perf_counter()
    done = run_apart(
        home, "import", str(path), "--org", ORGANISATION, "--json", seconds=LIMIT_SECONDS
    )
    seconds = time.perf_counter() - started
    assert done.status == 0, done.errors
    return seconds


def upload_to_preview(path: Path, home: Path) -> Sample:
    """Return the seconds from the upload to the preview, and the largest process's memory in MB."""
    session = asyncio.run(_furnish(home))
    log = home / "served.log"
    with serving(home, log) as site:
        client = httpx.Client(
            base_url=site,
            cookies={SESSION_COOKIE: session},
            headers={"accept": "text/html", "origin": site},
            timeout=LIMIT_SECONDS,
        )
        with client:
            seconds = _upload(client, path)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return seconds, peak * BYTES_OF_A_UNIT / 1e6


def _upload(client: httpx.Client, path: Path) -> float:
    address = f"/zh/workplace/{ORGANISATION}/upload"
    word = FORM_WORD.search(client.get(address).text)
    assert word is not None
    started = time.perf_counter()
    sent = client.post(
        address,
        data={"form_word": word[1], "fund": "general"},
        files={"file": (path.name, path.read_bytes())},
    )
    assert sent.status_code == 303, sent.text
    batch = sent.headers["location"]
    while (state := client.get(f"{batch}/progress").json()["state"]) == "checking":
        time.sleep(LOOK_SECONDS)
    assert state == "ready", state
    shown = client.get(batch)
    assert "table" in shown.text
    return time.perf_counter() - started
