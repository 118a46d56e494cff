"""Tests of `charity person`: the first officer is invited, roles end, codes of invented people."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from charity.people.access_log import KEPT
from charity.people.sample import SAMPLE_PEOPLE, SAMPLE_SECRET, invent_people
from charity.people.second_factor import code_at, step_of
from charity.sample.city import sample_organisations
from ledger.signing.keys import read_vault_key
from ledger.vault.envelopes import Envelopes
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.conftest import ORGANISATION
from tests.public_site.running import Run, unused_port
from tests.smtp import SmtpServer, smtp  # noqa: F401 (a fixture)

EMAIL = "xugou@example.org"
OFFICER = ("person", "invite", EMAIL, "--role", "bureau_officer")


@pytest.fixture
def people(run: Run) -> Run:
    """A command over a real log with one organisation."""
    assert run("init").status == 0
    assert run("organisation", "add", ORGANISATION, "示例基金会").status == 0
    return run


@pytest.fixture
def sample(run: Run, tmp_path: Path) -> Run:
    """A command over a log of sample data with the invented people."""
    home = tmp_path / "home"
    settings = Settings(home=home, database="")

    async def make() -> None:
        await initialise(settings, sample=True)
        async with opened(settings) as ledger:
            codes = [organisation.code for organisation in sample_organisations()[:2]]
            await invent_people(ledger, Envelopes(read_vault_key(home)), codes)

    asyncio.run(make())
    return run


def rows(tmp_path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(tmp_path / "home" / "charity.sqlite")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_the_first_officer_is_invited_by_a_link(people: Run, tmp_path: Path) -> None:
    result = people(*OFFICER)
    assert result.status == 0
    [link] = [line for line in result.output.splitlines() if line.startswith("http")]
    assert link.startswith("http://127.0.0.1:8000/zh/workplace/invitations/")
    assert "CHARITY_SMTP is not set" in result.output
    again = json.loads(people(*OFFICER, "--json", "--language", "en", CHARITY_LANGUAGE="zh").output)
    assert again["mail"] == "not_set_up"
    assert "/en/workplace/invitations/" in again["link"]
    open_ones = "SELECT count(*) FROM people_invitation WHERE withdrawn_at IS NULL"
    assert rows(tmp_path, open_ones) == [(1,)], "the newer takes the place of the older"
    acts = rows(tmp_path, "SELECT act, subject, person FROM people_act")
    assert acts == [("person.invite", "bureau_officer", None)] * 2


def test_an_invitation_is_sent_where_mail_is_set_up(people: Run, smtp: SmtpServer) -> None:  # noqa: F811
    result = people(
        "person", "invite", EMAIL, "--role", "maker", "--org", ORGANISATION,
        CHARITY_SMTP=smtp.address, CHARITY_MAIL_FROM="city@example.org",
    )  # fmt: skip
    assert result.status == 0
    assert "It was sent by mail." in result.output
    [letter] = smtp.letters
    assert (letter.sender, letter.recipients) == ("city@example.org", (EMAIL,))
    [link] = [line for line in result.output.splitlines() if line.startswith("http")]
    chinese, english = letter.text.replace("\r\n", "\n").split("----")
    assert link in chinese
    assert link in english
    assert "示例基金会" in chinese
    assert "as maker of 示例基金会" in english


def test_mail_that_cannot_be_sent_leaves_the_link(people: Run) -> None:
    nobody = f"smtp://127.0.0.1:{unused_port()}"
    result = people(*OFFICER, CHARITY_SMTP=nobody)
    assert result.status == 1
    assert "/workplace/invitations/" in result.output
    assert "cannot be reached" in result.errors
    as_json = people(*OFFICER, "--json", CHARITY_SMTP=nobody)
    assert (as_json.status, json.loads(as_json.output)["mail"]) == (1, "failed")


@pytest.mark.parametrize(
    ("arguments", "settings", "status", "words"),
    [
        (("nobody", "--role", "judge"), {}, 1, "no e-mail address"),
        ((EMAIL, "--role", "maker"), {}, 1, "name it by its code"),
        ((EMAIL, "--role", "judge", "--org", ORGANISATION), {}, 1, "name no organisation"),
        ((EMAIL, "--role", "maker", "--org", "53440300000009988H"), {}, 2, "No organisation"),
        ((EMAIL, "--role", "king"), {}, 2, "'king'"),
        ((EMAIL, "--role", "judge"), {"CHARITY_SMTP": "nonsense"}, 2, "CHARITY_SMTP"),
    ],
)
def test_wrong_invitations_change_nothing(
    people: Run,
    tmp_path: Path,
    arguments: tuple[str, ...],
    settings: dict[str, str],
    status: int,
    words: str,
) -> None:
    result = people("person", "invite", *arguments, **settings)
    assert result.status == status
    assert words in result.errors
    assert rows(tmp_path, "SELECT * FROM people_invitation") == []


def test_people_are_listed(sample: Run) -> None:
    lines = sample("person", "list").output.splitlines()
    assert len(lines) == len(SAMPLE_PEOPLE)
    listed = json.loads(sample("person", "list", "--json").output)["people"]
    officer = next(person for person in listed if person["email"] == "officer@shili.example")
    assert officer == {
        "email": "officer@shili.example",
        "name": "虚构局员甲",
        "state": "active",
        "second_factor": True,
        "roles": [{"role": "bureau_officer", "organisation": None}],
    }


def test_an_empty_list_says_how_to_begin(people: Run) -> None:
    assert "charity person invite" in people("person", "list").output


def test_a_role_ends(sample: Run, tmp_path: Path) -> None:
    end = ("person", "end", "judge@shili.example", "--role", "judge")
    assert "The role is ended" in sample(*end).output
    assert "does not hold this role" in sample(*end).output
    assert json.loads(sample(*end, "--json").output) == {"ended": False}
    listed = json.loads(sample("person", "list", "--json").output)["people"]
    assert [person["roles"] for person in listed if person["email"].startswith("judge")] == [[]]
    assert rows(tmp_path, "SELECT act FROM people_act") == [("role.end",)]


def test_an_account_is_disabled_and_enabled(sample: Run) -> None:
    email = "auditor@shili.example"
    assert "Nobody signs in" in sample("person", "disable", email).output
    assert json.loads(sample("person", "disable", email, "--json").output) == {"disabled": False}
    assert "may sign in again" in sample("person", "enable", email).output
    assert json.loads(sample("person", "enable", email, "--json").output) == {"enabled": False}


def test_a_lost_second_factor_is_reset(sample: Run) -> None:
    email = "auditor@shili.example"
    assert "gone" in sample("person", "reset-second-factor", email).output
    result = sample("person", "code", email)
    assert (result.status, "no second step" in result.errors) == (1, True)


@pytest.mark.parametrize(
    "command",
    [("disable",), ("enable",), ("reset-second-factor",), ("end", "--role", "judge"), ("code",)],
)
def test_nobody_is_nobody(sample: Run, command: tuple[str, ...]) -> None:
    result = sample("person", *command, "nobody@example.org")
    assert (result.status, "charity person list" in result.errors) == (2, True)


def test_codes_of_invented_people_only(sample: Run, tmp_path: Path) -> None:
    before = step_of(datetime.now(UTC))
    code = sample("person", "code", "officer@shili.example").output.strip()
    after = step_of(datetime.now(UTC))
    assert code in {code_at(SAMPLE_SECRET, step) for step in range(before, after + 1)}
    assert json.loads(sample("person", "code", "judge@shili.example", "--json").output)["code"]


def test_no_code_is_told_in_a_real_log(people: Run) -> None:
    result = people("person", "code", EMAIL)
    assert (result.status, "real ledger" in result.errors) == (1, True)


def test_old_acts_are_pruned(people: Run, tmp_path: Path) -> None:
    people(*OFFICER)
    connection = sqlite3.connect(tmp_path / "home" / "charity.sqlite")
    with connection:
        connection.execute(
            "INSERT INTO people_act (at, act, outcome) VALUES ('2001-01-01T00:00:00Z', 'x', 'done')"
        )
        with pytest.raises(sqlite3.IntegrityError, match=KEPT):
            connection.execute("DELETE FROM people_act WHERE at > '2002'")
    connection.close()
    assert json.loads(people("person", "prune-access-log", "--json").output) == {"deleted": 1}
    assert "0 acts" in people("person", "prune-access-log").output


def test_open_invitations_are_listed_in_the_readers_language(people: Run) -> None:
    people(*OFFICER, "--name", "虚构局员")
    invitation = people("person", "list").output
    assert invitation.startswith(f"{EMAIL}  虚构局员  invited until 20")
    assert invitation.endswith("  bureau_officer\n")
    assert "邀请有效至" in people("person", "list", CHARITY_LANGUAGE="zh").output
    [listed] = json.loads(people("person", "list", "--json").output)["invitations"]
    assert (listed["email"], listed["role"]) == (EMAIL, "bureau_officer")


def test_the_state_is_told_in_the_readers_language(sample: Run) -> None:
    assert "  active  " in sample("person", "list").output
    assert "  正常  " in sample("person", "list", CHARITY_LANGUAGE="zh").output
