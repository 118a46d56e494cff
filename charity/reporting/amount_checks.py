"""Provides the checks of a list's amounts against what is usual and what a campaign asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from charity.reporting.cells import cell_name, yuan_text
from charity.reporting.gift_rows import ListRow
from charity.reporting.problems import Findings
from charity.reporting.unusual import (
    CampaignTarget,
    UsualGift,
    target_below,
    unusual_amounts,
    usual_among,
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known from before of the fund into which a list goes.

    Attributes:
        usual: what was usual among earlier gifts, used where the list is too short to tell.
        targets: of the campaigns for the fund.
    """

    usual: UsualGift | None = None
    targets: Sequence[CampaignTarget] = ()


NOTHING_EXPECTED: Final = Expected()


def check_amounts(
    rows: list[ListRow], columns: Mapping[str, int], expected: Expected, findings: Findings
) -> None:
    """Report gifts far above the usual or above a whole target; accepted ones are marked.

    Args:
        rows: the gifts; those that are accepted are replaced.
        columns: sheet → 0-based column of its amounts.
        expected: what is known of the fund.
        findings: takes up the problems.
    """
    amounts = [row.amount_fen for row in rows]
    usual = usual_among(amounts) or expected.usual
    for place in unusual_amounts(amounts, usual):
        row = rows[place]
        if usual is not None:
            values = {"times": f"{row.amount_fen // usual.fen:,}", "usual": yuan_text(usual.fen)}
            rows[place] = _reported(row, columns, findings, "amount_unusual", values)
    if not expected.targets:
        return
    least = min(target.target_fen for target in expected.targets)
    for place, amount in enumerate(amounts):
        if amount <= least:
            continue
        target = target_below(expected.targets, rows[place].day.isoformat(), amount)
        if target is not None:
            values = {"campaign": target.name, "target": yuan_text(target.target_fen)}
            rows[place] = _reported(rows[place], columns, findings, "target_exceeded", values)


def _reported(
    row: ListRow,
    columns: Mapping[str, int],
    findings: Findings,
    code: str,
    values: Mapping[str, str],
) -> ListRow:
    """Report a row, and return it with the word that accepted it, if one did."""
    cell = cell_name(row.row, columns[row.sheet])
    word = findings.problem(code, row.sheet, cell, amount=yuan_text(row.amount_fen), **values)
    if word is None:
        return row
    return row._replace(accepted=f"{row.accepted},{word}" if row.accepted else word)
