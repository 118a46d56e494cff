"""Provides an invented receipt and how it is printed, for tests."""

from typing import Any

from charity.donors.enrolment import Choice, Giver, enrol_giver
from charity.receipts.reading import DonationReceipt, Item
from charity.receipts.wording import Printing, Proof
from charity.reporting.records import Request, record_gift
from ledger.kinds.donation import DonationFacts
from ledger.kinds.goods_donation import GoodsDonationFacts
from ledger.log import Ledger
from ledger.messages import untranslated
from tests.conftest import ORGANISATION
from tests.ledger.entries import IDENTIFIER

PRINTING = Printing(Proof(20_000, "root="), "https://city.example/en/entries", untranslated, False)
PAYER = "虚构捐赠人"
GOODS = "goods:示例瓶装水/箱"
PLAIN: dict[str, Any] = {
    "position": 1234,
    "number": 123,
    "day": "2026-01-05",
    "organisation": "示例基金会",
    "organisation_code": ORGANISATION,
    "fiscal": None,
    "payer": PAYER,
    "payer_code": None,
    "on_behalf": False,
    "gift": 99,
    "gift_day": "2026-01-02",
    "period_start": None,
    "donor": "0" * 32,
    "item": Item("general", "非限定性资金"),
    "unit": "CNY",
    "given": 123_45,
    "amount": 123_45,
    "paid_back_since": 0,
    "gift_reversed": False,
    "leaf": bytes(range(32)),
    "recorded_at": "2026-01-05T02:00:00Z",
    "void": None,
}


def invented(**fields: Any) -> DonationReceipt:
    """Return a receipt; `fields` differ from the plain one's."""
    return DonationReceipt(**PLAIN | fields)


async def given(
    ledger: Ledger, key: str, facts: dict[str, Any], name: str = PAYER, day: str = "2026-01-02"
) -> int:
    """Append a gift of a donor whom the vault knows and nobody is shown; return its position."""
    async with ledger.write() as writer:
        donor = await enrol_giver(
            ledger.vault, writer, IDENTIFIER, Giver(name), Choice.NOT_SHOWN, None
        )
        plain: dict[str, Any] = {"amount": 100_00, "donor": donor, "fund": "general"} | facts
        made = GoodsDonationFacts(**plain) if "goods" in plain else DonationFacts(**plain)
        return await record_gift(writer, Request(ORGANISATION, day, key), made)
