"""Tests of what the check of records finds: every problem, each at its field, and what is bad."""

from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from charity.reporting.batches.records import RECORDS_MAX
from charity.reporting.batches.store import BatchStore
from ledger.log import Ledger
from ledger.messages import Message
from tests.charity.batches.recording import (
    COMPANY,
    OTHER,
    OTHER_NAME,
    PERSON,
    SHOP,
    append,
    check,
    found,
    record,
    registered,
)
from tests.conftest import ORGANISATION
from tests.ledger.entries import stored_bodies, stored_entries

NAMED = PERSON | {"choice": "with_amount", "consent": "示例捐赠表第5条"}
WRONG_CHECK = SHOP[:-1] + ("0" if SHOP[-1] != "0" else "1")


@pytest.fixture
async def store(ledger: Ledger, tmp_path: Path) -> BatchStore:
    """A store over a ledger with a gift to each organisation and one to a restricted fund."""
    store = await registered(ledger, tmp_path / "drafts")
    await append(store, record("gift", day="2025-12-31"), batch="0" * 32)
    await append(store, record("gift", day="2025-12-31"), batch="1" * 32, organisation=OTHER)
    await append(store, record("gift", fund="water", amount=500), batch="2" * 32)
    return store


def gift_of(**donor: Any) -> dict[str, Any]:
    """Return a gift of this donor."""
    return record("gift", donor=donor)


ONE_PROBLEM = [
    (record("gift", day="2026-01-03"), "date_in_future", "day", None),
    (record("gift", day="1989-12-31"), "date_too_early", "day", None),
    (record("gift", fund="nowhere"), "fund_unknown", "fund", None),
    (record("spending", project="nowhere"), "project_unknown", "project", None),
    (record("spending", fund="water"), "project_of_other_fund", "project", "fund"),
    (record("spending", description="=1+1"), "formula", "description", None),
    (record("spending", description="＠示例"), "formula", "description", None),
    (record("spending", description="\u202e\u200b"), "text_empty", "description", None),
    (
        record("spending", description="联系 138 0013 8000"),
        "number_in_text",
        "description",
        "number",
    ),
    (record("reversal", reason="+86 误记"), "formula", "reason", None),
    (record("correction", new="-示例"), "formula", "new", None),
    (record("goods_gift", goods="示例 口罩"), "goods_words", "goods", None),
    (record("goods_gift", measure="大大" * 20), "goods_words", "measure", None),
    (record("goods_gift", goods="=示例"), "formula", "goods", None),
    (gift_of(name="=示例"), "formula", "donor.name", None),
    (gift_of(name="\u200f"), "text_empty", "donor.name", None),
    (gift_of(choice="with_amount"), "name_missing", "donor.name", None),
    (gift_of(name="爱心人士", choice="pseudonym"), "name_missing", "donor.name", None),
    (gift_of(**NAMED | {"consent": None}), "consent_missing", "donor.consent", None),
    (
        gift_of(**NAMED | {"choice": "without_amount", "consent": None}),
        "consent_missing",
        "donor.consent",
        None,
    ),
    (gift_of(**NAMED | {"name": "虚构某"}), "name_masked", "donor.name", None),
    (gift_of(**NAMED | {"name": "虚构13800138000"}), "number_in_name", "donor.name", None),
    (
        gift_of(**NAMED | {"consent": "手机 13800138000"}),
        "number_in_text",
        "donor.consent",
        "number",
    ),
    (
        gift_of(name="虚构甲", is_organisation=True, choice="with_amount"),
        "organisation_unsure",
        "donor.is_organisation",
        "organisation",
    ),
    (gift_of(**COMPANY | {"code": "X" * 18 + "I"}), "code_invalid", "donor.code", None),
    (gift_of(**COMPANY | {"code": WRONG_CHECK}), "code_check", "donor.code", "code"),
    (gift_of(**PERSON | {"code": SHOP}), "code_of_person", "donor.code", None),
    (gift_of(**COMPANY | {"code": ORGANISATION}), "gift_to_itself", "donor.code", None),
    (gift_of(**COMPANY | {"code": OTHER}), "gift_of_member", "donor.code", None),
    (gift_of(name=OTHER_NAME, is_organisation=True), "gift_of_member", "donor.name", None),
    (gift_of(name="虚构市慈善会"), "gift_from_charity", "donor.name", "transfer"),
    (record("transfer", giver=ORGANISATION), "giver_itself", "giver", None),
    (record("transfer", giver=SHOP), "giver_unknown", "giver", None),
    (record("transfer", giver_fund="nowhere"), "giver_fund_unknown", "giver_fund", None),
    (record("transfer", amount=10_001), "fund_short", "amount", None),
    (record("spending", amount=10_001), "fund_short", "amount", None),
    (record("goods_distribution"), "fund_short", "pieces", None),
    (record("refund", amount=10_001), "refund_too_much", "amount", None),
    (record("refund", gift=1), "refused", "gift", None),
    (record("refund", gift=99), "refused", "gift", None),
    (record("refund", gift=2**63), "refused", "gift", None),
    (record("reversal", entry=1), "refused", "entry", None),
    (record("reversal", entry=99), "refused", "entry", None),
    (record("correction", entry=1), "refused", "entry", None),
    (record("correction", entry=99), "refused", "entry", None),
    (record("gift", pledge=0), "refused", "pledge", None),
    (record("gift", pledge=99), "refused", "pledge", None),
    (record("gift", day="2025-12-31"), "gift_repeated", "donor.name", "repeated"),
]


@pytest.mark.parametrize(
    ("wrong", "code", "field", "accept"),
    ONE_PROBLEM,
    ids=[f"{row[1]}-{number}" for number, row in enumerate(ONE_PROBLEM)],
)
async def test_a_problem_is_told_at_its_field(
    store: BatchStore, wrong: dict[str, Any], code: str, field: str, accept: str | None
) -> None:
    report = await check(store, wrong)
    assert report.state == "problems"
    assert found(report) == [(code, f"records.0.{field}")]
    [problem] = report.problems
    assert problem.accept == accept
    assert problem.mend is not None
    if accept is not None:
        for word in (accept, f"records.0.{field}.{accept}"):
            accepted = await check(store, wrong, accept=(word,))
            assert (accepted.state, len(accepted.accepted)) == ("ready", 1)
    assert len(await stored_bodies()) == 3


async def test_all_problems_of_all_records_are_told_at_once(store: BatchStore) -> None:
    rows = [wrong for wrong, *_ in ONE_PROBLEM]
    report = await check(store, *rows)
    expected = [(code, f"records.{i}.{field}") for i, (_, code, field, _) in enumerate(ONE_PROBLEM)]
    assert found(report) == expected
    assert (report.rows, len(report.preview)) == (len(rows), len(rows))


async def test_several_problems_of_one_record_are_told_together(store: BatchStore) -> None:
    wrong = record("spending", day="2027-01-01", fund="x", project="y", description="=1")
    assert found(await check(store, wrong)) == [
        ("date_in_future", "records.0.day"),
        ("fund_unknown", "records.0.fund"),
        ("project_unknown", "records.0.project"),
        ("formula", "records.0.description"),
    ]


async def test_a_fund_that_runs_out_half_way_is_told_where(store: BatchStore) -> None:
    report = await check(store, *(record("spending", amount=4_000) for _ in range(3)))
    assert found(report) == [("fund_short", "records.2.amount")]
    told = report.problems[0].message.message()
    assert "holds 20.00 yuan; 40.00 yuan are to go out" in told.text()


async def test_money_of_two_organisations_moves_in_two_batches(store: BatchStore) -> None:
    from charity.organisations.registry import add_organisation

    third = "53440300MJL1234568"
    await add_organisation(third, "第三示例基金会", confirm_code=True)
    await append(store, record("gift"), batch="3" * 32, organisation=third)
    report = await check(store, record("transfer"), record("transfer", giver=third))
    assert found(report) == [("counterparts_differ", "records.1.giver")]


async def test_a_key_stands_twice_in_no_batch(store: BatchStore) -> None:
    report = await check(store, *(record("gift", key="a", amount=n) for n in (1, 2)))
    assert found(report) == [("key_twice", "records.1.key")]


async def test_equal_gifts_of_one_batch_are_separate_gifts(store: BatchStore) -> None:
    assert (await check(store, record("gift"), record("gift"))).state == "ready"


async def test_a_note_names_the_old_words_as_they_are(store: BatchStore) -> None:
    await append(store, record("spending"))
    wrong = record("correction", entry=3, field="description", old="别的")
    assert found(await check(store, wrong)) == [("old_differs", "records.0.old")]
    right = wrong | {"old": "示例支出"}
    assert (await check(store, right)).state == "ready"


async def test_a_day_is_no_persons_number_and_a_bare_amount_no_formula(store: BatchStore) -> None:
    words = record("correction", old="2026-01-02", new="2026-01-03", reason="应为 2026-01-03")
    amounts = record("correction", old="-1,200.50", new="-1,200.05")
    assert (await check(store, words, amounts)).state == "ready"


async def test_a_word_that_accepted_nothing_is_told(store: BatchStore) -> None:
    report = await check(store, record("gift"), accept=("overpaid",))
    assert [(n.code, n.message.values) for n in report.notices] == [
        ("accept_unused", {"word": "overpaid"})
    ]


async def test_a_pseudonym_without_a_number_is_told_of(store: BatchStore) -> None:
    report = await check(store, gift_of(**PERSON | {"choice": "pseudonym"}))
    assert [(n.code, n.field) for n in report.notices] == [
        ("pseudonym_single", "records.0.donor.identity")
    ]


@pytest.mark.parametrize(
    "name", ["虚构🎈乐队", "虚构\u202e张三\u2066", "虚构  王\u0000五", "𠮷" * 66]
)
async def test_odd_names_are_taken_and_seen_as_they_are_kept(store: BatchStore, name: str) -> None:
    donor = {"name": name, "choice": "with_amount", "consent": "示例捐赠表第5条"}
    gift = record("gift", donor=donor)
    assert (await check(store, gift)).state == "ready"
    await append(store, gift)
    entry = (await stored_entries())[3]
    from ledger.vault.reading import known_donors

    known = await known_donors(store.ledger.vault, [entry.facts.donor.reference])
    kept = known[entry.facts.donor.reference].identity.name
    assert kept.isprintable()
    assert kept == name.translate(dict.fromkeys((0, 0x202E, 0x2066))).replace("  ", " ")


async def test_every_problem_reads_as_a_sentence(store: BatchStore) -> None:
    report = await check(store, *(wrong for wrong, *_ in ONE_PROBLEM))
    for problem in report.problems:
        assert problem.mend is not None
        for told in (problem.message, problem.mend):
            text = told.text(lambda template: template)
            assert text
            assert "{" not in text
            assert Message(told.template, **told.message().values).text() == text


async def test_thousands_of_records_are_checked_and_appended_quickly(store: BatchStore) -> None:
    gifts = [
        record("gift", amount=number, day="2025-12-30", donor={"name": f"虚构{number}"})
        for number in range(1, RECORDS_MAX // 2)
    ]
    spendings = [record("spending", amount=1) for _ in range(RECORDS_MAX // 2)]
    started = monotonic()
    assert (await check(store, *gifts, *spendings)).state == "ready"
    await append(store, *gifts, *spendings)
    assert monotonic() - started < 20
    assert len(await stored_bodies()) == 3 + len(gifts) + len(spendings)
