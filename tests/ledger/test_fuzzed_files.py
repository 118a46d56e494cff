"""Tests of every file of an installation under damage: an error of ours, never another."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.appending.signed_store import Signed, SignedStore
from ledger.database.engines import open_engine
from ledger.messages import Refused, WrongUse
from ledger.signing.keys import (
    SIGNING_KEY_FILE,
    VAULT_KEY_FILE,
    read_signing_keys,
    read_vault_key,
)
from ledger.vault.page_keys import PAGE_KEYS_FILE, PageKeys
from ledger.vault.vault import Page
from ledger.verification import CHECKPOINT as CHECKPOINT_FILE
from ledger.witnessing.client import read_witnesses
from ledger.witnessing.monitoring_folder import DATES, read_kept
from public_site.commands.charity_group import read_settings
from public_site.settings import Settings
from tests.ledger.test_fuzzed_bytes import LOG, NOTE, WITNESS, damaged_bytes
from tests.ledger.vaults import vault_in_memory

VAULT_KEY: Final = bytes(range(32))
VAULT: Final = vault_in_memory(VAULT_KEY)
PAGE: Final = "0" * 28
EXAMPLES: Final[dict[str, bytes]] = {}
DATES_EXAMPLE: Final = (
    b'{"since": "2026-01-02T03:04:05+00:00", "changed": "2026-01-02T03:04:05+00:00"}'
)
VARIABLES: Final = tuple(f"CHARITY_{name.upper()}" for name in Settings.model_fields)
VALUES: Final = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.sampled_from(["sqlite:///x", "postgresql://[", "postgresql://a:b@c:99999/d", "-1", "1e9"]),
)


def stored_example() -> bytes:
    """Return the bytes of a store of signed checkpoints."""
    with TemporaryDirectory() as folder:
        store = SignedStore(Path(folder) / "signed.sqlite")
        store.create(LOG.name, sample=False)
        assert store.replace(Signed(0, ""), Signed(70_000, NOTE))
        return store.file.read_bytes()


def page_keys_example() -> bytes:
    with TemporaryDirectory() as folder:
        PageKeys.make(Path(folder) / PAGE_KEYS_FILE, VAULT_KEY)
        return (Path(folder) / PAGE_KEYS_FILE).read_bytes()


def read_store(folder: Path) -> None:
    """Read the store; what comes out must be of the right types."""
    size, note = SignedStore(folder / "signed.sqlite").read()
    assert (type(size), type(note)) == (int, str)
    assert size >= 0


READERS: Final[dict[str, tuple[Callable[[Path], object], str, Callable[[], bytes]]]] = {
    "signed store": (read_store, "signed.sqlite", stored_example),
    "page keys": (
        lambda folder: PageKeys(folder / PAGE_KEYS_FILE, VAULT_KEY),
        PAGE_KEYS_FILE,
        page_keys_example,
    ),
    "vault key": (read_vault_key, VAULT_KEY_FILE, lambda: VAULT_KEY.hex().encode()),
    "signing key": (read_signing_keys, SIGNING_KEY_FILE, lambda: LOG.to_text().encode()),
    "witnesses": (
        lambda folder: read_witnesses(folder / "witnesses"),
        "witnesses",
        f"# ours\n{WITNESS.verifier} http://127.0.0.1:8001/\n".encode,
    ),
    "monitor": (
        lambda folder: read_kept(folder, [LOG.verifier]),
        CHECKPOINT_FILE,
        NOTE.encode,
    ),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(name: str, data: st.DataObject) -> None:
    read, file, example = READERS[name]
    content = data.draw(damaged_bytes([EXAMPLES.setdefault(name, example())]))
    with TemporaryDirectory() as folder:
        (Path(folder) / file).write_bytes(content)
        (Path(folder) / file).chmod(0o600)
        try:
            read(Path(folder))
        except Refused:
            return


@given(data=st.data())
def test_damaged_dates_of_a_monitor_are_read_or_refused(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / CHECKPOINT_FILE).write_bytes(NOTE.encode())
        (Path(folder) / DATES).write_bytes(data.draw(damaged_bytes([DATES_EXAMPLE])))
        try:
            read_kept(Path(folder), [LOG.verifier])
        except Refused:
            return


@pytest.mark.parametrize(
    ("size", "note"),
    [
        ("2", NOTE),
        (None, NOTE),
        (2.5, NOTE),
        (-1, NOTE),
        (b"2", NOTE),
        (2, None),
        (2, b"note"),
        (2, 7),
    ],
)
def test_a_store_whose_values_are_of_other_kinds_is_refused(
    tmp_path: Path, size: object, note: object
) -> None:
    store = SignedStore(tmp_path / "signed.sqlite")
    store.create(LOG.name, sample=False)
    with closing(sqlite3.connect(store.file, isolation_level=None)) as connection:
        connection.execute("DROP TABLE signed")
        connection.execute("CREATE TABLE signed (origin, sample, size, note)")
        connection.execute("INSERT INTO signed VALUES ('', 0, ?, ?)", (size, note))
    with pytest.raises(Refused, match="cannot be read"):
        store.read()
    with pytest.raises(Refused, match="cannot be read"):
        store.create(LOG.name, sample=False)


@given(environment=st.fixed_dictionaries({}, optional=dict.fromkeys(VARIABLES, VALUES)))
def test_any_settings_are_read_or_said_to_be_wrong(environment: dict[str, str]) -> None:
    with patch.dict(os.environ, environment):
        try:
            settings = read_settings()
            open_engine(settings.database_address)
        except WrongUse:
            return


@given(sealed=damaged_bytes([VAULT.seal_page(PAGE, Page(("虚构甲",), bytes(32)))]))
def test_a_damaged_page_of_the_vault_is_opened_or_refused(sealed: bytes) -> None:
    try:
        VAULT.open_page(PAGE, sealed)
    except Refused:
        return
