"""Provides API tokens: by them a program reports for one organisation, as its maker does by hand.

A token ends with the role of the person who made it. Only its hash is kept.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_urlsafe
from typing import Any, Final
from uuid import uuid4

from charity.people.particulars import parse_name
from charity.people.roles import Actor, Role, Standing
from charity.people.sessions import (
    SEEN_EVERY,
    TOKEN_BYTES,
    actor_of,
    instant,
    moment_of,
    token_hash,
)
from charity.people.tables import ApiToken, Person
from ledger.database.engines import Engine, write_transaction
from ledger.messages import Refused

TOKEN_PREFIX: Final = "cc_"  # noqa: S105 (it marks tokens, so that scanners find lost ones)
LONGEST: Final = timedelta(days=366)


class Scope(StrEnum):
    """What a token is good for."""

    BATCHES_READ = "batches:read"
    BATCHES_WRITE = "batches:write"


@dataclass(frozen=True, slots=True)
class TokenActor:
    """A program that acts by a token: a maker of one organisation, within the token's scopes."""

    token: str
    actor: Actor
    organisation: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Return whether the token is good for this."""
        return scope in self.scopes


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as people see it in the list of their organisation."""

    id: str
    name: str
    person: str
    person_name: str
    scopes: tuple[str, ...]
    made_at: str
    expires_at: str
    used_at: str | None
    revoked_at: str | None

    def is_open(self, now: datetime) -> bool:
        """Return whether it may still be used."""
        return self.revoked_at is None and instant(now) < self.expires_at


async def make_token(
    person: str,
    organisation: str,
    name: str,
    scopes: Collection[Scope],
    expires: datetime,
    now: datetime,
) -> tuple[str, str]:
    """Make a token; return its id and the token itself, which is shown once.

    Only inside `ledger.database.engines.write_transaction`.

    Raises:
        Refused: the person is no maker of the organisation, the end is past or more than a year
            away, there is no scope, or the name is none.
    """
    actor = await actor_of(person)
    if actor is None or Standing(Role.MAKER, organisation) not in actor.standings:
        raise Refused("Only a maker of the organisation makes tokens for it.")
    if not scopes:
        raise Refused("Choose what the token is good for: reading batches, making them, or both.")
    if not now < expires <= now + LONGEST:
        raise Refused("A token ends on a day to come, within a year.")
    token_id, token = uuid4().hex, TOKEN_PREFIX + token_urlsafe(TOKEN_BYTES)
    await ApiToken.insert(
        ApiToken(
            id=token_id,
            token_hash=token_hash(token),
            person=person,
            organisation=organisation,
            name=parse_name(name),
            scopes=" ".join(sorted(Scope(scope).value for scope in scopes)),
            made_at=instant(now),
            expires_at=instant(expires),
            used_at=None,
            revoked_at=None,
        )
    )
    return token_id, token


async def find_token(token: str, now: datetime) -> TokenActor | None:
    """Return who acts by a token; None if it is unknown, over, revoked, or its maker is none."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    row = (
        await ApiToken.select()
        .where((ApiToken.token_hash == token_hash(token)) & ApiToken.revoked_at.is_null())
        .first()
    )
    if row is None or instant(now) >= row["expires_at"]:
        return None
    maker = await actor_of(row["person"])
    standing = Standing(Role.MAKER, row["organisation"])
    if maker is None or standing not in maker.standings:
        return None
    return TokenActor(
        token=row["id"],
        actor=Actor(maker.person, maker.name, frozenset({standing})),
        organisation=row["organisation"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"].split()),
    )


async def touch_token(engine: Engine, token: str, now: datetime) -> None:
    """Note that a token (by its id) is in use, at most every five minutes."""
    row = await ApiToken.select(ApiToken.used_at).where(ApiToken.id == token).first()
    if row is None or (row["used_at"] and now - moment_of(row["used_at"]) < SEEN_EVERY):
        return
    async with write_transaction(engine):
        await ApiToken.update({ApiToken.used_at: instant(now)}).where(ApiToken.id == token)


async def revoke_token(organisation: str, token: str, now: datetime) -> bool:
    """End a token of an organisation, by its id; return whether it was open.

    Only inside `ledger.database.engines.write_transaction`.
    """
    return bool(
        await _revoke((ApiToken.id == token) & (ApiToken.organisation == organisation), now)
    )


async def revoke_tokens(person: str, now: datetime, organisation: str | None = None) -> int:
    """End all tokens of a person, or those for one organisation; return how many.

    Only inside `ledger.database.engines.write_transaction`.
    """
    of_person = ApiToken.person == person
    if organisation is None:
        return len(await _revoke(of_person, now))
    return len(await _revoke(of_person & (ApiToken.organisation == organisation), now))


async def _revoke(condition: Any, now: datetime) -> list[dict[str, Any]]:
    return (
        await ApiToken.update({ApiToken.revoked_at: instant(now)})
        .where(condition & ApiToken.revoked_at.is_null())
        .returning(ApiToken.id)
    )


async def revoked_tokens(tokens: Sequence[str]) -> frozenset[str]:
    """Return those of these tokens (by id) that were revoked."""
    rows = await ApiToken.select(ApiToken.id).where(
        ApiToken.id.is_in(list(tokens) or [""]) & ApiToken.revoked_at.is_not_null()
    )
    return frozenset(row["id"] for row in rows)


async def tokens_of(organisation: str) -> list[TokenView]:
    """Return the tokens of an organisation, the newest first."""
    rows = (
        await ApiToken.select()
        .where(ApiToken.organisation == organisation)
        .order_by(ApiToken.made_at, ascending=False)
    )
    people = await Person.select(Person.id, Person.name).where(
        Person.id.is_in([row["person"] for row in rows] or [""])
    )
    names = {person["id"]: person["name"] for person in people}
    return [
        TokenView(
            id=row["id"],
            name=row["name"],
            person=row["person"],
            person_name=names.get(row["person"], ""),
            scopes=tuple(row["scopes"].split()),
            made_at=row["made_at"],
            expires_at=row["expires_at"],
            used_at=row["used_at"],
            revoked_at=row["revoked_at"],
        )
        for row in rows
    ]
