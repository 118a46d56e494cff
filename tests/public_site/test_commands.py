"""Tests of the `charity` command: what it prints, in which language, with which exit status."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from charity.sample.city import sample_code
from ledger.signing.notes import VerifierKey
from public_site.commands import main
from tests.public_site.running import Run, run_apart

CODE = sample_code("53", "440304", 60)
WRONG_CHECK = CODE[:-1] + ("A" if CODE[-1] != "A" else "B")
DONE, REFUSED, WRONG_USE = 0, 1, 2


def every_command(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*names, name)
        if isinstance(command, click.Group):
            yield from every_command(command, *names, name)


@pytest.fixture
def home(run: Run, tmp_path: Path) -> Path:
    """A home with keys and an empty log, made by the command itself."""
    assert run("init").status == DONE
    return tmp_path / "home"


@pytest.mark.parametrize("names", [(), *every_command(main)], ids=" ".join)
def test_every_command_explains_itself(run: Run, names: tuple[str, ...]) -> None:
    result = run(*names, "--help")
    assert result.status == DONE
    assert result.output.startswith("Usage: ")
    assert "-h, --help" in result.output
    command: click.Command = main
    for name in names:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    assert "\n\n  " in result.output, "the help says what the command does"


def test_version_is_told(run: Run) -> None:
    assert "0." in run("--version").output


def test_init_makes_keys_that_only_the_owner_reads(home: Path) -> None:
    for name in ("log-signing.key", "vault.key", "vault-pages.key"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600


def test_init_again_changes_nothing(run: Run, home: Path) -> None:
    before = {path.name: path.read_bytes() for path in home.glob("*.key")}
    key = run("log-key").output
    assert run("init").status == DONE
    assert {path.name: path.read_bytes() for path in home.glob("*.key")} == before
    assert run("log-key").output == key


def test_init_never_makes_another_log_of_the_same_database(run: Run, home: Path) -> None:
    result = run("init", CHARITY_ORIGIN="elsewhere.example")
    assert result.status == REFUSED
    assert "elsewhere.example" in result.errors


@pytest.mark.parametrize("name", ["有 空格", "50%25off", "a?b", "a#b", "日本"])
def test_a_home_may_have_any_name(run: Run, tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    assert run("init", CHARITY_HOME=str(home)).status == DONE
    assert (home / "charity.sqlite").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert run("log-key", CHARITY_HOME=str(home)).status == DONE


@pytest.mark.parametrize("name", ["log-signing.key", "vault.key", "vault-pages.key"])
def test_a_lost_key_is_never_replaced(run: Run, home: Path, name: str) -> None:
    (home / name).unlink()
    for arguments in (["init"], ["log-key"], ["organisation", "list"]):
        result = run(*arguments)
        assert result.status == REFUSED
        assert name in result.errors
    assert not (home / name).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["log-key"],
        ["organisation", "list"],
        ["organisation", "add", CODE, "示例社"],
        ["export-log", "log"],
        ["serve"],
    ],
)
def test_without_a_log_every_command_says_how_to_make_one(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.status, result.output) == (WRONG_USE, "")
    assert "charity init" in result.errors


def test_settings_are_shown_without_passwords(run: Run, tmp_path: Path) -> None:
    shown = json.loads(run("settings", "--json").output)
    assert shown["CHARITY_HOME"] == str(tmp_path / "home")
    assert shown["CHARITY_DATABASE"] == f"sqlite:///{tmp_path / 'home' / 'charity.sqlite'}"
    assert shown["CHARITY_LANGUAGE"] == "en"
    lines = run("settings").output.splitlines()
    assert [line.partition("=")[0] for line in lines] == list(shown)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://someone:hush@host/city",
        "postgresql://someone:hu@sh@host:5432/city",
        "postgresql://host/city?user=someone&password=hush&sslmode=require",
    ],
)
def test_settings_hide_the_password(run: Run, address: str) -> None:
    output = run("settings", CHARITY_DATABASE=address).output
    assert "hush" not in output
    assert "hu@sh" not in output
    assert "host" in output
    assert "someone" in output


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CHARITY_LANGUAGE", "fr"),
        ("CHARITY_ORIGIN", "two words"),
        ("CHARITY_ORIGIN", "name+key"),
    ],
)
def test_a_wrong_setting_is_named(run: Run, variable: str, value: str) -> None:
    result = run("settings", **{variable: value})
    assert result.status == WRONG_USE
    assert variable in result.errors


@pytest.mark.parametrize(
    "address", ["mysql://someone:hush@host/x", "nonsense", "sqlite://", "sqlite://host/x"]
)
def test_a_wrong_database_address_is_refused_without_its_password(run: Run, address: str) -> None:
    result = run("init", CHARITY_DATABASE=address)
    assert result.status in {REFUSED, WRONG_USE}
    assert "CHARITY_DATABASE" in result.errors
    assert "hush" not in result.errors


def test_a_home_that_is_a_file_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    result = run("init", CHARITY_HOME=str(file))
    assert (result.status, result.output) == (WRONG_USE, "")
    assert str(file) in result.errors


def test_messages_are_chinese_unless_english_is_chosen(run: Run) -> None:
    english = run("log-key").errors
    chinese = run("log-key", CHARITY_LANGUAGE="zh").errors
    assert english.isascii()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    by_locale = run_apart(Path("/nonexistent"), "settings", "--json", LANG="en_GB.UTF-8")
    assert json.loads(by_locale.output)["CHARITY_LANGUAGE"] == "en"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
    ],
)
def test_language_follows_the_locale(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    from public_site.translations import command_language

    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert command_language(None) == language


def test_organisation_is_registered_once(run: Run, home: Path) -> None:
    first = json.loads(run("organisation", "add", CODE, "示例社", "--json").output)
    again = json.loads(run("organisation", "add", CODE, "示例社", "--json").output)
    assert (first["added"], again["added"]) == (True, False)
    other = run("organisation", "add", CODE, "示例另一社")
    assert other.status == REFUSED
    assert "示例社" in other.errors
    listed = json.loads(run("organisation", "list", "--json").output)["organisations"]
    assert [(each["code"], each["name"]) for each in listed] == [(CODE, "示例社")]
    assert f"{CODE}  示例社" in run("organisation", "list").output


@pytest.mark.parametrize("code", ["123", "", CODE + "0", CODE.replace("4", "I", 1), "５" * 18])
def test_a_code_of_a_wrong_shape_is_wrong_use(run: Run, home: Path, code: str) -> None:
    for confirmed in ([], ["--confirm-code"]):
        result = run("organisation", "add", code, "示例社", *confirmed)
        assert result.status == WRONG_USE
        assert "18" in result.errors


def test_a_wrong_check_character_must_be_confirmed(run: Run, home: Path) -> None:
    refused = run("organisation", "add", WRONG_CHECK, "示例社")
    assert refused.status == REFUSED
    assert "--confirm-code" in refused.errors
    assert json.loads(run("organisation", "list", "--json").output) == {"organisations": []}
    assert run("organisation", "add", WRONG_CHECK, "示例社", "--confirm-code").status == DONE
    [listed] = json.loads(run("organisation", "list", "--json").output)["organisations"]
    assert not listed["code_valid"]


def test_a_code_may_be_typed_small_or_with_its_prefix(run: Run, home: Path) -> None:
    assert run("organisation", "add", f" cn-usci-{CODE.lower()} ", "示例社").status == DONE
    assert run("organisation", "add", CODE, "示例社").status == DONE
    assert len(json.loads(run("organisation", "list", "--json").output)["organisations"]) == 1


@pytest.mark.parametrize("name", ["", "   ", "示" * 121])
def test_a_name_has_characters_but_not_too_many(run: Run, home: Path, name: str) -> None:
    assert run("organisation", "add", CODE, name).status == REFUSED


def test_fund_is_registered_under_an_organisation(run: Run, home: Path) -> None:
    assert run("fund", "add", CODE, "study-aid", "虚构助学").status == WRONG_USE
    run("organisation", "add", CODE, "示例社")
    assert run("fund", "add", CODE, "study-aid", "虚构助学").status == DONE
    assert run("fund", "add", CODE, "Study Aid", "虚构助学").status == WRONG_USE


@pytest.mark.parametrize("written", ["", "10.1.0.0/16, fd00::/8", '["10.1.0.0/16", "fd00::/8"]'])
def test_networks_are_read_as_they_are_shown(run: Run, home: Path, written: str) -> None:
    shown = "CHARITY_HARVEST_NETWORKS=" + ("10.1.0.0/16, fd00::/8" if written else "")
    assert shown in run("settings", CHARITY_HARVEST_NETWORKS=written).output.splitlines()


@pytest.mark.parametrize("written", ["[bad", "nonsense"])
def test_wrong_networks_are_told(run: Run, home: Path, written: str) -> None:
    assert run("settings", CHARITY_HARVEST_NETWORKS=written).status == WRONG_USE


def test_project_is_registered_under_a_fund(run: Run, home: Path) -> None:
    add = ("project", "add", CODE, "books", "虚构图书")
    assert run(*add).status == WRONG_USE
    run("organisation", "add", CODE, "示例社")
    assert run(*add, "--fund", "study-aid").status == WRONG_USE
    assert run(*add, "--budget", "much").status == WRONG_USE
    assert run(*add, "--budget", "1,234.50").status == DONE
    assert run(*add, "--budget", "1234.5").status == DONE
    assert run("project", "add", CODE, "books", "虚构书屋").status == REFUSED
    assert run("project", "add", CODE, "Books", "虚构图书").status == WRONG_USE


def test_campaigns_are_registered_and_listed(run: Run, home: Path) -> None:
    add = ("campaign", "add", CODE, "虚构募捐", "--fund", "general")
    days = ("--from", "2026-01-31", "--until", "2026-12-31")
    assert run(*add, *days).status == WRONG_USE
    run("organisation", "add", CODE, "示例社")
    assert "charity campaign add" in run("campaign", "list", CODE).output
    for wrong in (
        ("--from", "31.1.2026", "--until", "2026-12-31"),
        ("--from", "2026-12-31", "--until", "2026-01-31"),
        (*days, "--target", "much"),
        (*days, "--target", "0.001"),
        (*days, "--filing", ""),
    ):
        assert run(*add, *wrong).status == WRONG_USE
    facts = (*days, "--target", "1,234.56", "--filing", "示例1号")
    assert "Registered: 虚构募捐" in run(*add, *facts).output
    assert "Registered already" in run(*add, *days, "--target", "1234.56", *facts[-2:]).output
    assert run(*add, *days).status == REFUSED
    listed = run("campaign", "list", CODE).output
    assert listed == "2026-01-31  2026-12-31  general  ¥1,234.56  示例1号  虚构募捐\n"
    [row] = json.loads(run("campaign", "list", CODE, "--json").output)["campaigns"]
    assert (row["name"], row["target"]) == ("虚构募捐", 123_456)


def test_log_key_is_one_line_that_verifiers_read(run: Run, home: Path) -> None:
    result = run("log-key")
    key = VerifierKey.parse(result.output.removesuffix("\n"))
    assert key.name == "127.0.0.1:8000"
    assert json.loads(run("log-key", "--json").output) == {
        "log_key": str(key),
        "log_keys": [str(key)],
    }


@pytest.mark.parametrize("arguments", [["nonsense"], ["import"], ["serve", "--port", "0"], ["-x"]])
def test_wrong_use_shows_the_way(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.status, result.output) == (WRONG_USE, "")
    assert "Usage:" in result.errors


def test_a_refusal_is_json_too(run: Run) -> None:
    result = run("log-key", "--json")
    assert result.status == WRONG_USE
    assert "charity init" in json.loads(result.output)["error"]


def test_the_installed_command_runs(tmp_path: Path) -> None:
    """Once as a person does: a process of its own, from nothing to a key."""
    home = tmp_path / "home"
    assert run_apart(home, "init").status == DONE
    refused = run_apart(home, "organisation", "add", "123", "示例社")
    assert refused.status == WRONG_USE
    assert "Traceback" not in refused.errors
    assert run_apart(home, "log-key").output.startswith("127.0.0.1:8000+")


def test_a_database_that_is_none_is_refused_and_nothing_hangs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "charity.sqlite").write_bytes(b"no database" * 100)
    result = run_apart(home, "log-key", seconds=5)
    assert result.status == WRONG_USE
    assert "Traceback" not in result.errors
