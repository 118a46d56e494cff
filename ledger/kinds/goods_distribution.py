"""Provides the kind `goods_distribution`: given goods handed out by a project."""

from typing import ClassVar

from ledger.accounts import goods_account, spending_account
from ledger.counting import SPENT, Counting
from ledger.entries import Code, Facts, Fen, GoodsUnit, Listed, Posting, ShortText
from ledger.kinds.expenditure import Purpose
from ledger.kinds.kind import Kind


class GoodsDistributionFacts(Facts, frozen=True):
    """Facts of goods handed out: `amount` whole pieces; `description` names no person."""

    counting: ClassVar[Counting] = SPENT

    amount: Fen
    description: ShortText
    fund: Code
    goods: GoodsUnit
    project: Code

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the goods of the fund, into what the project has handed out."""
        spent = spending_account(organisation, self.project, Purpose.PROGRAM)
        return (
            Posting(goods_account(organisation, self.fund), -self.amount, self.goods),
            Posting(spent, self.amount, self.goods),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        return self.amount, self.goods, self.fund, None, None


GOODS_DISTRIBUTION = Kind("goods_distribution", GoodsDistributionFacts)
