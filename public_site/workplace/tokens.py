"""Provides the page of programs: a maker gives a program a token, sees its last use, revokes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from litestar import Response
from litestar.params import FromPath
from litestar.response import Redirect

from charity.people.particulars import NAME_CHARACTERS_MAX
from charity.people.roles import Permission
from charity.people.sessions import moment_of
from charity.people.tokens import Scope, TokenView, make_token, revoke_token, tokens_of
from ledger.database.engines import write_transaction
from ledger.messages import Message, Refused
from public_site.languages import language_of
from public_site.rendering import SiteRequest, site_address
from public_site.translations import translator
from public_site.workplace.act_recording import note_act
from public_site.workplace.routing import see_other, workplace, workplace_action, workplace_page
from public_site.workplace.visiting import actor_of_request, now

PATH: Final = "/{language:str}/workplace/{code:str}/tokens"
DAYS: Final = {"30": Message("a month"), "90": Message("three months"), "365": Message("a year")}
DAYS_AT_FIRST: Final = "90"
SCOPES: Final = {
    Scope.BATCHES_READ: Message("Read batches: how far they are, what the check found"),
    Scope.BATCHES_WRITE: Message("Hand in batches, replace, submit and withdraw them"),
}
STATES: Final = {
    "open": Message("in force"),
    "expired": Message("expired"),
    "revoked": Message("revoked"),
}


@dataclass(frozen=True, slots=True)
class TokenForm:
    """What the form for a new token holds."""

    name: str = ""
    scopes: frozenset[str] = frozenset(Scope)
    days: str = DAYS_AT_FIRST

    @classmethod
    def of(cls, form: Any) -> "TokenForm":
        """Return what was sent; whatever is no text, or none of the choices, is empty."""
        name, days = form.get("name"), form.get("days")
        return cls(
            name=name.strip() if isinstance(name, str) else "",
            scopes=frozenset(scope.value for scope in Scope if form.get(scope.value) == "yes"),
            days=days if isinstance(days, str) and days in DAYS else "",
        )

    def errors(self) -> dict[str, Message]:
        """Return what is wrong, by field."""
        wrong: dict[str, Message] = {}
        if not 1 <= len(self.name) <= NAME_CHARACTERS_MAX:
            wrong["name"] = Message(
                "Say which program it is for, in 1 to {most} characters.", most=NAME_CHARACTERS_MAX
            )
        if not self.scopes:
            wrong[Scope.BATCHES_READ] = Message("Choose at least one thing that it may do.")
        if not self.days:
            wrong["days"] = Message("Choose how long it lasts.")
        return wrong


def _state(token: TokenView, moment: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "open" if token.is_open(moment) else "expired"


def _moment(text: str | None) -> datetime | None:
    return moment_of(text) if text else None


async def _shown(
    request: SiteRequest,
    language: str,
    code: str,
    form: TokenForm,
    *,
    errors: Mapping[str, Message] | None = None,
    token: str | None = None,
) -> Response[str]:
    translate = translator(language_of(language))
    moment = now()
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "person_name": row.person_name,
            "scopes": row.scopes,
            "state": _state(row, moment),
            "state_text": STATES[_state(row, moment)].text(translate),
            "expires_at": moment_of(row.expires_at),
            "used_at": _moment(row.used_at),
        }
        for row in await tokens_of(code)
    ]
    address = f"{site_address(request)}/api/v1/organisation"
    context = {
        "tokens": rows,
        "form": form,
        "errors": {name: said.text(translate) for name, said in (errors or {}).items()},
        "token": token,
        "command": f"curl --header 'Authorization: Bearer {token}' {address}",
        "scope_options": [(scope.value, said.text(translate)) for scope, said in SCOPES.items()],
        "days_options": [(days, said.text(translate)) for days, said in DAYS.items()],
    }
    return await workplace(
        request,
        language,
        "workplace/tokens.html",
        context,
        section="tokens",
        status=422 if errors else 200,
    )


@workplace_page(PATH, permission=Permission.MANAGE_TOKENS)
async def tokens(
    request: SiteRequest, language: FromPath[str], code: FromPath[str]
) -> Response[str]:
    """Show the tokens of an organisation, and the form for a new one."""
    return await _shown(request, language, code, TokenForm())


@workplace_action(PATH, permission=Permission.MANAGE_TOKENS, act="token.make")
async def make(request: SiteRequest, language: FromPath[str], code: FromPath[str]) -> Response[str]:
    """Make a token and show it, this once: only its hash is kept."""
    form = TokenForm.of(await request.form())
    errors = form.errors()
    if errors:
        return await _shown(request, language, code, form, errors=errors)
    moment = now()
    try:
        async with write_transaction(request.app.state.ledger.engine):
            token_id, token = await make_token(
                actor_of_request(request).person,
                code,
                form.name,
                [Scope(scope) for scope in form.scopes],
                moment + timedelta(days=int(form.days)),
                moment,
            )
    except Refused as refusal:
        return await _shown(request, language, code, form, errors={"name": refusal.message})
    note_act(request, subject=token_id)
    return await _shown(request, language, code, TokenForm(), token=token)


@workplace_action(
    f"{PATH}/{{token:str}}/revoke", permission=Permission.MANAGE_TOKENS, act="token.revoke"
)
async def revoke(
    request: SiteRequest, language: FromPath[str], code: FromPath[str], token: FromPath[str]
) -> Redirect:
    """End a token of the organisation; one that is over already stays so."""
    async with write_transaction(request.app.state.ledger.engine):
        await revoke_token(code, token, now())
    return see_other(language, "tokens", code=code)


ROUTES = (tokens, make, revoke)
