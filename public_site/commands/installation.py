"""Provides `charity init`, `charity settings` and `charity log-key`."""

import asyncio
import re

import click

from ledger.appending.signed_store import Signed
from ledger.log import Ledger
from ledger.messages import Message, Refused
from ledger.reading import read_head
from public_site.commands.charity_group import (
    json_option,
    print_json,
    read_settings,
    say,
    text,
    with_ledger,
)
from public_site.opening import initialise
from public_site.translations import command_language

LOOPBACK = ("127.", "localhost", "[::1]")


@click.command()
@click.option("--new-log", is_flag=True, help="The key that is there never signed anything.")
@json_option
def init(new_log: bool, as_json: bool) -> None:
    """Make keys, database and an empty log in CHARITY_HOME. Harmless when repeated."""
    settings = read_settings()
    made = asyncio.run(initialise(settings, new_log=new_log))
    if as_json:
        print_json({"home": str(settings.home.absolute()), "origin": settings.origin})
        return
    if not made:
        say("There is a log in {home} already; nothing was changed.", home=settings.home)
        return
    say("The log {origin} is ready in {home}.", origin=settings.origin, home=settings.home)
    if settings.origin.startswith(LOOPBACK):
        say(
            "It is called {origin} for ever, which is right for a trial only. For a real ledger set"
            " CHARITY_ORIGIN to its public address first, such as ledger.example.org.",
            origin=settings.origin,
        )
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
        "CHARITY_WITNESSES": str(chosen.witnesses_file or ""),
        "CHARITY_DISK_FLOOR_MB": str(chosen.disk_floor_mb),
        "CHARITY_SMTP": _without_password(chosen.smtp),
        "CHARITY_MAIL_FROM": chosen.mail_from,
        "CHARITY_HARVEST_NETWORKS": ", ".join(map(str, chosen.harvest_networks)),
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
@click.option("--size", type=click.IntRange(min=0), help="The size to confirm, without a question.")
@json_option
def renew_signed_store(size: int | None, as_json: bool) -> None:
    """Make the store of signed checkpoints anew, after it was lost.

    It takes over the newest checkpoint of the database. If a larger one was ever signed, the next
    entry would fork the log: compare with a kept checkpoint first.
    """
    settings = read_settings()

    async def newest(ledger: Ledger) -> Signed:
        head = await read_head()
        signed = Signed(head.size, head.signed_note) if head is not None else Signed(0, "")
        await ledger.publisher.check_witnesses(signed)
        return signed

    async def renew(ledger: Ledger) -> None:
        ledger.store.renew(ledger.origin, await newest(ledger), sample=ledger.sample)

    signed = with_ledger(newest)
    if size is None and not as_json:
        say(
            "The newest checkpoint of the database holds {size} entries. Compare it with a kept"
            " checkpoint, a receipt or a mirror: if more was ever signed, stop here, and restore.",
            size=signed.size,
        )
        question = text(Message("Type the number of entries to go on"))
        size = click.prompt(question, type=int, default=-1, show_default=False)
    if size != signed.size:
        raise Refused(
            "Nothing was changed: the newest checkpoint holds {size} entries.", size=signed.size
        )
    with_ledger(renew)
    if as_json:
        print_json({"file": str(settings.signed_store), "size": signed.size})
        return
    say(
        "{file} was made anew: the newest signed checkpoint has {size} entries.",
        file=settings.signed_store,
        size=signed.size,
    )
