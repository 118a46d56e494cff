"""Tests of the recount: a log's totals from its bytes alone, and what makes it unsound."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given

from ledger.counting import COLUMNS
from ledger.entries import Entry, entry_bytes
from ledger.kinds.donation import DonationFacts
from ledger.messages import Refused
from ledger.recount import Recount, amount_text
from ledger.summaries import summarise
from tests.ledger.courses import GOODS, TRUST, Step, courses, entries_of, step
from tests.ledger.entries import (
    IDENTIFIER,
    changed,
    donor,
    gift,
    refund_of,
    requested,
    reversal_of,
    spending,
)


def recounted(entries: Sequence[Entry], *, with_reader: bool = True) -> Recount:
    bodies = [entry_bytes(entry) for entry in entries]
    recount = Recount(bodies.__getitem__ if with_reader else None)
    for index, body in enumerate(bodies):
        recount.add(index, body)
    return recount


def words(recount: Recount) -> str:
    return "\n".join(finding.text() for finding in recount.findings())


@given(course=courses)
def test_a_recount_comes_to_the_totals_that_the_ledger_keeps(course: list[Step]) -> None:
    entries = entries_of(course)
    recount = recounted(entries)
    kept = {row for row in summarise(entries, 0).totals if row[1] == ""}
    assert set(recount.totals()) == kept
    held = {(scope, unit): columns for scope, _, unit, *columns in kept}
    for (scope, unit), columns in held.items():
        if scope in {"", "trusts"}:
            row = dict(zip(COLUMNS, map(int, columns), strict=True))
            gone = row["refunded"] + row["spent"] + row["passed_on"]
            assert recount.held(str(unit), trusts=scope == "trusts") == row["received"] - gone
    assert "No two entries" in words(recount)


def test_the_findings_tell_of_every_unit_apart() -> None:
    entries = entries_of(
        [
            step("donation", 12_345),
            step("donation", 200, currency="HKD"),
            step("goods_donation", 1_234),
            step("trust_contribution", 5_000),
            step("pledge", 777),
        ]
    )
    said = words(recounted(entries))
    assert "1 gifts; received 123.45 yuan" in said
    assert "Other currencies and goods, HKD: received 2.00 HKD, spent 0.00 HKD" in said
    assert f"{GOODS}: received 1,234 {GOODS}" in said
    assert "Charitable trusts, CNY: received 50.00 CNY" in said
    assert "7.77 yuan were pledged" in said


def test_a_refund_beyond_its_gift_is_found_out_with_the_earlier_entries() -> None:
    entries = [gift(1, 100), gift(2, 100), refund_of(0, gift(1, 100), 101)]
    with pytest.raises(Refused, match=r"Entry 2 is unsound: Of the gift 0 only 100 fen"):
        recounted(entries)
    recounted(entries, with_reader=False)


def test_a_second_reversal_is_found_out() -> None:
    undone = reversal_of(1, spending(1, 50))
    again = msgspec.structs.replace(undone, id="again")
    with pytest.raises(Refused, match="Entry 3 is unsound: Entry 1 was reversed by entry 2"):
        recounted([gift(1, 100), spending(1, 50), undone, again])


def test_a_fund_below_zero_is_found_out() -> None:
    with pytest.raises(Refused, match=r"Entry 1 brings funds/.* below zero"):
        recounted([gift(1, 100), spending(1, 101)])


def test_goods_and_trusts_below_zero_are_found_out() -> None:
    course = entries_of([step("goods_donation", 5), step("goods_distribution", 5)])
    with pytest.raises(Refused, match="brings goods/"):
        recounted(course[1:])
    course = entries_of([step("trust_contribution", 5), step("trust_distribution", 5)])
    with pytest.raises(Refused, match=f"brings trusts/{IDENTIFIER}/{TRUST}"):
        recounted(course[1:])


def test_an_unknown_kind_is_named_as_unsound() -> None:
    with pytest.raises(Refused, match="Entry 0 is unsound: This is no entry of the ledger"):
        Recount().add(0, changed(entry_bytes(gift(1)), kind="lottery"))


def test_two_entries_with_one_id_are_found_out() -> None:
    entries = [gift(1), gift(2), gift(1)]
    with pytest.raises(Refused, match="The entries 0 and 2 have the same id"):
        recounted(entries).findings()
    assert "same id" not in words(recounted(entries, with_reader=False))


def test_equal_hashes_of_different_ids_are_no_repetition() -> None:
    recount = recounted([gift(1), gift(2)])
    recount._id_hashes[1] = recount._id_hashes[0]
    assert "No two entries have the same id." in words(recount)


def test_amounts_carry_their_unit() -> None:
    assert amount_text(1_234_50, "HKD") == "1,234.50 HKD"
    assert amount_text(1_234, GOODS) == f"1,234 {GOODS}"
    facts = DonationFacts(amount=1, currency="MOP", donor=donor(1), fund="general")
    assert recounted([requested("donation", facts, "1")]).held("MOP") == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda body: b" " + body,
        lambda body: body + b"\n",
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b'"day":', b'"day": '),
        lambda body: body.replace(b'"kind":"donation"', b'"kind":"\\u0064onation"'),
        lambda body: body.replace(b'{"day":"2026-01-02",', b"{")[:-1] + b',"day":"2026-01-02"}',
        lambda body: body.replace(b'{"day"', b'{"day":"2026-01-02","day"'),
        lambda body: body.replace(b'"amount":100', b'"amount":1e2'),
        lambda body: b"no JSON",
        lambda body: b"[]",
    ],
)
def test_an_entry_that_is_not_canonical_is_refused(change: Callable[[bytes], bytes]) -> None:
    body = entry_bytes(gift(1))
    assert change(body) != body
    Recount().add(0, body)
    with pytest.raises(Refused, match="Entry 1 is unsound"):
        Recount().add(1, change(body))


def test_a_long_number_in_a_text_is_no_number() -> None:
    Recount().add(0, entry_bytes(gift(1, key="9" * 40)))
