"""Provides the kind `reversal`: the undoing (冲销) of one earlier entry that moved something."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from ledger.counting import REVERSED, Counting
from ledger.entries import Facts, FundPlace, Listed, Position, Posting, ShortText
from ledger.kinds.donation import DONATION
from ledger.kinds.expenditure import EXPENDITURE
from ledger.kinds.goods_distribution import GOODS_DISTRIBUTION
from ledger.kinds.goods_donation import GOODS_DONATION
from ledger.kinds.kind import Kind
from ledger.kinds.onward_transfer import ONWARD_TRANSFER
from ledger.kinds.refund import REFUND
from ledger.kinds.trust_contribution import TRUST_CONTRIBUTION
from ledger.kinds.trust_distribution import TRUST_DISTRIBUTION

REVERSIBLE: Mapping[str, type[Facts]] = MappingProxyType(
    {
        kind.name: kind.facts
        for kind in (
            DONATION,
            GOODS_DONATION,
            ONWARD_TRANSFER,
            EXPENDITURE,
            GOODS_DISTRIBUTION,
            REFUND,
            TRUST_CONTRIBUTION,
            TRUST_DISTRIBUTION,
        )
    }
)
"""The kinds that have postings, apart from the reversal itself: what is undone stays undone."""

INCOMING = frozenset(
    {DONATION.name, GOODS_DONATION.name, ONWARD_TRANSFER.name, TRUST_CONTRIBUTION.name}
)
"""The kinds that bring something into the books of the entry's organisation or trust."""


class ReversalFacts(Facts, frozen=True):
    """Facts of a reversal: those of the reversed entry, at position `refers_to`, and why.

    `kind` and `facts` repeat the reversed entry's, so that the postings follow from these bytes
    alone. What was reversed by mistake is entered anew.
    """

    facts: Any
    kind: str
    reason: ShortText
    refers_to: Position

    def __post_init__(self) -> None:
        """Give the repeated facts the form of their kind."""
        if self.kind not in REVERSIBLE:
            raise ValueError(f"an entry of the kind {self.kind!r} cannot be reversed")
        facts = self.facts
        if not isinstance(facts, Facts):
            msgspec.structs.force_setattr(
                self, "facts", msgspec.convert(facts, REVERSIBLE[self.kind])
            )

    @property
    def counting(self) -> Counting:  # type: ignore[override]  # it depends on the reversed entry
        """How it counts: it takes back what the reversed entry had added."""
        return REVERSED[self.facts.counting]

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return the postings of the reversed entry, each negated."""
        return tuple(
            Posting(posting.account, -posting.amount, posting.unit)
            for posting in self.facts.postings(organisation)
        )

    def listed(self) -> Listed:
        """Return the line of a list; the amount is negative where a fund or trust loses it."""
        amount, unit, fund, donor, _ = self.facts.listed()
        signed = -amount if self.kind in INCOMING else amount
        return signed, unit, fund, donor, self.refers_to

    def trust_number(self) -> str | None:
        """Return the filing number of the trust of the reversed entry, if there is one."""
        number: str | None = self.facts.trust_number()
        return number

    def other_place(self) -> FundPlace | None:
        """Return the fund on the other side of the reversed entry, if there is one."""
        place: FundPlace | None = self.facts.other_place()
        return place


REVERSAL = Kind("reversal", ReversalFacts)
