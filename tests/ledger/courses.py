"""Provides courses of events: entries of every kind in an order that a ledger allows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

from hypothesis import strategies as st

from ledger.entries import Currency, Entry, Facts, FundPlace
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donation import DonationFacts
from ledger.kinds.donor_merge import DonorMergeFacts, MergeBasis
from ledger.kinds.donor_separation import DonorSeparationFacts
from ledger.kinds.erasure import ErasureFacts, ErasureGround
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.goods_distribution import GoodsDistributionFacts
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.ownership import OwnershipFacts
from ledger.kinds.ownership_end import OwnershipEndFacts
from ledger.kinds.pledge import PledgeFacts
from ledger.kinds.trust_contribution import TrustContributionFacts
from ledger.kinds.trust_distribution import TrustDistributionFacts
from ledger.messages import Refused
from ledger.references import References
from tests.ledger.entries import (
    IDENTIFIER,
    donor,
    receipt_of,
    refund_of,
    requested,
    reversal_of,
    void_of,
)

OTHER = "CN-USCI-53330000501874064B"
ORGANISATIONS = (IDENTIFIER, OTHER)
FUNDS = ("general", "water")
TRUST = "4403000000001"
GOODS = "goods:示例瓶装水/箱"
KINDS = (
    "donation",
    "payment",
    "onward_transfer",
    "transfer_within",
    "goods_donation",
    "pledge",
    "expenditure",
    "goods_distribution",
    "refund",
    "reversal",
    "correction",
    "donation_receipt",
    "receipt_void",
    "trust_contribution",
    "trust_distribution",
    "trust_grant",
    "erasure",
    "donor_merge",
    "donor_separation",
    "ownership",
    "ownership_end",
)
RELATIONS = frozenset(KINDS[-4:])
DONORS = 5
"""So few donors are merged and owned that circles come up."""


class Step(NamedTuple):
    """Something that happens, if the ledger can bear it; `pick` chooses what it refers to."""

    kind: str
    amount: int
    organisation: str
    fund: str
    currency: Currency
    month: int
    pick: int


def step(kind: str, amount: int = 1, **fields: Any) -> Step:
    """Return a step with plain values where none are given."""
    return Step(kind, amount, IDENTIFIER, "general", "CNY", 1, 0)._replace(**fields)


steps = st.builds(
    Step,
    st.sampled_from(KINDS),
    st.integers(1, 10**9),
    st.sampled_from(ORGANISATIONS),
    st.sampled_from(FUNDS),
    st.sampled_from(get_args(Currency)[:2]),
    st.integers(1, 3),
    st.integers(0, 40),
)
courses = st.lists(steps, max_size=40)


@dataclass
class Course:
    """The entries so far, and what the accounts hold."""

    entries: list[Entry] = field(default_factory=list)
    held: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.references = References(self.entries.__getitem__)

    def take(self, entry: Entry) -> bool:
        """Take an entry if no account comes below zero by it and its reference is allowed."""
        after = self.held.copy()
        for posting in entry.postings:
            after[posting.account, posting.unit] += posting.amount
            covered = posting.account.startswith(("funds/", "goods/", "trusts/"))
            if covered and after[posting.account, posting.unit] < 0:
                return False
        try:
            self.references.add(len(self.entries), entry)
        except Refused:
            return False
        self.held = after
        self.entries.append(entry)
        return True

    def chosen(self, pick: int, *kinds: str) -> tuple[int, Entry] | None:
        """Return an earlier entry of these kinds, of any kind if none is named."""
        found = [
            (position, entry)
            for position, entry in enumerate(self.entries)
            if not kinds or entry.kind in kinds
        ]
        return found[pick % len(found)] if found else None


def _money(number: int, now: Step) -> Facts | None:
    """Return the facts of what comes from outside or is promised."""
    given: dict[str, Any] = {
        "amount": now.amount,
        "currency": now.currency,
        "donor": donor(number),
        "fund": now.fund,
    }
    match now.kind:
        case "donation":
            return DonationFacts(**given)
        case "onward_transfer":
            return OnwardTransferFacts(**given)
        case "pledge":
            return PledgeFacts(**given)
        case "goods_donation":
            del given["currency"]
            return GoodsDonationFacts(**given, goods=GOODS)
        case "trust_contribution":
            return TrustContributionFacts(
                amount=now.amount, currency=now.currency, settlor=donor(number), trust=TRUST
            )
        case _:
            return None


def _outgoing(now: Step) -> Facts | None:
    """Return the facts of what leaves a fund, the goods or the trust."""
    other = ORGANISATIONS[now.organisation == IDENTIFIER]
    spent: dict[str, Any] = {"amount": now.amount, "description": "示例支出"}
    money: dict[str, Any] = {"amount": now.amount, "currency": now.currency}
    match now.kind:
        case "transfer_within":
            return OnwardTransferFacts(
                **money, fund=now.fund, giver=FundPlace(fund="general", organisation=other)
            )
        case "expenditure":
            return ExpenditureFacts(
                **spent,
                currency=now.currency,
                fund=now.fund,
                project=f"p{now.month}",
                purpose=Purpose.PROGRAM,
            )
        case "goods_distribution":
            return GoodsDistributionFacts(**spent, fund=now.fund, goods=GOODS, project="p1")
        case "trust_distribution":
            return TrustDistributionFacts(**spent, currency=now.currency, trust=TRUST)
        case "trust_grant":
            return TrustDistributionFacts(
                **spent,
                currency=now.currency,
                recipient=FundPlace(fund=now.fund, organisation=other),
                trust=TRUST,
            )
        case _:
            return None


def _relation(course: Course, now: Step) -> Facts | None:
    """Return the facts of what brings two donors together, or parts them again."""
    one, other = (donor(each % DONORS).reference for each in (now.pick, now.amount))
    match now.kind:
        case "donor_merge":
            return DonorMergeFacts(basis=MergeBasis.NAME, donors=(one, other), reason="虚构原因")
        case "ownership":
            since = f"2026-0{now.month}-01"
            return OwnershipFacts(child=one, evidence="虚构年报第1页", parent=other, since=since)
    undone = {"donor_separation": "donor_merge", "ownership_end": "ownership"}.get(now.kind)
    chosen = course.chosen(now.pick, undone) if undone else None
    if chosen is None:
        return None
    made = DonorSeparationFacts if now.kind == "donor_separation" else OwnershipEndFacts
    return made(reason="虚构原因", refers_to=chosen[0])


def _reporter(now: Step) -> str | None:
    """Return whose entry it is: some decisions about donors are the log's own."""
    return None if now.kind in RELATIONS and now.pick % 3 == 0 else now.organisation


NAMES = {
    "payment": "donation",
    "transfer_within": "onward_transfer",
    "trust_grant": "trust_distribution",
}


def entry_of(  # noqa: PLR0911 (one answer for each kind of step)
    course: Course, number: int, now: Step
) -> Entry | None:
    """Return the entry of a step, whether or not the ledger takes it; None if there is none."""
    day, key = f"2026-0{now.month}-15", str(number)
    if now.kind == "erasure":
        gone = ErasureFacts(count=1, ground=ErasureGround.CONSENT_WITHDRAWN)
        return requested("erasure", gone, key, day, None)
    facts = _money(number, now) or _outgoing(now) or _relation(course, now)
    if facts is not None:
        return requested(NAMES.get(now.kind, now.kind), facts, key, day, _reporter(now))
    wanted = {
        "refund": ("donation", "goods_donation", "onward_transfer"),
        "payment": ("pledge",),
        "donation_receipt": ("donation", "goods_donation"),
        "receipt_void": ("donation_receipt",),
    }.get(now.kind, ())
    chosen = course.chosen(now.pick, *wanted)
    if chosen is None:
        return None
    position, entry = chosen
    match now.kind:
        case "reversal" if entry.postings and entry.kind != "reversal":
            return reversal_of(position, entry, key, day)
        case "correction" if entry.organisation is not None:
            note = CorrectionFacts(
                by="财务部", field="x", new="x", old="y", reason="z", refers_to=position
            )
            return requested("correction", note, key, day, entry.organisation)
        case "donation_receipt":
            number = 1 + sum(
                e.kind == now.kind and e.organisation == entry.organisation for e in course.entries
            )
            return receipt_of(position, number, day, entry.organisation)
        case "receipt_void":
            return void_of(position, key, day, entry.organisation)
        case "payment":
            paid = DonationFacts(
                amount=now.amount,
                currency=entry.facts.currency,
                donor=entry.facts.donor,
                fund=entry.facts.fund,
                pledge=position,
            )
            return requested("donation", paid, key, day, entry.organisation)
        case "refund" if entry.facts.donor is not None:
            amount = 1 + now.amount % entry.facts.amount
            return refund_of(position, entry, amount, key)
        case _:
            return None


def entries_of(steps: Sequence[Step]) -> list[Entry]:
    """Return entries that a ledger takes in this order, one for each step that is possible."""
    course = Course()
    for number, now in enumerate(steps):
        entry = entry_of(course, number, now)
        if entry is not None:
            course.take(entry)
    return course.entries
