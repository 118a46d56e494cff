"""Provides recovery codes: they stand in for a lost second factor, each of them once."""

from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from secrets import token_bytes
from typing import Final

from charity.people.sessions import instant
from charity.people.tables import RecoveryCode

CODES: Final = 10
CODE_BYTES: Final = 10
GROUP: Final = 4
LETTERS: Final = CODE_BYTES * 8 // 5
MISREAD: Final = str.maketrans({"0": "O", "1": "I", "8": "B"})
"""Base32 has no 0, 1 and 8: whoever types one has misread a letter."""


async def new_codes(person: str) -> list[str]:
    """Return ten new codes for a person; the old ones are void.

    They are shown once: only their hashes are kept. Only inside
    `ledger.database.engines.write_transaction`.
    """
    codes = [_new_code() for _ in range(CODES)]
    await forget_codes(person)
    await RecoveryCode.insert(
        *(
            RecoveryCode(code_hash=_code_hash(person, code), person=person, used_at=None)
            for code in codes
        )
    )
    return codes


async def forget_codes(person: str) -> None:
    """Make all recovery codes of a person void."""
    await RecoveryCode.delete().where(RecoveryCode.person == person)


async def use_code(person: str, code: str, now: datetime) -> bool:
    """Return whether this is an unused recovery code of the person; it is used up then.

    Only inside `ledger.database.engines.write_transaction`.
    """
    used = (
        await RecoveryCode.update({RecoveryCode.used_at: instant(now)})
        .where(
            (RecoveryCode.code_hash == _code_hash(person, code))
            & (RecoveryCode.person == person)
            & RecoveryCode.used_at.is_null()
        )
        .returning(RecoveryCode.code_hash)
    )
    return bool(used)


async def codes_left(person: str) -> int:
    """Return how many recovery codes of a person are unused."""
    left: int = await RecoveryCode.count().where(
        (RecoveryCode.person == person) & RecoveryCode.used_at.is_null()
    )
    return left


def _new_code() -> str:
    """Return a random code of 80 bits, in groups that can be read aloud."""
    letters = b32encode(token_bytes(CODE_BYTES)).decode()
    return "-".join(letters[start : start + GROUP] for start in range(0, LETTERS, GROUP))


def _code_hash(person: str, code: str) -> str:
    """Return the hash of a code; so much chance needs no slow hash."""
    typed = "".join(letter for letter in code[: LETTERS * 4].upper() if letter.isalnum())
    return sha256(f"{person}/{typed.translate(MISREAD)}".encode()).hexdigest()
