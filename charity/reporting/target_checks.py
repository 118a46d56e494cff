"""Provides the check of a list against what the campaigns of its fund ask for."""

from collections.abc import Sequence
from typing import Final

from charity.reporting.cells import yuan_text
from charity.reporting.gift_rows import ListRow
from charity.reporting.problems import Problem
from charity.reporting.requests import ImportRequest, ImportResult
from charity.reporting.unusual import CampaignTarget, crossed_targets
from ledger.messages import Message

TARGET: Final = "target"


def note_crossed_targets(
    request: ImportRequest,
    result: ImportResult,
    rows: Sequence[ListRow],
    targets: Sequence[CampaignTarget],
) -> None:
    """Note the campaigns that new gifts bring beyond what they ask for.

    Args:
        request: which words accept it.
        result: takes up the problems.
        rows: the gifts that the ledger does not hold yet.
        targets: of the campaigns for the fund.
    """
    if not targets:
        return
    gifts = [(row.day.isoformat(), row.amount_fen) for row in rows]
    for target, received_fen in crossed_targets(targets, gifts):
        message = Message(
            "With this list “{campaign}” has {received} yuan; it asks for {target} yuan.",
            campaign=target.name,
            received=yuan_text(received_fen),
            target=yuan_text(target.target_fen),
        )
        mend = Message("Check the amounts and the fund; accept “target” if they are right.")
        problem = Problem("target_exceeded", message, mend, None, None, TARGET)
        result.settle(request, problem, TARGET)
