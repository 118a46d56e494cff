"""Provides the assignment of columns by hand: how a header is called, and the role given to it."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from charity.reporting.cells import clean_text, column_letters, plain_text
from charity.reporting.vocabulary import Role
from ledger.messages import Refused

IGNORE: Final = "ignore"
LISTED_ONLY: Final = frozenset[Role]({"quantity", "goods"})
"""Roles that are recognised to tell goods from money, and that nobody gives by hand."""

ASSIGNABLE: Final = (*(role for role in get_args(Role) if role not in LISTED_ONLY), IGNORE)
"""Roles that a person may give to a column."""

LONGEST_NAME: Final = 100


def header_names(texts: Sequence[str]) -> tuple[str, ...]:
    """Return by what name each column is called, no two alike.

    That is its header, cut to 100 characters; the second with the same text ends in `#2`. A column
    without a header is called by its letter, as `#C`.
    """
    names: list[str] = []
    taken: set[str] = set()
    texts = [clean_text(text)[:LONGEST_NAME] for text in texts]
    plain = {plain_text(text) for text in texts}
    for at, text in enumerate(texts):
        name, count = text or f"#{column_letters(at)}", 1
        while plain_text(name) in taken or (count > 1 and plain_text(name) in plain):
            count += 1
            name = f"{text}#{count}"
        taken.add(plain_text(name))
        names.append(name)
    return tuple(names)


def check_roles(columns: Mapping[str, str]) -> None:
    """Check that only roles that exist are given by hand.

    Raises:
        Refused: there is no such role.
    """
    for header, role in columns.items():
        if role not in ASSIGNABLE:
            raise Refused(
                "“{header}” cannot be read as “{role}”: the roles are {roles}.",
                header=header[:LONGEST_NAME],
                role=role[:LONGEST_NAME],
                roles=", ".join(ASSIGNABLE),
            )


def assigned(names: Sequence[str], columns: Mapping[str, str]) -> dict[int, str]:
    """Return 0-based column → the role given to it by hand, of one header row.

    Raises:
        Refused: one role is given to two columns.
    """
    given = {plain_text(header): role for header, role in columns.items()}
    roles = {at: given[name] for at, name in enumerate(map(plain_text, names)) if name in given}
    first: dict[str, int] = {}
    for at, role in roles.items():
        if role != IGNORE and role in first:
            raise Refused(
                "Two columns are to be read as {role}: “{first}” and “{second}”. Leave one.",
                role=role,
                first=names[first[role]],
                second=names[at],
            )
        first[role] = at
    return roles


def unmatched(columns: Mapping[str, str], found: set[str]) -> list[str]:
    """Return the headers with a role given by hand that stand in no header row.

    Args:
        columns: role of each header.
        found: names of the columns of all header rows, as plain text.
    """
    return [
        header
        for header, role in columns.items()
        if role != IGNORE and plain_text(header) not in found
    ]
