"""Provides `charity erase` and `charity consent`: donors' data taken out, consent withdrawn."""

from typing import Any

import click

from charity.donors.enrolment import Giver, withdraw_consent
from charity.donors.finding import sought_at, sought_by_identity, sought_by_name
from ledger.appending.publication import INSTANT
from ledger.kinds.erasure import ErasureGround
from ledger.log import Ledger
from ledger.messages import Message
from ledger.tables import VaultConsent
from ledger.vault.erasure import Erasure, Sought, erase, finish_erasure, preview
from public_site.commands.charity_group import (
    json_option,
    print_json,
    say,
    text,
    with_ledger,
)
from public_site.commands.progress import progress_bar

NAME_PROMPT = Message("Name of the donor, as it was printed")
IDENTITY_PROMPT = Message(
    "Phone, identity number or account that was recorded with it, separated by commas (empty: all"
    " donors of this name)"
)
CONFIRM_PROMPT = Message("Erase this for good?")


@click.command("erase")
@click.option(
    "--entry",
    "positions",
    type=click.IntRange(0),
    multiple=True,
    help="Position of a gift of the donor; may be repeated. Without it the name is asked for.",
)
@click.option("--organisation", is_flag=True, help="The name to be typed is an organisation's.")
@click.option(
    "--ground",
    type=click.Choice([ground.value for ground in ErasureGround]),
    default=ErasureGround.CONSENT_WITHDRAWN.value,
    show_default=True,
    help="Why, by 《个人信息保护法》 art. 47; it stands in the log.",
)
@click.option("--yes", is_flag=True, help="Do not ask again.")
@json_option
def erase_command(
    positions: tuple[int, ...], organisation: bool, ground: str, yes: bool, as_json: bool
) -> None:
    """Take a donor's personal data out for good; totals and proofs stay as they are.

    A name is never given on the command line, which shells keep: it is asked for. What would go is
    counted first. Afterwards, replace every old copy of vault-pages.key by the new one: with an old
    copy an old backup of the database could still be opened.
    """
    giver = None if positions else _typed_giver(organisation=organisation)

    async def work(ledger: Ledger) -> tuple[bool, Erasure]:
        finished = await finish_erasure(ledger)
        sought = await _sought(ledger, positions, giver)
        there = await preview(ledger, sought)
        if there.is_empty or not (yes or _confirmed(there)):
            return finished, Erasure()
        return finished, await erase(ledger, sought, ErasureGround(ground))

    finished, erased = with_ledger(work)
    if as_json:
        print_json(_as_json(erased, finished=finished))
        return
    if finished:
        say("An erasure that had been interrupted is finished now.")
    _print_outcome(erased)


def _typed_giver(*, organisation: bool) -> Giver:
    """Ask for the donor on the terminal; what is typed goes nowhere but into the search."""
    name = click.prompt(text(NAME_PROMPT), err=True).strip()
    if organisation:
        return Giver(name, is_organisation=True)
    typed = click.prompt(text(IDENTITY_PROMPT), default="", show_default=False, err=True)
    identity = tuple(part.strip() for part in typed.replace("，", ",").split(",") if part.strip())
    return Giver(name, identity=identity)


async def _sought(ledger: Ledger, positions: tuple[int, ...], giver: Giver | None) -> Sought:
    if giver is None:
        return await sought_at(positions)
    if giver.identity:
        return await sought_by_identity(ledger, giver)
    with progress_bar() as show:
        return await sought_by_name(
            ledger, giver.name, lambda done, total: show("check", done, total)
        )


def _counts(erasure: Erasure) -> Message:
    return Message(
        "{donors} gifts' or donors' names with their salts, {remarks} remarks, {bases} bases of"
        " consent",
        donors=erasure.donors,
        remarks=erasure.remarks,
        bases=erasure.bases,
    )


def _confirmed(there: Erasure) -> bool:
    click.echo(text(Message("To be erased: {counts}.", counts=_counts(there))), err=True)
    return click.confirm(text(CONFIRM_PROMPT), err=True)


def _as_json(erased: Erasure, *, finished: bool) -> dict[str, Any]:
    return {
        "donors": erased.donors,
        "remarks": erased.remarks,
        "consent_bases": erased.bases,
        "position": erased.position,
        "finished_earlier": finished,
    }


def _print_outcome(erased: Erasure) -> None:
    if erased.position is None:
        say("Nothing was erased.")
        return
    say("Erased: {counts}.", counts=_counts(erased))
    say("The log tells of it in entry {position}, without any name.", position=erased.position)
    say(
        "Now replace every old copy of vault-pages.key by the new one: with an old copy an old"
        " backup of the database could still be opened."
    )


@click.group()
def consent() -> None:
    """List recorded consents to publish names, and withdraw one."""


@consent.command("list")
@json_option
def list_consents(as_json: bool) -> None:
    """List the consents, with their numbers, dates and words."""

    async def read(ledger: Ledger) -> list[dict[str, Any]]:
        return [
            {
                "number": row["id"],
                "recorded_at": row["recorded_at"],
                "withdrawn_at": row["withdrawn_at"],
                "basis": ledger.vault.open_basis(row["id"], bytes(row["sealed"])),
            }
            for row in await VaultConsent.select().order_by(VaultConsent.id)
        ]

    rows = with_ledger(read)
    if as_json:
        print_json({"consents": rows})
        return
    for row in rows:
        end = f" – {row['withdrawn_at']}" if row["withdrawn_at"] else ""
        click.echo(f"{row['number']}  {row['recorded_at']}{end}  {row['basis']}")


@consent.command("withdraw")
@click.argument("number", type=click.IntRange(1))
@json_option
def withdraw(number: int, as_json: bool) -> None:
    """Withdraw a consent: no page shows its names any more; they stay sealed until erased."""

    async def work(ledger: Ledger) -> bool:
        async with ledger.write() as writer:
            return await withdraw_consent(number, writer.now.strftime(INSTANT))

    withdrawn = with_ledger(work)
    if as_json:
        print_json({"number": number, "withdrawn": withdrawn})
    elif withdrawn:
        say("Consent {number} is withdrawn: its names are not shown any more.", number=number)
    else:
        say("Consent {number} was withdrawn before.", number=number)
