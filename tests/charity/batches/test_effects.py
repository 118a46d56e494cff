"""Tests of what a batch does to funds, counted from the balances of the moment."""

from charity.reporting.batches.effects import effects_now
from charity.reporting.batches.schemas import FundEffect
from charity.reporting.batches.states import BatchState
from tests.charity.batches.conftest import OTHER, Office, csv, report_of
from tests.conftest import ORGANISATION

GOODS = "goods:示例口罩/个"


async def test_effects_are_counted_from_present_balances(office: Office) -> None:
    batch = await office.submitted(csv("虚构甲,100.00"))
    other = await office.approved(csv("虚构乙,7.00"))
    assert await office.work(other) == BatchState.APPENDED
    report = await report_of(office, batch)
    [told] = report.effects
    assert (told.before, told.after) == (0, 10_000)
    [now] = await effects_now(report.effects)
    assert (now.before, now.after) == (700, 10_700)


async def test_each_fund_and_unit_has_its_own_balance(office: Office) -> None:
    await office.work(await office.approved(csv("虚构乙,7.00")))
    effects = (
        FundEffect(ORGANISATION, "general", GOODS, 5, 2),
        FundEffect(OTHER, "general", "CNY", 900, 400),
        FundEffect(ORGANISATION, "general", "CNY", 0, -1_000),
    )
    now = await effects_now(effects)
    assert [(one.before, one.after) for one in now] == [(0, -3), (0, -500), (700, -300)]
    assert [(one.organisation, one.unit) for one in now] == [
        (one.organisation, one.unit) for one in effects
    ]
    assert await effects_now(()) == ()
