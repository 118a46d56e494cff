"""Provides `charity token make`, `list` and `revoke`, for installations without a browser."""

from datetime import UTC, datetime, timedelta

import click

from charity.organisations.registry import find_organisation
from charity.people.access_log import record_act
from charity.people.particulars import normal_email
from charity.people.tables import Person
from charity.people.tokens import Scope, TokenView, make_token, revoke_token, tokens_of
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import WrongUse
from public_site.commands.charity_group import json_option, print_json, say, with_ledger

SCOPES = [scope.value for scope in Scope]
DAYS = 90
DAYS_MAX = 366
organisation_option = click.option(
    "--org", "code", required=True, help="Credit code of the organisation."
)


@click.group()
def token() -> None:
    """Make, list and revoke the tokens by which programs use the API."""


@token.command("make")
@click.argument("name")
@organisation_option
@click.option("--maker", required=True, help="E-mail of the maker for whom the program acts.")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, default=SCOPES, show_default=True
)
@click.option(
    "--days", type=click.IntRange(1, DAYS_MAX), default=DAYS, show_default=True, help="It lasts."
)
@json_option
def make(
    name: str, code: str, maker: str, scopes: tuple[str, ...], days: int, as_json: bool
) -> None:
    """Make a token; it is shown only this once."""
    now = datetime.now(UTC)
    expires = now + timedelta(days=days)

    async def work(ledger: Ledger) -> tuple[str, str]:
        found = await find_organisation(code)
        person = await _person(maker)
        async with write_transaction(ledger.engine):
            made = await make_token(
                person, found.code, name, [Scope(scope) for scope in scopes], expires, now
            )
            await record_act(
                at=now, person=person, act="token.make", organisation=found.code, subject=made[0]
            )
        return made

    token_id, secret = with_ledger(work)
    if as_json:
        print_json({"id": token_id, "token": secret, "expires_at": expires.isoformat()})
        return
    click.echo(secret)
    say("Keep it like a password: it is not shown again. It ends on {day}.", day=expires.date())


async def _person(email: str) -> str:
    """Return the id of the person with this e-mail.

    Raises:
        WrongUse: there is none.
    """
    row = await Person.select(Person.id).where(Person.email == normal_email(email)).first()
    if row is None:
        raise WrongUse("Nobody has the e-mail {email} here.", email=email)
    return str(row["id"])


@token.command("list")
@organisation_option
@json_option
def list_tokens(code: str, as_json: bool) -> None:
    """List the tokens of an organisation; the tokens themselves are kept nowhere."""

    async def read(_: Ledger) -> list[TokenView]:
        return await tokens_of((await find_organisation(code)).code)

    now = datetime.now(UTC)
    found = with_ledger(read)
    if as_json:
        print_json({"tokens": [_as_json(one, now) for one in found]})
        return
    if not found:
        say("There is no token yet.")
    for one in found:
        mark = "✓" if one.is_open(now) else "✗"
        columns = (one.name, " ".join(one.scopes), one.expires_at[:10], one.used_at or "-")
        click.echo("  ".join((f"{mark} {one.id}", *columns)))


def _as_json(one: TokenView, now: datetime) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "scopes": list(one.scopes),
        "made_at": one.made_at,
        "expires_at": one.expires_at,
        "used_at": one.used_at,
        "revoked_at": one.revoked_at,
        "open": one.is_open(now),
    }


@token.command("revoke")
@click.argument("token_id")
@organisation_option
def revoke(token_id: str, code: str) -> None:
    """Revoke a token by its id, from now on and for good."""
    now = datetime.now(UTC)

    async def work(ledger: Ledger) -> bool:
        found = await find_organisation(code)
        async with write_transaction(ledger.engine):
            revoked = await revoke_token(found.code, token_id, now)
            await record_act(
                at=now,
                person=None,
                act="token.revoke",
                organisation=found.code,
                subject=token_id,
                outcome="done" if revoked else "refused",
            )
        return revoked

    if not with_ledger(work):
        raise WrongUse("This organisation has no open token {token}.", token=token_id)
    say("Revoked: {token}", token=token_id)
