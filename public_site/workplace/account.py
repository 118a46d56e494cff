"""Provides the page of one's own account: name, password, second factor, sessions, roles."""

from typing import Final

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from charity.organisations.tables import Organisation
from charity.people.memberships import person_of
from charity.people.new_passwords import change_password
from charity.people.particulars import parse_name
from charity.people.recovery_codes import codes_left, new_codes
from charity.people.roles import ROLE_NAMES, Permission
from charity.people.second_factor import has_second_factor
from charity.people.sessions import moment_of, own_sessions, revoke_session
from charity.people.tables import Person
from ledger.database.engines import write_transaction
from ledger.messages import Message, Refused, Translate
from public_site.languages import language_of
from public_site.rendering import LANGUAGES, SiteRequest
from public_site.translations import translator
from public_site.workplace.form_fields import read_fields
from public_site.workplace.own_password import own_password_problem
from public_site.workplace.routing import (
    SignInNeeded,
    see_other,
    workplace,
    workplace_action,
    workplace_page,
)
from public_site.workplace.second_factor import codes_shown
from public_site.workplace.signing_in import DIFFERENT, PASSWORD_RULE, DoneWord
from public_site.workplace.visiting import (
    actor_of_request,
    client_address,
    now,
    session_cookie,
)

UNPROCESSABLE: Final = 422
DONE_TEXTS: Final = {
    "details": Message("Saved."),
    "password": Message(
        "Your password is changed. Wherever else you were signed in, you are no longer."
    ),
    "session": Message("That session is ended."),
}
BROWSERS: Final = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
"""What a browser calls itself, and what people call it; the first that fits."""


def browser_words(user_agent: str) -> str:
    """Return what people call a browser and its system, such as “Firefox, Windows”."""
    found = (
        next((name for mark, name in known if mark in user_agent), "")
        for known in (BROWSERS, SYSTEMS)
    )
    return ", ".join(filter(None, found)) or user_agent[:40]


@workplace_page("/{language:str}/workplace/account", permission=Permission.OWN_ACCOUNT)
async def account(
    request: SiteRequest, language: FromPath[str], done: DoneWord = ""
) -> Response[str]:
    """Show one's own account."""
    return await _shown(request, language, done=DONE_TEXTS.get(done))


async def _shown(
    request: SiteRequest,
    language: str,
    *,
    done: Message | None = None,
    problem: tuple[str, Message] | None = None,
) -> Response[str]:
    actor = actor_of_request(request)
    translate = translator(language_of(language))
    person = await person_of(actor.person)
    if person is None:
        raise SignInNeeded
    context = {
        "email": person.email,
        "person_name": person.name,
        "person_language": person.language,
        "roles": await _own_roles(request, translate),
        "has_second_factor": await has_second_factor(actor.person),
        "codes_left": await codes_left(actor.person),
        "sessions": [
            {
                "id": session.id,
                "browser": browser_words(session.browser),
                "made_at": moment_of(session.made_at),
                "seen_at": moment_of(session.seen_at),
                "is_this": session.id == actor.session,
            }
            for session in await own_sessions(actor.person, now())
        ],
        "password_rule": PASSWORD_RULE.text(translate),
        "done": done.text(translate) if done else "",
        "errors": {problem[0]: problem[1].text(translate)} if problem else {},
    }
    status = UNPROCESSABLE if problem else 200
    return await workplace(
        request, language, "workplace/account.html", context, section="account", status=status
    )


async def _own_roles(request: SiteRequest, translate: Translate) -> list[dict[str, str]]:
    standings = sorted(
        actor_of_request(request).standings,
        key=lambda standing: (standing.organisation or "", standing.role),
    )
    codes = [standing.organisation for standing in standings if standing.organisation]
    rows = await Organisation.select().where(Organisation.code.is_in(codes)) if codes else []
    names = {row["code"]: row["name"] for row in rows}
    return [
        {
            "label": ROLE_NAMES[standing.role].text(translate),
            "organisation": names.get(standing.organisation or "", standing.organisation or ""),
        }
        for standing in standings
    ]


@workplace_action(
    "/{language:str}/workplace/account/details",
    permission=Permission.OWN_ACCOUNT,
    act="account.change",
)
async def change_details(request: SiteRequest, language: FromPath[str]) -> Response[str] | Redirect:
    """Save one's own name and the language of mail."""
    fields = await read_fields(request, "name", "language")
    try:
        name = parse_name(fields["name"])
    except Refused as refusal:
        return await _shown(request, language, problem=("name", refusal.message))
    chosen = fields["language"] if fields["language"] in LANGUAGES else "zh"
    async with write_transaction(request.app.state.ledger.engine):
        await Person.update({Person.name: name, Person.language: chosen}).where(
            Person.id == actor_of_request(request).person
        )
    return see_other(language, "account", done="details")


@workplace_action(
    "/{language:str}/workplace/account/password",
    permission=Permission.OWN_ACCOUNT,
    act="password.change",
)
async def change_own_password(
    request: SiteRequest, language: FromPath[str]
) -> Response[str] | Redirect:
    """Change the password; all other sessions end, this one goes on under another token."""
    fields = await read_fields(request, "present", "password", "again")
    if fields["password"] != fields["again"]:
        return await _shown(request, language, problem=("again", DIFFERENT))
    state = request.app.state
    try:
        result = await change_password(
            state.ledger.engine,
            state.envelopes,
            actor_of_request(request),
            fields["present"],
            fields["password"],
            client_address(request),
            now(),
        )
    except Refused as refusal:
        return await _shown(request, language, problem=("password", refusal.message))
    if result.refusal is not None:
        return await _shown(request, language, problem=("present", result.refusal))
    if result.token is None:
        raise SignInNeeded
    response = see_other(language, "account", done="password")
    response.set_cookie(session_cookie(request, result.token))
    return response


@workplace_action(
    "/{language:str}/workplace/account/recovery-codes",
    permission=Permission.OWN_ACCOUNT,
    act="recovery_codes.renew",
)
async def renew_recovery_codes(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Make new recovery codes, after the password; they are shown this once.

    Raises:
        Refused: there is no second factor that they could stand in for.
    """
    actor = actor_of_request(request)
    if not await has_second_factor(actor.person):
        raise Refused("Recovery codes come with the second step: set that up first.")
    fields = await read_fields(request, "codes_password")
    problem = await own_password_problem(request, fields["codes_password"])
    if problem is not None:
        return await _shown(request, language, problem=("codes_password", problem))
    async with write_transaction(request.app.state.ledger.engine):
        codes = await new_codes(actor.person)
    return await codes_shown(request, language, codes, f"/{language}/workplace/account")


@workplace_action(
    "/{language:str}/workplace/account/sessions/{session:str}/end",
    permission=Permission.OWN_ACCOUNT,
    act="session.end",
)
async def end_session(
    request: SiteRequest, language: FromPath[str], session: FromPath[str]
) -> Redirect:
    """End one of one's own sessions, at once.

    Raises:
        NotFoundException: there is no such session, or it is somebody else's.
    """
    async with write_transaction(request.app.state.ledger.engine):
        ended = await revoke_session(actor_of_request(request).person, session, now())
    if not ended:
        raise NotFoundException
    return see_other(language, "account", done="session")


ROUTES = (
    account,
    change_details,
    change_own_password,
    renew_recovery_codes,
    end_session,
)
