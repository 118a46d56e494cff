"""Tests of any mix of records: what the check passes is appended, and does what was foretold."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charity.reporting.batches.schemas import FundEffect
from charity.reporting.batches.store import BatchStore
from ledger.auditing.audit import audit_log
from ledger.entries import GOODS_PREFIX
from tests.charity.batches.recording import (
    COMPANY,
    OTHER,
    PERSON,
    append,
    balances,
    check,
    record,
    registered,
)
from tests.conftest import ORGANISATION, MadeHome, fresh_ledger
from tests.ledger.entries import stored_entries

ACCEPT = ("overpaid", "repeated", "transfer", "fund", "number", "unusual", "target")
AMOUNTS = st.sampled_from((1, 40, 100, 101, 5_000))
FUNDS = st.sampled_from(("general", "general", "water"))
PLACES = st.integers(0, 9)
DONORS = st.sampled_from(
    (
        {},
        {"name": "匿名"},
        PERSON,
        PERSON | {"choice": "pseudonym", "identity": ["虚构号码"]},
        PERSON | {"choice": "with_amount", "consent": "示例第5条", "identity": ["虚构号码"]},
        COMPANY,
        COMPANY | {"choice": "without_amount"},
        {"name": "虚构市慈善会", "is_organisation": True},
    )
)


def _of(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields).map(lambda values: record(kind, **values))


RECORDS = st.one_of(
    _of("gift", amount=AMOUNTS, fund=FUNDS, donor=DONORS, receipt=st.booleans()),
    _of("gift", amount=AMOUNTS, donor=st.just(COMPANY), pledge=st.sampled_from((4, 5))),
    _of("goods_gift", pieces=AMOUNTS, fund=FUNDS, donor=DONORS, receipt=st.booleans()),
    _of("pledge", amount=AMOUNTS, donor=DONORS),
    _of("spending", amount=AMOUNTS, fund=FUNDS, project=st.sampled_from(("school", "wells"))),
    _of("goods_distribution", pieces=AMOUNTS, fund=FUNDS),
    _of("transfer", amount=AMOUNTS),
    _of("refund", gift=PLACES, amount=AMOUNTS),
    _of("reversal", entry=PLACES),
    _of("correction", entry=PLACES),
)


async def _filled(store: BatchStore) -> None:
    """Put something of every kind into the ledger: entries 0 to 8."""
    await append(store, record("gift", amount=200), batch="0" * 32, organisation=OTHER)
    start = (
        record("gift", amount=150),
        record("gift", amount=100, receipt=False, donor=COMPANY),
        record("goods_gift", pieces=120),
        record("pledge", amount=100, donor=COMPANY),
        record("pledge", amount=5_000, donor=COMPANY),
        record("spending", amount=20),
        record("refund", gift=1, amount=10),
        record("gift", amount=60, fund="water", donor={}),
    )
    await append(store, *start[:6], batch="1" * 32)
    await append(store, *start[6:], batch="2" * 32)


async def _try(made_home: MadeHome, records: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        async with fresh_ledger(made_home) as ledger:
            store = await registered(ledger, Path(folder))
            await _filled(store)
            sound: list[dict[str, Any]] = []
            for one in records:  # what is wrong by itself is left out: the rest mixes longer
                if (await check(store, *sound, one, accept=ACCEPT)).state == "ready":
                    sound.append(one)
            event(f"{len(sound)} records pass")
            if not sound:
                return
            report = await check(store, *sound, accept=ACCEPT)
            before = await balances()
            positions = await append(store, *sound, accept=ACCEPT, batch="f" * 32)
            assert len(positions) == report.new == len(sound)
            after = await balances()
            moved = {
                key
                for key in before.keys() | after.keys()
                if key[0].startswith(("funds/", "goods/"))
                and before.get(key, 0) != after.get(key, 0)
            }
            assert {_key(e): (e.before, e.after) for e in report.effects} == {
                key: (before.get(key, 0), after.get(key, 0)) for key in moved
            }
            asked = sum(bool(one.get("receipt")) for one in sound)
            issued = [e for e in await stored_entries() if e.kind == "donation_receipt"]
            assert len(issued) == asked
            assert not (await audit_log(ledger)).problems


def _key(effect: FundEffect) -> tuple[str, str]:
    sort = "goods" if effect.unit.startswith(GOODS_PREFIX) else "funds"
    assert effect.organisation in {ORGANISATION, OTHER}
    return f"{sort}/CN-USCI-{effect.organisation}/{effect.fund}", effect.unit


@pytest.mark.one_engine("sqlite", "the next test draws fewer examples on the other engine")
@hypothesis_settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(records=st.lists(RECORDS, min_size=1, max_size=8))
async def test_what_the_check_passes_is_appended_as_foretold(
    made_home: MadeHome, records: list[dict[str, Any]]
) -> None:
    await _try(made_home, records)


@pytest.mark.one_engine("postgres", "the test before draws more examples on the other engine")
@hypothesis_settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(records=st.lists(RECORDS, min_size=1, max_size=8))
async def test_what_the_check_passes_is_appended_on_postgresql_too(
    made_home: MadeHome, records: list[dict[str, Any]]
) -> None:
    await _try(made_home, records)
