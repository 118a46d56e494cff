"""Provides the rules for entries that earlier ones bind: refunds, reversals, receipts, merges.

The writer, the recount of a stranger and the audit check the same rules with the same code.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ledger.donor_relations import JOINING, DonorRelations, Joined, check_parting
from ledger.entries import Entry
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donation import DonationFacts, Visibility
from ledger.kinds.donation_receipt import DonationReceiptFacts
from ledger.kinds.donor_separation import DonorSeparationFacts
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.ownership_end import OwnershipEndFacts
from ledger.kinds.pledge import PledgeFacts
from ledger.kinds.receipt_void import ReceiptVoidFacts
from ledger.kinds.refund import RefundFacts
from ledger.kinds.reversal import ReversalFacts
from ledger.messages import Refused

Series: TypeAlias = tuple[str, str]
"""A series of receipts: the identifier of an organisation, and the year as four digits."""


@dataclass(frozen=True, slots=True)
class Referred:
    """An entry that another one refers to, and what has become of it so far.

    Attributes:
        entry: the entry itself.
        position: its place in the log.
        refunded: what was paid back of a gift, in its unit, without refunds that were reversed.
        paid: what was paid against a pledge, in its unit, without gifts that were reversed.
        reversed_at: the position of its reversal; None while it stands.
        receipt_at: the position of the valid receipt of a gift; None while it has none.
        void_at: the position of what made a receipt void; None while it is valid.
        ended_at: the position of what undid a merge of donors or ended an ownership.
    """

    entry: Entry
    position: int
    refunded: int = 0
    paid: int = 0
    reversed_at: int | None = None
    receipt_at: int | None = None
    void_at: int | None = None
    ended_at: int | None = None


def reference_of(entry: Entry) -> int | None:
    """Return the position of the entry that this one refers to, if it refers to one."""
    position: int | None = entry.facts.listed()[4]
    return position


def is_bound(entry: Entry) -> bool:
    """Return whether rules bind an entry to earlier ones: it refers to one, or joins donors."""
    return entry.kind in JOINING or reference_of(entry) is not None


def series_of(entry: Entry) -> Series | None:
    """Return the series of receipts that an entry belongs to; None if it is no receipt."""
    if not isinstance(entry.facts, DonationReceiptFacts):
        return None
    return entry.organisation or "", entry.day[:4]


def check_reference(entry: Entry, referred: Referred | None) -> None:
    """Check an entry that refers to another; one that refers to none passes.

    Args:
        entry: the entry that is to be appended, or was read from a log.
        referred: what it refers to; None if no earlier entry is there.

    Raises:
        Refused: it refers to nothing, or breaks a rule of its kind.
    """
    position = reference_of(entry)
    if position is None:
        return
    if referred is None:
        raise Refused("There is no entry {position}.", position=position)
    match entry.facts:
        case RefundFacts():
            _check_refund(entry, referred)
        case ReversalFacts():
            _check_reversal(entry, referred)
        case DonationFacts():
            _check_payment(entry, referred)
        case CorrectionFacts():
            _check_correction(entry, referred)
        case DonationReceiptFacts():
            _check_receipt(entry, referred)
        case ReceiptVoidFacts():
            _check_void(entry, referred)
        case DonorSeparationFacts() | OwnershipEndFacts():
            check_parting(entry, Joined(referred.entry, referred.position, referred.ended_at))


def _check_refund(entry: Entry, referred: Referred) -> None:
    """Check that a refund pays back a standing gift, to its donor, and no more than was given."""
    facts, position = entry.facts, referred.position
    gift = referred.entry.facts
    if (
        not isinstance(gift, DonationFacts | GoodsDonationFacts | OnwardTransferFacts)
        or gift.donor is None
        or entry.organisation != referred.entry.organisation
    ):
        raise Refused(
            "Entry {position} is no gift to {organisation}.",
            position=position,
            organisation=entry.organisation,
        )
    _check_not_reversed(referred)
    _, *refunded_to, _ = facts.listed()
    amount, *given_by, _ = gift.listed()
    if refunded_to != given_by:
        raise Refused(
            "A refund has the donor, the fund and the unit of its gift; gift {position} has"
            " others.",
            position=position,
        )
    if facts.amount > amount - referred.refunded:
        raise Refused(
            "Of the gift {position} only {left} {unit} are left to pay back, not {amount}.",
            position=position,
            left=amount - referred.refunded,
            unit=_unit_word(given_by[0]),
            amount=facts.amount,
        )


def _unit_word(unit: str | None) -> str:
    return "fen" if unit == "CNY" else str(unit)


def _check_not_reversed(referred: Referred) -> None:
    if referred.reversed_at is not None:
        raise Refused(
            "Entry {position} was reversed by entry {reversal}.",
            position=referred.position,
            reversal=referred.reversed_at,
        )


def _check_reversal(entry: Entry, referred: Referred) -> None:
    """Check that a reversal repeats the whole entry that it undoes, and that this still stands."""
    facts, undone = entry.facts, referred.entry
    if (facts.kind, facts.facts, entry.organisation) != (
        undone.kind,
        undone.facts,
        undone.organisation,
    ):
        raise Refused(
            "A reversal repeats the kind, the facts and the organisation of what it reverses;"
            " entry {position} has others.",
            position=referred.position,
        )
    _check_not_reversed(referred)
    if referred.refunded:
        raise Refused(
            "Of the gift {position} {amount} {unit} were paid back: reverse the refunds first.",
            position=referred.position,
            amount=referred.refunded,
            unit=_unit_word(undone.facts.listed()[1]),
        )


def _check_payment(entry: Entry, referred: Referred) -> None:
    """Check that a gift is paid against a pledge that its donor made for the same fund.

    An anonymous donor has a fresh reference for each entry, so there the references may differ.
    """
    gift, pledge = entry.facts, referred.entry.facts
    if not isinstance(pledge, PledgeFacts) or entry.organisation != referred.entry.organisation:
        raise Refused(
            "Entry {position} is no pledge to {organisation}.",
            position=referred.position,
            organisation=entry.organisation,
        )
    anonymous = Visibility.ANONYMOUS in (gift.donor.visibility, pledge.donor.visibility)
    if (gift.fund, gift.currency) != (pledge.fund, pledge.currency) or (
        gift.donor.reference != pledge.donor.reference and not anonymous
    ):
        raise Refused(
            "A gift paid against a pledge has its donor, fund and currency; pledge {position} has"
            " others.",
            position=referred.position,
        )


def _check_correction(entry: Entry, referred: Referred) -> None:
    if entry.organisation != referred.entry.organisation:
        raise Refused(
            "Entry {position} is another organisation's: only its own can be corrected.",
            position=referred.position,
        )
    if isinstance(referred.entry.facts, DonationReceiptFacts | ReceiptVoidFacts):
        raise Refused(
            "Entry {position} is a receipt of donation or its void: nothing is corrected there."
            " Make the receipt void and issue a new one.",
            position=referred.position,
        )


def _check_receipt(entry: Entry, referred: Referred) -> None:
    """Check that a receipt is for a standing gift to its organisation that has no valid one.

    Money that another charity passes on gets none: its donors have theirs from that charity, and a
    second one would attest one gift twice. A receipt follows the gift (《浙江省慈善条例》 art. 17:
    after the property was really received).
    """
    gift, position = referred.entry, referred.position
    if (
        not isinstance(gift.facts, DonationFacts | GoodsDonationFacts)
        or entry.organisation != gift.organisation
    ):
        raise Refused(
            "Entry {position} is no gift to {organisation}.",
            position=position,
            organisation=entry.organisation,
        )
    _check_not_reversed(referred)
    if referred.refunded >= gift.facts.amount:
        raise Refused("The gift {position} was paid back in full.", position=position)
    if referred.receipt_at is not None:
        raise Refused(
            "The gift {position} has a valid receipt already, entry {receipt}.",
            position=position,
            receipt=referred.receipt_at,
        )
    if entry.day < gift.day:
        raise Refused(
            "A receipt is not issued before its gift came in; gift {position} came in on {day}.",
            position=position,
            day=gift.day,
        )


def _check_void(entry: Entry, referred: Referred) -> None:
    """Check that what is made void is a valid receipt of the same organisation."""
    if (
        not isinstance(referred.entry.facts, DonationReceiptFacts)
        or entry.organisation != referred.entry.organisation
    ):
        raise Refused(
            "Entry {position} is no receipt of {organisation}.",
            position=referred.position,
            organisation=entry.organisation,
        )
    if referred.void_at is not None:
        raise Refused(
            "The receipt {position} was made void already, by entry {void}.",
            position=referred.position,
            void=referred.void_at,
        )


class References:
    """What became of the entries that others refer to, over a stream of entries from the first.

    It remembers the entries that are referred to, not the log: `read` gives one of them again.
    """

    def __init__(self, read: Callable[[int], Entry]) -> None:
        self._read = read
        self._refunded: dict[int, int] = defaultdict(int)
        self._paid: dict[int, int] = defaultdict(int)
        self._reversed_at: dict[int, int] = {}
        self._receipt_at: dict[int, int] = {}
        self._void_at: dict[int, int] = {}
        self._ended_at: dict[int, int] = {}
        self._last_numbers: dict[Series, int] = {}
        self.relations = DonorRelations()

    @property
    def series(self) -> int:
        """How many series of receipts there are so far."""
        return len(self._last_numbers)

    def add(self, position: int, entry: Entry) -> None:
        """Take the next entry of the stream.

        Args:
            position: its place in the log.
            entry: the entry; one that refers to none costs nothing.

        Raises:
            Refused: it refers to no earlier entry, or breaks a rule of its kind.
        """
        place = reference_of(entry)
        if place is None:
            if entry.kind in JOINING:
                self.relations.check(entry)
                self.relations.take(position, entry)
            return
        if place >= position:
            raise Refused("There is no entry {position}.", position=place)
        self._check(entry, place)
        match entry.facts:
            case RefundFacts(amount=amount):
                self._refunded[place] += amount
            case DonationFacts(amount=amount):
                self._paid[place] += amount
            case ReversalFacts(facts=undone):
                self._reversed_at[place] = position
                self._take_back(undone)
            case DonationReceiptFacts():
                self._receipt_at[place] = position
                self.go_on_after(entry)
            case ReceiptVoidFacts():
                self._void_at[place] = position
                self._receipt_at.pop(self._read(place).facts.refers_to, None)
            case DonorSeparationFacts() | OwnershipEndFacts():
                self._ended_at[place] = position
                self.relations.take(position, entry)

    def go_on_after(self, entry: Entry) -> None:
        """Count the numbers of a series on from this receipt, even if it was refused.

        An audit goes on so: one gap is told once, not at each receipt after it.
        """
        series = series_of(entry)
        if series is not None:
            self._last_numbers[series] = entry.facts.number

    def _check(self, entry: Entry, place: int) -> None:
        """Check an entry that refers to the one at `place`, and the number of a receipt.

        Raises:
            Refused: it breaks a rule of its kind, or a series of receipts has a gap or a double.
        """
        check_reference(entry, self.referred(place))
        series = series_of(entry)
        if series is None:
            return
        last = self._last_numbers.get(series, 0)
        if entry.facts.number != last + 1:
            organisation, year = series
            raise Refused(
                "The series of receipts of {organisation} in {year} has no gap and no double: after"
                " number {before} comes {next}, not {receipt}.",
                receipt=entry.facts.number,
                organisation=organisation,
                year=year,
                before=last,
                next=last + 1,
            )

    def _take_back(self, undone: object) -> None:
        match undone:
            case RefundFacts(refers_to=gift, amount=amount):
                self._refunded[gift] -= amount
            case DonationFacts(pledge=int(pledge), amount=amount):
                self._paid[pledge] -= amount

    def referred(self, position: int) -> Referred:
        """Return an earlier entry with what has become of it so far."""
        return Referred(
            self._read(position),
            position,
            self._refunded.get(position, 0),
            self._paid.get(position, 0),
            self._reversed_at.get(position),
            self._receipt_at.get(position),
            self._void_at.get(position),
            self._ended_at.get(position),
        )
