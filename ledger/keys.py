"""Provides the secret keys: files with mode 0600 beside the database, or environment variables.

They are made once, when the log is made. A log whose key is missing is never given a new one
silently: that would be a second log under the first one's name.
"""

import os
import secrets
from pathlib import Path

from ledger.messages import Refused
from ledger.notes import SigningKey
from ledger.vault import KEY_BYTES

SIGNING_KEY_FILE = "log-signing.key"
VAULT_KEY_FILE = "vault.key"
SIGNING_KEY_VARIABLE = "CHARITY_SIGNING_KEY"
VAULT_KEY_VARIABLE = "CHARITY_VAULT_KEY"


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read_secret(path: Path, variable: str) -> str:
    if variable in os.environ:
        return os.environ[variable].strip()
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise Refused(
            "The key file {path} is missing. Put it back from its safe copy, or give the key in"
            " {variable}; a new key would make another log.",
            path=path,
            variable=variable,
        ) from error


def make_keys(home: Path, origin: str) -> None:
    """Make the signing key and the vault's key, unless they are there or in the environment."""
    if SIGNING_KEY_VARIABLE not in os.environ and not (home / SIGNING_KEY_FILE).exists():
        _write_secret(home / SIGNING_KEY_FILE, SigningKey.generate(origin).to_text())
    if VAULT_KEY_VARIABLE not in os.environ and not (home / VAULT_KEY_FILE).exists():
        _write_secret(home / VAULT_KEY_FILE, secrets.token_hex(KEY_BYTES))


def read_signing_key(home: Path) -> SigningKey:
    """Return the key that signs checkpoints.

    Raises:
        Refused: it is missing or is no signing key.
    """
    return SigningKey.from_text(_read_secret(home / SIGNING_KEY_FILE, SIGNING_KEY_VARIABLE))


def read_vault_key(home: Path) -> bytes:
    """Return the key that seals the vault (32 bytes).

    Raises:
        Refused: it is missing or has another form.
    """
    text = _read_secret(home / VAULT_KEY_FILE, VAULT_KEY_VARIABLE)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise Refused(
            "The vault's key ({path}) is not {count} hexadecimal digits.",
            path=home / VAULT_KEY_FILE,
            count=2 * KEY_BYTES,
        )
    return key
