"""Provides `charity init`, `charity settings` and `charity log-key`."""

import asyncio
import re

import click

from ledger.appending.signed_store import Signed
from ledger.log import Ledger
from ledger.reading import read_head
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
        "Keep a safe copy of all .key files: without them nothing can be signed or opened again."
        " After each erasure replace the copies of vault-pages.key."
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
    """Print the log's verifier keys, one a line, the primary one first."""

    async def read(ledger: Ledger) -> list[str]:
        return [str(key) for key in ledger.verifier_keys]

    keys = with_ledger(read)
    if as_json:
        print_json({"log_key": keys[0], "log_keys": keys})
    else:
        click.echo("\n".join(keys))


@click.command("renew-signed-store")
@json_option
def renew_signed_store(as_json: bool) -> None:
    """Make the store of signed checkpoints anew, after its file was lost.

    It takes over the newest checkpoint of the database, unless a witness has seen a larger one.
    """
    settings = read_settings()

    async def renew(ledger: Ledger) -> int:
        head = await read_head()
        signed = Signed(head.size, head.signed_note) if head is not None else Signed(0, "")
        await ledger.publisher.check_witnesses(signed)
        ledger.store.renew(ledger.origin, signed, sample=ledger.sample)
        return signed.size

    size = with_ledger(renew)
    if as_json:
        print_json({"file": str(settings.signed_store), "size": size})
        return
    say(
        "{file} was made anew: the newest signed checkpoint has {size} entries.",
        file=settings.signed_store,
        size=size,
    )
