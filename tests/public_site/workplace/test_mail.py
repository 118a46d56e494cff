"""Tests of mail from the workplace, through a real server: invitations and new passwords."""

import re
from collections.abc import Iterator

import pytest
from litestar import Litestar

from charity.people.mail import Mail
from charity.people.roles import Role
from tests.conftest import ORGANISATION
from tests.public_site.workplace.accounts import START, account, send, sign_in
from tests.public_site.workplace.conftest import SignedIn
from tests.smtp import REFUSED_RECIPIENT, SmtpServer, smtp_server

FORGOTTEN = f"{START}/forgotten"
NEW = "示例-船坞 石榴 唱片 灯笼"
LINK = re.compile(r"https://log\.example/city(/(?:zh|en)/workplace/[\w/-]+)")


@pytest.fixture
def server(app: Litestar) -> Iterator[SmtpServer]:
    """A mail server that the site sends through."""
    with smtp_server() as running:
        app.state.mail = Mail(running.address, "charity-city@example.org")
        yield running


async def test_an_invitation_arrives_and_its_link_is_not_shown(
    server: SmtpServer, signed_in: SignedIn
) -> None:
    officer, page = await signed_in(Role.BUREAU_OFFICER), f"{START}/people"
    form = {"name": "虚构新人", "role": "checker", "organisation": ORGANISATION, "language": "en"}
    answer = await send(officer, f"{page}/invite", page, email="neu@example.org", **form)
    assert answer.headers["location"] == f"{page}?done=invited"
    [letter] = server.letters
    assert letter.recipients == ("neu@example.org",)
    links = set(LINK.findall(letter.text))
    assert len(links) == 1
    invitation = await (await signed_in()).get(links.pop())
    assert invitation.status_code == 200
    failed = await send(officer, f"{page}/invite", page, email=REFUSED_RECIPIENT, **form)
    assert failed.status_code == 200
    assert LINK.search(failed.text), "the officer hands it over"


async def test_a_forgotten_password_is_set_anew_once(
    server: SmtpServer, app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.MAKER, ORGANISATION))
    client, elsewhere = await signed_in(), await signed_in()
    await sign_in(elsewhere, email)
    known = await client.post(FORGOTTEN, data={"email": email})
    unknown = await client.post(FORGOTTEN, data={"email": "nobody@example.org"})
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text
    [letter] = server.letters
    path = LINK.findall(letter.text)[0]
    assert (await client.get(path)).status_code == 200
    assert (await client.post(path, data={"password": NEW, "again": "x"})).status_code == 422
    done = await client.post(path, data={"password": NEW, "again": NEW})
    assert done.headers["location"] == f"{START}/sign-in?done=new_password"
    assert (await client.get(path)).status_code == 422
    assert (await client.post(path, data={"password": NEW, "again": NEW})).status_code == 422
    assert (await elsewhere.get(f"{START}/account")).status_code == 303
    assert (await sign_in(client, email)).status_code == 422
    assert (await sign_in(client, email, NEW)).status_code == 303


async def test_without_a_mail_server_the_page_says_whom_to_ask(signed_in: SignedIn) -> None:
    client = await signed_in()
    answer = await client.post(FORGOTTEN, data={"email": "neu@example.org"})
    assert answer.status_code == 200
    assert 'name="email"' not in answer.text
