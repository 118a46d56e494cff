"""Tests of the pages of batches: from the uploaded list to the entries, by two people."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from charity.sample.city import sample_code
from public_site.settings import Settings
from tests.conftest import ORGANISATION
from tests.public_site.applications import application
from tests.public_site.page_reading import Element, read_page
from tests.public_site.workplace.reporting import (
    LIST,
    WITH_PROBLEMS,
    Desk,
    JobsHere,
    SitAt,
    desks,
)

OTHER = sample_code("53", "440304", 77)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    app = application(settings, JobsHere)
    async with app.lifespan():
        await add_organisation(ORGANISATION, "示例基金会")
        yield app


@pytest.fixture
async def sit(app: Litestar) -> AsyncIterator[SitAt]:
    async with desks(app) as sit:
        yield sit


@pytest.fixture
async def maker(sit: SitAt) -> Desk:
    return await sit(Role.MAKER, name="虚构经办")


@pytest.fixture
async def checker(sit: SitAt) -> Desk:
    return await sit(Role.CHECKER, name="虚构复核")


def places(page: Element) -> list[str]:
    return [each.text for each in page.with_class("place")]


def actions(page: Element) -> set[str]:
    found = {each.get("action").rpartition("/")[2] for each in page.one("main").every("form")}
    return found - {"sign-out", ""}


async def submitted(maker: Desk, content: str = LIST) -> str:
    batch = await maker.uploaded(content)
    assert (await maker.do(batch, "submit")).status_code == 303
    return batch


async def test_a_list_from_upload_to_the_ledger(maker: Desk, checker: Desk) -> None:
    batch = await maker.uploaded(LIST)
    page = await maker.page(batch)
    assert "¥2,100.50" in page.text
    assert "+¥2,100.50" in page.text
    assert "虚构甲" in page.text
    assert await maker.size() == 0
    await maker.do(batch, "submit")
    assert "approve" not in actions(await maker.page(batch))
    assert "approve" in actions(await checker.page(batch))
    await checker.do(batch, "approve")
    assert await maker.size() == 2
    page = await maker.page(batch)
    receipt = next(
        each for each in page.every("section") if each.get("aria-labelledby") == "receipt"
    )
    assert [link.get("href") for link in receipt.every("a")][:2] == [
        "/zh/entries/0",
        "/zh/entries/1",
    ]
    assert "虚构复核" in page.text
    assert "虚构甲" not in page.text, "names are kept no longer than needed"


async def test_problems_are_listed_by_kind_and_accepted_one_by_one(maker: Desk) -> None:
    batch = await maker.uploaded(WITH_PROBLEMS)
    page = await maker.page(batch)
    assert places(page) == ["list!B4", "list!C5", "list!C6"]
    assert [each.get("value") for each in page.every("input") if each.get("name") == "accept"] == [
        "list!B4", "list!C5", "list!C6", "every:amount_unreadable",
    ]  # fmt: skip
    await maker.do(batch, "check", accept=["list!B4", "every:amount_unreadable"])
    page = await maker.page(batch)
    assert "submit" in actions(page)
    accepted = next(
        each for each in page.every("section") if each.get("aria-labelledby") == "accepted"
    )
    assert places(accepted) == ["list!B4", "list!C5", "list!C6"]


async def test_the_mended_file_takes_the_place_of_the_earlier_one(maker: Desk) -> None:
    batch = await maker.uploaded(WITH_PROBLEMS)
    await maker.do(batch, "check", accept=["list!B4"])
    mended = WITH_PROBLEMS.replace("无", "5").replace("很多", "6")
    response = await maker.send(f"{batch}/file", at=batch, files={"file": ("new.csv", mended)})
    assert response.status_code == 303
    await maker.jobs.done()
    page = await maker.page(batch)
    assert places(page) == ["new!B4"], "what was accepted in another file is not accepted here"


async def test_a_missing_day_is_given_in_the_form(maker: Desk) -> None:
    batch = await maker.uploaded("姓名,金额\r\n虚构甲,5\r\n")
    page = await maker.page(batch)
    assert "--date" not in page.text
    wrong = await maker.do(batch, "check", given_day="2025-13-40")
    assert wrong.status_code == 409
    assert 'id="given_day-error"' in wrong.text
    await maker.do(batch, "check", given_day="2025-12-01")
    assert "submit" in actions(await maker.page(batch))


async def test_rejected_with_a_reason(maker: Desk, checker: Desk) -> None:
    batch = await submitted(maker)
    empty = await checker.do(batch, "reject", reason="  ")
    assert empty.status_code == 409
    await checker.do(batch, "reject", reason="示例：金额与回单不符 <b>")
    page = await maker.page(batch)
    assert "示例：金额与回单不符 <b>" in page.text
    assert "虚构复核" in page.text
    assert await maker.size() == 0


async def test_who_made_it_sees_why_they_cannot_approve(sit: SitAt) -> None:
    both = await sit(Role.MAKER, Role.CHECKER)
    batch = await submitted(both)
    page = await both.page(batch)
    assert "approve" not in actions(page)
    response = await both.client.post(
        f"{both.base}{batch}/approve",
        data={"form_word": _form_word(page), "seen_version": "1"},
    )
    assert response.status_code == 409
    assert await both.size() == 0


def _form_word(page: Element) -> str:
    return next(
        each.get("value") for each in page.every("input") if each.get("name") == "form_word"
    )


async def test_an_approval_of_another_version_changes_nothing(maker: Desk, checker: Desk) -> None:
    batch = await submitted(maker)
    response = await checker.send(f"{batch}/approve", {"seen_version": "7"}, at=batch)
    assert response.status_code == 409
    assert "approve" in actions(read_page(response.text)), "it is shown again as it is now"
    assert await maker.size() == 0


async def test_two_checkers_at_once(maker: Desk, checker: Desk, sit: SitAt) -> None:
    second = await sit(Role.CHECKER, language="en")
    batch = await submitted(maker)
    await checker.send(f"{batch}/approve", at=batch)
    shown = await second.page(batch)
    late = await second.client.post(
        f"{second.base}{batch}/approve",
        data={"form_word": _form_word(shown), "seen_version": "1"},
    )
    assert late.status_code == 409
    assert "虚构复核 approved this batch already" in late.text
    await maker.jobs.done()
    assert await maker.size() == 2


async def test_withdrawn_it_is_gone(maker: Desk, checker: Desk) -> None:
    batch = await submitted(maker)
    await maker.do(batch, "withdraw")
    page = await checker.page(batch)
    assert actions(page) == set()
    assert "虚构甲" not in page.text
    assert (await checker.client.get(f"{checker.base}{batch}/rows.csv")).status_code == 404


async def test_under_way_the_page_tells_and_asks_again_by_itself(maker: Desk) -> None:
    response = await maker.upload(LIST)
    batch = response.headers["location"].removeprefix(maker.base)
    maker.app.state.batches.drafts.tell(batch.rpartition("/")[2], "read", 1_000, 5_000)
    shown = await maker.client.get(maker.base + batch)
    assert "1,000 / 5,000" in shown.text
    assert '<meta http-equiv="refresh" content="2">' in shown.text
    assert "script-src 'self'" in shown.headers["content-security-policy"]
    told = (await maker.client.get(f"{maker.base}{batch}/progress")).json()
    assert (told["done"], told["total"], told["state"]) == (1_000, 5_000, "checking")
    await maker.jobs.done()
    shown = await maker.client.get(maker.base + batch)
    assert "script" not in shown.headers["content-security-policy"]
    assert (await maker.client.get(f"{maker.base}{batch}/progress")).json()["state"] == "ready"


async def test_a_job_that_died_is_done_again_on_demand(maker: Desk) -> None:
    from charity.reporting.batches.work import give_up

    response = await maker.upload(LIST)
    batch = response.headers["location"].removeprefix(maker.base)
    await give_up(maker.app.state.batches, batch.rpartition("/")[2])
    assert "retry" in actions(await maker.page(batch))
    await maker.do(batch, "retry")
    assert "submit" in actions(await maker.page(batch))


async def test_fifty_rows_a_page(maker: Desk) -> None:
    rows = [f"2025-12-01,虚构第{number:04d}人,{number + 1}" for number in range(530)]
    batch = await maker.uploaded("\r\n".join(["捐赠日期,捐赠人,金额（元）", *rows]))

    async def names(page: int) -> list[str]:
        table = (await maker.page(f"{batch}?page={page}")).with_class("preview")[0]
        return [each.text for each in table.with_class("who")]

    assert await names(1) == [f"虚构第{number:04d}人" for number in range(50)]
    assert await names(11) == [f"虚构第{number:04d}人" for number in range(500, 530)]
    last = await maker.page(f"{batch}?page=11")
    assert [each.get("rel") for each in last.with_class("pager")[0].every("a")] == ["prev"]
    assert (await maker.page(f"{batch}?page=12")).with_class("empty")
    assert (await maker.client.get(f"{maker.base}{batch}?page=0")).status_code == 400


async def test_exported_rows_begin_no_formula(maker: Desk) -> None:
    transactions = "日期,捐赠人,金额,交易单号\r\n2025-12-01,虚构甲,5,X1\r\n2025-12-01,=1+1,6,X2\r\n"
    batch = await maker.uploaded(transactions)
    problems = (await maker.client.get(f"{maker.base}{batch}/problems.csv")).text
    assert problems.startswith("\ufeff")
    assert "formula" not in problems, "it is in the language of the page"
    assert "B3" in problems
    batch = await maker.uploaded(LIST.replace("虚构甲", "虚构=甲"))
    rows = await maker.client.get(f"{maker.base}{batch}/rows.csv")
    assert rows.status_code in {200, 404}
    for line in rows.text.splitlines():
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split(","))


async def test_unknown_headers_are_mapped_by_hand(maker: Desk, checker: Desk) -> None:
    content = "善款人儿,银钱几何,哪一天\r\n虚构甲,5,2025-12-01\r\n虚构乙,6,2025-12-02\r\n"
    batch = await maker.uploaded(content)
    page = await maker.page(f"{batch}/columns")
    selects = [each.get("name") for each in page.every("select")]
    assert len(selects) == 3
    options = [each.get("value") for each in page.every("option")]
    assert "none" in options
    assert "ignore" not in options
    assert "虚构甲 · 虚构乙" in page.text
    nothing = await maker.do(batch, "columns", **dict.fromkeys(selects, "none"))
    assert nothing.status_code == 422
    roles = dict(zip(selects, ("donor", "amount", "day"), strict=True))
    response = await maker.send(f"{batch}/columns", roles)
    assert response.status_code == 303, response.text
    await maker.jobs.done()
    assert "¥11.00" in (await maker.page(batch)).text
    await maker.do(batch, "submit")
    await checker.do(batch, "approve")
    assert await maker.size() == 2
    again = await maker.uploaded(content.replace("甲,5", "丙,7").replace("乙,6", "丁,8"))
    assert "submit" in actions(await maker.page(again))


async def test_nobody_sees_another_organisations_batch(maker: Desk, sit: SitAt) -> None:
    await add_organisation(OTHER, "示例另一基金会")
    stranger = await sit(Role.MAKER, Role.CHECKER, code=OTHER)
    batch = await submitted(maker)
    assert "list.csv" not in (await stranger.page("/batches")).text
    for path in (batch, f"{batch}/rows.csv", f"{batch}/problems.csv", f"{batch}/progress"):
        assert (await stranger.client.get(stranger.base + path)).status_code == 404
        assert (await stranger.client.get(maker.base + path)).status_code == 403
    word = _form_word(await stranger.page("/upload"))
    for deed in ("submit", "withdraw", "approve", "reject", "check", "retry", "file", "columns"):
        form = {"form_word": word, "seen_version": "1", "reason": "示例"}
        response = await stranger.client.post(f"{stranger.base}{batch}/{deed}", data=form)
        assert response.status_code == 404, deed
    assert "approve" in actions(await (await sit(Role.CHECKER)).page(batch))


async def test_the_list_of_batches_in_one_state(maker: Desk) -> None:
    ready = await maker.uploaded(LIST, name="ready.csv")
    await maker.uploaded(WITH_PROBLEMS, name="problems.csv")
    assert "ready.csv" in (await maker.page("/batches")).text
    page = await maker.page("/batches?state=problems")
    assert "ready.csv" not in page.text
    assert "problems.csv" in page.text
    assert "ready.csv" in (await maker.page("/batches?state=nothing")).text
    await maker.do(ready, "submit")
    assert "ready.csv" in (await maker.page("/batches?state=submitted")).text
