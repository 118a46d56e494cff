"""Provides `charity project` and `charity campaign`."""

from datetime import date
from typing import Any

import click

from charity.organisations.registry import find_organisation
from charity.projects.registry import add_campaign, add_project, campaigns_of
from charity.reporting.cells import Unreadable, amount_fen, yuan_text
from ledger.accounts import GENERAL_FUND
from ledger.log import Ledger
from ledger.messages import WrongUse
from public_site.commands.charity_group import harmless, json_option, print_json, say, with_ledger


def _fen(text: str | None) -> int | None:
    """Return an amount in yuan as fen.

    Raises:
        WrongUse: it is no amount.
    """
    if text is None:
        return None
    try:
        return amount_fen(text)
    except Unreadable as error:
        raise WrongUse(
            "“{found}” is not an amount. Write it in digits, such as 1,234.50.", found=text
        ) from error


def _day(text: str) -> date:
    """Return an ISO day.

    Raises:
        WrongUse: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongUse("“{found}” is no day. Write it like this: 2026-01-31", found=text) from error


@click.group()
def project() -> None:
    """Register the projects of an organisation, which spend its money."""


@project.command("add")
@click.argument("organisation_code")
@click.argument("code")
@click.argument("name")
@click.option(
    "--fund",
    default=GENERAL_FUND,
    show_default=True,
    help="Code of the fund whose money it spends.",
)
@click.option("--budget", help="In yuan, such as 120,000.")
def add(organisation_code: str, code: str, name: str, fund: str, budget: str | None) -> None:
    """Register a project, such as: charity project add CODE books 山村图书 --fund study-aid."""
    budget_fen = _fen(budget)

    async def register(_: Ledger) -> bool:
        found = await find_organisation(organisation_code)
        return await add_project(found.code, code, name, fund, budget_fen)

    if with_ledger(register):
        say("Registered: {code} {name}", code=code, name=name)
    else:
        say("Registered already: {code} {name}", code=code, name=name)


@click.group()
def campaign() -> None:
    """Register the fundraising campaigns of an organisation and list them."""


@campaign.command("add")
@click.argument("organisation_code")
@click.argument("name")
@click.option("--fund", required=True, help="Code of the fund that the gifts go into.")
@click.option("--from", "first", required=True, help="First day, such as 2026-01-31.")
@click.option("--until", "last", required=True, help="Last day.")
@click.option("--target", help="What it asks for in all, in yuan, such as 120,000.")
@click.option("--filing", help="Number under which the civil affairs authority has it on file.")
def add_campaign_command(
    organisation_code: str,
    name: str,
    fund: str,
    first: str,
    last: str,
    target: str | None,
    filing: str | None,
) -> None:
    """Register a campaign: its days tell what is due, its target what gifts are unusual."""
    days, target_fen = (_day(first), _day(last)), _fen(target)

    async def register(_: Ledger) -> bool:
        found = await find_organisation(organisation_code)
        return await add_campaign(found.code, name, fund, days, target_fen, filing)

    if with_ledger(register):
        say("Registered: {name}", name=name)
    else:
        say("Registered already: {name}", name=name)


@campaign.command("list")
@click.argument("organisation_code")
@json_option
def list_campaigns(organisation_code: str, as_json: bool) -> None:
    """List the campaigns of an organisation, the earliest first; in JSON, targets are in fen."""

    async def read(_: Ledger) -> list[dict[str, Any]]:
        return await campaigns_of((await find_organisation(organisation_code)).code)

    rows = with_ledger(read)
    if as_json:
        print_json({"campaigns": rows})
        return
    if not rows:
        say("No campaign is registered. Register one: charity campaign add …")
    for row in rows:
        target = "–" if row["target"] is None else f"¥{yuan_text(row['target'])}"
        words = (row["starts"], row["ends"], row["fund"], target, row["filing_number"], row["name"])
        click.echo(harmless("  ".join(word or "–" for word in words)))
