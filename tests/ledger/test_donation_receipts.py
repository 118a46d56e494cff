"""Tests of receipts of donations: series without a gap, one valid receipt for each gift, voids.

What is unsound is refused by the writer, and found by audit and by a stranger who verifies a folder
of files, should a ledger have been written without these rules.
"""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from ledger.appending.stored_references import last_receipt_number
from ledger.appending.writer import Writer
from ledger.auditing.audit import audit_log
from ledger.auditing.rebuilding import compare_summaries
from ledger.database.bulk_rows import fetch_rows
from ledger.database.engines import read_connection
from ledger.entries import Entry, entry_bytes
from ledger.export import export_log
from ledger.kinds import parse_entry
from ledger.kinds.correction import CorrectionFacts
from ledger.kinds.donation_receipt import DonationReceiptFacts, FiscalReceipt
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.proven_entries import proven_entries
from ledger.recount import Recount
from ledger.references import References
from ledger.signing.notes import open_checkpoint
from ledger.verification import CHECKPOINT, folder_fetch, verify_log
from tests.ledger.courses import OTHER, entries_of, step
from tests.ledger.entries import (
    IDENTIFIER,
    append,
    donor,
    gift,
    receipt_of,
    refund_of,
    requested,
    reversal_of,
    spending,
    void_of,
)

GIFTS = tuple(gift(number, 500) for number in range(1, 4))
"""Positions 0 to 2 of every stream."""

TRANSFER = requested(
    "onward_transfer", OnwardTransferFacts(amount=500, donor=donor(9), fund="general"), "transfer"
)
ABROAD = msgspec.structs.replace(
    gift(8), organisation=OTHER, postings=gift(8).facts.postings(OTHER), id="elsewhere"
)
NOTE = requested(
    "correction",
    CorrectionFacts(field="x", new="x", old="y", reason="z", refers_to=3),
    "note",
)


class Stream(NamedTuple):
    """What follows three gifts: the last entry breaks a rule, which is told so."""

    entries: tuple[Entry, ...]
    told: str


SOUND = (
    receipt_of(0, 1),
    receipt_of(2, 2),
    void_of(3),
    receipt_of(0, 3),
    receipt_of(1, 1, "2027-01-01"),
    receipt_of(1, 1, "2027-01-01", OTHER),
)
UNSOUND = {
    "gap at the start": Stream((receipt_of(0, 2),), "comes 1, not 2"),
    "gap": Stream((receipt_of(0, 1), receipt_of(1, 3)), "after number 1 comes 2, not 3"),
    "double": Stream((receipt_of(0, 1), receipt_of(1, 1)), "after number 1 comes 2, not 1"),
    "gap in another year": Stream(
        (receipt_of(0, 1), receipt_of(1, 2, "2027-01-01")), "in 2027 .* comes 1, not 2"
    ),
    "second receipt": Stream(
        (receipt_of(0, 1), receipt_of(0, 2)), "gift 0 has a valid receipt already, entry 3"
    ),
    "another organisation's gift": Stream(
        (receipt_of(0, 1, organisation=OTHER),), f"Entry 0 is no gift to {OTHER}"
    ),
    "onward transfer": Stream((TRANSFER, receipt_of(3, 1)), "Entry 3 is no gift to"),
    "spending": Stream((spending(1, 5), receipt_of(3, 1)), "Entry 3 is no gift to"),
    "reversed gift": Stream(
        (reversal_of(0, GIFTS[0]), receipt_of(0, 1)), "Entry 0 was reversed by entry 3"
    ),
    "gift paid back": Stream(
        (refund_of(0, GIFTS[0], 500), receipt_of(0, 1)), "gift 0 was paid back in full"
    ),
    "before the gift": Stream((receipt_of(0, 1, "2025-12-31"),), "not issued before its gift"),
    "no gift there": Stream((receipt_of(99, 1),), "There is no entry 99"),
    "void twice": Stream(
        (receipt_of(0, 1), void_of(3), void_of(3, "again")), "made void already, by entry 4"
    ),
    "void of a gift": Stream((void_of(0),), "Entry 0 is no receipt of"),
    "another organisation's receipt": Stream(
        (receipt_of(0, 1), void_of(3, organisation=OTHER)), f"Entry 3 is no receipt of {OTHER}"
    ),
    "void of a void": Stream((receipt_of(0, 1), void_of(3), void_of(4)), "4 is no receipt of"),
    "corrected receipt": Stream((receipt_of(0, 1), NOTE), "nothing is corrected there"),
    "corrected void": Stream(
        (
            receipt_of(0, 1),
            void_of(3),
            msgspec.structs.replace(NOTE, facts=msgspec.structs.replace(NOTE.facts, refers_to=4)),
        ),
        "nothing is corrected there",
    ),
}
unsound = pytest.mark.parametrize("case", UNSOUND.values(), ids=UNSOUND)


def streamed(*entries: Entry) -> References:
    references = References(entries.__getitem__)
    for position, entry in enumerate(entries):
        references.add(position, entry)
    return references


def sound() -> tuple[Entry, ...]:
    """Return gifts, receipts and voids; the last receipt is another organisation's."""
    other = msgspec.structs.replace(SOUND[-1], facts=DonationReceiptFacts(number=1, refers_to=8))
    return *GIFTS, *SOUND[:-1], ABROAD, other


def test_receipts_of_two_years_and_organisations_are_counted_apart() -> None:
    references = streamed(*sound())
    assert references.series == 3
    assert [references.referred(place).receipt_at for place in range(3)] == [6, 7, 4]
    assert (references.referred(3).void_at, references.referred(4).void_at) == (5, None)


@unsound
def test_a_stranger_finds_what_is_unsound(case: Stream) -> None:
    everything = [*GIFTS, *case.entries]
    streamed(*everything[:-1])
    with pytest.raises(Refused, match=case.told):
        streamed(*everything)


@unsound
async def test_the_writer_refuses_what_is_unsound(ledger: Ledger, case: Stream) -> None:
    *before, last = [*GIFTS, *case.entries]
    with pytest.raises(Refused, match=case.told):
        await append(ledger, *before, last)
    await append(ledger, *before)
    with pytest.raises(Refused, match=case.told):
        await append(ledger, last)
    with pytest.raises(Refused, match=case.told):
        await ledger.append(last)
    assert not (await audit_log(ledger)).problems


async def unruled(*_: Any) -> None:
    """Check nothing."""


@unsound
async def test_audit_and_verification_find_what_a_writer_without_rules_wrote(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Stream
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "_check", unruled)
        await append(ledger, *GIFTS, *case.entries)
    place = len(GIFTS) + len(case.entries) - 1
    [problem] = (await audit_log(ledger)).problems
    with pytest.raises(Refused, match=case.told):
        raise Refused("{problem}", problem=problem)
    assert f"Entry {place} is unsound" in str(problem)
    await export_log(tmp_path / "log", ledger.verifier_key)
    with pytest.raises(Refused, match=f"Entry {place} is unsound: .*{case.told}"):
        verified(ledger, tmp_path / "log")


def verified(ledger: Ledger, folder: Path) -> list[str]:
    """Verify a folder of files as a stranger does; return what was found."""
    fetch, keys = folder_fetch(folder), [ledger.verifier_key]
    recount = Recount(
        proven_entries(fetch, lambda: open_checkpoint(fetch(CHECKPOINT).decode(), keys))
    )
    verify_log(fetch, keys, on_entry=recount.add)
    return [finding.text() for finding in recount.findings()]


async def test_sound_receipts_pass_everywhere(ledger: Ledger, tmp_path: Path) -> None:
    for entry in sound():
        await ledger.append(entry)
    await ledger.settle()
    report = await audit_log(ledger)
    assert not report.problems
    assert report.findings[-1].values["receipts"] == 3
    assert await compare_summaries(ledger) == []
    await export_log(tmp_path / "log", ledger.verifier_key)
    assert any(
        found.startswith("3 series of receipts") for found in verified(ledger, tmp_path / "log")
    )
    async with read_connection(ledger.engine) as connection:
        for series, last in (
            ((IDENTIFIER, "2026"), 3),
            ((IDENTIFIER, "2027"), 1),
            ((OTHER, "2027"), 1),
            ((OTHER, "2026"), 0),
        ):
            assert await last_receipt_number(connection, series) == last


async def test_a_receipt_may_follow_in_the_same_write_as_its_void(ledger: Ledger) -> None:
    await append(ledger, *GIFTS, receipt_of(0, 1))
    await append(ledger, void_of(3), receipt_of(0, 2), void_of(5), receipt_of(0, 3))
    assert not (await audit_log(ledger)).problems


async def test_a_gift_paid_back_in_part_gets_a_receipt(ledger: Ledger) -> None:
    await append(ledger, *GIFTS, refund_of(0, GIFTS[0], 499), receipt_of(0, 1))
    with pytest.raises(Refused, match="paid back in full"):
        await append(ledger, void_of(4), refund_of(0, GIFTS[0], 1, "rest"), receipt_of(0, 2))


@pytest.mark.one_engine("sqlite", "PostgreSQL reads an empty table from its start")
async def test_the_next_number_is_found_by_an_index(ledger: Ledger) -> None:
    async with read_connection(ledger.engine) as connection:
        plan = await fetch_rows(
            connection,
            "EXPLAIN QUERY PLAN SELECT max(amount) AS last FROM ledger_movement WHERE"
            " kind = 'donation_receipt' AND organisation = ? AND substr(day, 1, 4) = ?",
            (IDENTIFIER, "2026"),
        )
    assert "ledger_movement_organisation_substr_day_1_4_amount" in plan[0]["detail"]


def test_goods_get_a_receipt_too() -> None:
    course = entries_of([step("goods_donation", 5), step("donation_receipt")])
    assert [entry.kind for entry in course] == ["goods_donation", "donation_receipt"]


@pytest.mark.parametrize("code", ["", "12345", "4403-123", "一二三四五六", "1" * 13])
def test_codes_of_fiscal_receipts_are_digits(code: str) -> None:
    fiscal = FiscalReceipt(code=code, number="0123456789")
    facts = DonationReceiptFacts(fiscal=fiscal, number=1, refers_to=0)
    with pytest.raises(Refused, match="no entry of the ledger"):
        parse_entry(entry_bytes(requested("donation_receipt", facts, "1")))
