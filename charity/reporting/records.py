"""Provides the recording of single facts by hand or by program: gifts, spending, refunds, notes.

What an entry may say of an earlier one is checked where it is appended, by `ledger.references`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from charity.organisations.uscc import organisation_identifier
from ledger.appending.writer import Writer
from ledger.entries import CURRENCY, Currency, Entry, Facts, FundPlace, Source, request_id
from ledger.kinds import parse_entry
from ledger.kinds.correction import CORRECTION, CorrectionFacts
from ledger.kinds.donation import DONATION, DonationFacts
from ledger.kinds.expenditure import EXPENDITURE, ExpenditureFacts
from ledger.kinds.filing import FILING, FilingFacts
from ledger.kinds.goods_distribution import GOODS_DISTRIBUTION, GoodsDistributionFacts
from ledger.kinds.goods_donation import GOODS_DONATION, GoodsDonationFacts
from ledger.kinds.onward_transfer import ONWARD_TRANSFER, OnwardTransferFacts
from ledger.kinds.pledge import PLEDGE, PledgeFacts
from ledger.kinds.refund import REFUND, RefundFacts, RefundReason
from ledger.kinds.reversal import REVERSAL, REVERSIBLE, ReversalFacts
from ledger.kinds.trust_contribution import TRUST_CONTRIBUTION, TrustContributionFacts
from ledger.kinds.trust_distribution import TRUST_DISTRIBUTION, TrustDistributionFacts
from ledger.messages import Refused
from ledger.reading import read_entry


@dataclass(frozen=True, slots=True)
class Request:
    """Who records what happened when, and the key that makes a repeated request harmless.

    Attributes:
        organisation: credit code of the organisation whose books it goes into.
        day: ISO day of the event in Asia/Shanghai.
        key: chosen by whoever asks, once for each fact.
    """

    organisation: str
    day: str
    key: str


def requested_entry(writer: Writer, request: Request, kind: str, facts: Facts) -> Entry:
    """Return the entry of a request, not appended yet; its key makes its id."""
    identifier = organisation_identifier(request.organisation)
    return writer.entry(
        kind,
        request.day,
        identifier,
        facts,
        request_id(identifier, request.key),
        Source(request=request.key),
    )


async def _append_one(writer: Writer, request: Request, kind: str, facts: Facts) -> int:
    return (await writer.append([requested_entry(writer, request, kind, facts)])).start


async def record_expenditures(
    writer: Writer, spendings: Sequence[tuple[Request, ExpenditureFacts]]
) -> range:
    """Append spendings; return their positions.

    Raises:
        Refused: a fund does not hold enough, or a fact has a wrong form.
    """
    return await writer.append(
        [requested_entry(writer, request, EXPENDITURE.name, facts) for request, facts in spendings]
    )


async def _entry_at(position: int) -> Entry:
    try:
        return parse_entry(await read_entry(position))
    except LookupError as error:
        raise Refused("There is no entry {position}.", position=position) from error


def refund_facts(
    entry: Entry, position: int, organisation: str, amount: int, reason: RefundReason
) -> RefundFacts:
    """Return the facts of a refund: donor, fund and unit are those of the gift.

    Args:
        entry: the gift.
        position: its position.
        organisation: identifier of whoever pays back.
        amount: in minor units of the gift's currency, or in pieces of the goods.
        reason: the ground on which it is paid back.

    Raises:
        Refused: the entry is no gift to this organisation.
    """
    gift = entry.facts
    if (
        not isinstance(gift, DonationFacts | GoodsDonationFacts | OnwardTransferFacts)
        or gift.donor is None
        or entry.organisation != organisation
    ):
        raise Refused(
            "Entry {position} is no gift to {organisation}.",
            position=position,
            organisation=organisation,
        )
    return RefundFacts(
        amount=amount,
        currency=CURRENCY if isinstance(gift, GoodsDonationFacts) else gift.currency,
        donor=gift.donor,
        fund=gift.fund,
        goods=gift.goods if isinstance(gift, GoodsDonationFacts) else None,
        reason=reason,
        refers_to=position,
    )


def reversal_facts(entry: Entry, position: int, reason: str) -> ReversalFacts:
    """Return the facts of the reversal of an entry.

    Raises:
        Refused: it moved nothing, or is a reversal itself.
    """
    if entry.kind not in REVERSIBLE:
        raise Refused(
            "Entry {position} cannot be reversed: it moved nothing, or is a reversal itself.",
            position=position,
        )
    return ReversalFacts(facts=entry.facts, kind=entry.kind, reason=reason, refers_to=position)


async def record_refund(
    writer: Writer, request: Request, gift_position: int, amount: int, reason: RefundReason
) -> int:
    """Append the refund of a gift of money or goods, or of a part of it; return its position.

    Args:
        writer: the writer of the moment.
        request: who pays back, and when.
        gift_position: the position of the gift.
        amount: in minor units of the gift's currency, or in pieces of the goods.
        reason: the ground on which it is paid back.

    Raises:
        Refused: the entry is no gift to this organisation or was reversed, less of it than this is
            left to pay back, the amount is not above zero, or the fund does not hold enough.
    """
    organisation = organisation_identifier(request.organisation)
    gift = await _entry_at(gift_position)
    facts = refund_facts(gift, gift_position, organisation, amount, reason)
    return await _append_one(writer, request, REFUND.name, facts)


async def record_reversal(writer: Writer, request: Request, position: int, reason: str) -> int:
    """Append the reversal of an earlier entry of the same organisation; return its position.

    Raises:
        Refused: the entry does not exist, moved nothing, is a reversal itself, is another
            organisation's, was reversed before, is a gift of which something was paid back, or the
            fund does not hold enough.
    """
    facts = reversal_facts(await _entry_at(position), position, reason)
    return await _append_one(writer, request, REVERSAL.name, facts)


async def record_correction(writer: Writer, request: Request, facts: CorrectionFacts) -> int:
    """Append a correction note to an earlier entry of the same organisation; return its position.

    Raises:
        Refused: it does not say which office corrects, the earlier entry does not exist or is
            another organisation's, or a text is empty or too long.
    """
    if facts.by is None:
        raise Refused("A correction note says by which office or role it is made, such as 财务部.")
    return await _append_one(writer, request, CORRECTION.name, facts)


async def record_gift(
    writer: Writer, request: Request, facts: DonationFacts | GoodsDonationFacts
) -> int:
    """Append a gift of money or goods; return its position.

    Its donor is enrolled first, with what was chosen for this gift, by
    `charity.donors.enrolment.enrol_giver`.

    Raises:
        Refused: a fact has a wrong form, or the pledge that it is paid against is another's.
    """
    kind = DONATION if isinstance(facts, DonationFacts) else GOODS_DONATION
    return await _append_one(writer, request, kind.name, facts)


async def record_goods_distribution(
    writer: Writer, request: Request, facts: GoodsDistributionFacts
) -> int:
    """Append goods handed out; return the position.

    Raises:
        Refused: the fund does not hold so many of these goods, or a fact has a wrong form.
    """
    return await _append_one(writer, request, GOODS_DISTRIBUTION.name, facts)


async def record_trust_contribution(
    writer: Writer, request: Request, facts: TrustContributionFacts
) -> int:
    """Append what a settlor puts into a charitable trust; return the position.

    The request's organisation is the trustee.

    Raises:
        Refused: a fact has a wrong form.
    """
    return await _append_one(writer, request, TRUST_CONTRIBUTION.name, facts)


async def record_trust_distribution(
    writer: Writer, request: Request, facts: TrustDistributionFacts
) -> int:
    """Append what a charitable trust gives out; return the position.

    The request's organisation is the trustee.

    Raises:
        Refused: this trustee's trust does not hold enough, or a fact has a wrong form.
    """
    return await _append_one(writer, request, TRUST_DISTRIBUTION.name, facts)


async def record_filing(writer: Writer, request: Request, facts: FilingFacts) -> int:
    """Append a filing (备案) with an authority; return its position.

    Raises:
        Refused: a fact has a wrong form.
    """
    return await _append_one(writer, request, FILING.name, facts)


async def record_pledge(writer: Writer, request: Request, facts: PledgeFacts) -> int:
    """Append a pledge; return its position, which the gifts that are paid against it name.

    Raises:
        Refused: a fact has a wrong form.
    """
    return await _append_one(writer, request, PLEDGE.name, facts)


async def record_transfer(
    writer: Writer,
    request: Request,
    giver: FundPlace,
    fund: str,
    amount: int,
    currency: Currency = CURRENCY,
) -> int:
    """Append money that a fund of one organisation passed on to another's; return its position.

    Args:
        writer: the writer of the moment.
        request: the recipient, in whose books it is entered, and when.
        giver: the fund that the money comes out of.
        fund: the recipient's fund.
        amount: in minor units of the currency.
        currency: of both funds.

    Raises:
        Refused: both are one organisation, or the giver's fund does not hold enough.
    """
    facts = OnwardTransferFacts(amount=amount, currency=currency, fund=fund, giver=giver)
    return await _append_one(writer, request, ONWARD_TRANSFER.name, facts)
