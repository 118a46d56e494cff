"""Tests of the audit: a sound log passes, and whatever was changed behind its back is told."""

from pathlib import Path

import msgspec
import pytest

from ledger.appending.signed_store import Signed
from ledger.auditing.audit import audit_log
from ledger.auditing.rebuilding import compare_summaries, replace_summaries
from ledger.entries import Entry, entry_bytes
from ledger.kinds.refund import RefundFacts, RefundReason
from ledger.log import Ledger
from tests.ledger.damage import damage, flipped
from tests.ledger.entries import (
    append,
    append_gifts,
    donor,
    gift,
    receipt_of,
    requested,
    spending,
    void_of,
)
from tests.ledger.entries import stored_bodies as bodies

GIFTS = 600
ONLY_SQLITE = pytest.mark.one_engine("sqlite", "damages the database's file by hand")


def refund(number: int, position: int, amount: int) -> Entry:
    facts = RefundFacts(
        amount=amount,
        donor=donor(position),
        fund="general",
        reason=RefundReason.MISTAKE,
        refers_to=position,
    )
    return requested("refund", facts, f"refund-{number}")


@pytest.fixture
async def filled(ledger: Ledger) -> Ledger:
    """A ledger with some hundred entries, two tiles and a few checkpoints."""
    await append_gifts(ledger, 0, GIFTS)
    await append(ledger, spending(1, 300), refund(1, 5, 40), refund(2, 5, 60))
    await append(ledger, receipt_of(10, 1), receipt_of(11, 2), void_of(603))
    await ledger.append(gift(9_999))
    await ledger.settle()
    return ledger


async def problems_of(ledger: Ledger) -> str:
    report = await audit_log(ledger)
    assert (report.problem_count > 0) == bool(report.problems)
    assert bool(report.problems) != bool(report.findings)
    return "\n".join(map(str, report.problems))


async def test_a_sound_log_passes(filled: Ledger) -> None:
    report = await audit_log(filled)
    assert not report.problems
    assert report.entries == GIFTS + 7
    assert [finding.values.get("count") for finding in report.findings] == [607, 4, 607, 5]
    assert report.findings[-1].values["receipts"] == 1
    assert await compare_summaries(filled) == []


async def test_an_empty_log_passes(ledger: Ledger) -> None:
    assert not (await audit_log(ledger)).problems


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE ledger_balance SET amount = amount + 1 WHERE account LIKE 'funds/%'", "balance"),
        ("DELETE FROM ledger_balance WHERE account LIKE 'funds/%'", "balance"),
        ("UPDATE ledger_total SET gifts = 1 WHERE scope = '' AND month = ''", "total"),
        ("UPDATE ledger_movement SET amount = 1 WHERE position = 7", "entry 7 in the lists"),
        ("UPDATE ledger_movement SET position = 9999 WHERE position = 7", "belong to no entry"),
        ("UPDATE ledger_entry SET id = 'other' WHERE position = 7", "kept under the id other"),
        ("DELETE FROM ledger_entry WHERE position = 7", "missing"),
        ("INSERT INTO ledger_entry VALUES (607, 'planted', x'7b7d')", "608 rows instead of 607"),
        ("UPDATE ledger_tile SET hashes = zeroblob(8192) WHERE path = 'tile/0/001'", "tile/0/001"),
        ("DELETE FROM ledger_tile WHERE path = 'tile/0/000'", "tile/0/000"),
        ("INSERT INTO ledger_tile VALUES ('tile/0/009', x'00')", "3 rows instead of 2"),
        ("UPDATE ledger_edge SET hashes = zeroblob(length(hashes)) WHERE level = 1", "edge"),
        ("UPDATE ledger_checkpoint SET size = 601 WHERE size = 600", "over 601 entries"),
        ("DELETE FROM ledger_checkpoint WHERE size = 600", ""),
        (
            "UPDATE ledger_checkpoint SET note = replace(note, 'A', 'B') WHERE size = 600",
            "over 600 entries cannot be trusted",
        ),
        ("DELETE FROM ledger_checkpoint WHERE size = 607", "newest published checkpoint has 606"),
    ],
)
async def test_what_was_changed_is_told(filled: Ledger, home: Path, sql: str, told: str) -> None:
    damage(home, sql)
    problems = await problems_of(filled)
    if told == "" or "has 606" in told:  # an earlier checkpoint more or less contradicts nothing
        assert problems == ""
    else:
        assert told in problems


@ONLY_SQLITE
async def test_a_changed_entry_is_told_by_its_tile_and_by_what_it_says(
    filled: Ledger, home: Path
) -> None:
    body = (await bodies())[7]
    damage(home, "UPDATE ledger_entry SET body = ? WHERE position = 7", flipped(body, 40))
    problems = await problems_of(filled)
    assert "Entry 7 is unsound" in problems
    assert "tile/0/000" in problems
    assert "has another root" in problems


@ONLY_SQLITE
async def test_a_refund_beyond_its_gift_is_told(filled: Ledger, home: Path) -> None:
    stored = (await bodies())[602]
    other = entry_bytes(
        msgspec.structs.replace(refund(2, 5, 61), recorded_at="2026-01-02T03:04:05Z")
    )
    assert stored != other
    damage(home, "UPDATE ledger_entry SET body = ? WHERE position = 602", other)
    assert "are left to pay back" in await problems_of(filled)


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("position", "planted", "told"),
    [
        (603, receipt_of(10, 2), ("comes 1, not 2", "comes 3, not 2")),
        (604, receipt_of(11, 3), ("comes 2, not 3",)),
        (604, receipt_of(11, 1), ("comes 2, not 1",)),
        (604, receipt_of(10, 2), ("gift 10 has a valid receipt already, entry 603",)),
        (604, receipt_of(600, 2), ("600 is no gift to",)),
        (604, receipt_of(5, 2), ("gift 5 was paid back in full",)),
        (605, void_of(600), ("600 is no receipt of",)),
    ],
)
async def test_what_is_wrong_with_receipts_is_told(
    filled: Ledger, home: Path, position: int, planted: Entry, told: tuple[str, ...]
) -> None:
    """Each planted by hand, for the writer refuses it; what follows is checked all the same."""
    damage(
        home,
        "UPDATE ledger_entry SET body = ? WHERE position = ?",
        entry_bytes(planted),
        position,
    )
    problems = await problems_of(filled)
    for words in told:
        assert words in problems


async def test_a_store_that_lags_behind_is_told(filled: Ledger) -> None:
    filled.store.replace(filled.store.read(), Signed(5, "older"))
    assert "store of signed checkpoints says 5" in await problems_of(filled)


@ONLY_SQLITE
async def test_rebuilding_finds_every_row_that_differs_and_puts_it_right(
    filled: Ledger, home: Path
) -> None:
    damage(home, "UPDATE ledger_balance SET amount = 5 WHERE account LIKE 'funds/%'")
    damage(home, "DELETE FROM ledger_movement WHERE position = 7")
    damage(home, "INSERT INTO ledger_movement (position, day, kind, amount) VALUES (-1, '', '', 0)")
    damage(
        home,
        "INSERT INTO ledger_total (scope, month, unit, gifts, pledged, received, transferred,"
        " passed_on, spent, refunded) VALUES ('invented', '', 'CNY', 1, 0, 0, 0, 0, 0, 0)",
    )
    differences = "\n".join(map(str, await compare_summaries(filled)))
    assert len(differences.splitlines()) == 4
    for told in ("balance of funds/", "entry 7", "belong to no entry", "total of invented"):
        assert told in differences
    assert await replace_summaries(filled) == GIFTS + 7
    assert await compare_summaries(filled) == []
    assert await problems_of(filled) == ""


async def test_rebuilt_summaries_go_on_with_the_log(filled: Ledger) -> None:
    await replace_summaries(filled)
    await append(filled, gift(20_000), spending(2, 100))
    assert await compare_summaries(filled) == []
