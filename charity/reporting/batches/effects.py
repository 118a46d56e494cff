"""Provides what a batch does to funds: counted from present balances, and what was appended."""

from collections.abc import Sequence

import msgspec
from piccolo.query.functions.aggregate import Sum

from charity.organisations.uscc import organisation_identifier
from charity.reporting.batches.schemas import BatchReport, FundEffect
from charity.reporting.requests import ImportResult
from ledger.accounts import fund_account, goods_account
from ledger.entries import GOODS_PREFIX
from ledger.tables import Balance, MovementRow


async def effects_now(effects: Sequence[FundEffect]) -> tuple[FundEffect, ...]:
    """Return effects with the balances of this moment: each fund before, and after the batch.

    Between the check of a batch and the look of whoever decides, others write into the same funds.
    """
    accounts = [_account(effect) for effect in effects]
    rows = await Balance.select(Balance.account, Balance.unit, Balance.amount).where(
        Balance.account.is_in(sorted(set(accounts)) or ["-"])
    )
    held = {(row["account"], row["unit"]): int(row["amount"]) for row in rows}
    return tuple(
        _counted_from(held.get((account, effect.unit), 0), effect)
        for account, effect in zip(accounts, effects, strict=True)
    )


def _account(effect: FundEffect) -> str:
    account = goods_account if effect.unit.startswith(GOODS_PREFIX) else fund_account
    return account(organisation_identifier(effect.organisation), effect.fund)


def _counted_from(held: int, effect: FundEffect) -> FundEffect:
    after = held + effect.after - effect.before
    return msgspec.structs.replace(effect, before=held, after=after)


async def does_as_told(report: BatchReport, result: ImportResult) -> bool:
    """Return whether an import appended what the report of its check told.

    As many gifts, as much money, and of it as much passed on by other charities: wording and
    encoding of the report play no part.
    """
    row = (
        await MovementRow.select(Sum(MovementRow.amount, alias="amount"))
        .where(
            (MovementRow.position >= result.positions.start)
            & (MovementRow.position < result.positions.stop)
        )
        .first()
    )
    appended = int(row["amount"] or 0) if row is not None else 0
    told = sum(effect.after - effect.before for effect in report.effects)
    return (
        (result.appended, appended) == (report.new, told)
        and (result.transferred_rows, result.transferred_fen)
        == (report.transferred, report.transferred_total)
    )  # fmt: skip
