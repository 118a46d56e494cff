"""Tests of recording: every kind of record becomes its entry, all of a batch together."""

from pathlib import Path
from typing import Any

import pytest

from charity.donors.enrolment import withdraw_consent
from charity.projects.tables import Campaign
from charity.reporting.batches.store import BatchStore
from ledger.auditing.audit import audit_log
from ledger.entries import request_id
from ledger.kinds.donation import DonationFacts, Visibility
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.tables import VaultConsent, VaultDonor, VaultPage, VaultThanks
from ledger.vault.reading import known_donors
from tests.charity.batches.recording import (
    BATCH,
    COMPANY,
    OTHER,
    PERSON,
    SHOP,
    append,
    balances,
    check,
    record,
    registered,
)
from tests.conftest import ORGANISATION
from tests.ledger.entries import (
    FUND,
    IDENTIFIER,
    rows_of_all_tables,
    stored_bodies,
    stored_entries,
)


@pytest.fixture
async def store(ledger: Ledger, tmp_path: Path) -> BatchStore:
    """A store over an empty ledger with two organisations, a restricted fund, two projects."""
    return await registered(ledger, tmp_path / "drafts")


async def given(store: BatchStore, amount: int = 10_000) -> None:
    """Put a gift into the unrestricted fund of each organisation: entries 0 and 1."""
    await append(store, record("gift", amount=amount), batch="0" * 32)
    await append(store, record("gift", amount=amount), batch="1" * 32, organisation=OTHER)


EVERY_KIND = (
    record("gift", amount=5_000, donor=COMPANY | {"code": SHOP}),
    record("goods_gift"),
    record("spending"),
    record("goods_distribution"),
    record("transfer"),
    record("refund"),
    record("correction"),
    record("pledge"),
)


async def test_every_kind_is_appended_in_order_in_one_write(store: BatchStore) -> None:
    await given(store)
    report = await check(store, *EVERY_KIND)
    assert (report.state, report.problems) == ("ready", ())
    assert await append(store, *EVERY_KIND) == range(2, 10)
    entries = (await stored_entries())[2:]
    assert [entry.kind for entry in entries] == [
        "donation",
        "goods_donation",
        "expenditure",
        "goods_distribution",
        "onward_transfer",
        "refund",
        "correction",
        "pledge",
    ]
    assert [entry.id for entry in entries] == [
        request_id(IDENTIFIER, f"batch:{BATCH}:{index}") for index in range(8)
    ]
    assert (await balances())[FUND, "CNY"] == 10_000 + 5_000 - 100 + 100 - 100
    assert not (await audit_log(store.ledger)).problems


async def test_a_reversal_undoes_an_entry(store: BatchStore) -> None:
    await given(store)
    report = await check(store, record("reversal"))
    assert [(effect.before, effect.after) for effect in report.effects] == [(10_000, 0)]
    await append(store, record("reversal"))
    assert (await balances())[FUND, "CNY"] == 0


async def test_a_check_leaves_nothing_behind(store: BatchStore) -> None:
    await given(store)
    before = await rows_of_all_tables()
    named = record(
        "gift", amount=1, donor=PERSON | {"choice": "with_amount", "consent": "示例捐赠表第5条"}
    )
    thanked = record("gift", donor=COMPANY | {"choice": "without_amount"})
    report = await check(store, *EVERY_KIND, named, thanked)
    assert report.state == "ready"
    assert await rows_of_all_tables() == before


@pytest.mark.parametrize(
    ("choice", "visibility"),
    [
        ("with_amount", Visibility.NAMED),
        ("without_amount", Visibility.ANONYMOUS),
        ("pseudonym", Visibility.PSEUDONYMOUS),
        ("not_shown", Visibility.ANONYMOUS),
    ],
)
async def test_a_donor_is_shown_as_chosen(
    store: BatchStore, choice: str, visibility: Visibility
) -> None:
    donor = PERSON | {"choice": choice, "identity": ["虚构号码"], "consent": "示例捐赠表第5条"}
    await append(store, record("gift", donor=donor), record("gift", donor=donor))
    entries = await stored_entries()
    donors = [entry.facts.donor for entry in entries]
    assert {donor.visibility for donor in donors} == {visibility}
    is_lasting = choice in {"with_amount", "pseudonym"}
    assert (donors[0].reference == donors[1].reference) is is_lasting
    known = await known_donors(store.ledger.vault, [donors[0].reference])
    assert known[donors[0].reference].identity.name == PERSON["name"]
    shown = await known_donors(store.ledger.vault, [donors[0].reference], shown_only=True)
    assert bool(shown) is (choice == "with_amount")
    assert await VaultThanks.count() == (2 if choice == "without_amount" else 0)
    assert await VaultConsent.count() == {"with_amount": 1, "without_amount": 2}.get(choice, 0)


async def test_a_lasting_donor_is_known_again_by_the_next_batch(store: BatchStore) -> None:
    coded = COMPANY | {"code": SHOP}
    renamed = coded | {"name": "虚构图画书店（新名）有限公司"}
    await append(store, record("gift", donor=coded), batch="0" * 32)
    await append(store, record("gift", donor=renamed), batch="1" * 32)
    first, second = [entry.facts.donor for entry in await stored_entries()]
    assert first == second
    assert await VaultDonor.count() == 1


async def test_gifts_under_a_withdrawn_consent_are_not_shown_through_a_later_one(
    store: BatchStore,
) -> None:
    donor = PERSON | {"choice": "with_amount", "identity": ["虚构号码"], "consent": "示例第5条"}
    await append(store, record("gift", donor=donor), batch="0" * 32)
    await withdraw_consent(1, "2026-01-03T00:00:00Z")
    await append(store, record("gift", donor=donor), batch="1" * 32)
    first, second = [entry.facts.donor.reference for entry in await stored_entries()]
    assert first != second
    shown = await known_donors(store.ledger.vault, [first, second], shown_only=True)
    assert list(shown) == [second]


async def test_whoever_is_not_named_is_not_in_the_vault(store: BatchStore) -> None:
    nobody = [{}, {"name": "爱心人士"}, {"name": "匿名"}]
    await append(store, *(record("gift", donor=donor) for donor in nobody))
    assert [entry.facts.donor.commitment for entry in await stored_entries()] == [None] * 3
    assert await VaultPage.count() == 0


async def test_a_record_with_a_key_is_recorded_once(store: BatchStore) -> None:
    keyed = record("gift", key="erp-1", donor=COMPANY)
    await append(store, keyed)
    again = (keyed, record("gift", key="erp-2", donor=COMPANY | {"name": "虚构丙有限公司"}))
    report = await check(store, *again)
    assert (report.state, report.known, report.new) == ("ready", 1, 1)
    assert [(n.code, n.field) for n in report.notices] == [("record_known", "records.0.key")]
    assert await append(store, *again, batch="1" * 32) == range(1, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 1},
        {"day": "2025-12-30"},
        {"donor": {"name": "虚构李四"}},
        {"donor": {}},
        {"donor": PERSON | {"choice": "pseudonym"}},
        {"fund": "water"},
    ],
)
async def test_a_key_stands_for_one_content(store: BatchStore, change: dict[str, Any]) -> None:
    await append(store, record("gift", key="erp-1"))
    changed = record("gift", key="erp-1") | change
    report = await check(store, changed)
    assert [(p.code, p.field) for p in report.problems] == [("key_used", "records.0.key")]
    with pytest.raises(Refused, match="another content"):
        await append(store, changed, batch="1" * 32)
    assert len(await stored_bodies()) == 1


async def test_a_charitys_gift_is_recorded_as_passed_on_once_accepted(store: BatchStore) -> None:
    donor = {"name": "虚构市慈善会", "is_organisation": True}
    gift = record("gift", donor=donor, key="erp-1")
    report = await check(store, gift)
    assert [(p.code, p.accept) for p in report.problems] == [("gift_from_charity", "transfer")]
    report = await check(store, gift, accept=("transfer",))
    assert (report.state, report.transferred, report.transferred_total) == ("ready", 1, 10_000)
    assert [problem.code for problem in report.accepted] == ["gift_from_charity"]
    await append(store, gift, accept=("transfer",))
    [entry] = await stored_entries()
    assert isinstance(entry.facts, OnwardTransferFacts)
    assert (await check(store, gift, accept=("transfer",))).known == 1


async def test_a_gift_is_paid_against_its_pledge(store: BatchStore) -> None:
    await append(store, record("pledge", donor=COMPANY), batch="0" * 32)
    payment = record("gift", donor=COMPANY, amount=6_000, pledge=0)
    report = await check(store, payment, payment)
    assert [(p.code, p.field, p.accept) for p in report.problems] == [
        ("pledge_overpaid", "records.1.amount", "overpaid")
    ]
    assert (
        await check(store, payment, payment, accept=("records.1.amount.overpaid",))
    ).state == "ready"
    await append(store, payment)
    facts = (await stored_entries())[1].facts
    assert isinstance(facts, DonationFacts)
    assert facts.pledge == 0


async def test_what_became_impossible_is_refused_whole(store: BatchStore) -> None:
    await given(store)
    spendings = [record("spending", amount=amount) for amount in (9_000, 1_000)]
    assert (await check(store, *spendings)).state == "ready"
    await append(store, record("spending", amount=1), batch="2" * 32)
    with pytest.raises(Refused, match="below zero"):
        await append(store, *spendings)
    assert len(await stored_bodies()) == 3


async def test_the_other_organisation_whose_money_moves_is_told(store: BatchStore) -> None:
    await given(store)
    report = await check(store, record("transfer", amount=70))
    assert report.counterpart == OTHER
    assert {(e.organisation, e.before, e.after) for e in report.effects} == {
        (ORGANISATION, 10_000, 10_070),
        (OTHER, 10_000, 9_930),
    }
    assert (await check(store, record("gift"))).counterpart is None


async def test_a_line_of_preview_tells_each_record(store: BatchStore) -> None:
    await given(store)
    await append(store, record("goods_gift"), batch="2" * 32)
    report = await check(store, *EVERY_KIND, record("refund", gift=2, amount=4))
    lines = [(row.place, row.kind, row.amount, row.unit, row.fund) for row in report.preview]
    assert lines[1] == ("2", "goods_gift", 30, "goods:示例口罩/个", "general")
    assert lines[5] == ("6", "refund", 100, "CNY", "general")
    assert lines[8] == ("9", "refund", 4, "goods:示例口罩/个", "general")
    assert [row.standing for row in report.preview].count("transfer") == 1
    assert (report.rows, report.first_day, report.last_day) == (9, "2026-01-01", "2026-01-01")


async def test_receipts_are_issued_with_the_gifts_that_ask_for_one(store: BatchStore) -> None:
    asked = record("gift", receipt=True)
    goods = record("goods_gift", receipt=True)
    assert (await check(store, asked, record("gift"), goods)).state == "ready"
    assert await append(store, asked, record("gift"), goods) == range(3)
    receipts = (await stored_entries())[3:]
    assert [(e.kind, e.facts.number, e.facts.refers_to) for e in receipts] == [
        ("donation_receipt", 1, 0),
        ("donation_receipt", 2, 2),
    ]
    for wrong in (record("refund", gift=0), record("reversal", entry=2)):
        report = await check(store, wrong)
        assert [(p.code, p.accept) for p in report.problems] == [("receipt_valid", None)]


async def test_a_passed_on_gift_gets_no_receipt(store: BatchStore) -> None:
    donor = {"name": "虚构市慈善会", "is_organisation": True}
    report = await check(store, record("gift", donor=donor, receipt=True), accept=("transfer",))
    assert [(p.code, p.field) for p in report.problems] == [
        ("receipt_of_transfer", "records.0.receipt")
    ]


async def test_a_gift_far_above_the_usual_or_a_target_is_suspected(store: BatchStore) -> None:
    await Campaign.insert(
        Campaign(
            organisation=ORGANISATION,
            name="示例募捐",
            filing_number=None,
            fund="general",
            starts="2025-12-01",
            ends="2026-01-31",
            target=200_000_000,
        )
    )
    await append(store, *(record("gift", amount=10_000) for _ in range(12)))
    large = [record("gift", amount=amount, donor={}) for amount in (1_000_000, 300_000_000)]
    report = await check(store, *large)
    assert [(p.code, p.field, p.accept) for p in report.problems] == [
        ("amount_unusual", "records.0.amount", "unusual"),
        ("amount_unusual", "records.1.amount", "unusual"),
        ("target_exceeded", "records.1.amount", "target"),
    ]
    assert (await check(store, *large, accept=("unusual", "target"))).state == "ready"
