"""Provides the kind `goods_donation`: goods received from a donor (实物捐赠), counted in pieces."""

from typing import ClassVar

from ledger.accounts import donor_account, goods_account
from ledger.counting import GIVEN, Counting
from ledger.entries import Code, Day, Facts, Fen, GoodsUnit, Listed, Posting
from ledger.kinds.donation import Donor
from ledger.kinds.kind import Kind


class GoodsDonationFacts(Facts, frozen=True, gc=False, kw_only=True):
    """Facts of a gift of goods: `amount` whole pieces of `goods`.

    Goods are followed in their own unit, in and out; they have no value in money here. `on_behalf`
    and `period_start` are as those of a donation of money.
    """

    counting: ClassVar[Counting] = GIVEN

    amount: Fen
    donor: Donor
    fund: Code
    goods: GoodsUnit
    on_behalf: bool = False
    period_start: Day | None = None

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the donor, into the goods of the fund."""
        return (
            Posting(donor_account(self.donor.reference), -self.amount, self.goods),
            Posting(goods_account(organisation, self.fund), self.amount, self.goods),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        return self.amount, self.goods, self.fund, self.donor.reference, None


GOODS_DONATION = Kind("goods_donation", GoodsDonationFacts)
