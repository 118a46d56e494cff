"""Provides the checking of a person's e-mail address and name."""

import re
import unicodedata
from typing import Final

from ledger.messages import Refused

EMAIL: Final = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
"""Source: WHATWG HTML, “valid e-mail address”, in small letters."""
EMAIL_CHARACTERS_MAX: Final = 254
NAME_CHARACTERS_MAX: Final = 60
STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def normal_email(text: str) -> str:
    """Return an address in the one form in which it is kept and compared."""
    return unicodedata.normalize("NFKC", text[: EMAIL_CHARACTERS_MAX * 2]).strip().lower()


def parse_email(text: str) -> str:
    """Return the e-mail address that was typed, in small letters.

    Raises:
        Refused: it is no e-mail address.
    """
    email = normal_email(text)
    if len(email) > EMAIL_CHARACTERS_MAX or not EMAIL.fullmatch(email):
        raise Refused("This is no e-mail address. Write it like this: name@example.org")
    return email


def parse_name(text: str) -> str:
    """Return the name that was typed, blanks made single.

    Raises:
        Refused: it is empty, too long, or has characters that no name has.
    """
    name = " ".join(text[: NAME_CHARACTERS_MAX * 10].split())
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX:
        raise Refused("A person's name has 1 to {most} characters.", most=NAME_CHARACTERS_MAX)
    if any(unicodedata.category(character) in STEERING for character in name):
        raise Refused("The name has a character that cannot be seen. Type it anew.")
    return name
