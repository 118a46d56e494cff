"""Provides passwords: what makes a good one, and the hash that is kept of it (argon2id).

Hashing takes a tenth of a second and 64 MB on purpose, so it runs in threads, few at a time.
"""

import unicodedata
from collections.abc import Callable
from functools import cache, partial
from secrets import token_bytes
from typing import Final, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from ledger.messages import Message, Refused

Result = TypeVar("Result")

PASSWORD_CHARACTERS_MIN: Final = 12
PASSWORD_CHARACTERS_MAX: Final = 200
OTHER_CHARACTERS_MIN: Final = 8
"""So many are left of a good password when the person's own name and e-mail are taken out."""
DIFFERENT_CHARACTERS_MIN: Final = 5
HASHED_AT_ONCE: Final = 2

COMMON: Final = frozenset(
    {
        "000000000000",
        "0123456789012",
        "0987654321",
        "112233445566",
        "121212121212",
        "123123123123",
        "123456123456",
        "123456789012",
        "1234567890123",
        "1234567890ab",
        "1234567890abc",
        "1234567890qwe",
        "1234abcd1234",
        "123qweasdzxc",
        "1q2w3e4r5t6y",
        "1q2w3e4r5t6y7u",
        "1qaz2wsx3edc",
        "1qaz2wsx3edc4rfv",
        "5201314520131",
        "abc123456789",
        "abcd12345678",
        "abcdefghijkl",
        "admin1234567",
        "admin12345678",
        "administrator",
        "adminadminadmin",
        "asdfghjkl123",
        "changemeplease",
        "correcthorsebatterystaple",
        "iloveyou1234",
        "letmeinletmein",
        "p@ssw0rd1234",
        "passw0rd1234",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "q1w2e3r4t5y6",
        "qazwsxedc123",
        "qazwsxedcrfv",
        "qwer12345678",
        "qwerty123456",
        "qwerty1234567",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopasdf",
        "shenzhen2024",
        "shenzhen2025",
        "shenzhen2026",
        "shenzhen123456",
        "welcome12345",
        "woaini1314520",
        "woaini5201314",
        "zaq12wsxcde3",
        "zxcvbnm12345",
    }
)
"""The commonest that are long enough otherwise; source: the published lists of leaked passwords."""

HASHER: Final = PasswordHash((Argon2Hasher(),))
"""Parameters: RFC 9106, second recommended option (64 MiB, 3 passes, 4 lanes)."""

_limiter: RunVar[CapacityLimiter] = RunVar("password hashing")


def password_problem(text: str, email: str, name: str) -> Message | None:
    """Return why this is no good password for a person; None if it is good.

    Source: NIST SP 800-63B-4, 3.1.1.2: length counts, rules about kinds of characters do not.
    """
    if len(text) < PASSWORD_CHARACTERS_MIN:
        return Message(
            "The password is too short: it needs at least {least} characters. Three or four words"
            " that have nothing to do with each other are easy to keep in mind.",
            least=PASSWORD_CHARACTERS_MIN,
        )
    if len(text) > PASSWORD_CHARACTERS_MAX:
        return Message(
            "The password is too long: {most} characters at most.", most=PASSWORD_CHARACTERS_MAX
        )
    plain = _prepared(text).decode("utf-8", "replace").casefold()
    if plain in COMMON or len(set(plain)) < DIFFERENT_CHARACTERS_MIN:
        return Message(
            "Many others use this password, and it is the first that a stranger tries. Take three"
            " or four words that have nothing to do with each other."
        )
    if _without(plain, email, name) < OTHER_CHARACTERS_MIN:
        return Message("The password is hardly more than your own name or e-mail. Take another.")
    return None


def require_good_password(text: str, email: str, name: str) -> None:
    """Make sure that a password may be kept.

    Raises:
        Refused: it is too short, too long, too common, or the person's own name.
    """
    problem = password_problem(text, email, name)
    if problem is not None:
        raise Refused(problem.template, **problem.values)


def _without(plain: str, email: str, name: str) -> int:
    """Return how many characters are left without the person's own name and e-mail."""
    local, _, domain = email.casefold().partition("@")
    joined = "".join(name.casefold().split())
    owned = {email.casefold(), domain, local, name.casefold(), joined}
    for own in sorted(owned, key=len, reverse=True):
        if len(own) > 1:
            plain = plain.replace(own, "")
    return len(plain)


async def hash_password(text: str) -> str:
    """Return the argon2id hash of a password."""
    return await _in_thread(partial(HASHER.hash, _prepared(text)))


async def verify_password(text: str, hashed: str | None) -> bool:
    """Return whether a password is the one of this hash; it takes as long without a person."""
    return await _in_thread(partial(_verified, _prepared(text), hashed))


def _verified(text: bytes, hashed: str | None) -> bool:
    nobody = _hash_of_nobody()
    matches = HASHER.verify(text, hashed or nobody)
    return matches and hashed is not None


@cache
def _hash_of_nobody() -> str:
    """Return the hash of a password that was never told to anybody."""
    return HASHER.hash(token_bytes(32))


def _prepared(text: str) -> bytes:
    """Return a password as it is hashed: keyboards write the same character in several ways."""
    shortened = text[: PASSWORD_CHARACTERS_MAX + 1]
    return unicodedata.normalize("NFKC", shortened).encode("utf-8", "surrogatepass")


async def _in_thread(work: Callable[[], Result]) -> Result:
    """Run a piece of work in a thread, few at a time in this process."""
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = CapacityLimiter(HASHED_AT_ONCE)
        _limiter.set(limiter)
    return await to_thread.run_sync(work, limiter=limiter)
