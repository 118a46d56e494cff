"""Provides the page of people: who has which role, invitations, and what an officer can mend."""

from collections.abc import Awaitable, Callable
from typing import Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from charity.organisations.tables import Organisation
from charity.people import memberships
from charity.people.invitations import (
    find_invitation,
    invite,
    open_invitations,
    withdraw_invitation,
)
from charity.people.letters import invitation_letter, written
from charity.people.memberships import PersonView, person_of
from charity.people.roles import ORGANISATION_ROLES, ROLE_NAMES, Permission, Role, Standing
from charity.people.sessions import moment_of
from ledger.database.engines import write_transaction
from ledger.messages import Message, Refused, Translate
from public_site.languages import language_of
from public_site.rendering import LANGUAGES, SiteRequest, address_for_letters, page_path
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.form_fields import read_fields
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page
from public_site.workplace.signing_in import DoneWord, letter_languages
from public_site.workplace.visiting import actor_of_request, now

UNPROCESSABLE: Final = 422
FORM_FIELDS: Final = ("name", "email", "role", "organisation", "language")
EMPTY_FORM: Final = {"name": "", "email": "", "role": "maker", "organisation": "", "language": "zh"}
DONE_TEXTS: Final = {
    "invited": Message("The invitation is on its way."),
    "withdrawn": Message("The invitation is withdrawn."),
    "role_ended": Message("The role is ended; the person is signed out everywhere."),
    "disabled": Message("The account is disabled; the person is signed out everywhere."),
    "enabled": Message("The account is enabled again."),
    "reset": Message("The second step is reset. At the next sign-in it is set up anew."),
}


@workplace_page("/{language:str}/workplace/people", permission=Permission.MANAGE_PEOPLE)
async def people(
    request: SiteRequest, language: FromPath[str], done: DoneWord = ""
) -> Response[str]:
    """Show all people by organisation, and open invitations."""
    return await _shown(request, language, done=DONE_TEXTS.get(done))


async def _shown(
    request: SiteRequest,
    language: str,
    *,
    form: dict[str, str] | None = None,
    done: Message | None = None,
    problem: tuple[str, Message] | None = None,
) -> Response[str]:
    translate = translator(language_of(language))
    names = await _organisation_names()
    context = {
        "form": form or EMPTY_FORM,
        "role_options": [
            (role.value, label.text(translate).capitalize()) for role, label in ROLE_NAMES.items()
        ],
        "organisation_options": [
            ("", Message("– whole platform –").text(translate)),
            *names.items(),
        ],
        "invitations": await _invitations(translate),
        "groups": await _groups(names, actor_of_request(request).person, translate),
        "done": done.text(translate) if done else "",
        "errors": {problem[0]: problem[1].text(translate)} if problem else {},
    }
    status = UNPROCESSABLE if problem else 200
    return await workplace(
        request, language, "workplace/people.html", context, section="people", status=status
    )


async def _organisation_names() -> dict[str, str]:
    rows = await Organisation.select(Organisation.code, Organisation.name).order_by(
        Organisation.name
    )
    return {row["code"]: row["name"] for row in rows}


async def _invitations(translate: Translate) -> list[dict[str, object]]:
    return [
        {
            "id": invitation.id,
            "name": invitation.name or invitation.email,
            "email": invitation.email,
            "role_label": ROLE_NAMES[invitation.role].text(translate),
            "organisation_name": invitation.organisation_name,
            "expires_at": moment_of(invitation.expires_at),
        }
        for invitation in await open_invitations(now())
    ]


async def _groups(names: dict[str, str], own: str, translate: Translate) -> list[dict[str, object]]:
    """Return the people of the platform, of each organisation, and those without a role."""
    everybody = await memberships.people()
    groups: list[dict[str, object]] = []
    for code in (None, *names):
        members = [
            _person(person, code, own, translate)
            for person in everybody
            if any(standing.organisation == code for standing in person.standings)
        ]
        if members:
            groups.append({"code": code or "", "name": names.get(code or ""), "people": members})
    rest = [_person(person, None, own, translate) for person in everybody if not person.standings]
    if rest:
        name = Message("Without a role").text(translate)
        groups.append({"code": " ", "name": name, "people": rest})
    return groups


def _person(
    person: PersonView, organisation: str | None, own: str, translate: Translate
) -> dict[str, object]:
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "is_active": person.is_active,
        "is_self": person.id == own,
        "has_second_factor": person.has_second_factor,
        "roles": [
            {"role": standing.role.value, "label": ROLE_NAMES[standing.role].text(translate)}
            for standing in person.standings
            if standing.organisation == organisation
        ],
    }


@workplace_action(
    "/{language:str}/workplace/people/invite",
    permission=Permission.MANAGE_PEOPLE,
    act="person.invite",
)
async def invite_person(request: SiteRequest, language: FromPath[str]) -> Response[str] | Redirect:
    """Invite somebody by mail; where none can be sent, show the link once."""
    form = await read_fields(request, *FORM_FIELDS)
    engine = request.app.state.ledger.engine
    role = next((role for role in Role if role.value == form["role"]), None)
    if role is None:
        problem = ("role", Message("Choose one of the roles."))
        return await _shown(request, language, form=form, problem=problem)
    organisation = form["organisation"] or None
    try:
        async with write_transaction(engine):
            secret = await invite(
                email=form["email"],
                name=form["name"],
                role=role,
                organisation=organisation,
                language=form["language"] if form["language"] in LANGUAGES else "zh",
                invited_by=actor_of_request(request).person,
                now=now(),
            )
    except Refused as refusal:
        field = _field_of(role, organisation, refusal)
        return await _shown(request, language, form=form, problem=(field, refusal.message))
    note_act(request, organisation=organisation, subject=role.value)
    return await _invited(request, language, secret)


def _field_of(role: Role, organisation: str | None, refusal: Refused) -> str:
    """Return the field that a refusal is about."""
    if (role in ORGANISATION_ROLES) != (organisation is not None):
        return "organisation"
    return "name" if "name has" in refusal.message.template else "email"


async def _invited(request: SiteRequest, language: str, secret: str) -> Response[str] | Redirect:
    """Send the letter; without a mail server, or when it fails, show its link this once."""
    invitation = await find_invitation(secret, now())
    if invitation is None:
        raise NotFoundException
    first = language_of(invitation.language)
    link = address_for_letters(request) + page_path(first, "invitation", secret=secret)
    subject, text = written(invitation_letter(invitation, link), letter_languages(first))
    problem = None
    try:
        if await request.app.state.mail.send(invitation.email, subject, text):
            return see_other(language, "people", done="invited")
    except Refused as refusal:
        problem = refusal.message.text(translator(language_of(language)))
    context = {
        "link": link,
        "email": invitation.email,
        "invited_name": invitation.name,
        "problem": problem,
    }
    return await workplace(request, language, "workplace/invited.html", context, section="people")


@workplace_action(
    "/{language:str}/workplace/people/invitations/{invitation:str}/withdraw",
    permission=Permission.MANAGE_PEOPLE,
    act="invitation.withdraw",
)
async def withdraw(
    request: SiteRequest, language: FromPath[str], invitation: FromPath[str]
) -> Redirect:
    """Withdraw an invitation that was not accepted yet.

    Raises:
        NotFoundException: there is none any more.
    """
    async with write_transaction(request.app.state.ledger.engine):
        withdrawn = await withdraw_invitation(invitation, now())
    if not withdrawn:
        raise NotFoundException
    return see_other(language, "people", done="withdrawn")


@workplace_action(
    "/{language:str}/workplace/people/{person:str}/end-role",
    permission=Permission.MANAGE_PEOPLE,
    act="role.end",
)
async def end_role(
    request: SiteRequest, language: FromPath[str], person: FromPath[str]
) -> Redirect:
    """End one role of somebody else, at once.

    Raises:
        NotFoundException: the person does not hold it.
    """
    fields = await read_fields(request, "role", "organisation")
    organisation = fields["organisation"] or None
    role = next((role for role in Role if role.value == fields["role"]), None)
    officer = actor_of_request(request).person

    async def end(found: PersonView) -> bool:
        return role is not None and await memberships.end_role(
            found.id, Standing(role, organisation), officer, now()
        )

    note_act(request, subject=f"{person} {role.value if role else ''}".strip())
    await _for_other(request, person, end)
    note_act(request, organisation=organisation)
    return see_other(language, "people", done="role_ended")


@workplace_action(
    "/{language:str}/workplace/people/{person:str}/disable",
    permission=Permission.MANAGE_PEOPLE,
    act="person.disable",
)
async def disable(request: SiteRequest, language: FromPath[str], person: FromPath[str]) -> Redirect:
    """Let somebody sign in no more, and sign the person out everywhere."""
    await _for_other(request, person, lambda found: memberships.disable_person(found.id, now()))
    return see_other(language, "people", done="disabled")


@workplace_action(
    "/{language:str}/workplace/people/{person:str}/enable",
    permission=Permission.MANAGE_PEOPLE,
    act="person.enable",
)
async def enable(request: SiteRequest, language: FromPath[str], person: FromPath[str]) -> Redirect:
    """Let somebody sign in again."""
    await _for_other(request, person, lambda found: memberships.enable_person(found.id))
    return see_other(language, "people", done="enabled")


@workplace_action(
    "/{language:str}/workplace/people/{person:str}/reset-second-factor",
    permission=Permission.MANAGE_PEOPLE,
    act="second_factor.reset",
)
async def reset_second_factor(
    request: SiteRequest, language: FromPath[str], person: FromPath[str]
) -> Redirect:
    """Take a lost second factor away; the person sets up another when signing in."""

    async def reset(found: PersonView) -> bool:
        await memberships.reset_second_factor(found.id, now())
        return True

    await _for_other(request, person, reset)
    return see_other(language, "people", done="reset")


async def _for_other(
    request: SiteRequest, person: str, change: Callable[[PersonView], Awaitable[bool]]
) -> None:
    """Change something of another person, in one transaction.

    Raises:
        NotFoundException: there is no such person, or nothing to change.
        Refused: it is one's own account.
    """
    if person == actor_of_request(request).person:
        raise Refused(
            "Nobody changes the own roles or account here: ask another bureau officer, so that"
            " two people know of it."
        )
    async with write_transaction(request.app.state.ledger.engine):
        found = await person_of(person)
        changed = found is not None and await change(found)
    if not changed:
        raise NotFoundException


ROUTES = (
    people,
    invite_person,
    withdraw,
    end_role,
    disable,
    enable,
    reset_second_factor,
)
