"""Provides the check of unified social credit codes (统一社会信用代码, GB 32100-2015).

A code of the wrong shape is refused. A wrong check character is only flagged: a few codes were
really issued with one, so a person may confirm it, and the confirmation is recorded.
"""

import re
from typing import Final

from stdnum.cn import uscc

from ledger.entries import ORGANISATION_PREFIX
from ledger.messages import WrongUse

SHAPE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
SUBJECT: Final = slice(8, 16)
SUBJECT_CHECK: Final = 16
SUBJECT_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


def subject_check_character(subject: str) -> str:
    """Return the check character of the eight characters that name the subject (GB 11714)."""
    total = sum(
        int(character, 36) * weight
        for character, weight in zip(subject, SUBJECT_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def complete_code(first_sixteen: str) -> str:
    """Return the 18 characters that begin with these 16, both check characters calculated."""
    seventeen = first_sixteen + subject_check_character(first_sixteen[SUBJECT])
    return seventeen + str(uscc.calc_check_digit(seventeen))


def parse_code(text: str) -> str:
    """Return the 18 characters of a code given with or without `CN-USCI-`.

    Raises:
        WrongUse: it has not the shape of a code.
    """
    code = text.strip().upper().removeprefix(ORGANISATION_PREFIX)
    if not SHAPE.fullmatch(code):
        raise WrongUse(
            "{code!r} is no unified social credit code: it has 18 characters, digits and capital"
            " letters without I, O, S, V and Z.",
            code=text,
        )
    return code


def has_valid_check_characters(code: str) -> bool:
    """Return whether both check characters are right: the code's own and the subject's inside."""
    # stdnum's own `is_valid` refuses letters in the second place, where codes may have them.
    return code[SUBJECT_CHECK] == subject_check_character(code[SUBJECT]) and code[17] == str(
        uscc.calc_check_digit(code[:17])
    )


def organisation_identifier(code: str) -> str:
    """Return the identifier that entries carry (org-id.guide list CN-USCI)."""
    return ORGANISATION_PREFIX + code
