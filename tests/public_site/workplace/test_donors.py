"""Tests of the donors in the workplace: lists, suggestions, decisions, each by whom it may be."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from charity.donors.enrolment import Choice
from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from ledger.log import Ledger
from tests.charity.donors.giving import CODE, OTHER, gives, gives_with_code
from tests.conftest import ORGANISATION
from tests.ledger.entries import stored_entries
from tests.public_site.workplace.accounts import acts
from tests.public_site.workplace.reporting import Desk, SitAt, desks

NAME, LIKE_IT = "示例科技有限公司", "示例科技有限责任公司"
REASON = "名称写法不同（虚构）"


@pytest.fixture
async def sit(app: Litestar) -> AsyncIterator[SitAt]:
    async with desks(app) as sit:
        yield sit


@pytest.fixture
async def two(app: Litestar) -> dict[str, str]:
    """Two organisations with near names gave; so did a pseudonym, and somebody nobody may link."""
    ledger: Ledger = app.state.ledger
    await gives(ledger, "虚构隐名公司", Choice.NOT_SHOWN)
    pseudonym = await gives(ledger, "虚构笔名公司", Choice.PSEUDONYM)
    one, other = await gives(ledger, NAME), await gives(ledger, LIKE_IT)
    return {"one": one, "other": other, "pseudonym": pseudonym}


def pair_of(two: dict[str, str]) -> dict[str, str]:
    return {"one": two["one"], "other": two["other"]}


def pair_path(two: dict[str, str]) -> str:
    return f"/donors/pair?one={two['one']}&other={two['other']}"


async def supervision(sit: SitAt) -> Desk:
    """Return the desk of a bureau officer, at the page over all organisations."""
    desk = await sit(language="en")
    from tests.public_site.workplace.conftest import invent_person, session_of

    person = await invent_person(desk.app.state.ledger, (Role.BUREAU_OFFICER, None))
    desk.client.cookies.set("charity_session", await session_of(desk.app.state.ledger, person))
    return Desk(desk.app, desk.client, person, "", "en")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_page_shows_names_pseudonyms_and_suggestions(
    sit: SitAt, two: dict[str, str], language: str
) -> None:
    for role in (Role.MAKER, Role.CHECKER):
        desk = await sit(role, language=language)
        page = await desk.page("/donors")
        assert NAME in page.text
        assert LIKE_IT in page.text
        assert two["pseudonym"][-10:] in page.text
        assert "虚构隐名公司" not in page.text
        assert "虚构笔名公司" not in page.text
        assert len(page.with_class("suggestion")) == 1
        links = [link.get("href") for link in page.every("a")]
        assert any("/donors/pair?" in link for link in links) is (role is Role.CHECKER)


async def test_donors_are_searched_and_paged(sit: SitAt, app: Litestar) -> None:
    for number in range(53):
        await gives(app.state.ledger, f"虚构第{number:02d}号贸易有限公司", amount=1 + number)
    desk = await sit(Role.CHECKER, language="en")
    assert "虚构第02号" not in (await desk.page("/donors")).text
    assert "虚构第02号" in (await desk.page("/donors?page=2")).text
    found = await desk.send("/donors/find", {"q": "第０7号"}, at="/donors")
    assert found.status_code == 200
    assert "虚构第07号" in found.text
    assert "虚构第08号" not in found.text
    many = await desk.send("/donors/find", {"q": "虚构第", "page": "2"}, at="/donors")
    assert "虚构第02号" in many.text
    nobody = await desk.send("/donors/find", {"q": "无"}, at="/donors")
    assert "No donor was found." in nobody.text
    assert "No donor was found." not in (await desk.page("/donors?page=999")).text


async def test_a_checker_merges_and_separates(sit: SitAt, two: dict[str, str]) -> None:
    desk = await sit(Role.CHECKER, language="en")
    page = await desk.page(pair_path(two))
    assert "legal form" in page.text
    form = pair_of(two) | {"basis": "name", "reason": REASON}
    answer = await desk.send("/donors/merge", form, at=pair_path(two))
    assert answer.headers["location"].endswith("/donors?done=merged")
    entry = (await stored_entries())[-1]
    assert (entry.kind, entry.organisation) == ("donor_merge", f"CN-USCI-{ORGANISATION}")
    assert {act.act for act in await acts()} == {"donors.merge"}
    assert (await acts())[0].subject == "#4"
    page = await desk.page("/donors?done=merged")
    assert "The two are one donor now." in page.text
    assert page.with_class("suggestion") == []
    assert REASON in page.text
    again = await desk.send("/donors/merge", form, at="/donors")
    assert again.status_code == 422
    assert "one donor already" in again.text
    answer = await desk.send("/donors/4/separate", {"reason": "拆分原因"}, at="/donors")
    assert answer.status_code == 303
    assert (await stored_entries())[-1].kind == "donor_separation"
    page = await desk.page("/donors")
    assert page.with_class("suggestion") == []
    assert "No donors are merged." in page.text


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"basis": "name", "reason": " "}, "Say why"),
        ({"basis": "rumour", "reason": REASON}, "Say by what you know"),
        ({"basis": "uscc", "reason": REASON}, "Write the donor’s credit code"),
        ({"basis": "uscc", "reason": REASON, "donors_code": CODE}, "Neither of the two"),
        ({"basis": "name", "reason": "电话13800138000"}, "telephone or identity number"),
        ({"basis": "name", "reason": "字" * 1999}, "at most 500"),
    ],
)
async def test_a_wrong_form_comes_back_and_changes_nothing(
    sit: SitAt, two: dict[str, str], form: dict[str, str], told: str
) -> None:
    desk = await sit(Role.CHECKER, language="en")
    before = await desk.size()
    answer = await desk.send("/donors/merge", pair_of(two) | form, at=pair_path(two))
    assert answer.status_code == 422
    assert told in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert await desk.size() == before


async def test_a_pseudonym_and_a_name_are_never_merged(sit: SitAt, two: dict[str, str]) -> None:
    desk = await sit(Role.CHECKER, language="en")
    mixed = {"one": two["one"], "other": two["pseudonym"]}
    page = await desk.page(pair_path(mixed))
    assert "never merged with a name" in page.text
    assert page.with_class("decide") == []
    form = mixed | {"basis": "declared", "reason": REASON}
    answer = await desk.send("/donors/merge", form, at="/donors")
    assert answer.status_code == 422
    assert len(await stored_entries()) == 4


async def test_not_the_same_and_later(sit: SitAt, two: dict[str, str]) -> None:
    desk = await sit(Role.CHECKER, language="en")
    await desk.send("/donors/answer", pair_of(two) | {"answer": "later"}, at="/donors")
    page = await desk.page("/donors")
    assert "put off" in page.with_class("suggestion")[0].text
    answer = await desk.send("/donors/answer", pair_of(two) | {"answer": "different"}, at="/donors")
    assert answer.headers["location"].endswith("done=different")
    assert (await desk.page("/donors")).with_class("suggestion") == []
    assert len(await stored_entries()) == 4
    assert {act.act for act in await acts()} == {"donors.answer"}


async def test_a_group_relation_is_entered_and_ended(sit: SitAt, two: dict[str, str]) -> None:
    desk = await sit(Role.CHECKER, language="en")
    form = pair_of(two) | {"since": "2025-01-01", "evidence": "虚构年报第1页"}
    answer = await desk.send("/donors/relate", form, at=pair_path(two))
    assert answer.status_code == 422
    assert "which of the two is the parent" in answer.text
    form |= {"parent": two["other"]}
    await desk.send("/donors/relate", form, at=pair_path(two))
    facts = (await stored_entries())[-1].facts
    assert (facts.parent, facts.child) == (two["other"], two["one"])
    page = await desk.page("/donors")
    assert "虚构年报第1页" in page.text
    data = {"reason": "虚构出售", "last": "2025-12-31"}
    answer = await desk.send("/donors/4/end", data, at="/donors")
    assert answer.status_code == 303
    last = (await stored_entries())[-1]
    assert (last.kind, last.day) == ("ownership_end", "2025-12-31")
    assert "No group relation is entered." in (await desk.page("/donors")).text


async def test_the_supervision_sees_all_and_decides_in_the_name_of_the_log(
    sit: SitAt, app: Litestar
) -> None:
    await add_organisation(OTHER, "示例促进会")
    ledger: Ledger = app.state.ledger
    one = await gives(ledger, NAME)
    other = await gives_with_code(ledger, NAME, to=OTHER)
    checker = await sit(Role.CHECKER, language="en")
    assert (await checker.page("/donors")).with_class("suggestion") == []
    await checker.page(pair_path({"one": one, "other": other}), status=404)
    form = {"one": one, "other": other, "basis": "uscc", "reason": REASON, "donors_code": CODE}
    refused = await checker.send("/donors/merge", form, at="/donors")
    assert refused.status_code in {404, 422}
    officer = await supervision(sit)
    page = (await officer.client.get("/en/workplace/donors")).text
    assert "示例促进会" in page
    assert "reported with its credit code" in page
    path = f"/en/workplace/donors/pair?one={one}&other={other}"
    word = (await officer.client.get(path)).text.partition('name="form_word" value="')[2][:64]
    answer = await officer.client.post(
        "/en/workplace/donors/merge", data=form | {"form_word": word}
    )
    assert answer.headers["location"] == "/en/workplace/donors?done=merged"
    entry = (await stored_entries())[-1]
    assert (entry.kind, entry.organisation, entry.facts.basis) == ("donor_merge", None, "uscc")
    position = len(await stored_entries()) - 1
    page = (await officer.client.get("/en/workplace/donors")).text
    assert "by the supervision" in page
    public = (await officer.client.get(f"/en/entries/{position}")).text
    assert NAME in public
    assert CODE not in public
    undone = await checker.send(f"/donors/{position}/separate", {"reason": REASON}, at="/donors")
    assert undone.status_code in {400, 422}
    assert len(await stored_entries()) == position + 1


@pytest.mark.parametrize("path", ["", "/pair", "/pair?one=x&other=y", "/pair?one='&other=%00"])
async def test_odd_addresses_give_a_clear_answer(sit: SitAt, path: str) -> None:
    desk = await sit(Role.CHECKER, language="en")
    answer = await desk.client.get(f"{desk.base}/donors{path}")
    assert answer.status_code == (404 if path else 200)
    for position in ("x", "-1", "9" * 30):
        answer = await desk.send(f"/donors/{position}/separate", {"reason": "x"}, at="/donors")
        assert answer.status_code < 500
