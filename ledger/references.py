"""Provides the rules for entries that refer to earlier ones: refund, reversal, correction, pledge.

The writer, the recount of a stranger and the audit check the same rules with the same code.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from ledger.entries import Entry
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donation import DonationFacts, Visibility
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.pledge import PledgeFacts
from ledger.kinds.refund import RefundFacts
from ledger.kinds.reversal import ReversalFacts
from ledger.messages import Refused


@dataclass(frozen=True, slots=True)
class Referred:
    """An entry that another one refers to, and what has become of it so far.

    Attributes:
        entry: the entry itself.
        position: its place in the log.
        refunded: what was paid back of a gift, in its unit, without refunds that were reversed.
        paid: what was paid against a pledge, in its unit, without gifts that were reversed.
        reversed_at: the position of its reversal; None while it stands.
    """

    entry: Entry
    position: int
    refunded: int = 0
    paid: int = 0
    reversed_at: int | None = None


def reference_of(entry: Entry) -> int | None:
    """Return the position of the entry that this one refers to, if it refers to one."""
    position: int | None = entry.facts.listed()[4]
    return position


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
        case CorrectionFacts() if entry.organisation != referred.entry.organisation:
            raise Refused(
                "Entry {position} is another organisation's: only its own can be corrected.",
                position=referred.position,
            )


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


class References:
    """What became of the entries that others refer to, over a stream of entries from the first.

    It remembers the entries that are referred to, not the log: `read` gives one of them again.
    """

    def __init__(self, read: Callable[[int], Entry]) -> None:
        self._read = read
        self._refunded: dict[int, int] = defaultdict(int)
        self._paid: dict[int, int] = defaultdict(int)
        self._reversed_at: dict[int, int] = {}

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
            return
        if place >= position:
            raise Refused("There is no entry {position}.", position=place)
        check_reference(entry, self.referred(place))
        match entry.facts:
            case RefundFacts(amount=amount):
                self._refunded[place] += amount
            case DonationFacts(amount=amount):
                self._paid[place] += amount
            case ReversalFacts(facts=undone):
                self._reversed_at[place] = position
                self._take_back(undone)

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
        )
