"""Provides `charity demo`: an invented city to look around in."""

import asyncio
import tempfile
from pathlib import Path
from random import Random

import click

from charity.people.roles import ROLE_NAMES, SECOND_FACTOR_ROLES
from charity.people.sample import SAMPLE_PASSWORD, SAMPLE_PEOPLE, invent_people
from charity.sample.building import SampleCity, SampleClock
from charity.sample.city import plan, sample_organisations
from ledger.messages import Refused
from ledger.reading import read_head
from ledger.signing.keys import read_vault_key
from ledger.vault.envelopes import Envelopes
from public_site.commands.charity_group import read_settings, say, text
from public_site.commands.progress import progress_bar
from public_site.commands.publishing import serve_site
from public_site.opening import initialise, opened
from public_site.settings import Settings, sqlite_address, sqlite_file
from public_site.translations import command_language

UNFINISHED = ".unfinished"


async def _complete(settings: Settings) -> int:
    """Invent the people of the sample city that is there, if there are none; return its size.

    Raises:
        Refused: the ledger that is there is no sample.
    """
    async with opened(settings) as ledger:
        if not ledger.sample:
            raise Refused(
                "{home} holds a real ledger; sample data never goes into it. Choose another"
                " CHARITY_HOME for the demo.",
                home=settings.home,
            )
        organisations = [organisation.code for organisation in sample_organisations()]
        await invent_people(ledger, Envelopes(read_vault_key(settings.home)), organisations)
        head = await read_head()
        return head.size if head is not None else 0


async def _build(settings: Settings) -> int:
    clock = SampleClock()
    random = Random(plan()["seed"])  # noqa: S311 (invented people have no secrets)
    await initialise(settings, sample=True, clock=clock)
    async with opened(settings, clock, random.randbytes) as ledger:
        with tempfile.TemporaryDirectory() as folder, progress_bar() as show:
            city = SampleCity(ledger, clock, Path(folder))
            await city.build(lambda done, total: show("demo", done, total))
    return await _complete(settings)


def build_sample(settings: Settings) -> int:
    """Invent the city unless it is there; return the number of its entries.

    It is built beside its place and moved there when it is whole, so that an interrupted run
    leaves no half of a city.

    Raises:
        Refused: a real ledger is there, or the database is no SQLite file.
    """
    file = sqlite_file(settings.database_address)
    if file is None:
        raise Refused("The sample city lives in an SQLite file: unset CHARITY_DATABASE for it.")
    if file.exists():
        return asyncio.run(_complete(settings))
    unfinished = file.with_name(file.name + UNFINISHED)
    for left_over in file.parent.glob(unfinished.name + "*"):
        left_over.unlink()
    beside = settings.model_copy(update={"database": sqlite_address(unfinished)})
    size = asyncio.run(_build(beside))
    unfinished.rename(file)
    return size


def _say_who_signs_in(address: str) -> None:
    """Print how to sign in to the workplace as one of the invented people."""
    say(
        "Sign in on {address} as one of these invented people, with the password {password}:",
        address=address,
        password=SAMPLE_PASSWORD,
    )
    for invented in SAMPLE_PEOPLE:
        mark = " *" if invented.role in SECOND_FACTOR_ROLES else ""
        place = sample_organisations()[invented.place].name if invented.place is not None else ""
        line = f"  {invented.email}  {text(ROLE_NAMES[invented.role])}{mark}  {place}"
        click.echo(line.rstrip())
    say("* is asked for six figures, too. Get them with: charity person code EMAIL")


@click.command()
@click.option("--no-serve", is_flag=True, help="Make the sample city, do not serve it.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def demo(no_serve: bool, host: str, port: int) -> None:
    """Invent a small Shenzhen (sample data, always the same) and serve its site.

    It goes into CHARITY_HOME, unless a real ledger is there.
    """
    settings = read_settings()
    size = build_sample(settings)
    say(
        "The sample city is ready: {count} entries in {home}. Everything in it is invented.",
        count=size,
        home=settings.home,
    )
    _say_who_signs_in(f"http://{host}:{port}/{command_language(settings.language)}/workplace")
    if not no_serve:
        serve_site(settings, host, port)
