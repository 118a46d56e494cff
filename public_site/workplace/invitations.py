"""Provides the page that an invitation leads to: a new account, or a new role of an old one."""

from typing import Final

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from charity.people.invitations import (
    InvitationView,
    accept_as,
    accept_invitation,
    find_invitation,
)
from charity.people.memberships import person_of
from charity.people.roles import ROLE_NAMES, SECOND_FACTOR_ROLES, Permission
from charity.people.sessions import start_session
from ledger.database.engines import write_transaction
from ledger.messages import Message, Refused
from public_site.languages import language_of
from public_site.rendering import SiteRequest
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.form_fields import read_fields
from public_site.workplace.role_words import ROLE_TEXTS
from public_site.workplace.routing import (
    SecondFactorNeeded,
    see_other,
    workplace,
    workplace_action,
    workplace_page,
)
from public_site.workplace.signing_in import DIFFERENT, PASSWORD_RULE
from public_site.workplace.visiting import actor_if_any, now, session_cookie

UNPROCESSABLE: Final = 422


async def _open_invitation(secret: str) -> InvitationView:
    """Return the invitation of a link.

    Raises:
        Refused: there is none, or it can no longer be accepted.
    """
    view = await find_invitation(secret, now())
    if view is None:
        raise Refused(
            "There is no such invitation. Copy the whole link out of the mail, up to its end."
        )
    if view.problem is not None:
        raise Refused(view.problem.template, **view.problem.values)
    return view


@workplace_page("/{language:str}/workplace/invitations/{secret:str}", permission=Permission.SIGN_IN)
async def invitation_page(
    request: SiteRequest, language: FromPath[str], secret: FromPath[str]
) -> Response[str]:
    """Show what somebody is invited to, and ask for what is still missing.

    Raises:
        Refused: there is no such invitation, or it is over.
        SecondFactorNeeded: whoever is signed in has not proved it yet.
    """
    view = await _open_invitation(secret)
    if view.has_account and request.scope["state"]["second_factor_due"]:
        raise SecondFactorNeeded
    return await _shown(request, language, view)


async def _shown(
    request: SiteRequest,
    language: str,
    view: InvitationView,
    *,
    name: str = "",
    problem: tuple[str, Message] | None = None,
) -> Response[str]:
    translate = translator(language_of(language))
    actor = actor_if_any(request)
    signed_in = await person_of(actor.person) if actor is not None else None
    context = {
        "email": view.email,
        "name": name or view.name,
        "known": view.has_account,
        "is_this_person": signed_in is not None and signed_in.email == view.email,
        "here": request.url.path,
        "invited_as": _invited_as(view).text(translate),
        "role_text": ROLE_TEXTS[view.role].text(translate),
        "needs_second_factor": view.role in SECOND_FACTOR_ROLES,
        "password_rule": PASSWORD_RULE.text(translate),
        "errors": {problem[0]: problem[1].text(translate)} if problem else {},
    }
    status = UNPROCESSABLE if problem else 200
    return await workplace(request, language, "workplace/invitation.html", context, status=status)


def _invited_as(view: InvitationView) -> Message:
    role = ROLE_NAMES[view.role]
    if view.organisation_name is None:
        return Message("You are invited as {role}.", role=role)
    return Message(
        "You are invited as {role} of {organisation}.",
        role=role,
        organisation=view.organisation_name,
    )


@workplace_action(
    "/{language:str}/workplace/invitations/{secret:str}",
    permission=Permission.SIGN_IN,
    act="invitation.accept",
)
async def accept(
    request: SiteRequest, language: FromPath[str], secret: FromPath[str]
) -> Response[str] | Redirect:
    """Accept: whoever is new gets an account and is signed in, others get the role.

    Raises:
        Refused: there is no such invitation, it is over, or it is for somebody else.
    """
    view = await _open_invitation(secret)
    note_act(request, organisation=view.organisation, subject=view.role.value)
    if view.has_account:
        return await _accepted_by_known(request, language, secret)
    fields = await read_fields(request, "name", "password", "again")
    if fields["password"] != fields["again"]:
        return await _shown(
            request, language, view, name=fields["name"], problem=("again", DIFFERENT)
        )
    engine = request.app.state.ledger.engine
    try:
        person = await accept_invitation(
            engine,
            secret,
            fields["name"],
            fields["password"],
            now(),
            language=language_of(language),
        )
    except Refused as refusal:
        field = "password" if fields["name"].strip() else "name"
        return await _shown(
            request, language, view, name=fields["name"], problem=(field, refusal.message)
        )
    note_act(request, person=person)
    async with write_transaction(engine):
        token = await start_session(person, request.headers.get("user-agent", ""), now())
    response = see_other(language, "workplace")
    response.set_cookie(session_cookie(request, token))
    return response


async def _accepted_by_known(request: SiteRequest, language: str, secret: str) -> Redirect:
    """Give the role to the person who is signed in; the second factor was asked for, if any.

    Raises:
        Refused: nobody is signed in, or somebody else.
        SecondFactorNeeded: it was not proved yet.
    """
    actor = actor_if_any(request)
    if actor is None:
        raise Refused("You have an account already: sign in, then open this link again.")
    if request.scope["state"]["second_factor_due"]:
        raise SecondFactorNeeded
    await accept_as(
        request.app.state.ledger.engine,
        secret,
        actor.person,
        now(),
    )
    return see_other(language, "workplace")


ROUTES = (invitation_page, accept)
