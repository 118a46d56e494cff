"""Tests of the invented people: they sign in to a sample city, and exist in no real ledger."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from charity.organisations.registry import add_organisation
from charity.people.memberships import people
from charity.people.passwords import password_problem
from charity.people.roles import ORGANISATION_ROLES, SECOND_FACTOR_ROLES, Role
from charity.people.sample import (
    SAMPLE_PASSWORD,
    SAMPLE_PEOPLE,
    SAMPLE_SECRET,
    invent_people,
)
from charity.people.second_factor import code_at, step_of
from charity.people.signing_in import prove_second_factor, sign_in
from charity.people.tables import Person
from charity.sample.city import sample_organisations
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.vault.envelopes import Envelopes
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.charity.people.inventing import ELSEWHERE, actor_by
from tests.conftest import ORGANISATION

CODES = [organisation.code for organisation in sample_organisations()[:2]]


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Ledger]:
    """A ledger of sample data with two organisations."""
    settings = Settings(home=tmp_path / "sample", database="")
    await initialise(settings, sample=True)
    async with opened(settings) as ledger:
        for number, code in enumerate(CODES):
            await add_organisation(code, f"示例基金会{number}")
        yield ledger
    shutil.rmtree(settings.home)


async def test_invented_people_sign_in(sample: Ledger, envelopes: Envelopes) -> None:
    assert await invent_people(sample, envelopes, CODES)
    assert not await invent_people(sample, envelopes, CODES), "only once"
    now = datetime.now(UTC)
    views = {view.email: view for view in await people()}
    assert len(views) == len(SAMPLE_PEOPLE)
    for invented in SAMPLE_PEOPLE:
        view = views[invented.email]
        assert "虚构" in view.name
        [standing] = view.standings
        assert standing.role is invented.role
        assert (standing.organisation in CODES) is (invented.role in ORGANISATION_ROLES)
        assert view.has_second_factor is (invented.role in SECOND_FACTOR_ROLES)
        entered = await sign_in(
            sample.engine, envelopes, invented.email, SAMPLE_PASSWORD, ELSEWHERE, now
        )
        assert entered.token is not None
        actor = await actor_by(entered.token, now)
        if actor.needs_second_factor:
            code = code_at(SAMPLE_SECRET, step_of(now))
            proved = await prove_second_factor(
                sample.engine, envelopes, actor, code, ELSEWHERE, now
            )
            assert proved.token is not None


def test_every_role_is_there_and_makers_and_checkers_twice() -> None:
    roles = [invented.role for invented in SAMPLE_PEOPLE]
    assert set(roles) == set(Role)
    assert (roles.count(Role.MAKER), roles.count(Role.CHECKER)) == (2, 2)
    for invented in SAMPLE_PEOPLE:
        assert password_problem(SAMPLE_PASSWORD, invented.email, invented.name) is None


async def test_nobody_is_invented_in_a_real_ledger(ledger: Ledger, envelopes: Envelopes) -> None:
    with pytest.raises(Refused, match="not for sample data"):
        await invent_people(ledger, envelopes, [ORGANISATION, ORGANISATION])
    assert not await Person.exists()
