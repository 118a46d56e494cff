"""Tests of the access log: every act is in it, nothing personal is, and its CSV is harmless."""

import csv
import io

import pytest
from litestar import Litestar

from charity.people.access_log import record_act
from charity.people.roles import Role
from ledger.database.engines import write_transaction
from ledger.messages import Refused
from public_site.downloads import harmless_cell
from public_site.settings import Settings
from public_site.workplace import start
from public_site.workplace.act_words import ACT_LABELS
from public_site.workplace.visiting import now
from tests.conftest import ORGANISATION
from tests.public_site.applications import application
from tests.public_site.page_reading import read_page
from tests.public_site.workplace.accounts import START, acts, send
from tests.public_site.workplace.conftest import SignedIn
from tests.public_site.workplace.test_permissions import API, routes

ACTS = f"{START}/acts"


def test_every_form_of_the_workplace_has_an_act_and_every_act_has_words(settings: Settings) -> None:
    app = application(settings)
    silent, wordless = [], set()
    for name, handler in routes(app):
        method, _, path = name.partition(" ")
        act = handler.opt.get("act")
        if path.startswith(API) or "permission" not in handler.opt:
            continue
        if method != "GET" and not act:
            silent.append(name)
        if act:
            wordless.add(act)
    assert silent == []
    assert wordless - set(ACT_LABELS) == set(), "add words to act_words.py"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1+1", "＋1", "－1", "＠x"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["示例", "a=b", "'=1", "", 5, -5, None])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert harmless_cell(value) == value


async def log_of(app: Litestar, number: int, **details: str | None) -> None:
    async with write_transaction(app.state.ledger.engine):
        for _ in range(number):
            await record_act(**({"at": now(), "person": None, "act": "sign_in"} | details))  # type: ignore[arg-type]


async def test_acts_are_shown_page_by_page_and_all_in_the_csv(
    app: Litestar, signed_in: SignedIn
) -> None:
    await log_of(app, 1, subject="=cmd|' /C calc'!A0")
    await log_of(app, 120)
    for role in (Role.AUDITOR, Role.BUREAU_OFFICER):
        client = await signed_in(role)
        first = read_page((await client.get(ACTS)).text)
        assert len(list(first.one("table").one("tbody").every("tr"))) == 100
        second = (await client.get(ACTS, params={"page": 2})).text
        assert "=cmd" in second
        answer = await client.get(f"{ACTS}.csv")
        assert answer.headers["content-disposition"] == 'attachment; filename="access-log.csv"'
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert all(len(row) == 7 for row in rows)
        assert not any(cell.startswith("=") for row in rows for cell in row)
    downloads = [act for act in await acts() if act.act == "access_log.download"]
    assert [act.outcome for act in downloads] == ["done", "done"]


async def test_acts_are_narrowed(app: Litestar, signed_in: SignedIn) -> None:
    client = await signed_in(Role.AUDITOR)
    await log_of(app, 2, act="approve_batch", organisation=ORGANISATION)
    await log_of(app, 3)

    async def number(**filters: str) -> int:
        page = read_page((await client.get(ACTS, params=filters)).text)
        bodies = list(page.every("tbody"))
        return len(list(bodies[0].every("tr"))) if bodies else 0

    assert await number() == 5
    assert await number(organisation=ORGANISATION) == 2
    assert await number(act="sign_in") == 3
    assert await number(person="0" * 32) == 0
    assert await number(from_day="2026-01-01", to_day="9998-01-01") == 5
    assert await number(to_day="2025-12-31") == 0


@pytest.mark.parametrize("day", ["2026-02-30", "x", "9999-12-31T", "0001-01-01", "9999-12-31"])
async def test_a_day_that_is_none_is_said_beside_its_field(signed_in: SignedIn, day: str) -> None:
    client = await signed_in(Role.AUDITOR)
    answer = await client.get(ACTS, params={"to_day": day})
    assert answer.status_code in {200, 422}
    if answer.status_code == 422:
        assert 'aria-describedby="to_day-error"' in answer.text
        assert (await client.get(f"{ACTS}.csv", params={"to_day": day})).status_code == 422
    assert (await client.get(ACTS, params={"person": "\0", "page": "0"})).status_code == 400


@pytest.mark.parametrize(
    ("language", "text"), [("zh", "没有作任何改动"), ("en", "Nothing was changed")]
)
async def test_a_refusal_that_nobody_handles_is_a_page(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, language: str, text: str
) -> None:
    async def refuse() -> None:
        raise Refused("虚构的理由 {number}", number=7)

    client = await signed_in(Role.AUDITOR)
    monkeypatch.setattr(start, "_all_organisations", refuse)
    answer = await client.get(f"/{language}/workplace")
    assert answer.status_code == 422
    assert "虚构的理由 7" in answer.text
    assert text in answer.text or "Nothing was changed" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    line = await client.get(f"/{language}/workplace", headers={"accept": "*/*"})
    assert line.text == "422 虚构的理由 7\n"


async def test_what_strangers_send_does_not_fill_the_log(
    app: Litestar, signed_in: SignedIn
) -> None:
    stranger = await signed_in()
    for path in (f"{START}/people/invite", f"{START}/sign-out", f"{START}/people/x/disable"):
        assert (await stranger.post(path)).status_code == 401
    assert (await stranger.post(f"{START}/invitations/示例")).status_code == 422
    assert await acts() == []
    maker = await signed_in(Role.MAKER)
    assert (await send(maker, f"{START}/people/invite")).status_code == 403
    [act] = await acts()
    assert (act.act, act.outcome) == ("person.invite", "refused")
    assert act.address == "127.0.0.1"
    long = await send(maker, f"{START}/account/sessions/{'%00x' * 300}/end")
    assert long.status_code == 404


async def test_the_batch_of_an_act_is_linked_for_those_who_may_see_it(
    app: Litestar, signed_in: SignedIn
) -> None:
    batch = "0123456789abcdef" * 2
    await log_of(app, 1, act="submit_batch", organisation=ORGANISATION, subject=batch)
    await log_of(app, 1, act="token.make", organisation=ORGANISATION, subject="f" * 32)
    for role, links in ((Role.AUDITOR, 1), (Role.BUREAU_OFFICER, 0)):
        page = read_page((await (await signed_in(role)).get(ACTS)).text)
        found = [link.get("href") for link in page.every("a") if batch in link.text]
        assert found == [f"{START}/{ORGANISATION}/batches/{batch}"] * links
        assert "f" * 32 in page.text
        assert not [link for link in page.every("a") if "f" * 32 in link.text]
