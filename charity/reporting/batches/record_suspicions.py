"""Provides what makes a gift suspicious: one like it is in the ledger, or it is far too large."""

from collections.abc import Mapping
from typing import Final

from charity.donors.enrolment import plain_text
from charity.reporting.batches.record_donors import is_named
from charity.reporting.batches.record_entries import donor_record, goods_unit
from charity.reporting.batches.record_problems import RecordFindings
from charity.reporting.batches.records import GiftRecord, GoodsGiftRecord, Record
from charity.reporting.cells import yuan_text
from charity.reporting.earlier_gifts import campaign_targets, usual_gift
from charity.reporting.unusual import target_below, unusual_amounts, usual_among
from ledger.entries import CURRENCY
from ledger.kinds.donation import DONATION
from ledger.kinds.goods_donation import GOODS_DONATION
from ledger.kinds.onward_transfer import ONWARD_TRANSFER
from ledger.tables import MovementRow
from ledger.vault.reading import known_donors
from ledger.vault.vault import Vault

KINDS: Final = (DONATION.name, GOODS_DONATION.name, ONWARD_TRANSFER.name)
DAYS_AT_ONCE: Final = 400
ALIKE_MAX: Final = 2_000
"""So many entries of the same day and amount are looked at: names are opened one by one."""

Alike = tuple[str, int, str, str]
"""Day, amount in minor units, unit, donor's name as it is compared."""


def _alike(record: Record) -> Alike | None:
    """Return what a gift is compared by; None where it names nobody."""
    donor = donor_record(record)
    if donor is None or donor.name is None or not is_named(donor):
        return None
    name, day = plain_text(donor.name), record.day.isoformat()
    match record:
        case GiftRecord():
            return day, record.amount, record.currency, name
        case GoodsGiftRecord():
            return day, record.pieces, goods_unit(record.goods, record.measure), name
        case _:
            return None


async def suspect_repeated(
    vault: Vault, organisation: str, records: Mapping[int, Record], findings: RecordFindings
) -> None:
    """Tell of gifts that look like one in the ledger.

    Equal gifts within one batch are separate gifts, as equal rows of one list are.

    Args:
        vault: opens the names behind entries that look alike.
        organisation: identifier of the organisation that receives.
        records: index → record, of those that are new.
        findings: takes what is found.
    """
    gifts = {index: alike for index, record in records.items() if (alike := _alike(record))}
    there = await _there(vault, organisation, set(gifts.values()))
    for index, alike in gifts.items():
        if alike in there:
            findings.problem("gift_repeated", index, "donor.name", position=there[alike])


async def suspect_large(
    organisation: str, records: Mapping[int, Record], findings: RecordFindings
) -> None:
    """Tell of gifts in yuan that are far above the usual, or above all that a campaign asks for.

    Args:
        organisation: code of the organisation that receives.
        records: index → record, of those that are new.
        findings: takes what is found.
    """
    by_fund: dict[str, dict[int, GiftRecord]] = {}
    for index, record in records.items():
        if isinstance(record, GiftRecord) and record.currency == CURRENCY:
            by_fund.setdefault(record.fund, {})[index] = record
    for fund, gifts in by_fund.items():
        amounts = [gift.amount for gift in gifts.values()]
        usual = usual_among(amounts) or await usual_gift(organisation, fund)
        indices = list(gifts)
        for index in (indices[place] for place in unusual_amounts(amounts, usual)):
            if usual is not None:
                amount = gifts[index].amount
                findings.problem(
                    "amount_unusual",
                    index,
                    "amount",
                    amount=yuan_text(amount),
                    times=amount // usual.fen,
                    usual=yuan_text(usual.fen),
                )
        targets = await campaign_targets(organisation, fund)
        for index, gift in gifts.items():
            target = target_below(targets, gift.day.isoformat(), gift.amount)
            if target is not None:
                findings.problem(
                    "target_exceeded",
                    index,
                    "amount",
                    amount=yuan_text(gift.amount),
                    campaign=target.name,
                    target=yuan_text(target.target_fen),
                )


async def _there(vault: Vault, organisation: str, wanted: set[Alike]) -> dict[Alike, int]:
    """Return the gifts that the ledger holds of these, each with its position."""
    days = sorted({day for day, *_ in wanted})
    amounts = {(day, amount, unit) for day, amount, unit, _ in wanted}
    lines: list[dict[str, object]] = []
    for start in range(0, len(days), DAYS_AT_ONCE):
        part = days[start : start + DAYS_AT_ONCE]
        several = sorted({amount for day, amount, _ in amounts if day in set(part)})
        query = MovementRow.select(
            MovementRow.position,
            MovementRow.day,
            MovementRow.amount,
            MovementRow.unit,
            MovementRow.donor,
        ).where(
            (MovementRow.organisation == organisation)
            & MovementRow.day.is_in(part)
            & MovementRow.kind.is_in(list(KINDS))
            & MovementRow.donor.is_not_null()
        )
        if len(several) <= DAYS_AT_ONCE:
            query = query.where(MovementRow.amount.is_in(several))
        rows = await query.order_by(MovementRow.position, ascending=False)
        lines += [row for row in rows if (row["day"], row["amount"], row["unit"]) in amounts]
    lines = lines[:ALIKE_MAX]
    names = await known_donors(vault, {str(line["donor"]) for line in lines})
    return {
        (
            str(line["day"]),
            int(str(line["amount"])),
            str(line["unit"]),
            plain_text(known.identity.name),
        ): int(str(line["position"]))
        for line in lines
        if (known := names.get(str(line["donor"]))) is not None
    }
