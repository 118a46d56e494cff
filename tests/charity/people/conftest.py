"""Provides envelopes, a mail server, and quick hashing of passwords."""

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from charity.people import passwords
from ledger.vault.envelopes import Envelopes
from tests.smtp import smtp  # noqa: F401 (a fixture)

VAULT_KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as argon2id does, but with next to no memory: the tests hash a hundred times."""
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", PasswordHash((quick,)))
    passwords._hash_of_nobody.cache_clear()


@pytest.fixture
def envelopes() -> Envelopes:
    """Envelopes under a fixed key."""
    return Envelopes(VAULT_KEY)
