"""Tests of forms that no browser sends: each gets an answer, none makes the site fail."""

from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from public_site.settings import Settings
from tests.conftest import ORGANISATION
from tests.public_site.applications import application
from tests.public_site.workplace.reporting import LIST, JobsHere, SitAt, desks

ZERO = "a\0b"
BROKEN_PART = (
    b'--xyz\r\nContent-Disposition: form-data; name="form_word"%s\r\n\r\n\xff\xfe\r\n--xyz--\r\n'
)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The application over a fresh ledger, its jobs done when a test asks for it."""
    app = application(settings, JobsHere)
    async with app.lifespan():
        await add_organisation(ORGANISATION, "示例基金会")
        yield app


@pytest.fixture
async def sit(app: Litestar) -> AsyncIterator[SitAt]:
    """Seat people at the workplace."""
    async with desks(app) as seat:
        yield seat


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/harvest", {"address": "https://list.example/", "fund": ZERO}),
        ("/harvest", {"address": "https://list.example/", "project": ZERO}),
        ("/harvest", {"address": f"https://list.example/{ZERO}"}),
        ("/harvest", {"address": "https://list.example/", "project": "p" * 1_000}),
        ("/tokens", {"name": ZERO, "days": "30", "batches:read": "yes"}),
        ("/records/gift", {"fund": ZERO, "amount": "1", "day": "2025-12-01"}),
    ],
)
async def test_a_zero_character_makes_no_form_fail(
    sit: SitAt, path: str, fields: dict[str, str]
) -> None:
    maker = await sit(Role.MAKER)
    assert (await maker.send(path, fields)).status_code in {303, 422}


@pytest.mark.parametrize("field", ["fund", "given_day", "consent", "accept"])
async def test_a_zero_character_makes_no_upload_fail(sit: SitAt, field: str) -> None:
    maker = await sit(Role.MAKER)
    sent = await maker.upload(LIST, **{field: ZERO})
    assert sent.status_code in {303, 422}
    batch = await maker.uploaded(LIST)
    assert (await maker.do(batch, "check", **{field: ZERO})).status_code in {303, 409}


@pytest.mark.parametrize(
    "more", [b"", b"; filename*=UTF-8''%ff", b"\r\nContent-Type: a/b; charset=x"]
)
@pytest.mark.parametrize("role", [None, Role.MAKER])
async def test_a_form_that_is_no_text_is_unreadable(
    sit: SitAt, more: bytes, role: Role | None
) -> None:
    desk = await sit(*[role] if role else [])
    if role is None:
        desk.client.cookies.clear()
    path = "/zh/workplace/sign-in" if role is None else f"{desk.base}/tokens"
    sent = await desk.client.post(
        path,
        content=BROKEN_PART % more,
        headers={"content-type": "multipart/form-data; boundary=xyz"},
    )
    assert sent.status_code in {400, 403, 422}
