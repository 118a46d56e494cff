"""Provides the rules that hold between entries: references, receipts, funds never below zero."""

from collections import defaultdict

from ledger.accounts import must_stay_covered
from ledger.entries import Entry
from ledger.messages import Refused
from ledger.references import References, is_bound


class EntryRules:
    """Checks entries in the order of the log against those before them.

    Attributes:
        referred: the entries that the next ones refer to, by position: the caller's to provide.
        references: how many entries referred to others, or joined donors.
    """

    def __init__(self) -> None:
        self.referred: dict[int, Entry] = {}
        self.references = 0
        self._references = References(self._read)
        self._balances: dict[tuple[str, str], int] = defaultdict(int)

    @property
    def receipt_series(self) -> int:
        """How many series of receipts there are: one for each organisation and year."""
        return self._references.series

    def _read(self, position: int) -> Entry:
        try:
            return self.referred[position]
        except KeyError as error:
            raise Refused("There is no entry {position}.", position=position) from error

    def check(self, position: int, entry: Entry) -> None:
        """Take the next entry.

        Raises:
            Refused: it breaks a rule; what follows can be checked all the same.
        """
        self._post(entry)
        if is_bound(entry):
            self.references += 1
            try:
                self._references.add(position, entry)
            except Refused:
                self._references.go_on_after(entry)
                raise

    def _post(self, entry: Entry) -> None:
        for posting in entry.postings:
            if must_stay_covered(posting.account):
                self._balances[posting.account, posting.unit] += posting.amount
        for posting in entry.postings:
            if posting.amount < 0 and self._balances.get((posting.account, posting.unit), 0) < 0:
                raise Refused("it brings {account} below zero", account=posting.account)
