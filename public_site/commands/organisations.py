"""Provides `charity organisation` and `charity fund`."""

import click

from charity.organisations.registry import (
    OrganisationKind,
    add_fund,
    add_organisation,
    find_organisation,
)
from charity.organisations.tables import Organisation
from ledger.log import Ledger
from public_site.commands.charity_group import json_option, print_json, say, with_ledger


@click.group()
def organisation() -> None:
    """Register organisations and list them."""


@organisation.command("add")
@click.argument("code")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in OrganisationKind]),
    default=OrganisationKind.CHARITY.value,
    show_default=True,
)
@click.option("--district", help="District of Shenzhen, such as 福田区.")
@click.option(
    "--confirm-code", is_flag=True, help="The code was really issued with this check character."
)
@json_option
def add(
    code: str, name: str, kind: str, district: str | None, confirm_code: bool, as_json: bool
) -> None:
    """Register an organisation by its unified social credit code (统一社会信用代码)."""

    async def register(_: Ledger) -> bool:
        return await add_organisation(
            code, name, OrganisationKind(kind), district, confirm_code=confirm_code
        )

    added = with_ledger(register)
    if as_json:
        print_json({"code": code, "name": name, "added": added})
    elif added:
        say("Registered: {code} {name}", code=code, name=name)
    else:
        say("Registered already: {code} {name}", code=code, name=name)


@organisation.command("list")
@json_option
def list_organisations(as_json: bool) -> None:
    """List the registered organisations."""

    async def read(_: Ledger) -> list[dict[str, object]]:
        return await Organisation.select().order_by(Organisation.code)

    rows = with_ledger(read)
    if as_json:
        print_json({"organisations": rows})
        return
    for row in rows:
        click.echo(f"{row['code']}  {row['name']}")


@click.group()
def fund() -> None:
    """Register the funds of an organisation."""


@fund.command("add")
@click.argument("organisation_code")
@click.argument("code")
@click.argument("name")
@click.option("--restricted/--unrestricted", default=True, show_default=True)
@click.option("--purpose", help="What the donors of a restricted fund gave for.")
def add_fund_command(
    organisation_code: str, code: str, name: str, restricted: bool, purpose: str | None
) -> None:
    """Register a fund, such as: charity fund add CODE study-aid 助学基金."""

    async def register(_: Ledger) -> None:
        found = await find_organisation(organisation_code)
        await add_fund(found.code, code, name, restricted=restricted, purpose=purpose)

    with_ledger(register)
    say("Registered: {code} {name}", code=code, name=name)
