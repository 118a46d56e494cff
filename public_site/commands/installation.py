"""Provides `charity init`, `charity settings` and `charity log-key`."""

import asyncio
import re

import click

from ledger.log import Ledger
from public_site.commands.charity_group import (
    json_option,
    print_json,
    read_settings,
    say,
    with_ledger,
)
from public_site.opening import initialise
from public_site.translations import command_language


@click.command()
@json_option
def init(as_json: bool) -> None:
    """Make keys, database and an empty log in CHARITY_HOME. Harmless when repeated."""
    settings = read_settings()
    asyncio.run(initialise(settings))
    if as_json:
        print_json({"home": str(settings.home.absolute()), "origin": settings.origin})
        return
    say("The log {origin} is ready in {home}.", origin=settings.origin, home=settings.home)
    say(
        "Keep a safe copy of the two .key files: without them nothing can be signed or opened"
        " again."
    )


@click.command()
@json_option
def settings(as_json: bool) -> None:
    """Show the settings in force, and the environment variables that change them."""
    chosen = read_settings()
    values = {
        "CHARITY_HOME": str(chosen.home.absolute()),
        "CHARITY_DATABASE": _without_password(chosen.database_address),
        "CHARITY_ORIGIN": chosen.origin,
        "CHARITY_LANGUAGE": command_language(chosen.language),
    }
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        click.echo(f"{name}={value}")


def _without_password(address: str) -> str:
    address = re.sub(r"(?<=[?&]password=)[^&]*", "…", address)
    head, at, tail = address.rpartition("@")
    if not at:
        return address
    scheme, _, login = head.partition("://")
    return f"{scheme}://{login.partition(':')[0]}@{tail}"


@click.command("log-key")
@json_option
def log_key(as_json: bool) -> None:
    """Print the log's verifier key: what strangers check its signatures with."""

    async def read(ledger: Ledger) -> str:
        return str(ledger.verifier_key)

    key = with_ledger(read)
    if as_json:
        print_json({"log_key": key})
    else:
        click.echo(key)
