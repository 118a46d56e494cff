"""Provides `charity person`: inviting people, ending roles, disabling accounts, the access log."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from charity.people.access_log import prune_acts, record_act
from charity.people.invitations import (
    InvitationView,
    find_invitation,
    invite,
    open_invitations,
)
from charity.people.letters import invitation_letter, written
from charity.people.mail import Mail
from charity.people.memberships import (
    DISABLED,
    PersonView,
    checked_standing,
    disable_person,
    enable_person,
    end_role,
    known_person,
    people,
    reset_second_factor,
)
from charity.people.roles import Role
from charity.people.second_factor import STEP_SECONDS, code_at, secret_of, step_of
from charity.people.sessions import ACTIVE
from charity.people.tables import Person
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Message, Refused
from ledger.signing.keys import read_vault_key
from ledger.vault.envelopes import Envelopes
from public_site.commands.charity_group import (
    REFUSED,
    harmless,
    json_option,
    print_json,
    read_settings,
    say,
    text,
    with_ledger,
)
from public_site.settings import Language, Settings
from public_site.translations import translator

Result = TypeVar("Result")
STATES = {ACTIVE: Message("active"), DISABLED: Message("disabled")}


@click.group()
def person() -> None:
    """Invite people, end their roles, disable accounts."""


def _mail(settings: Settings) -> Mail:
    """Return the mail; a wrong address is said before anything is done."""
    return Mail(settings.smtp, settings.mail_from)


def _change(work: Callable[[Ledger], Awaitable[Result]]) -> Result:
    """Do a piece of work in one transaction of the installation's database."""

    async def change(ledger: Ledger) -> Result:
        async with write_transaction(ledger.engine):
            return await work(ledger)

    return with_ledger(change)


async def _record(ledger: Ledger, act: str, subject: str, organisation: str | None = None) -> None:
    """Record what was done on the command line, where nobody is signed in."""
    await record_act(
        at=ledger.clock(), person=None, act=act, organisation=organisation, subject=subject
    )


def _link(origin: str, language: Language, token: str) -> str:
    from public_site.rendering import LOCAL_HOST, page_path  # noqa: PLC0415 (the web framework takes a second)

    scheme = "http" if LOCAL_HOST.fullmatch(origin) else "https"
    return f"{scheme}://{origin}{page_path(language, 'invitation', secret=token)}"


role_option = click.option(
    "--role", required=True, type=click.Choice([role.value for role in Role]), help="What for."
)
organisation_option = click.option(
    "--org", "organisation", help="Credit code, for a maker or checker."
)


@person.command("invite")
@click.argument("email")
@role_option
@organisation_option
@click.option("--name", default="", help="As colleagues know the person; may be changed later.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@json_option
def invite_command(
    email: str, role: str, organisation: str | None, name: str, language: Language, as_json: bool
) -> None:
    """Invite somebody to a role: prints the link, and sends it if CHARITY_SMTP is set.

    The first bureau officer of an installation is invited so; all others may be invited on the
    site's own pages.
    """
    mail = _mail(read_settings())

    async def work(ledger: Ledger) -> tuple[str, str, Refused | None]:
        now = ledger.clock()
        async with write_transaction(ledger.engine):
            token = await invite(
                email=email,
                name=name,
                role=Role(role),
                organisation=organisation,
                language=language,
                invited_by=None,
                now=now,
            )
            await _record(ledger, "person.invite", role, organisation)
        view = await find_invitation(token, now)
        if view is None:
            raise RuntimeError("an invitation that was just made is not there")
        link = _link(ledger.origin, language, token)
        order: tuple[Language, Language] = ("zh", "en") if language == "zh" else ("en", "zh")
        letter = written(invitation_letter(view, link), [translator(each) for each in order])
        try:
            sent = await mail.send(view.email, *letter)
        except Refused as refusal:
            return link, "failed", refusal
        return link, "sent" if sent else "not_set_up", None

    link, sending, refusal = with_ledger(work)
    if as_json:
        print_json({"link": link, "mail": sending})
        if refusal is not None:
            click.get_current_context().exit(REFUSED)
        return
    say("The invitation is good for seven days:")
    click.echo(link)
    if refusal is not None:
        raise refusal
    if sending == "sent":
        say("It was sent by mail.")
    else:
        say("No mail was sent: CHARITY_SMTP is not set. Hand the link over yourself.")


def _as_json(view: PersonView) -> dict[str, Any]:
    return {
        "email": view.email,
        "name": view.name,
        "state": view.state,
        "second_factor": view.has_second_factor,
        "roles": [
            {"role": standing.role.value, "organisation": standing.organisation}
            for standing in view.standings
        ],
    }


def _invitation_as_json(view: InvitationView) -> dict[str, Any]:
    return {
        "email": view.email,
        "name": view.name,
        "role": view.role.value,
        "organisation": view.organisation,
        "expires_at": view.expires_at,
    }


@person.command("list")
@json_option
def list_people(as_json: bool) -> None:
    """List the people with their roles, and the open invitations."""

    async def read(ledger: Ledger) -> tuple[list[PersonView], list[InvitationView]]:
        return await people(), await open_invitations(ledger.clock())

    views, invitations = with_ledger(read)
    if as_json:
        print_json(
            {
                "people": [_as_json(view) for view in views],
                "invitations": [_invitation_as_json(each) for each in invitations],
            }
        )
        return
    if not views and not invitations:
        say("There is nobody yet. Invite the first: charity person invite EMAIL --role …")
    for view in views:
        roles = ", ".join(
            standing.role.value + (f" {standing.organisation}" if standing.organisation else "")
            for standing in view.standings
        )
        state = text(STATES[view.state])
        click.echo(harmless(f"{view.email}  {view.name}  {state}  {roles}"))
    for each in invitations:
        state = text(Message("invited until {day}", day=each.expires_at[:10]))
        role = f"{each.role.value} {each.organisation or ''}".rstrip()
        click.echo(harmless(f"{each.email}  {each.name or '–'}  {state}  {role}"))


@person.command("end")
@click.argument("email")
@role_option
@organisation_option
@json_option
def end_command(email: str, role: str, organisation: str | None, as_json: bool) -> None:
    """End a role at once, with the person's sessions and tokens."""

    async def work(ledger: Ledger) -> bool:
        found = await known_person(email)
        standing = await checked_standing(Role(role), organisation)
        ended = await end_role(found.id, standing, None, ledger.clock())
        if ended:
            await _record(ledger, "role.end", found.id, standing.organisation)
        return ended

    ended = _change(work)
    if as_json:
        print_json({"ended": ended})
    elif ended:
        say("The role is ended, and with it all open sessions.")
    else:
        say("The person does not hold this role; nothing was changed.")


@person.command("disable")
@click.argument("email")
@json_option
def disable_command(email: str, as_json: bool) -> None:
    """Let somebody sign in no more, at once."""

    async def work(ledger: Ledger) -> bool:
        found = await known_person(email)
        disabled = await disable_person(found.id, ledger.clock())
        await _record(ledger, "person.disable", found.id)
        return disabled

    disabled = _change(work)
    if as_json:
        print_json({"disabled": disabled})
    elif disabled:
        say("Nobody signs in with this account any more; its sessions and tokens are ended.")
    else:
        say("This account was disabled before.")


@person.command("enable")
@click.argument("email")
@json_option
def enable_command(email: str, as_json: bool) -> None:
    """Let somebody sign in again who was disabled."""

    async def work(ledger: Ledger) -> bool:
        found = await known_person(email)
        enabled = await enable_person(found.id)
        await _record(ledger, "person.enable", found.id)
        return enabled

    enabled = _change(work)
    if as_json:
        print_json({"enabled": enabled})
    elif enabled:
        say("This account may sign in again.")
    else:
        say("This account was not disabled.")


@person.command("reset-second-factor")
@click.argument("email")
@json_option
def reset_command(email: str, as_json: bool) -> None:
    """Take a lost second factor away; the person sets another up at the next sign-in.

    Make sure first, by a call or face to face, that it is really the person who asks.
    """

    async def work(ledger: Ledger) -> None:
        found = await known_person(email)
        await reset_second_factor(found.id, ledger.clock())
        await _record(ledger, "second_factor.reset", found.id)

    _change(work)
    if as_json:
        print_json({"reset": True})
    else:
        say("The second step is gone, all sessions are ended. The next sign-in sets up another.")


@person.command("prune-access-log")
@json_option
def prune_command(as_json: bool) -> None:
    """Delete acts from the access log that are older than five years."""

    async def work(ledger: Ledger) -> int:
        return await prune_acts(ledger.clock())

    gone = _change(work)
    if as_json:
        print_json({"deleted": gone})
    else:
        say("{count} acts were older than five years and are deleted.", count=gone)


@person.command("code")
@click.argument("email")
@json_option
def code_command(email: str, as_json: bool) -> None:
    """Print the present six figures of an invented person (only for sample data)."""

    async def work(ledger: Ledger) -> str:
        if not ledger.sample:
            raise Refused("Codes are only told for invented people: this is a real ledger.")
        found = await known_person(email)
        secret = await secret_of(Envelopes(read_vault_key(read_settings().home)), found.id)
        if secret is None:
            raise Refused("This person has no second step; the password is enough.")
        row = await Person.select(Person.second_factor_step).where(Person.id == found.id).first()
        used = row["second_factor_step"] if row is not None else None
        # A code is taken once only: the next one is valid already.
        return code_at(secret, max(step_of(ledger.clock()), (used or 0) + 1))

    code = with_ledger(work)
    if as_json:
        print_json({"code": code, "seconds": STEP_SECONDS})
    else:
        click.echo(code)
