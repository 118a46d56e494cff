"""Provides the issuing of receipts of donations, and making them void, in the caller's write.

What a receipt may be issued for is checked where it is appended, by `ledger.references`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from charity.organisations.uscc import organisation_identifier
from ledger.appending.stored_references import last_receipt_number
from ledger.appending.writer import Writer
from ledger.entries import Source
from ledger.kinds.donation_receipt import (
    DONATION_RECEIPT,
    DonationReceiptFacts,
    FiscalReceipt,
)
from ledger.kinds.receipt_void import RECEIPT_VOID, ReceiptVoidFacts
from ledger.messages import Refused

REASON_CHARACTERS_MAX: Final = 500
NO_FISCAL_RECEIPTS: Final[Mapping[int, FiscalReceipt]] = MappingProxyType({})


async def issue_receipts(
    writer: Writer,
    organisation: str,
    gifts: Sequence[int],
    day: str,
    fiscal: Mapping[int, FiscalReceipt] = NO_FISCAL_RECEIPTS,
) -> range:
    """Append a receipt for each of these gifts, numbered on from the last; return the positions.

    Args:
        writer: the writer of the moment.
        organisation: credit code of the organisation that took the gifts.
        gifts: positions of the gifts, in the order of the receipts' numbers.
        day: ISO day of issue in Asia/Shanghai; its year is that of the series.
        fiscal: position of a gift → the official fiscal receipt that was issued for it.

    Raises:
        Refused: an entry is no gift of money or goods to this organisation, was reversed or paid
            back in full, came in after that day, or has a valid receipt already. Nothing of the
            write stays then.
    """
    identifier, year = organisation_identifier(organisation), day[:4]
    last = await last_receipt_number(writer.connection, (identifier, year))
    return await writer.append(
        writer.entry(
            DONATION_RECEIPT.name,
            day,
            identifier,
            DonationReceiptFacts(fiscal=fiscal.get(gift), number=number, refers_to=gift),
            f"receipt:{identifier}:{year}:{number}",
            Source(),
        )
        for number, gift in enumerate(gifts, last + 1)
    )


async def void_receipt(
    writer: Writer, organisation: str, receipt: int, reason: str, day: str
) -> int:
    """Append that a receipt is void; return the position. Its number is never used again.

    Args:
        writer: the writer of the moment.
        organisation: credit code of the organisation that issued it.
        receipt: position of the receipt.
        reason: why, in words that everybody may read: without the name of a person.
        day: ISO day in Asia/Shanghai.

    Raises:
        Refused: the entry is no receipt of this organisation, is void already, or no reason is
            given.
    """
    if not reason.strip():
        raise Refused("Say why the receipt becomes void.")
    if len(reason) > REASON_CHARACTERS_MAX:
        raise Refused("The reason has at most {most} characters.", most=REASON_CHARACTERS_MAX)
    entry = writer.entry(
        RECEIPT_VOID.name,
        day,
        organisation_identifier(organisation),
        ReceiptVoidFacts(reason=reason.strip(), refers_to=receipt),
        f"receipt-void:{receipt}",
        Source(),
    )
    return (await writer.append([entry])).start
