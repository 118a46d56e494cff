"""Provides the walk through the entries of a batch: each is checked as the writer will check it.

The writer refuses a batch at its first wrong entry. Here every wrong one is told, in words that
belong to a field; what passes here the writer appends.
"""

from collections.abc import Mapping
from typing import Any

from charity.reporting.batches.record_checks import Register
from charity.reporting.batches.record_entries import referred_position
from charity.reporting.batches.record_problems import RecordFindings, amount_words
from charity.reporting.batches.records import (
    CorrectionRecord,
    GiftRecord,
    Record,
    RefundRecord,
    ReversalRecord,
)
from charity.reporting.batches.schemas import FundEffect
from ledger.accounts import must_stay_covered
from ledger.appending.cover import Cover
from ledger.appending.stored_references import StoredReferences
from ledger.database.bulk_rows import fetch_among
from ledger.entries import ORGANISATION_PREFIX, Entry, Posting
from ledger.messages import Refused
from ledger.references import Referred
from ledger.tables import Balance

FUNDS = ("funds", "goods")
OLD_WORDS = frozenset({"description", "reason", "subject"})
"""Texts of an entry that a correction note names by their own field."""


def about_field(record: Record) -> str:
    """Return the field of a record that names the entry it is about."""
    return {"refund": "gift", "gift": "pledge"}.get(record.kind, "entry")


class RecordWalk:
    """Checks entries in their order and counts what they move.

    Attributes:
        counterparts: code → index of the first record that takes money out of a fund of another
            organisation.
    """

    def __init__(
        self,
        references: StoredReferences,
        cover: Cover,
        held: dict[tuple[str, str], int],
        register: Register,
        findings: RecordFindings,
    ) -> None:
        self.counterparts: dict[str, int] = {}
        self._references = references
        self._cover = cover
        self._before = held
        self._held = dict(held)
        self._register = register
        self._findings = findings

    @classmethod
    async def of(
        cls,
        connection: Any,
        entries: Mapping[int, Entry],
        register: Register,
        findings: RecordFindings,
    ) -> "RecordWalk":
        """Read what these entries refer to and draw on."""
        everything = list(entries.values())
        accounts = {
            posting.account
            for entry in everything
            for posting in entry.postings
            if must_stay_covered(posting.account)
        }
        rows = await fetch_among(
            connection, Balance, ("account", "unit", "amount"), "account", sorted(accounts)
        )
        return cls(
            await StoredReferences.of(connection, everything),
            await Cover.of_entries(connection, everything),
            {(row["account"], row["unit"]): int(row["amount"]) for row in rows},
            register,
            findings,
        )

    def take(self, index: int, record: Record, position: int, entry: Entry) -> None:
        """Check the entry of a record, and count what it moves if nothing is wrong with it."""
        if not self._check_referred(index, record, entry):
            return
        try:
            self._cover.take(entry)
        except Refused:
            self._tell_short(index, record, entry)
            return
        self._references.add(position, entry)
        for posting in entry.postings:
            if must_stay_covered(posting.account):
                key = posting.account, posting.unit
                self._held[key] = self._held.get(key, 0) + posting.amount
                self._take_counterpart(index, posting)

    def effects(self) -> tuple[FundEffect, ...]:
        """Return what the entries do to each fund and its goods."""
        found = []
        for (account, unit), after in sorted(self._held.items()):
            sort, organisation, fund = account.split("/")
            before = self._before.get((account, unit), 0)
            if sort in FUNDS and before != after:
                code = organisation.removeprefix(ORGANISATION_PREFIX)
                found.append(FundEffect(code, fund, unit, before, after))
        return tuple(found)

    def _take_counterpart(self, index: int, posting: Posting) -> None:
        sort, organisation, _ = posting.account.split("/")
        code = organisation.removeprefix(ORGANISATION_PREFIX)
        if posting.amount >= 0 or sort not in FUNDS or code == self._register.organisation:
            return
        if code not in self.counterparts and self.counterparts:
            self._findings.problem("counterparts_differ", index, "giver")
        self.counterparts.setdefault(code, index)

    def _check_referred(self, index: int, record: Record, entry: Entry) -> bool:
        """Check what an entry says of an earlier one; return whether the writer would take it."""
        place = referred_position(record)
        if place is None or entry.facts.listed()[4] is None:
            return True
        referred = self._references.referred(place)
        if isinstance(record, RefundRecord) and referred.reversed_at is None:
            amount, unit, *_ = referred.entry.facts.listed()
            left = amount - referred.refunded
            if record.amount > left:
                words = amount_words(left, unit or "")
                self._findings.problem(
                    "refund_too_much", index, "amount", position=place, left=words
                )
                return False
        try:
            self._references.check(entry)
        except Refused as refusal:
            field = about_field(record)
            self._findings.problem("refused", index, field, reason=refusal.message)
            return False
        self._suspect_referred(index, record, referred)
        return True

    def _suspect_referred(self, index: int, record: Record, referred: Referred) -> None:
        """Look for what the writer allows and a person should not do unawares."""
        place, facts = referred.position, referred.entry.facts
        match record:
            case RefundRecord() | ReversalRecord() if referred.receipt_at is not None:
                field = about_field(record)
                self._findings.problem("receipt_valid", index, field, position=place)
            case GiftRecord() if referred.paid + record.amount > facts.amount:
                unit = facts.currency
                self._findings.problem(
                    "pledge_overpaid",
                    index,
                    "amount",
                    paid=amount_words(referred.paid + record.amount, unit),
                    pledged=amount_words(facts.amount, unit),
                )
            case CorrectionRecord(field=field, old=old) if field in OLD_WORDS:
                there = getattr(facts, field, None)
                if there is not None and str(there) != old:
                    self._findings.problem("old_differs", index, "old", found=str(there))
            case _:
                pass

    def _tell_short(self, index: int, record: Record, entry: Entry) -> None:
        """Say which fund does not hold enough, and what it holds at this moment."""
        lost = [posting for posting in entry.postings if posting.amount < 0]
        posting = next(p for p in lost if must_stay_covered(p.account))
        _, organisation, fund = posting.account.split("/")
        code = organisation.removeprefix(ORGANISATION_PREFIX)
        held = self._held.get((posting.account, posting.unit), 0)
        self._findings.problem(
            "fund_short",
            index,
            _money_field(record),
            fund=self._register.fund_name(code, fund),
            held=amount_words(held, posting.unit),
            amount=amount_words(-posting.amount, posting.unit),
        )


def _money_field(record: Record) -> str:
    """Return the field of a record that says how much goes out."""
    return next((name for name in ("amount", "pieces") if hasattr(record, name)), "entry")
