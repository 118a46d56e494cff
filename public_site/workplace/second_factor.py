"""Provides the second step of signing in: proving a code, setting one up, setting it up anew."""

import re
from typing import Annotated, Final
from urllib.parse import quote

import segno
from litestar import Response
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect
from markupsafe import Markup

from charity.people import signing_in
from charity.people.recovery_codes import new_codes
from charity.people.roles import Permission
from charity.people.second_factor import (
    DIGITS,
    has_second_factor,
    offer_secret,
    offered_secret,
    provisioning_uri,
)
from charity.people.sessions import revoke_sessions, token_hash
from charity.people.tables import Person
from ledger.database.engines import write_transaction
from ledger.messages import Message
from public_site.languages import language_of
from public_site.rendering import SiteRequest, page_path
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.form_fields import read_fields
from public_site.workplace.own_password import own_password_problem
from public_site.workplace.routing import own_way, workplace, workplace_action, workplace_page
from public_site.workplace.visiting import (
    actor_of_request,
    client_address,
    go_on_under,
    now,
    session_cookie,
)

WAY_CHARACTERS_MAX: Final = 300
UNPROCESSABLE: Final = 422
LANGUAGE_OF_WAY: Final = re.compile(r"^/[a-z]+(?=/)")

NextWay = Annotated[str, QueryParameter(name="next", max_length=WAY_CHARACTERS_MAX)]


def way_on(language: str, text: str) -> str:
    """Return where somebody wanted to go, if it is a page of the workplace; else its start.

    Either way in the language of the page that they signed in on: it may have been changed there.
    """
    way = own_way(text)
    if way is None:
        return page_path(language_of(language), "workplace")
    return f"/{language_of(language)}{LANGUAGE_OF_WAY.sub('', way)}"


@workplace_page(
    "/{language:str}/workplace/second-factor",
    permission=Permission.OWN_ACCOUNT,
    before_second_factor=True,
)
async def second_factor(
    request: SiteRequest, language: FromPath[str], next_way: NextWay = ""
) -> Response[str] | Redirect:
    """Ask for a code; whoever has no second factor yet sets it up."""
    actor = actor_of_request(request)
    if actor.proved_second_factor:
        return Redirect(way_on(language, next_way), status_code=303)
    if await has_second_factor(actor.person):
        return await _asked(request, language, next_way)
    return await _offered(request, language, next_way)


async def _asked(
    request: SiteRequest, language: str, next_way: str, problem: Message | None = None
) -> Response[str]:
    errors = {"code": problem.text(translator(language_of(language)))} if problem else {}
    return await workplace(
        request,
        language,
        "workplace/second_factor.html",
        {"errors": errors, "next_way": own_way(next_way) or ""},
        status=UNPROCESSABLE if errors else 200,
    )


@workplace_action(
    "/{language:str}/workplace/second-factor",
    permission=Permission.OWN_ACCOUNT,
    act="second_factor",
    before_second_factor=True,
)
async def prove_second_factor(
    request: SiteRequest, language: FromPath[str]
) -> Response[str] | Redirect:
    """Take the code of the app, or a recovery code; the session goes on under another token."""
    fields = await read_fields(request, "code", "next")
    is_recovery_code = not _is_of_app(fields["code"])
    note_act(request, act="recovery_code" if is_recovery_code else "second_factor")
    state = request.app.state
    result = await signing_in.prove_second_factor(
        state.ledger.engine,
        state.envelopes,
        actor_of_request(request),
        fields["code"],
        client_address(request),
        now(),
        recovery=is_recovery_code,
    )
    if result.token is None:
        return await _asked(request, language, fields["next"], result.refusal)
    response = Redirect(way_on(language, fields["next"]), status_code=303)
    response.set_cookie(session_cookie(request, result.token))
    return response


def _is_of_app(code: str) -> bool:
    """Return whether a code is one of an app, of six figures, and no recovery code."""
    figures = "".join(code.split())
    return len(figures) <= DIGITS and figures.isdigit()


async def _offered(
    request: SiteRequest,
    language: str,
    next_way: str,
    *,
    offer: str = "",
    problems: dict[str, Message] | None = None,
    renewing: bool = False,
) -> Response[str]:
    """Show a secret to be put into an app: a new one, or the one that a form brought back."""
    person = actor_of_request(request).person
    envelopes = request.app.state.envelopes
    if offer:
        secret = offered_secret(envelopes, person, offer)
    else:
        secret, offer = offer_secret(envelopes, person)
    row = await Person.select(Person.email).where(Person.id == person).first()
    translate = translator(language_of(language))
    issuer = Message("Charity City").text(translate)
    uri = provisioning_uri(secret, row["email"] if row else "", issuer)
    errors = {field: problem.text(translate) for field, problem in (problems or {}).items()}
    context = {
        "errors": errors,
        "next_way": own_way(next_way) or "",
        "offer": offer,
        "qr": Markup(segno.make(uri, micro=False).svg_inline(omitsize=True, border=2)),  # noqa: S704 (made here, of squares only)
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "renewing": renewing,
    }
    return await workplace(
        request,
        language,
        "workplace/second_factor_set_up.html",
        context,
        section="account" if renewing else "",
        status=UNPROCESSABLE if errors else 200,
    )


@workplace_action(
    "/{language:str}/workplace/second-factor/set-up",
    permission=Permission.OWN_ACCOUNT,
    act="second_factor.set_up",
    before_second_factor=True,
)
async def set_up_second_factor(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Keep a first second factor, once a code of it was entered, and show recovery codes."""
    fields = await read_fields(request, "offer", "code", "next")
    return await _kept(request, language, fields, renewing=False)


@workplace_page("/{language:str}/workplace/second-factor/anew", permission=Permission.OWN_ACCOUNT)
async def second_factor_anew(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Offer another secret to whoever has proved the present one, or has none."""
    back = page_path(language_of(language), "account")
    return await _offered(request, language, back, renewing=True)


@workplace_action(
    "/{language:str}/workplace/second-factor/anew",
    permission=Permission.OWN_ACCOUNT,
    act="second_factor.renew",
)
async def renew_second_factor(request: SiteRequest, language: FromPath[str]) -> Response[str]:
    """Replace the second factor, after the password and a first code of the new one."""
    fields = await read_fields(request, "offer", "code", "password", "next")
    problem = await own_password_problem(request, fields["password"])
    if problem is not None:
        return await _offered(
            request,
            language,
            fields["next"],
            offer=fields["offer"],
            problems={"password": problem},
            renewing=True,
        )
    return await _kept(request, language, fields, renewing=True)


async def _kept(
    request: SiteRequest, language: str, fields: dict[str, str], *, renewing: bool
) -> Response[str]:
    """Keep the offered secret if the code is right; whoever is signed in elsewhere is no more."""
    actor, state = actor_of_request(request), request.app.state
    result = await signing_in.set_up_second_factor(
        state.ledger.engine,
        state.envelopes,
        actor,
        fields["offer"],
        fields["code"],
        client_address(request),
        now(),
    )
    if result.token is None:
        return await _offered(
            request,
            language,
            fields["next"],
            offer=fields["offer"],
            problems={"code": result.refusal or Message("This code is wrong.")},
            renewing=renewing,
        )
    async with write_transaction(state.ledger.engine):
        codes = await new_codes(actor.person)
        await revoke_sessions(actor.person, now(), but=token_hash(result.token))
    cookie = await go_on_under(request, result.token)
    response = await codes_shown(request, language, codes, fields["next"])
    response.set_cookie(cookie)
    return response


async def codes_shown(
    request: SiteRequest, language: str, codes: list[str], next_way: str
) -> Response[str]:
    """Return the page of new recovery codes, the only time that they can be read."""
    text = "\n".join((request.app.state.ledger.origin, *codes, ""))
    context = {
        "codes": codes,
        "codes_file": f"data:text/plain;charset=utf-8,{quote(text)}",
        "next_way": way_on(language, next_way),
    }
    return await workplace(request, language, "workplace/recovery_codes.html", context)


ROUTES = (
    second_factor,
    prove_second_factor,
    set_up_second_factor,
    second_factor_anew,
    renew_second_factor,
)
