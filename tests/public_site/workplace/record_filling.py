"""Provides the filling of forms of records: as a browser sends them, with their hidden fields."""

import re
from collections.abc import Mapping
from html import unescape

import httpx
from litestar import Litestar

from charity.organisations.registry import add_fund, add_organisation
from charity.people.roles import Role
from charity.projects.tables import Project
from charity.reporting.batches.approval import approve, submit
from charity.reporting.batches.reading import BatchView, find_batch
from charity.reporting.batches.work import work
from public_site.workplace.records import today
from tests.charity.batches.recording import OTHER, OTHER_NAME
from tests.conftest import ORGANISATION
from tests.public_site.workplace.conftest import invent_person

INPUT = re.compile(r"<input ([^>]*)>")
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
DAY = "2026-01-02"

FILLED: Mapping[str, Mapping[str, str]] = {
    "gift": {"day": DAY, "amount": "¥1,234.50", "donor_name": "虚构张三"},
    "goods_gift": {"day": DAY, "goods": "示例口罩", "pieces": "300", "measure": "个"},
    "spending": {"day": DAY, "amount": "10", "project": "school", "description": "示例支出"},
    "goods_distribution": {
        "day": DAY,
        "stock": "general 示例口罩/个",
        "pieces": "20",
        "project": "school",
        "description": "示例发放",
    },
    "transfer": {"day": DAY, "giver": f"{OTHER}/general", "amount": "5"},
    "refund": {"day": DAY, "amount": "0.50", "reason": "mistake"},
    "reversal": {"day": DAY, "reason": "虚构的误记"},
    "correction": {
        "day": DAY,
        "field": "other",
        "other_field": "用途",
        "old": "旧",
        "new": "新",
        "reason": "笔误",
        "by": "财务部",
    },
    "pledge": {"day": DAY, "amount": "1万", "donor_name": "虚构李四"},
}
"""What people write into the form of each kind, beside what stands there already."""


async def registered(app: Litestar) -> None:
    """Register another organisation, a restricted fund and a project."""
    await add_organisation(OTHER, OTHER_NAME)
    await add_fund(ORGANISATION, "water", "虚构饮水专项基金", restricted=True, purpose="饮水")
    await Project.insert(
        Project(
            organisation=ORGANISATION, code="school", name="示例校园", fund="general", budget=None
        )
    )


def address(kind: str, language: str = "zh", **query: object) -> str:
    """Return the address of the form of a kind."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    path = f"/{language}/workplace/{ORGANISATION}/records/{kind}"
    return f"{path}?{asked}" if asked else path


def standing(page: str) -> dict[str, str]:
    """Return the fields of the form of a page with what stands in them, as a browser sends them."""
    body = page.rsplit('method="post"', maxsplit=1)[-1]
    fields: dict[str, str] = {}
    for found in INPUT.finditer(body):
        given = {name: unescape(value) for name, value in ATTRIBUTE.findall(found[1])}
        is_chosen = given.get("type") not in {"checkbox", "radio"} or "checked" in found[1]
        if "name" in given and is_chosen:
            fields[given["name"]] = given.get("value", "")
    for name, inside in re.findall(
        r'<select id="[^"]*" name="([^"]*)"[^>]*>(.*?)</select>', body, re.DOTALL
    ):
        options = re.findall(r'<option value="([^"]*)"( selected)?', inside)
        fields[name] = unescape(
            next((value for value, chosen in options if chosen), options[0][0] if options else "")
        )
    for name, text in re.findall(
        r'<textarea id="[^"]*" name="([^"]*)"[^>]*>(.*?)</textarea>', body, re.DOTALL
    ):
        fields[name] = unescape(text)
    return fields


async def fill(client: httpx.AsyncClient, where: str, **written: str) -> httpx.Response:
    """Open a form, write into it, send it."""
    page = await client.get(where)
    assert page.status_code == 200, page.text
    return await client.post(where, data=standing(page.text) | written)


async def hand_in(client: httpx.AsyncClient, kind: str, **written: str) -> str:
    """Fill the form of a kind, confirm its wording where it is shown; return the batch."""
    query = {"entry": written.pop("entry")} if "entry" in written else {}
    where = address(kind, **query)
    answer = await fill(client, where, **{**FILLED[kind], **written})
    if answer.status_code == 200:
        answer = await client.post(where, data=standing(answer.text) | {"step": "confirmed"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2]


async def view_of(app: Litestar, batch: str) -> BatchView:
    """Return a batch of ORGANISATION."""
    found = await find_batch(app.state.batches, ORGANISATION, batch)
    assert found is not None
    return found


async def approved(app: Litestar, batch: str) -> range:
    """Submit a batch, have every second person approve it, do its job; return its positions."""
    store, view = app.state.batches, await view_of(app, batch)
    await submit(
        store,
        person=view.made_by,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=view.version,
    )
    for organisation in [ORGANISATION, *([view.counterpart] if view.counterpart else [])]:
        checker = await invent_person(store.ledger, (Role.CHECKER, organisation))
        await approve(
            store, person=checker, organisation=organisation, batch=batch, seen_version=view.version
        )
    await work(store, batch, today())
    view = await view_of(app, batch)
    assert view.first_position is not None
    return range(view.first_position, view.first_position + (view.entries or 0))
