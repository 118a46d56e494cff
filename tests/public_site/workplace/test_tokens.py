"""Tests of the page of programs: a maker makes a token, sees it once, revokes it."""

import re

import httpx
from litestar import Litestar

from charity.people.roles import Role
from charity.people.tables import ApiToken
from tests.conftest import ORGANISATION
from tests.public_site.conftest import SITE
from tests.public_site.page_reading import read_page
from tests.public_site.workplace.conftest import SignedIn

PAGE = f"/zh/workplace/{ORGANISATION}/tokens"
TOKEN = re.compile(r"cc_[A-Za-z0-9_-]{43}")
FILLED = {"name": "示例系统", "batches:read": "yes", "batches:write": "yes", "days": "30"}


async def filled(client: httpx.AsyncClient, **fields: str) -> dict[str, str]:
    """Return the form as the page gives it, filled in."""
    word = re.search(r'name="form_word" value="([0-9a-f]+)"', (await client.get(PAGE)).text)
    assert word is not None
    return {"form_word": word[1], **FILLED, **fields}


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(
    app: Litestar, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.MAKER)
    made = await client.post(PAGE, data=await filled(client))
    assert made.status_code == 200, made.text
    assert made.headers["cache-control"] == "no-store"
    token = TOKEN.search(made.text)
    assert token is not None
    listed = (await client.get(PAGE)).text
    assert TOKEN.search(listed) is None
    assert "示例系统" in listed
    headers = {"authorization": f"Bearer {token[0]}"}
    asked = await client.get(f"{SITE}/api/v1/organisation", headers=headers)
    assert asked.status_code == 200
    assert asked.json()["name"] == "示例基金会"
    row = await ApiToken.select().first()
    assert row is not None
    assert row["used_at"] is not None
    assert token[0] not in str(row)
    revoked = await client.post(f"{PAGE}/{row['id']}/revoke", data=await filled(client))
    assert (revoked.status_code, revoked.headers["location"]) == (303, PAGE)
    assert (await client.get(f"{SITE}/api/v1/organisation", headers=headers)).status_code == 401
    assert app.state.ledger is not None


async def test_a_wrong_form_says_what_to_mend_and_makes_nothing(signed_in: SignedIn) -> None:
    client = await signed_in(Role.MAKER)
    wrong = await client.post(
        PAGE,
        data=await filled(client, name="", days="7") | {"batches:read": "", "batches:write": ""},
    )
    assert wrong.status_code == 422
    page = read_page(wrong.text)
    fields = {one.get("id") for one in page.every() if one.get("aria-invalid") == "true"}
    assert {"name", "days", "batches:read"} <= fields
    long = await client.post(PAGE, data=await filled(client, name="名" * 10_000))
    assert long.status_code == 422
    assert await ApiToken.count() == 0


async def test_only_makers_of_the_organisation_open_the_page(signed_in: SignedIn) -> None:
    assert (await (await signed_in(Role.CHECKER)).get(PAGE)).status_code == 403
    assert (await (await signed_in(Role.AUDITOR)).get(PAGE)).status_code == 403
    assert (await (await signed_in()).get(PAGE)).status_code == 303
    stranger = await signed_in(Role.MAKER, "53440300MJL1234568")
    assert (await stranger.get(PAGE)).status_code == 403


async def test_a_maker_cannot_revoke_another_organisations_token(signed_in: SignedIn) -> None:
    client = await signed_in(Role.MAKER)
    await client.post(PAGE, data=await filled(client))
    row = await ApiToken.select().first()
    assert row is not None
    other = "53440300MJL1234568"
    stranger = await signed_in(Role.MAKER, other)
    page = f"/zh/workplace/{other}/tokens"
    word = re.search(r'name="form_word" value="([0-9a-f]+)"', (await stranger.get(page)).text)
    assert word is not None
    await stranger.post(f"{page}/{row['id']}/revoke", data={"form_word": word[1]})
    after = await ApiToken.select().first()
    assert after is not None
    assert after["revoked_at"] is None
