"""Provides the secret keys: files with mode 0600 beside the database, or environment variables.

They are made once, when the log is made. A log whose key is missing is never given a new one
silently: that would be a second log under the first one's name.

The signing key can be replaced: its successor takes the file of the primary key, the old key stays
beside it under another name and signs along until it is retired.
"""

import os
import secrets
from pathlib import Path

from ledger.messages import Refused, WrongUse
from ledger.signing.secret_files import make_secret, read_secret, replace_secret, sync_folder
from ledger.signing.signatures import SignatureType, SigningKey, VerifierKey
from ledger.vault.page_keys import KEY_BYTES

SIGNING_KEY_FILE = "log-signing.key"
PREVIOUS_KEY_FILE = "log-signing-previous.key"
NEXT_KEY_FILE = "log-signing-next.key"
RETIRED_KEY_FILES = "log-signing-retired-*.key"
POST_QUANTUM_KEY_FILE = "log-signing-mldsa44.key"
VAULT_KEY_FILE = "vault.key"
SIGNING_KEY_VARIABLE = "CHARITY_SIGNING_KEY"
VAULT_KEY_VARIABLE = "CHARITY_VAULT_KEY"


def _read(path: Path, variable: str) -> str:
    """Return the text of a key from the environment or its file."""
    if variable in os.environ:
        return os.environ[variable].strip()
    try:
        return read_secret(path)
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
        make_secret(home / SIGNING_KEY_FILE, SigningKey.generate(origin).to_text())
    if VAULT_KEY_VARIABLE not in os.environ and not (home / VAULT_KEY_FILE).exists():
        make_secret(home / VAULT_KEY_FILE, secrets.token_hex(KEY_BYTES))


def make_post_quantum_key(home: Path) -> SigningKey:
    """Return the log's ML-DSA-44 key, made now if there is none yet.

    It signs every checkpoint beside the Ed25519 key (C2SP tlog-checkpoint, “Signatures”).

    Raises:
        Refused: the log's signing key is missing or malformed.
    """
    path = home / POST_QUANTUM_KEY_FILE
    if not path.exists():
        origin = read_signing_key(home).name
        make_secret(path, SigningKey.generate(origin, SignatureType.ML_DSA_44).to_text())
    return _key_of(path)


def read_signing_keys(home: Path) -> tuple[SigningKey, ...]:
    """Return the keys that sign checkpoints, the primary one first.

    Behind it stand the old one while it signs along, and the ML-DSA-44 one if it was made. The
    variable CHARITY_SIGNING_KEY holds one key a line.

    Raises:
        Refused: the primary key is missing, a line or file is no signing key, or the keys are not
            those of one log.
    """
    text = _read(home / SIGNING_KEY_FILE, SIGNING_KEY_VARIABLE)
    keys = [SigningKey.from_text(line) for line in text.splitlines() or [""]]
    if SIGNING_KEY_VARIABLE not in os.environ and (home / PREVIOUS_KEY_FILE).exists():
        keys.append(_key_of(home / PREVIOUS_KEY_FILE))
    if (home / POST_QUANTUM_KEY_FILE).exists():
        keys.append(_key_of(home / POST_QUANTUM_KEY_FILE))
    different = list(dict.fromkeys(keys))
    different.sort(key=lambda key: key.signature_type)  # keeps the order of Ed25519 keys
    if different[0].signature_type is not SignatureType.ED25519 or any(
        key.name != keys[0].name or key.signature_type is SignatureType.COSIGNATURE for key in keys
    ):
        raise Refused(
            "The signing keys in {home} or {variable} are not those of one log: an Ed25519 key"
            " first, all under the same name.",
            home=home,
            variable=SIGNING_KEY_VARIABLE,
        )
    return tuple(different)


def _key_of(path: Path) -> SigningKey:
    return SigningKey.from_text(read_secret(path))


def read_signing_key(home: Path) -> SigningKey:
    """Return the primary key: the one that the log is known by.

    Raises:
        Refused: as `read_signing_keys`.
    """
    return read_signing_keys(home)[0]


def begin_rotation(home: Path) -> tuple[SigningKey, SigningKey]:
    """Return the new and the old key; the new one is made if the last rotation is finished.

    From then on both sign. Each step is durable before the next begins, so the call can be repeated
    after a crash: it goes on where it was, and never makes a third key. Hold the writer's lock.

    Raises:
        Refused: a key is missing or malformed.
        WrongUse: the key is in the environment, where no file can replace it.
    """
    if SIGNING_KEY_VARIABLE in os.environ:
        return _rotation_in_environment(home)
    current = _key_of(home / SIGNING_KEY_FILE)
    if not (home / PREVIOUS_KEY_FILE).exists():
        make_secret(home / PREVIOUS_KEY_FILE, current.to_text())
    previous = _key_of(home / PREVIOUS_KEY_FILE)
    if previous == current:
        current = SigningKey.generate(previous.name)
        replace_secret(home / SIGNING_KEY_FILE, current.to_text())
    return current, previous


def _rotation_in_environment(home: Path) -> tuple[SigningKey, SigningKey]:
    """Return the two keys that the variable holds; write a new key down if it holds only one."""
    keys = read_signing_keys(home)
    signing = [key for key in keys if key.signature_type is SignatureType.ED25519]
    if len(signing) > 1:
        return signing[0], signing[1]
    path = home / NEXT_KEY_FILE
    if not path.exists() or _key_of(path) in keys:  # one from the last rotation
        replace_secret(path, SigningKey.generate(signing[0].name).to_text())
    raise WrongUse(
        "The signing key is in {variable}. Put the new key, the line in {path}, before it as the"
        " first line, keep the old one as the second, and repeat the command.",
        variable=SIGNING_KEY_VARIABLE,
        path=path,
    )


def retire_previous_key(home: Path) -> Path:
    """Move the old key out of use and return where it is now.

    Raises:
        WrongUse: there is none, or the keys are in the environment.
    """
    path = home / PREVIOUS_KEY_FILE
    if SIGNING_KEY_VARIABLE in os.environ:
        raise WrongUse(
            "The signing keys are in {variable}: take the second line out, and the old key signs no"
            " longer.",
            variable=SIGNING_KEY_VARIABLE,
        )
    if not path.exists():
        raise WrongUse("No rotation is under way. Begin one with: charity rotate-key")
    retired = home / RETIRED_KEY_FILES.replace("*", _key_of(path).verifier.key_id.hex())
    path.replace(retired)
    sync_folder(home)
    return retired


def read_retired_keys(home: Path) -> tuple[VerifierKey, ...]:
    """Return the public halves of the keys that signed checkpoints in earlier years.

    Raises:
        Refused: a file of one is no signing key.
    """
    return tuple(_key_of(path).verifier for path in sorted(home.glob(RETIRED_KEY_FILES)))


def read_vault_key(home: Path) -> bytes:
    """Return the key that seals the vault (32 bytes).

    Raises:
        Refused: it is missing or has another form.
    """
    text = _read(home / VAULT_KEY_FILE, VAULT_KEY_VARIABLE)
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
