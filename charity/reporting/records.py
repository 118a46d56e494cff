"""Provides the recording of single facts by hand or by program: spending, refund, correction."""

from collections.abc import Sequence
from dataclasses import dataclass

from charity.organisations.uscc import organisation_identifier
from ledger.append import Writer
from ledger.entries import Entry, Source, entry_bytes, request_id
from ledger.kinds import parse_entry
from ledger.kinds.correction import CORRECTION, CorrectionFacts
from ledger.kinds.donation import DonationFacts
from ledger.kinds.expenditure import EXPENDITURE, ExpenditureFacts
from ledger.kinds.refund import REFUND, RefundFacts, RefundReason
from ledger.messages import Refused
from ledger.reading import read_entry
from ledger.tables import MovementRow


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


def _entry(
    writer: Writer,
    request: Request,
    kind: str,
    facts: ExpenditureFacts | RefundFacts | CorrectionFacts,
) -> Entry:
    identifier = organisation_identifier(request.organisation)
    entry = writer.entry(
        kind,
        request.day,
        identifier,
        facts,
        request_id(identifier, request.key),
        Source(request=request.key),
    )
    parse_entry(entry_bytes(entry))  # refuses what nobody could read again, such as no amount
    return entry


async def record_expenditures(
    writer: Writer, spendings: Sequence[tuple[Request, ExpenditureFacts]]
) -> range:
    """Append spendings; return their positions.

    Raises:
        Refused: a fund does not hold enough, or a fact has a wrong form.
    """
    return await writer.append(
        [_entry(writer, request, EXPENDITURE.name, facts) for request, facts in spendings]
    )


async def _gift_at(position: int, organisation: str) -> DonationFacts:
    try:
        entry = parse_entry(await read_entry(position))
    except LookupError as error:
        raise Refused("There is no entry {position}.", position=position) from error
    if not isinstance(entry.facts, DonationFacts) or entry.organisation != organisation:
        raise Refused(
            "Entry {position} is no gift to {organisation}.",
            position=position,
            organisation=organisation,
        )
    return entry.facts


async def record_refund(
    writer: Writer, request: Request, gift_position: int, amount_fen: int, reason: RefundReason
) -> int:
    """Append the refund of a gift or of a part of it, in fen; return its position.

    Raises:
        Refused: the entry is no gift to this organisation, less of it than this is left to pay
            back, the amount is not above zero, or the fund does not hold enough.
    """
    gift = await _gift_at(gift_position, organisation_identifier(request.organisation))
    earlier = await MovementRow.select(MovementRow.amount).where(
        (MovementRow.refers_to == gift_position) & (MovementRow.kind == REFUND.name)
    )
    left = gift.amount - sum(row["amount"] for row in earlier)
    if amount_fen > left:
        raise Refused(
            "Of the gift {position} only {left} fen are left to pay back, not {amount}.",
            position=gift_position,
            left=left,
            amount=amount_fen,
        )
    facts = RefundFacts(
        amount=amount_fen,
        donor=gift.donor,
        fund=gift.fund,
        reason=reason,
        refers_to=gift_position,
    )
    return (await writer.append([_entry(writer, request, REFUND.name, facts)])).start


async def record_correction(writer: Writer, request: Request, facts: CorrectionFacts) -> int:
    """Append a correction note to an earlier entry of the same organisation; return its position.

    Raises:
        Refused: the earlier entry does not exist, is another organisation's, or a text is
            empty or too long.
    """
    try:
        corrected = parse_entry(await read_entry(facts.refers_to))
    except LookupError as error:
        raise Refused("There is no entry {position}.", position=facts.refers_to) from error
    if corrected.organisation != organisation_identifier(request.organisation):
        raise Refused(
            "Entry {position} is another organisation's: only its own can be corrected.",
            position=facts.refers_to,
        )
    return (await writer.append([_entry(writer, request, CORRECTION.name, facts)])).start
