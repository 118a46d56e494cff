"""Tests of who may use the API: tokens, scopes, the limit of requests, every route in its turn."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from charity.people.roles import Role
from charity.people.sessions import instant
from charity.people.tables import ApiToken, Membership, Person
from charity.people.tokens import Scope
from ledger.database.engines import write_transaction
from public_site.api.authentication import SCOPE, TokenMiddleware, check_scope
from public_site.api.documentation import DOCUMENT
from public_site.api.limits import RequestLimits
from tests.conftest import ORGANISATION
from tests.public_site.api.conftest import BATCHES, Program, gifts, key, token_for
from tests.public_site.workplace.conftest import invent_person

ADDRESS = f"{BATCHES}/{'0' * 32}"
RULES: dict[tuple[str, str], Scope] = {
    ("GET", "/api/v1/organisation"): Scope.BATCHES_READ,
    ("GET", "/api/v1/batches"): Scope.BATCHES_READ,
    ("POST", "/api/v1/batches"): Scope.BATCHES_WRITE,
    ("GET", "/api/v1/batches/{batch}"): Scope.BATCHES_READ,
    ("PUT", "/api/v1/batches/{batch}"): Scope.BATCHES_WRITE,
    ("POST", "/api/v1/batches/{batch}/submit"): Scope.BATCHES_WRITE,
    ("POST", "/api/v1/batches/{batch}/withdraw"): Scope.BATCHES_WRITE,
}
"""What each route needs. A new route gets its line here, after somebody has thought about it."""

REALM = 'Bearer realm="charity-city"'


@pytest.mark.one_engine("sqlite", "the routes are the same")
async def test_every_route_has_a_scope_and_its_guards(app: Litestar) -> None:
    found = {}
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or not route.path.startswith("/api"):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if method in {"HEAD", "OPTIONS"} or route.path == DOCUMENT:
                continue
            found[method, route.path_format] = handler.opt[SCOPE]
            assert check_scope in (handler.guards or ())
            assert any(isinstance(one, TokenMiddleware) for one in handler.middleware or ())
    assert found == RULES


@pytest.mark.parametrize(("method", "path"), RULES)
@pytest.mark.parametrize("scope", Scope)
@pytest.mark.one_engine("sqlite", "the rule is looked at before the database is")
async def test_a_token_reaches_as_far_as_its_scope(
    program: Program, method: str, path: str, scope: Scope
) -> None:
    client = await program(scopes=(scope,))
    answer = await client.request(method, path.format(batch="0" * 32))
    needed = RULES[method, path]
    if scope is needed:
        assert answer.status_code in {200, 400, 404, 415}
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
        challenge = f'{REALM}, error="insufficient_scope", scope="{needed.value}"'
        assert answer.headers["www-authenticate"] == challenge


@pytest.mark.parametrize(("method", "path"), RULES)
@pytest.mark.one_engine("sqlite", "the rule is looked at before the database is")
async def test_without_a_token_nothing_opens(program: Program, method: str, path: str) -> None:
    client = await program(token="")
    for headers in ({}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer "}):
        answer = await client.request(method, path.format(batch="0" * 32), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "token-missing")
        assert answer.headers["www-authenticate"] == REALM


async def refused(client: httpx.AsyncClient) -> None:
    """Fail unless the token of this client opens nothing."""
    for answer in (await client.get(BATCHES), await client.post(BATCHES, json=gifts())):
        assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")
        assert answer.headers["www-authenticate"] == f'{REALM}, error="invalid_token"'


@pytest.mark.parametrize("token", ["cc_x", "x", "cc_" + "a" * 10_000, "cc_é"])
@pytest.mark.one_engine("sqlite", "it is only looked for")
async def test_an_unknown_token_opens_nothing(program: Program, token: str) -> None:
    client = await program(token="")
    client.headers["authorization"] = f"Bearer {token}"
    await refused(client)


async def test_an_expired_or_revoked_token_opens_nothing(app: Litestar, program: Program) -> None:
    past = instant(datetime.now(UTC) - timedelta(seconds=1))
    for column in (ApiToken.expires_at, ApiToken.revoked_at):
        client = await program()
        assert (await client.get(BATCHES)).status_code == 200
        async with write_transaction(app.state.ledger.engine):
            await ApiToken.update({column: past}, force=True)
        await refused(client)


async def test_a_token_ends_with_its_makers_role(app: Litestar, program: Program) -> None:
    client = await program()
    batch = (await client.post(BATCHES, json=gifts(), headers=key())).json()["id"]
    async with write_transaction(app.state.ledger.engine):
        await Membership.update({Membership.ended_at: "2026-01-01T00:00:00Z"}, force=True)
    await refused(client)
    assert (await client.get(f"{BATCHES}/{batch}")).status_code == 401


async def test_a_token_ends_with_its_makers_account(app: Litestar, program: Program) -> None:
    client = await program()
    async with write_transaction(app.state.ledger.engine):
        await Person.update({Person.state: "disabled"}, force=True)
    await refused(client)


async def test_the_last_use_of_a_token_is_noted(program: Program) -> None:
    await (await program()).get(BATCHES)
    row = await ApiToken.select().first()
    assert row is not None
    assert row["used_at"] is not None


@pytest.mark.one_engine("sqlite", "requests are counted in memory")
async def test_a_token_may_not_ask_too_often_and_another_still_may(
    app: Litestar, program: Program
) -> None:
    app.state.api_limits = RequestLimits(most=3)
    first, second = await program(), await program()
    answers = [await first.get(BATCHES) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json()["code"] == "too-many-requests"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert (await second.get(BATCHES)).status_code == 200


def test_requests_are_counted_in_a_window_that_moves() -> None:
    now = [0.0]
    limits = RequestLimits(most=2, window=60, clock=lambda: now[0])
    assert limits.wait("a") == 0
    now[0] = 30
    assert limits.wait("a") == 0
    assert limits.wait("a") == 30
    now[0] = 59.5
    assert limits.wait("a") == 1
    now[0] = 60
    assert limits.wait("a") == 0
    assert limits.wait("a") == 30


def test_tokens_at_rest_are_forgotten() -> None:
    now = [0.0]
    limits = RequestLimits(most=2, window=60, clock=lambda: now[0])
    for number in range(1_000):
        limits.wait(str(number))
    now[0] = 61
    limits.wait("new")
    assert len(limits._times) == 1


async def test_a_program_of_two_organisations_keeps_them_apart(
    app: Litestar, program: Program
) -> None:
    from charity.organisations.registry import add_organisation

    other = "53440300MJL1234568"
    await add_organisation(other, "示例联合会", confirm_code=True)
    person = await invent_person(app.state.ledger, (Role.MAKER, ORGANISATION), (Role.MAKER, other))
    own = await program(token=await token_for(app, ORGANISATION, person=person))
    there = await program(token=await token_for(app, other, person=person))
    batch = (await own.post(BATCHES, json=gifts(), headers=key())).json()["id"]
    assert (await own.get(f"{BATCHES}/{batch}")).status_code == 200
    assert (await there.get(f"{BATCHES}/{batch}")).status_code == 404
