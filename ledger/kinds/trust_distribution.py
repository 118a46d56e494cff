"""Provides the kind `trust_distribution`: money of a charitable trust put to its purpose."""

from ledger.accounts import fund_account, trust_account
from ledger.counting import SPENT, TRANSFERRED, Counting
from ledger.entries import (
    CURRENCY,
    Currency,
    Facts,
    Fen,
    FilingNumber,
    FundPlace,
    Listed,
    Posting,
    ShortText,
)
from ledger.kinds.expenditure import Purpose
from ledger.kinds.kind import Kind


class TrustDistributionFacts(Facts, frozen=True, kw_only=True):
    """Facts of a distribution, in minor units; the entry's organisation is the trustee.

    With a `recipient` the money goes to a fund of an organisation of this ledger, where it is no
    new giving; without one it is spent on the trust's purpose. `description` names no person.
    """

    amount: Fen
    currency: Currency = CURRENCY
    description: ShortText
    recipient: FundPlace | None = None
    trust: FilingNumber

    @property
    def counting(self) -> Counting:  # type: ignore[override]  # it depends on the recipient
        """How it counts: as passed on, or as spent."""
        return TRANSFERRED if self.recipient is not None else SPENT

    def postings(self, organisation: str) -> tuple[Posting, ...]:
        """Return: out of the trust, to the recipient's fund or into what the trust has spent."""
        trust = trust_account(organisation, self.trust)
        if self.recipient is not None:
            target = fund_account(self.recipient.organisation, self.recipient.fund)
        else:
            target = f"spent/{trust}/{Purpose.PROGRAM}"
        return (
            Posting(trust, -self.amount, self.currency),
            Posting(target, self.amount, self.currency),
        )

    def listed(self) -> Listed:
        """Return the line of a list."""
        return self.amount, self.currency, None, None, None

    def trust_number(self) -> str:
        """Return the filing number of the trust."""
        return self.trust

    def other_place(self) -> FundPlace | None:
        """Return the fund that the money goes to."""
        return self.recipient


TRUST_DISTRIBUTION = Kind("trust_distribution", TrustDistributionFacts)
