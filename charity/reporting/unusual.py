"""Provides the recognition of gifts that may be slips of the pen: far above usual, or a target.

The figures are the project's own and stand in unusual.toml. A problem of this sort stops nothing
for good: a person looks at the gift again and says that it is right.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

_RULES: Final[dict[str, Any]] = tomllib.loads(
    files("charity.reporting").joinpath("unusual.toml").read_text("utf-8")
)
TIMES_USUAL: Final[int] = _RULES["times_usual"]
TIMES_ORDINARY: Final[int] = _RULES["times_ordinary"]
LEAST_FEN: Final[int] = _RULES["least_fen"]
FEWEST_GIFTS: Final[int] = _RULES["fewest_gifts"]
EARLIER_ENTRIES: Final[int] = _RULES["earlier_entries"]


@dataclass(frozen=True, slots=True)
class UsualGift:
    """What is usual among gifts, in fen.

    Attributes:
        fen: the usual gift, which is the median.
        unusual_fen: from this amount on a gift is unusual.
    """

    fen: int
    unusual_fen: int


@dataclass(frozen=True, slots=True)
class CampaignTarget:
    """A campaign that asks for so much, in fen; days ISO.

    Attributes:
        name: of the campaign.
        first: its first day.
        last: its last day.
        target_fen: what it asks for.
        received_fen: what came in before.
    """

    name: str
    first: str
    last: str
    target_fen: int
    received_fen: int


def usual_among(amounts: Sequence[int]) -> UsualGift | None:
    """Return what is usual among amounts in fen; None if they are too few to tell."""
    if len(amounts) < FEWEST_GIFTS:
        return None
    ordered = sorted(amounts)
    middle = (len(ordered) - 1) // 2
    usual = max(1, ordered[middle])
    ordinary = next(
        (
            low
            for low, high in pairwise([usual, *ordered[middle + 1 :]])
            if high >= low * TIMES_ORDINARY
        ),
        ordered[-1],
    )
    return UsualGift(usual, max(usual * TIMES_USUAL, ordinary * TIMES_ORDINARY, LEAST_FEN))


def unusual_amounts(amounts: Sequence[int], usual: UsualGift | None) -> list[int]:
    """Return the places of the unusual ones among amounts in fen.

    Args:
        amounts: of gifts of money.
        usual: what is usual among these gifts (`usual_among`) or, if they are too few to tell,
            among the earlier ones (`charity.reporting.earlier_gifts`).
    """
    if usual is None or max(amounts, default=0) < usual.unusual_fen:
        return []
    return [place for place, amount in enumerate(amounts) if amount >= usual.unusual_fen]


def target_below(targets: Iterable[CampaignTarget], day: str, amount: int) -> CampaignTarget | None:
    """Return the campaign whose whole target one gift exceeds.

    Of several at the same time it is the one with the largest target, and none if that is not
    exceeded.

    Args:
        targets: of the campaigns of the fund.
        day: ISO day of the gift.
        amount: in fen.
    """
    running = [target for target in targets if target.first <= day <= target.last]
    largest = max(running, key=lambda target: target.target_fen, default=None)
    return largest if largest is not None and amount > largest.target_fen else None


def crossed_targets(
    targets: Iterable[CampaignTarget], gifts: Sequence[tuple[str, int]]
) -> list[tuple[CampaignTarget, int]]:
    """Return the campaigns that these gifts bring beyond their target, with what they then have.

    A campaign that was beyond it before is not among them.

    Args:
        targets: of the campaigns of the fund.
        gifts: ISO day and amount in fen of each.
    """
    crossed = []
    for target in targets:
        received = target.received_fen + sum(
            amount for day, amount in gifts if target.first <= day <= target.last
        )
        if target.received_fen <= target.target_fen < received:
            crossed.append((target, received))
    return crossed
