"""Tests of one's own account: second factor, recovery codes, password, sessions, invitations."""

import re

import httpx
import pytest
from litestar import Litestar

from charity.people.recovery_codes import codes_left
from charity.people.roles import Role
from charity.people.tables import Membership, Person, Session
from ledger.database.engines import write_transaction
from public_site.workplace.visiting import SESSION_COOKIE
from tests.conftest import ORGANISATION
from tests.public_site.page_reading import read_page
from tests.public_site.workplace.accounts import (
    PASSWORD,
    SIGN_IN,
    START,
    WRONG,
    account,
    acts,
    code_now,
    row_of,
    send,
    sign_in,
)
from tests.public_site.workplace.conftest import SignedIn

ACCOUNT = f"{START}/account"
SECOND = f"{START}/second-factor"
ANEW = f"{SECOND}/anew"
OVERVIEW = f"{START}/{ORGANISATION}"
NEW = "示例-船坞 石榴 唱片 灯笼"
OFFER = re.compile(r'name="offer" value="([^"]+)"')
SHOWN_SECRET = re.compile(r'id="secret">([A-Z2-7 ]+)<')


async def set_up(client: httpx.AsyncClient, page: str, path: str, **fields: str) -> httpx.Response:
    """Take the secret from the page that offers it and confirm it by its code."""
    text = (await client.get(page)).text
    offer, secret = OFFER.search(text), SHOWN_SECRET.search(text)
    assert offer is not None
    assert secret is not None
    code = code_now(secret[1].replace(" ", ""))
    return await send(client, path, page, **({"offer": offer[1], "code": code} | fields))


def recovery_codes(answer: httpx.Response) -> list[str]:
    [shown] = read_page(answer.text).with_class("recovery-codes")
    return [code.text for code in shown.every("li")]


async def test_a_checker_sets_the_second_step_up_before_anything_else(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.CHECKER, ORGANISATION))
    client = await signed_in()
    first = (await sign_in(client, email)).cookies[SESSION_COOKIE]
    for path in (START, ACCOUNT, OVERVIEW, ANEW):
        assert (await client.get(path)).headers["location"].startswith(SECOND)
    wrong = await set_up(client, SECOND, f"{SECOND}/set-up", code="000000")
    assert wrong.status_code == 422
    answer = await set_up(client, SECOND, f"{SECOND}/set-up")
    assert answer.status_code == 200
    assert answer.cookies[SESSION_COOKIE] != first
    codes = recovery_codes(answer)
    assert len(set(codes)) == 10
    assert (await client.get(OVERVIEW)).status_code == 200
    assert await codes_left((await row_of(email))["id"]) == 10
    await send(client, f"{START}/sign-out")
    await sign_in(client, email)
    proved = await send(client, SECOND, SECOND, code=codes[0].lower())
    assert proved.headers["location"] == START
    assert [act.act for act in await acts()][:3] == ["recovery_code", "sign_in", "sign_out"]


async def test_a_stolen_password_does_not_set_up_another_second_step(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.CHECKER, ORGANISATION), secret=True)
    before = (await row_of(email))["second_factor"]
    thief = await signed_in()
    await sign_in(thief, email)
    other = await signed_in()
    other_email = await account(app, (Role.CHECKER, ORGANISATION))
    await sign_in(other, other_email)
    offered = OFFER.search((await other.get(SECOND)).text)
    assert offered is not None
    for path in (f"{SECOND}/set-up", ANEW):
        answer = await send(thief, path, SECOND, offer=offered[1], code="000000", password=PASSWORD)
        assert answer.status_code in {303, 422}
        assert (await thief.get(OVERVIEW)).headers["location"].startswith(SECOND)
    assert (await row_of(email))["second_factor"] == before


async def test_whoever_has_a_second_step_is_asked_for_it_even_without_need(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.MAKER, ORGANISATION), secret=True)
    client = await signed_in()
    await sign_in(client, email)
    assert (await client.get(ACCOUNT)).headers["location"].startswith(SECOND)
    await send(client, SECOND, SECOND, code=code_now())
    assert (await client.get(ACCOUNT)).status_code == 200


async def test_the_second_step_is_renewed_after_the_password_and_ends_other_sessions(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.MAKER, ORGANISATION))
    client, elsewhere = await signed_in(), await signed_in()
    await sign_in(elsewhere, email)
    await sign_in(client, email)
    assert (await set_up(client, ANEW, ANEW, password=WRONG)).status_code == 422
    assert (await row_of(email))["second_factor"] is None
    assert (await set_up(client, ANEW, ANEW, password=PASSWORD)).status_code == 200
    assert (await row_of(email))["second_factor"] is not None
    assert (await elsewhere.get(ACCOUNT)).headers["location"].startswith(SIGN_IN)
    again = await send(client, f"{ACCOUNT}/recovery-codes", codes_password=WRONG)
    assert again.status_code == 422
    again = await send(client, f"{ACCOUNT}/recovery-codes", codes_password=PASSWORD)
    assert len(recovery_codes(again)) == 10


async def test_the_password_is_changed_and_other_sessions_end(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.MAKER, ORGANISATION))
    client, elsewhere = await signed_in(), await signed_in()
    await sign_in(elsewhere, email)
    await sign_in(client, email)
    path = f"{ACCOUNT}/password"
    for present, new, again in (
        (WRONG, NEW, NEW),
        (PASSWORD, NEW, WRONG),
        (PASSWORD, "kurz", "kurz"),
    ):
        answer = await send(client, path, present=present, password=new, again=again)
        assert answer.status_code == 422
        assert NEW not in answer.text
    answer = await send(client, path, present=PASSWORD, password=NEW, again=NEW)
    assert answer.headers["location"] == f"{ACCOUNT}?done=password"
    assert (await client.get(ACCOUNT)).status_code == 200
    assert (await elsewhere.get(ACCOUNT)).headers["location"].startswith(SIGN_IN)
    assert (await sign_in(elsewhere, email)).status_code == 422
    assert (await sign_in(elsewhere, email, NEW)).status_code == 303


async def test_a_session_is_ended_from_another_and_stops_at_once(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.MAKER, ORGANISATION))
    client, stolen, stranger = await signed_in(), await signed_in(), await signed_in(Role.MAKER)
    await sign_in(stolen, email)
    await sign_in(client, email)
    page = (await client.get(ACCOUNT)).text
    [path] = re.findall(rf'action="({ACCOUNT}/sessions/[0-9a-f]+/end)"', page)
    assert (await send(stranger, path)).status_code == 404
    assert (await stolen.get(OVERVIEW)).status_code == 200
    assert (await send(client, path)).headers["location"] == f"{ACCOUNT}?done=session"
    assert (await stolen.get(OVERVIEW)).headers["location"].startswith(SIGN_IN)


@pytest.mark.parametrize("name", ["", "   ", "虚" * 10_000, "虚构\u202e人员", "虚构\0"])
async def test_a_name_that_is_none_changes_nothing(signed_in: SignedIn, name: str) -> None:
    client = await signed_in(Role.MAKER)
    answer = await send(client, f"{ACCOUNT}/details", name=name, language="zh")
    if name == "虚构\0":
        assert await Person.exists().where(Person.name == "虚构")
        return
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert not await Person.exists().where(Person.name != "虚构人员")


async def invite(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    form = {
        "name": "虚构新人",
        "email": "neu@example.org",
        "role": "checker",
        "organisation": ORGANISATION,
        "language": "zh",
    }
    return await send(client, f"{START}/people/invite", f"{START}/people", **(form | fields))


def link_in(answer: httpx.Response) -> str:
    found = re.search(r"https://log\.example/city(/zh/workplace/invitations/[\w-]+)", answer.text)
    assert found is not None
    return found[1]


async def test_an_invitation_makes_an_account_once(signed_in: SignedIn) -> None:
    officer, client = await signed_in(Role.BUREAU_OFFICER), await signed_in()
    path = link_in(await invite(officer))
    assert path.rpartition("/")[2] not in (await officer.get(f"{START}/people")).text
    page = await client.get(path)
    assert "示例基金会" in page.text
    fields = {"name": "虚构新人", "password": NEW, "again": WRONG}
    assert (await client.post(path, data=fields)).status_code == 422
    answer = await client.post(path, data=fields | {"again": NEW})
    assert (answer.status_code, answer.headers["location"]) == (303, START)
    assert (await client.get(START)).headers["location"].startswith(SECOND)
    again = await (await signed_in()).post(path, data=fields | {"again": NEW})
    assert again.status_code == 422
    person = await row_of("neu@example.org")
    log = [(act.act, act.outcome, act.person, act.subject) for act in await acts()]
    assert ("invitation.accept", "done", person["id"], "checker") in log
    assert path.rpartition("/")[2] not in str(log)


async def test_whoever_has_an_account_signs_in_and_accepts(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.MAKER, ORGANISATION))
    officer, client = await signed_in(Role.BUREAU_OFFICER), await signed_in()
    path = link_in(await invite(officer, email=email, role="auditor", organisation=""))
    assert f"{SIGN_IN}?next={path}" in (await client.get(path)).text
    assert (await client.post(path)).status_code == 422
    stranger = await signed_in(Role.MAKER)
    assert (await send(stranger, path)).status_code == 422
    assert (await sign_in(client, email, next=path)).headers["location"] == path
    assert (await send(client, path)).headers["location"] == START
    assert await Membership.exists().where(
        (Membership.person == (await row_of(email))["id"]) & (Membership.role == "auditor")
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "keine Adresse"},
        {"email": "a@b@c"},
        {"name": "虚" * 10_000},
        {"role": "king"},
        {"role": "maker", "organisation": ""},
        {"role": "judge"},
        {"organisation": "53440300MJL1234568"},
        {"email": "neu@example.org\nBcc: all@example.org"},
    ],
)
async def test_an_invitation_that_cannot_be_is_refused_in_words(
    signed_in: SignedIn, fields: dict[str, str]
) -> None:
    officer = await signed_in(Role.BUREAU_OFFICER)
    answer = await invite(officer, **fields)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


async def test_an_officer_ends_roles_disables_and_resets_but_never_the_own(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.CHECKER, ORGANISATION), secret=True)
    person = (await row_of(email))["id"]
    officer, client = await signed_in(Role.BUREAU_OFFICER), await signed_in()
    await sign_in(client, email)
    await send(client, SECOND, SECOND, code=code_now())
    page, path = f"{START}/people", f"{START}/people/{person}"
    assert (await send(officer, f"{path}/end-role", page, role="judge")).status_code == 404
    role = {"role": "checker", "organisation": ORGANISATION}
    assert (await send(officer, f"{path}/end-role", page, **role)).status_code == 303
    assert (await client.get(OVERVIEW)).headers["location"].startswith(SIGN_IN)
    assert (await send(officer, f"{path}/reset-second-factor", page)).status_code == 303
    assert (await row_of(email))["second_factor"] is None
    assert (await send(officer, f"{path}/disable", page)).status_code == 303
    assert (await sign_in(client, email)).status_code == 422
    assert (await send(officer, f"{path}/enable", page)).status_code == 303
    assert (await sign_in(client, email)).status_code == 303
    own = (await Membership.select().where(Membership.role == "bureau_officer").first() or {})[
        "person"
    ]
    for act in ("disable", "reset-second-factor", "end-role"):
        answer = await send(officer, f"{page}/{own}/{act}", page, role="bureau_officer")
        assert answer.status_code == 422
    assert (await send(officer, f"{page}/{'0' * 32}/disable", page)).status_code == 404
    assert (await officer.get(page)).status_code == 200
    newest = (await acts())[0]
    assert (newest.act, newest.outcome, newest.subject) == ("person.disable", "refused", "0" * 32)


async def test_an_invitation_is_withdrawn(signed_in: SignedIn) -> None:
    officer = await signed_in(Role.BUREAU_OFFICER)
    path, page = link_in(await invite(officer)), f"{START}/people"
    [form] = re.findall(
        rf'action="({page}/invitations/[0-9a-f]+/withdraw)"', (await officer.get(page)).text
    )
    assert (await send(officer, form, page)).headers["location"] == f"{page}?done=withdrawn"
    assert (await (await signed_in()).get(path)).status_code == 422
    assert (await send(officer, form, page)).status_code == 404


async def test_an_idle_session_is_over(app: Litestar, signed_in: SignedIn) -> None:
    client = await signed_in(Role.MAKER)
    early = "2026-01-01T00:00:00Z"
    async with write_transaction(app.state.ledger.engine):
        await Session.update({Session.seen_at: early}).where(Session.revoked_at.is_null())
    assert (await client.get(ACCOUNT)).headers["location"].startswith(SIGN_IN)
