"""Provides the rules that hold between entries: references, receipts, funds never below zero."""

from collections import Counter, defaultdict

from ledger.accounts import must_stay_covered
from ledger.entries import Entry
from ledger.messages import Refused
from ledger.references import References, reference_of


class EntryRules:
    """Checks entries in the order of the log against those before them.

    Attributes:
        referred: the entries that the next ones refer to, by position: the caller's to provide.
        references: how many entries referred to others.
        receipts: the last number of each series of receipts, by organisation and year.
    """

    def __init__(self) -> None:
        self.referred: dict[int, Entry] = {}
        self.references = 0
        self.receipts: Counter[tuple[str | None, str]] = Counter()
        self._references = References(self._read)
        self._balances: dict[tuple[str, str], int] = defaultdict(int)

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
        if reference_of(entry) is not None:
            self.references += 1
            self._references.add(position, entry)
        receipt = getattr(entry.facts, "receipt", None)
        if receipt is not None:
            self._number(entry, receipt)

    def _post(self, entry: Entry) -> None:
        for posting in entry.postings:
            if must_stay_covered(posting.account):
                self._balances[posting.account, posting.unit] += posting.amount
        for posting in entry.postings:
            if posting.amount < 0 and self._balances.get((posting.account, posting.unit), 0) < 0:
                raise Refused("it brings {account} below zero", account=posting.account)

    def _number(self, entry: Entry, receipt: int) -> None:
        series = (entry.organisation, entry.day[:4])
        self.receipts[series] += 1
        if receipt != self.receipts[series]:
            expected, self.receipts[series] = self.receipts[series], receipt
            raise Refused(
                "it has receipt {receipt} of {organisation} in {year}, after {before}",
                receipt=receipt,
                organisation=entry.organisation,
                year=entry.day[:4],
                before=expected - 1,
            )
