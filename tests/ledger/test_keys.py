"""Tests of the secret keys: made once, readable by their owner alone, never made again."""

import stat
from pathlib import Path

import pytest

from ledger.keys import make_keys, read_signing_key, read_vault_key
from ledger.messages import Refused
from public_site.opening import initialise, opened
from public_site.settings import Settings

FILES = ("log-signing.key", "vault.key")


def contents(home: Path) -> list[str]:
    return [(home / name).read_text() for name in FILES]


def test_made_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    make_keys(tmp_path / "home", "log.example/city")
    modes = [stat.S_IMODE((tmp_path / "home" / name).stat().st_mode) for name in FILES]
    assert modes == [0o600, 0o600]
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_made_keys_can_be_read_and_carry_the_name_of_the_log(tmp_path: Path) -> None:
    make_keys(tmp_path, "log.example/city")
    assert read_signing_key(tmp_path).verifier.name == "log.example/city"
    assert len(read_vault_key(tmp_path)) == 32


def test_keys_differ_from_home_to_home(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_keys(tmp_path / name, "log.example/city")
    for one, two in zip(contents(tmp_path / "one"), contents(tmp_path / "two"), strict=True):
        assert one != two


def test_keys_that_are_there_are_kept(tmp_path: Path) -> None:
    make_keys(tmp_path, "log.example/city")
    before = contents(tmp_path)
    make_keys(tmp_path, "log.example/city")
    assert contents(tmp_path) == before


def test_keys_in_the_environment_are_used_and_not_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_keys(tmp_path / "elsewhere", "log.example/city")
    signing, vault = contents(tmp_path / "elsewhere")
    monkeypatch.setenv("CHARITY_SIGNING_KEY", signing)
    monkeypatch.setenv("CHARITY_VAULT_KEY", vault)
    make_keys(tmp_path / "home", "log.example/city")
    assert not (tmp_path / "home").exists()
    assert read_signing_key(tmp_path / "home").to_text() == signing.strip()
    assert read_vault_key(tmp_path / "home").hex() == vault.strip()


@pytest.mark.parametrize("text", ["", "00", "0" * 63, "0" * 66, "x" * 64])
def test_a_vault_key_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "vault.key").write_text(text)
    with pytest.raises(Refused, match="64 hexadecimal digits"):
        read_vault_key(tmp_path)


@pytest.mark.parametrize("text", ["", "x", "PRIVATE+KEY+log.example+00000000+AAAA"])
def test_a_signing_key_of_another_form_is_refused_and_not_repeated(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "log-signing.key").write_text(text)
    with pytest.raises(Refused) as refusal:
        read_signing_key(tmp_path)
    assert not text or len(text) < 2 or text not in str(refusal.value)


async def test_initialise_again_changes_nothing(home: Path, settings: Settings) -> None:
    before = contents(home)
    await initialise(settings)
    assert contents(home) == before


@pytest.mark.parametrize("missing", FILES)
async def test_a_log_whose_key_is_missing_gets_no_new_one(
    home: Path, settings: Settings, missing: str
) -> None:
    (home / missing).unlink()
    with pytest.raises(Refused, match=f"{missing} is missing.*would make another log"):
        await initialise(settings)
    with pytest.raises(Refused, match=f"{missing} is missing"):
        async with opened(settings):
            pass
    assert not (home / missing).exists()


async def test_the_key_of_another_log_is_refused(
    home: Path, settings: Settings, tmp_path: Path
) -> None:
    make_keys(tmp_path / "other", "other.example")
    (home / FILES[0]).write_text((tmp_path / "other" / FILES[0]).read_text())
    with pytest.raises(Refused, match=r"belongs to the log other\.example"):
        async with opened(settings):
            pass


async def test_a_log_is_not_made_with_the_key_of_another(tmp_path: Path) -> None:
    make_keys(tmp_path, "other.example")
    settings = Settings(home=tmp_path, database="", origin="log.example/city")
    with pytest.raises(Refused, match=r"other\.example"):
        await initialise(settings)
    await initialise(Settings(home=tmp_path, database="", origin="other.example"))


async def test_a_log_keeps_its_name(settings: Settings) -> None:
    renamed = settings.model_copy(update={"origin": "other.example"})
    with pytest.raises(Refused, match=r"holds the log log\.example/city"):
        await initialise(renamed)
