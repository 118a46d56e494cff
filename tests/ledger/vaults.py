"""Provides a vault whose keys are in memory only, for tests that seal and open."""

from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory

from ledger.vault.page_keys import PageKeys
from ledger.vault.vault import Vault


class KeysInMemory(PageKeys):
    """Keys whose file is gone again: nobody writes it anew."""

    def refresh(self) -> None:
        """Read nothing."""


def vault_in_memory(key: bytes) -> Vault:
    """Return a vault with fresh bucket keys under this key."""
    with TemporaryDirectory() as folder:
        return Vault(key, KeysInMemory.make(Path(folder) / "vault-pages.key", key), token_bytes)
