"""Tests of signing in and out: cookies, forms, waiting, ways on, forgotten passwords."""

import re
import time
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from charity.people.roles import Role
from charity.people.tables import FailedSignIn, Person, Session
from ledger.database.engines import write_transaction
from public_site.workplace.visiting import SESSION_COOKIE, session_cookie
from tests.conftest import ORGANISATION
from tests.public_site.conftest import BROWSER, SITE
from tests.public_site.workplace.accounts import (
    FORM_WORD,
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
from tests.public_site.workplace.conftest import FROM_THIS_SITE, SignedIn

MAKER = (Role.MAKER, ORGANISATION)
OVERVIEW = f"{START}/{ORGANISATION}"


async def test_a_maker_signs_in_works_and_signs_out(app: Litestar, signed_in: SignedIn) -> None:
    email = await account(app, MAKER)
    client = await signed_in()
    answer = await sign_in(client, email)
    assert (answer.status_code, answer.headers["location"]) == (303, START)
    assert (await client.get(START)).headers["location"] == OVERVIEW
    token = client.cookies[SESSION_COOKIE]
    out = await send(client, f"{START}/sign-out")
    assert out.headers["location"] == f"{SIGN_IN}?done=signed_out"
    assert SESSION_COOKIE not in client.cookies
    client.cookies.set(SESSION_COOKIE, token)
    assert (await client.get(OVERVIEW)).headers["location"].startswith(SIGN_IN)
    assert [(act.act, act.outcome, act.name) for act in await acts()] == [
        ("sign_out", "done", "虚构人员"),
        ("sign_in", "done", "虚构人员"),
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_nobody_and_a_wrong_password_are_told_the_same(
    app: Litestar, signed_in: SignedIn, language: str
) -> None:
    email = await account(app, MAKER)
    texts = set()
    for tried in (email, "nobody@example.org"):
        client = await signed_in()
        answer = await client.post(
            f"/{language}/workplace/sign-in", data={"email": tried, "password": WRONG}
        )
        assert answer.status_code == 422
        assert SESSION_COOKIE not in answer.cookies
        assert WRONG not in answer.text
        texts.add(answer.text.replace(tried, "…"))
    assert len(texts) == 1
    by_nobody, by_person = await acts()
    assert (by_person.person, by_person.outcome) == ((await row_of(email))["id"], "refused")
    assert by_nobody.person is None
    assert by_nobody.subject is not None
    assert re.fullmatch("e-mail [0-9a-f]{16}", by_nobody.subject)


async def test_hundreds_of_wrong_passwords_stay_quick_and_say_how_long_to_wait(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, MAKER)
    client = await signed_in()
    began = time.perf_counter()
    answers = [await sign_in(client, email, f"{WRONG} {number}") for number in range(300)]
    seconds = time.perf_counter() - began
    assert {answer.status_code for answer in answers} == {422}
    assert re.search("等待? [0-9]+ (秒|分钟)|Wait [0-9]+ (seconds|minutes)", answers[-1].text)
    assert seconds < 60, "300 hashes of a password would take longer"
    assert (await sign_in(client, email)).status_code == 422, "the right one has to wait, too"
    assert len(await acts()) < 10, "who is only told to wait does not fill the access log"
    assert email not in str(await FailedSignIn.select())


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        (OVERVIEW, OVERVIEW),
        (OVERVIEW.replace("/zh/", "/en/"), OVERVIEW),
        (f"/en/workplace/{ORGANISATION}/batches", f"/zh/workplace/{ORGANISATION}/batches"),
        ("https://evil.example/", START),
        ("//evil.example/zh/workplace", START),
        ("/\\evil.example", START),
        ("/zh/workplace/../../evil", START),
        ("/zh/workplace\n//evil.example", START),
        ("/zh/workplace?next=https://evil.example", START),
        ("javascript:alert(1)", START),
        ("/zh/", START),
        ("", START),
    ],
)
async def test_the_way_on_leads_to_pages_of_the_workplace_only(
    app: Litestar, signed_in: SignedIn, wanted: str, reached: str
) -> None:
    email = await account(app, MAKER)
    client = await signed_in()
    page = await client.get(SIGN_IN, params={"next": wanted})
    kept = re.search(r'name="next" value="([^"]*)"', page.text)
    assert kept is not None
    assert kept[1] in {"", wanted}
    answer = await sign_in(client, email, next=wanted)
    assert answer.headers["location"] == reached
    signed = await client.get(SIGN_IN, params={"next": wanted})
    assert signed.headers["location"] == reached


async def test_a_cookie_that_we_did_not_issue_is_never_kept(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, MAKER)
    client = await signed_in()
    client.cookies.set(SESSION_COOKIE, "chosen-by-somebody-else")
    answer = await sign_in(client, email)
    token = answer.cookies[SESSION_COOKIE]
    assert len(token) > 40
    assert token != "chosen-by-somebody-else"
    assert await Session.count() == 1


async def test_every_proof_gives_another_token_and_ends_the_old_one(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, (Role.CHECKER, ORGANISATION), secret=True)
    client = await signed_in()
    first = (await sign_in(client, email)).cookies[SESSION_COOKIE]
    page = f"{START}/second-factor"
    assert (await client.get(OVERVIEW)).headers["location"] == f"{page}?next={OVERVIEW}"
    proved = await send(client, page, page, code=code_now(), next=OVERVIEW)
    assert (proved.status_code, proved.headers["location"]) == (303, OVERVIEW)
    assert proved.cookies[SESSION_COOKIE] != first
    assert (await client.get(OVERVIEW)).status_code == 200
    client.cookies.clear()
    client.cookies.set(SESSION_COOKIE, first)
    assert (await client.get(OVERVIEW)).headers["location"].startswith(SIGN_IN)


async def test_the_cookie_is_for_this_site_only(app: Litestar, signed_in: SignedIn) -> None:
    answer = await sign_in(await signed_in(), await account(app, MAKER))
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= flags
    assert "secure" not in flags, "this is this very machine, without TLS"
    assert not any(flag.startswith("domain") for flag in flags)


@pytest.mark.parametrize("host", ["log.example", "evil.example"])
async def test_the_cookie_is_secure_unless_the_site_is_tried_out_on_this_machine(
    app: Litestar, host: str
) -> None:
    email = await account(app, MAKER)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cast("Any", app)),
        base_url=f"http://{host}",
        headers=BROWSER | {"origin": f"http://{host}"},
    ) as client:
        answer = await sign_in(client, email)
    assert "; secure" in answer.headers["set-cookie"].lower()
    assert session_cookie.__name__


async def test_public_pages_set_no_cookie_and_do_not_look_at_it(
    app: Litestar, signed_in: SignedIn
) -> None:
    email = await account(app, MAKER)
    client = await signed_in()
    for path in ("/zh/", "/zh/organisations", "/zh/check", "/checkpoint", SIGN_IN):
        assert "set-cookie" not in (await client.get(path)).headers
    before = (await client.get("/zh/check")).text
    await sign_in(client, email)
    assert (await client.get("/zh/check")).text == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": SITE, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {},
    ],
)
async def test_forms_of_other_sites_are_refused(
    app: Litestar, signed_in: SignedIn, headers: dict[str, str]
) -> None:
    email = await account(app, MAKER)
    client = await signed_in()
    for name in FROM_THIS_SITE:
        del client.headers[name]
    form = {"email": email, "password": PASSWORD}
    answer = await client.post(SIGN_IN, data=form, headers=headers)
    assert answer.status_code == 403
    assert SESSION_COOKIE not in answer.cookies
    assert await acts() == [], "nothing was tried"


async def test_a_form_needs_the_word_of_its_own_session(app: Litestar, signed_in: SignedIn) -> None:
    client, other = await signed_in(Role.MAKER), await signed_in(Role.MAKER)
    page = f"{START}/account"
    word = FORM_WORD.search((await other.get(page)).text)
    assert word is not None
    details = {"name": "虚构改名", "language": "zh"}
    for wrong in ({}, {"form_word": ""}, {"form_word": "0" * 64}, {"form_word": word[1]}):
        answer = await client.post(f"{page}/details", data=details | wrong)
        assert answer.status_code == 403
        assert "没有保存" in answer.text or "Nothing was saved" in answer.text
    file = {"form_word": ("word.txt", word[1].encode())}
    assert (await client.post(f"{page}/details", data=details, files=file)).status_code == 403
    assert not await Person.exists().where(Person.name == "虚构改名")
    assert {act.outcome for act in await acts()} == {"refused"}


async def test_a_session_revoked_in_the_middle_of_a_form(
    app: Litestar, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.MAKER)
    page = f"{START}/account"
    word = FORM_WORD.search((await client.get(page)).text)
    assert word is not None
    async with write_transaction(app.state.ledger.engine):
        await Session.update({Session.revoked_at: "2026-01-01T00:00:00Z"}).where(
            Session.revoked_at.is_null()
        )
    form = {"form_word": word[1], "name": "虚构改名"}
    for language, says in (("zh", "没有保存"), ("en", "nothing was saved")):
        answer = await client.post(f"/{language}/workplace/account/details", data=form)
        assert answer.status_code == 401
        assert f"/{language}/workplace/sign-in" in answer.text
        assert says in answer.text or "nothing was saved" in answer.text
    assert not await Person.exists().where(Person.name == "虚构改名")
    assert (await client.get(page)).status_code == 303


async def test_who_signs_in_on_an_english_page_goes_on_in_english(
    app: Litestar, signed_in: SignedIn
) -> None:
    client = await signed_in()
    english = SIGN_IN.replace("/zh/", "/en/")
    fields = {"email": await account(app, MAKER), "password": PASSWORD, "next": OVERVIEW}
    answer = await client.post(english, data=fields)
    assert answer.headers["location"] == OVERVIEW.replace("/zh/", "/en/")
