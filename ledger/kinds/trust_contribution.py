"""Provides the kind `trust_contribution`: money that a settlor puts into a charitable trust.

Source: 《慈善法》(2023) ch. 5: a trust's property is kept apart from all other property.
"""

from typing import ClassVar

from ledger.accounts import donor_account, trust_account
from ledger.counting import GIVEN, Counting
from ledger.entries import CURRENCY, Currency, Facts, Fen, FilingNumber, Listed, Posting
from ledger.kinds.donation import Donor
from ledger.kinds.kind import Kind


class TrustContributionFacts(Facts, frozen=True, kw_only=True):
    """Facts of a contribution, in minor units; the entry's organisation is the trustee (受托人).

    `settlor` (委托人) is known as a donor is: by a reference and a commitment. `trust` is the
    trust's filing number.
    """

    counting: ClassVar[Counting] = GIVEN

    amount: Fen
    currency: Currency = CURRENCY
    settlor: Donor
    trust: FilingNumber

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the settlor, into the trust."""
        return (
            Posting(donor_account(self.settlor.reference), -self.amount, self.currency),
            Posting(trust_account(organisation, self.trust), self.amount, self.currency),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        return self.amount, self.currency, None, self.settlor.reference, None

    def trust_number(self) -> str:
        """Return the filing number of the trust."""
        return self.trust


TRUST_CONTRIBUTION = Kind("trust_contribution", TrustContributionFacts)
