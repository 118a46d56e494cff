"""Provides the findings of an import in the form in which a batch keeps them."""

from collections.abc import Sequence
from typing import Final

from charity.reporting.batches.schemas import Finding, TableHeaders, ToldMessage
from charity.reporting.problems import Notice, Problem
from charity.reporting.table_headers import header_of
from ledger.messages import Message

FINDINGS_KEPT: Final = 2_000
"""So many findings of each sort a report keeps: nobody mends more than that by hand."""


def found_problems(
    problems: Sequence[Problem], tables: Sequence[TableHeaders]
) -> tuple[Finding, ...]:
    """Return problems as a report keeps them."""
    return tuple(
        Finding(
            code=problem.code,
            message=ToldMessage.of(problem.message),
            mend=ToldMessage.of(problem.mend),
            sheet=problem.sheet,
            cell=problem.cell,
            header=header_of(tables, problem.sheet, problem.cell),
            accept=problem.accept,
        )
        for problem in problems[:FINDINGS_KEPT]
    )


def found_notices(notices: Sequence[Notice], tables: Sequence[TableHeaders]) -> tuple[Finding, ...]:
    """Return notices as a report keeps them."""
    return tuple(
        Finding(
            code=notice.code,
            message=ToldMessage.of(notice.message),
            sheet=notice.sheet,
            cell=notice.cell,
            header=header_of(tables, notice.sheet, notice.cell),
        )
        for notice in notices[:FINDINGS_KEPT]
    )


def finding(code: str, message: Message, mend: Message | None = None) -> Finding:
    """Return a finding about a batch as a whole."""
    return Finding(
        code=code,
        message=ToldMessage.of(message),
        mend=ToldMessage.of(mend) if mend is not None else None,
    )


def nothing_new(same_file: Notice | None = None) -> Finding:
    """Return the problem of a batch that would append nothing."""
    return finding(
        same_file.code if same_file else "nothing_new",
        same_file.message if same_file else Message("All of it is in the ledger already."),
        Message("There is nothing to append: withdraw this batch, or send another file."),
    )
