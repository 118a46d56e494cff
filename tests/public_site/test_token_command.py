"""Tests of `charity token`: made, listed and revoked without a browser."""

import asyncio
import json
from pathlib import Path

import pytest

from charity.people.roles import Role
from charity.people.tables import Act, Person
from public_site.opening import opened
from public_site.settings import Settings
from tests.conftest import ORGANISATION
from tests.public_site.running import Run
from tests.public_site.workplace.conftest import invent_person

ORG = ("--org", ORGANISATION)


@pytest.fixture
def settings_of_run(run: Run, tmp_path: Path) -> Settings:
    """A real log with one organisation."""
    assert run("init").status == 0
    assert run("organisation", "add", ORGANISATION, "示例基金会").status == 0
    return Settings(home=tmp_path / "home", database="")


def email_of_new(settings: Settings, role: Role) -> str:
    """Make an invented person with a role; return the e-mail."""

    async def make() -> str:
        async with opened(settings) as ledger:
            person = await invent_person(ledger, (role, ORGANISATION))
            row = await Person.select(Person.email).where(Person.id == person).first()
            assert row is not None
            return str(row["email"])

    return asyncio.run(make())


def test_a_token_is_made_listed_and_revoked(run: Run, settings_of_run: Settings) -> None:
    maker = email_of_new(settings_of_run, Role.MAKER)
    assert run("token", "list", *ORG, CHARITY_LANGUAGE="en").output == "There is no token yet.\n"
    made = run(
        "token", "make", "示例系统", *ORG, "--maker", maker.upper(), "--days", "30", "--json"
    )
    assert made.status == 0, made.errors
    token = json.loads(made.output)
    assert token["token"].startswith("cc_")
    [listed] = json.loads(run("token", "list", *ORG, "--json").output)["tokens"]
    assert (listed["id"], listed["open"], listed["used_at"]) == (token["id"], True, None)
    assert token["token"] not in run("token", "list", *ORG).output
    assert run("token", "revoke", token["id"], *ORG).status == 0
    again = run("token", "revoke", token["id"], *ORG)
    assert again.status == 2
    assert token["id"] in again.errors
    [listed] = json.loads(run("token", "list", *ORG, "--json").output)["tokens"]
    assert listed["open"] is False

    async def acts() -> list[str]:
        async with opened(settings_of_run):
            return [act["act"] for act in await Act.select().order_by(Act.id)]

    assert asyncio.run(acts()) == ["token.make", "token.revoke", "token.revoke"]


def test_only_makers_get_tokens(run: Run, settings_of_run: Settings) -> None:
    checker = email_of_new(settings_of_run, Role.CHECKER)
    refused = run("token", "make", "示例系统", *ORG, "--maker", checker)
    assert refused.status == 1
    assert "cc_" not in refused.output
    assert run("token", "make", "示例系统", *ORG, "--maker", "nobody@example.org").status == 2
    assert run("token", "make", "x", "--org", "x", "--maker", checker).status != 0
    assert run("token", "make", "x", *ORG, "--maker", checker, "--days", "0").status == 2
