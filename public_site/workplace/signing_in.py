"""Provides the pages of signing in and out, and of a forgotten password."""

import logging
from typing import Annotated, Final

from litestar import Response
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from charity.people import signing_in
from charity.people.letters import reset_letter, written
from charity.people.mail import Mail
from charity.people.new_passwords import Reset, find_reset, request_reset, reset_password
from charity.people.particulars import normal_email
from charity.people.passwords import PASSWORD_CHARACTERS_MIN
from charity.people.roles import Permission
from charity.people.sessions import revoke_session
from charity.people.throttling import wait_message
from ledger.database.engines import write_transaction
from ledger.messages import Message, Refused, Translate
from public_site.languages import language_of
from public_site.rendering import LANGUAGES, SiteRequest, address_for_letters, page_path
from public_site.settings import Language
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.form_fields import read_fields
from public_site.workplace.routing import (
    own_way,
    see_other,
    workplace,
    workplace_action,
    workplace_page,
)
from public_site.workplace.second_factor import NextWay, way_on
from public_site.workplace.visiting import (
    actor_if_any,
    actor_of_request,
    client_address,
    now,
    session_cookie,
)

logger = logging.getLogger(__name__)

UNPROCESSABLE: Final = 422
HASH_CHARACTERS: Final = 16
PASSWORD_RULE: Final = Message(
    "At least {least} characters; several words that do not belong together are good.",
    least=PASSWORD_CHARACTERS_MIN,
)
DIFFERENT: Final = Message("The two passwords differ. Type both once more.")
DONE_TEXTS: Final = {
    "signed_out": Message("You are signed out."),
    "new_password": Message("Your new password is saved. Sign in with it."),
}

DoneWord = Annotated[str, QueryParameter(max_length=40)]


@workplace_page("/{language:str}/workplace/sign-in", permission=Permission.SIGN_IN)
async def sign_in_page(
    request: SiteRequest, language: FromPath[str], next_way: NextWay = "", done: DoneWord = ""
) -> Response[str] | Redirect:
    """Ask for e-mail and password; whoever is signed in goes on."""
    if actor_if_any(request) is not None:
        return Redirect(way_on(language, next_way), status_code=303)
    return await _asked(request, language, next_way=next_way, done=DONE_TEXTS.get(done))


async def _asked(
    request: SiteRequest,
    language: str,
    *,
    email: str = "",
    next_way: str = "",
    done: Message | None = None,
    problem: Message | None = None,
) -> Response[str]:
    translate = translator(language_of(language))
    context = {
        "email": email,
        "next_way": own_way(next_way) or "",
        "done": done.text(translate) if done else "",
        "errors": {"password": problem.text(translate)} if problem else {},
    }
    status = UNPROCESSABLE if problem else 200
    return await workplace(request, language, "workplace/sign_in.html", context, status=status)


@workplace_action("/{language:str}/workplace/sign-in", permission=Permission.SIGN_IN, act="sign_in")
async def sign_in(request: SiteRequest, language: FromPath[str]) -> Response[str] | Redirect:
    """Sign somebody in: a new session with a token of its own, whatever cookie came along."""
    fields = await read_fields(request, "email", "password", "next")
    state = request.app.state
    result = await signing_in.sign_in(
        state.ledger.engine,
        state.envelopes,
        fields["email"],
        fields["password"],
        client_address(request),
        now(),
        browser=request.headers.get("user-agent", ""),
    )
    if not result.wait:
        _note_account(request, result.person, fields["email"])
    if result.token is None:
        return await _asked(
            request,
            language,
            email=fields["email"],
            next_way=fields["next"],
            problem=result.refusal,
        )
    response = Redirect(way_on(language, fields["next"]), status_code=303)
    response.set_cookie(session_cookie(request, result.token))
    return response


def _note_account(request: SiteRequest, person: str | None, email: str) -> None:
    """Note whose account was tried; of an e-mail that nobody has only a keyed hash."""
    if person is not None:
        note_act(request, person=person)
    else:
        digest = request.app.state.envelopes.digest(normal_email(email))
        note_act(request, subject=f"e-mail {digest[:HASH_CHARACTERS]}")


@workplace_action(
    "/{language:str}/workplace/sign-out",
    permission=Permission.OWN_ACCOUNT,
    act="sign_out",
    before_second_factor=True,
)
async def sign_out(request: SiteRequest, language: FromPath[str]) -> Redirect:
    """End the session, here and in the database."""
    actor = actor_of_request(request)
    async with write_transaction(request.app.state.ledger.engine):
        await revoke_session(actor.person, actor.session or "", now())
    response = see_other(language, "sign_in", done="signed_out")
    response.set_cookie(session_cookie(request, ""))
    return response


@workplace_page("/{language:str}/workplace/forgotten", permission=Permission.SIGN_IN)
async def forgotten_page(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Ask for the e-mail to which a link for a new password goes."""
    return await _forgotten(request, language)


async def _forgotten(
    request: SiteRequest,
    language: str,
    *,
    email: str = "",
    asked: bool = False,
    problem: Message | None = None,
) -> Response[str]:
    mail: Mail = request.app.state.mail
    text = problem.text(translator(language_of(language))) if problem else ""
    context = {
        "email": email,
        "asked": asked,
        "sends_mail": mail.is_set_up,
        "errors": {"email": text} if text else {},
    }
    status = UNPROCESSABLE if text else 200
    return await workplace(request, language, "workplace/forgotten.html", context, status=status)


@workplace_action(
    "/{language:str}/workplace/forgotten", permission=Permission.SIGN_IN, act="password.request"
)
async def forgotten(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Send a link for a new password; the answer is the same whether there is such a person."""
    state = request.app.state
    if not state.mail.is_set_up:
        return await _forgotten(request, language)
    email = (await read_fields(request, "email"))["email"]
    reset = await request_reset(
        state.ledger.engine, state.envelopes, email, client_address(request), now()
    )
    if reset.wait:
        problem = wait_message(reset.wait)
        return await _forgotten(request, language, email=email, problem=problem)
    _note_account(request, None, email)
    response = await _forgotten(request, language, asked=True)
    if reset.email is not None:
        response.background = BackgroundTask(
            _send_reset, state.mail, address_for_letters(request), reset
        )
    return response


async def _send_reset(mail: Mail, site: str, reset: Reset) -> None:
    """Send the link, after the answer is out: how long that takes tells nobody anything."""
    language: Language = "en" if reset.language == "en" else "zh"
    link = site + page_path(language, "new_password", secret=reset.token)
    subject, text = written(reset_letter(link), letter_languages(language))
    try:
        await mail.send(reset.email or "", subject, text)
    except Refused as refusal:
        logger.warning("a link for a new password was not sent: %s", refusal)


def letter_languages(first: str) -> list[Translate]:
    """Return the languages of a letter, the reader's first."""
    return [translator(language) for language in sorted(LANGUAGES, key=lambda each: each != first)]


@workplace_page(
    "/{language:str}/workplace/new-password/{secret:str}", permission=Permission.SIGN_IN
)
async def new_password_page(
    request: SiteRequest, language: FromPath[str], secret: FromPath[str]
) -> Response[str]:
    """Ask for a new password, if the link is still good.

    Raises:
        Refused: it is over.
    """
    if await find_reset(request.app.state.envelopes, secret, now()) is None:
        raise Refused(
            "This link is over: it is good for one hour and one new password. Ask for another."
        )
    return await _new_password(request, language)


async def _new_password(
    request: SiteRequest, language: str, problem: tuple[str, Message] | None = None
) -> Response[str]:
    translate = translator(language_of(language))
    context = {
        "password_rule": PASSWORD_RULE.text(translate),
        "errors": {problem[0]: problem[1].text(translate)} if problem else {},
    }
    status = UNPROCESSABLE if problem else 200
    return await workplace(request, language, "workplace/new_password.html", context, status=status)


@workplace_action(
    "/{language:str}/workplace/new-password/{secret:str}",
    permission=Permission.SIGN_IN,
    act="password.reset",
)
async def new_password(
    request: SiteRequest, language: FromPath[str], secret: FromPath[str]
) -> Response[str] | Redirect:
    """Set the new password that a link allows; the person signs in with it then."""
    fields = await read_fields(request, "password", "again")
    state = request.app.state
    if fields["password"] != fields["again"]:
        return await _new_password(request, language, ("again", DIFFERENT))
    try:
        person = await reset_password(
            state.ledger.engine,
            state.envelopes,
            secret,
            fields["password"],
            client_address(request),
            now(),
        )
    except Refused as refusal:
        return await _new_password(request, language, ("password", refusal.message))
    note_act(request, person=person)
    return see_other(language, "sign_in", done="new_password")


ROUTES = (
    sign_in_page,
    sign_in,
    sign_out,
    forgotten_page,
    forgotten,
    new_password_page,
    new_password,
)
