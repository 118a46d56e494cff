"""Tests of the secret keys: made once, readable by their owner alone, replaced step by step."""

import stat
from pathlib import Path

import pytest

from ledger.messages import Refused, WrongUse
from ledger.signing import keys
from ledger.signing.keys import (
    begin_rotation,
    make_keys,
    make_post_quantum_key,
    read_signing_key,
    read_signing_keys,
    read_vault_key,
    retire_previous_key,
)
from ledger.signing.signatures import SignatureType, SigningKey
from public_site.opening import initialise, opened
from public_site.settings import Settings

FILES = ("log-signing.key", "vault.key")


def contents(home: Path) -> list[str]:
    return [(home / name).read_text() for name in FILES]


def write(path: Path, text: str) -> None:
    """Write a secret file as an operator does who puts a copy back."""
    path.touch(0o600)
    path.write_text(text)


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
    write(tmp_path / "vault.key", text)
    with pytest.raises(Refused, match="64 hexadecimal digits"):
        read_vault_key(tmp_path)


@pytest.mark.parametrize("text", ["", "x", "PRIVATE+KEY+log.example+00000000+AAAA"])
def test_a_signing_key_of_another_form_is_refused_and_not_repeated(
    tmp_path: Path, text: str
) -> None:
    write(tmp_path / "log-signing.key", text)
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


async def test_a_log_is_not_made_with_the_key_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARITY_SIGNING_KEY", SigningKey.generate("other.example").to_text())
    settings = Settings(home=tmp_path, database="", origin="log.example/city")
    with pytest.raises(Refused, match="charity init --new-log"):
        await initialise(settings)
    with pytest.raises(Refused, match=r"other\.example"):
        await initialise(settings, new_log=True)
    await initialise(Settings(home=tmp_path, database="", origin="other.example"), new_log=True)


async def test_a_key_without_its_log_makes_no_second_log(tmp_path: Path) -> None:
    make_keys(tmp_path, "log.example/city")
    settings = Settings(home=tmp_path, database="", origin="log.example/city")
    with pytest.raises(Refused, match="never made again under its key"):
        await initialise(settings)


async def test_the_key_of_sample_data_signs_no_real_log(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database="", origin="log.example/city")
    await initialise(settings, sample=True)
    (tmp_path / "charity.sqlite").unlink()
    with pytest.raises(Refused, match="held sample data"):
        await initialise(settings)
    await initialise(settings, sample=True)


async def test_a_key_that_lost_its_log_signs_no_sample_data(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database="", origin="log.example/city")
    await initialise(settings)
    for name in ("charity.sqlite", "signed.sqlite"):
        (tmp_path / name).unlink()
    with pytest.raises(Refused, match="never made again under its key"):
        await initialise(settings, sample=True)


async def test_a_log_keeps_its_name(settings: Settings) -> None:
    renamed = settings.model_copy(update={"origin": "other.example"})
    with pytest.raises(Refused, match=r"holds the log log\.example/city"):
        await initialise(renamed)


ORIGIN = "log.example/city"
SIGNING, PREVIOUS, NEXT = "log-signing.key", "log-signing-previous.key", "log-signing-next.key"


def modes(home: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}


def test_a_rotation_is_begun_once_and_both_keys_are_read(tmp_path: Path) -> None:
    make_keys(tmp_path, ORIGIN)
    first = read_signing_key(tmp_path)
    new, old = begin_rotation(tmp_path)
    assert old == first != new
    assert new.name == old.name
    assert begin_rotation(tmp_path) == (new, old), "never a third key"
    assert read_signing_keys(tmp_path) == (new, old)
    assert modes(tmp_path) == {0o600}


def test_a_retired_key_signs_no_longer_and_the_next_rotation_can_begin(tmp_path: Path) -> None:
    make_keys(tmp_path, ORIGIN)
    new, old = begin_rotation(tmp_path)
    retired = retire_previous_key(tmp_path)
    assert retired.name == f"log-signing-retired-{old.verifier.key_id.hex()}.key"
    assert SigningKey.from_text(retired.read_text()) == old
    assert read_signing_keys(tmp_path) == (new,)
    with pytest.raises(WrongUse, match="No rotation"):
        retire_previous_key(tmp_path)
    assert begin_rotation(tmp_path)[1] == new


@pytest.mark.parametrize("step", ["make_secret", "replace_secret"])
@pytest.mark.parametrize("before", [True, False])
def test_a_rotation_goes_on_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, before: bool
) -> None:
    """A crash before or after each of the two steps leaves what signs, and ends in two keys."""
    make_keys(tmp_path, ORIGIN)
    first = read_signing_key(tmp_path)
    whole = getattr(keys, step)

    def crash(path: Path, text: str) -> None:
        if not before:
            whole(path, text)
        raise KeyboardInterrupt

    monkeypatch.setattr(keys, step, crash)
    with pytest.raises(KeyboardInterrupt):
        begin_rotation(tmp_path)
    monkeypatch.undo()
    assert first in read_signing_keys(tmp_path)
    interrupted = set(read_signing_keys(tmp_path))
    new, old = begin_rotation(tmp_path)
    assert (old, interrupted <= {new, old}) == (first, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [PREVIOUS, SIGNING, "vault.key"]


def test_an_ml_dsa_key_is_made_once_and_signs_last(tmp_path: Path) -> None:
    make_keys(tmp_path, ORIGIN)
    made = make_post_quantum_key(tmp_path)
    assert made.signature_type is SignatureType.ML_DSA_44
    assert make_post_quantum_key(tmp_path) == made
    new, old = begin_rotation(tmp_path)
    assert read_signing_keys(tmp_path) == (new, old, made)
    assert modes(tmp_path) == {0o600}


def test_several_keys_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = SigningKey.generate(ORIGIN), SigningKey.generate(ORIGIN)
    quantum = SigningKey.generate(ORIGIN, SignatureType.ML_DSA_44)
    lines = "\n".join(key.to_text() for key in (quantum, new, old))
    monkeypatch.setenv("CHARITY_SIGNING_KEY", lines)
    assert read_signing_keys(tmp_path) == (new, old, quantum)
    assert begin_rotation(tmp_path) == (new, old)
    with pytest.raises(WrongUse, match="second line"):
        retire_previous_key(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_key_in_the_environment_is_rotated_by_its_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = SigningKey.generate(ORIGIN)
    monkeypatch.setenv("CHARITY_SIGNING_KEY", first.to_text())
    for _ in range(2):
        with pytest.raises(WrongUse, match="as the first line"):
            begin_rotation(tmp_path)
    second = (tmp_path / NEXT).read_text().strip()
    assert modes(tmp_path) == {0o600}
    monkeypatch.setenv("CHARITY_SIGNING_KEY", f"{second}\n{first.to_text()}\n")
    assert begin_rotation(tmp_path) == (SigningKey.from_text(second), first)
    monkeypatch.setenv("CHARITY_SIGNING_KEY", second)
    with pytest.raises(WrongUse):
        begin_rotation(tmp_path)
    assert (tmp_path / NEXT).read_text().strip() != second, "the next rotation has its own key"


@pytest.mark.parametrize(
    "others",
    [
        [SigningKey.generate("other.example")],
        [SigningKey.generate(ORIGIN, SignatureType.COSIGNATURE)],
    ],
)
def test_keys_that_do_not_belong_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: list[SigningKey]
) -> None:
    lines = [SigningKey.generate(ORIGIN), *others]
    monkeypatch.setenv("CHARITY_SIGNING_KEY", "\n".join(key.to_text() for key in lines))
    with pytest.raises(Refused, match="not those of one log"):
        read_signing_keys(tmp_path)


def test_an_ml_dsa_key_alone_is_no_signing_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quantum = SigningKey.generate(ORIGIN, SignatureType.ML_DSA_44)
    monkeypatch.setenv("CHARITY_SIGNING_KEY", quantum.to_text())
    with pytest.raises(Refused, match="not those of one log"):
        read_signing_keys(tmp_path)
