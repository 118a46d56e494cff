"""Provides the check that a list's credit codes are those of its donors.

A name with a code is shown as an organisation's. So a column that holds somebody else's codes, such
as those of the recipients, would make persons' names public: it stops the list.
"""

from collections.abc import Iterable

from charity.donors.names import is_organisation
from charity.reporting.gift_rows import ListRow
from charity.reporting.problems import Problem
from ledger.messages import Message

_MEND = Message(
    "The column must hold the donors' codes. Correct it, or assign the role “ignore” to it."
)


def problem_of_codes(rows: Iterable[ListRow], own_code: str) -> Problem | None:
    """Return the first row whose credit code cannot be the donor's, as a problem.

    Args:
        rows: the gifts.
        own_code: credit code of the organisation that receives them.
    """
    names: dict[str, str] = {}
    for row in rows:
        if row.code is None or row.donor is None:
            continue
        if row.code == own_code:
            message = Message(
                "Row {row} has the credit code of the organisation that receives the gifts.",
                row=row.row,
            )
            return Problem("code_of_recipient", message, _MEND, row.sheet, None, None)
        first = names.setdefault(row.code, row.donor)
        if row.donor != first and not (is_organisation(row.donor) and is_organisation(first)):
            message = Message(
                "The credit code in row {row} stands beside another name above, and one of the two"
                " reads like a person's.",
                row=row.row,
            )
            return Problem("code_shared", message, _MEND, row.sheet, None, None)
    return None
