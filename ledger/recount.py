"""Provides the recount of a log: what its entries add up to, from their bytes alone.

A stranger who has checked that the entries are those of a signed checkpoint checks here that they
are sound by the ledger's own rules, and gets the totals that every page must agree with.
"""

from collections import Counter

from ledger.accounts import must_stay_covered
from ledger.kinds import KINDS, parse_entry
from ledger.messages import Message, Refused
from ledger.summaries import TOTAL_COLUMNS, is_balanced

FEN_OF_A_YUAN = 100


def yuan(fen: int) -> str:
    """Return an amount in yuan with two decimals."""
    whole, rest = divmod(abs(fen), FEN_OF_A_YUAN)
    return f"{'−' if fen < 0 else ''}{whole:,}.{rest:02d}"


class Recount:
    """Adds up entries in the order of the log, and refuses the first unsound one."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._balances: Counter[tuple[str, str]] = Counter()

    def add(self, index: int, body: bytes) -> None:
        """Take the next entry.

        Raises:
            Refused: it is no entry, its postings do not follow from its facts or do not sum to
                zero, or it brings a fund below zero.
        """
        try:
            entry = parse_entry(body)
        except Refused as refusal:
            raise Refused(
                "Entry {index} is unsound: {reason}", index=index, reason=refusal.message
            ) from refusal
        if not is_balanced(entry.postings):
            raise Refused("The postings of entry {id} do not sum to zero.", id=entry.id)
        for posting in entry.postings:
            if must_stay_covered(posting.account):
                self._balances[posting.account, posting.unit] += posting.amount
                if self._balances[posting.account, posting.unit] < 0:
                    raise Refused(
                        "Entry {index} brings {account} below zero.",
                        index=index,
                        account=posting.account,
                    )
        total = KINDS[entry.kind].total
        if total is not None:
            amount, _, _, _ = entry.facts.listed()
            gifts, received, transferred, spent, refunded = TOTAL_COLUMNS[total]
            self._counts["gifts"] += gifts
            self._counts["received"] += amount * received
            self._counts["transferred"] += amount * transferred
            self._counts["spent"] += amount * spent
            self._counts["refunded"] += amount * refunded

    @property
    def held_fen(self) -> int:
        """What the funds hold, from their postings."""
        return sum(amount for (_, unit), amount in self._balances.items() if unit == "CNY")

    def findings(self) -> list[Message]:
        """Return in words what the entries add up to."""
        counts = self._counts
        return [
            Message("The postings of every entry sum to zero, and no fund was ever below zero."),
            Message(
                "{gifts} gifts; received {received} yuan (of it {transferred} passed on by other"
                " charities), paid back {refunded}, spent {spent}, held {held}.",
                gifts=counts["gifts"],
                received=yuan(counts["received"]),
                transferred=yuan(counts["transferred"]),
                refunded=yuan(counts["refunded"]),
                spent=yuan(counts["spent"]),
                held=yuan(self.held_fen),
            ),
        ]
