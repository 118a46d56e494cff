"""Provides accounts of invented people for tests: a password, a second factor, forms, acts."""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import pyotp
from litestar import Litestar

from charity.people.access_log import ActView, acts_of
from charity.people.passwords import HASHER
from charity.people.roles import Role
from charity.people.second_factor import keep_secret
from charity.people.tables import Person
from ledger.database.engines import write_transaction
from tests.public_site.workplace.conftest import invent_person

PASSWORD = "示例-冬瓜 汽笛 围棋 灯塔"
SECRET = "SHILISHILISHILISHILISHILISHILIAB"
WRONG = "示例-不是这个密码"
START = "/zh/workplace"
SIGN_IN = f"{START}/sign-in"
FORM_WORD = re.compile(r'name="form_word" value="([0-9a-f]*)"')


@cache
def password_hash() -> str:
    """Return the hash of PASSWORD, made once: it takes a while on purpose."""
    return HASHER.hash(PASSWORD)


async def account(app: Litestar, *standings: tuple[Role, str | None], secret: bool = False) -> str:
    """Make a person with PASSWORD, and with SECRET as second factor; return the e-mail."""
    person = await invent_person(app.state.ledger, *standings)
    async with write_transaction(app.state.ledger.engine):
        await Person.update({Person.password: password_hash()}).where(Person.id == person)
        if secret:
            await keep_secret(app.state.envelopes, person, SECRET, None)
    return str((await row_of(person))["email"])


async def row_of(person: str) -> dict[str, Any]:
    """Return the row of a person, by id or e-mail."""
    row = await Person.select().where((Person.id == person) | (Person.email == person)).first()
    assert row is not None
    return row


async def sign_in(
    client: httpx.AsyncClient, email: str, password: str = PASSWORD, **fields: str
) -> httpx.Response:
    """Send the sign-in form."""
    return await client.post(SIGN_IN, data={"email": email, "password": password, **fields})


async def send(
    client: httpx.AsyncClient, path: str, page: str = f"{START}/account", **fields: str
) -> httpx.Response:
    """Send a form as a browser does, with the word of a page that the person has open."""
    word = FORM_WORD.search((await client.get(page)).text)
    assert word is not None, page
    return await client.post(path, data={"form_word": word[1], **fields})


def code_now(secret: str = SECRET) -> str:
    """Return what the app shows now."""
    return pyotp.TOTP(secret).at(datetime.now(UTC))


async def acts() -> list[ActView]:
    """Return what stands in the access log, the newest first."""
    return (await acts_of())[0]
