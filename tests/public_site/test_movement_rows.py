"""Tests of rows as a book sees them: both sides of what is passed on, sums, what became of them."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.entries import CURRENCY
from ledger.tables import MovementRow
from public_site.movement_rows import (
    UnitSum,
    in_books,
    is_trusts,
    later_entries,
    newest_rows,
    sums_by_unit,
    way,
)
from tests.conftest import MadeHome, fresh_ledger
from tests.ledger.courses import ORGANISATIONS, OTHER, Step, courses, entries_of, step
from tests.ledger.entries import IDENTIFIER, append, gift, refund_of, reversal_of


@settings(max_examples=25, deadline=None)
@given(course=courses)
async def test_a_book_moves_what_its_accounts_move(made_home: MadeHome, course: list[Step]) -> None:
    """Property: in − out of a book is what the postings put into its funds, unit by unit."""
    entries = entries_of(course)
    async with fresh_ledger(made_home) as ledger:
        await append(ledger, *entries)
        for organisation in ORGANISATIONS:
            held: Counter[str] = Counter()
            for posting in (posting for entry in entries for posting in entry.postings):
                if posting.account.startswith((f"funds/{organisation}/", f"goods/{organisation}/")):
                    held[posting.unit] += posting.amount
            rows = await newest_rows(in_books(organisation), len(entries) + 1)
            sums = [each for each in sums_by_unit(rows, organisation) if not each.of_trusts]
            shown = {each.unit: each.came_in - each.went_out for each in sums}
            assert {unit: amount for unit, amount in shown.items() if amount} == +held


@settings(max_examples=25, deadline=None)
@given(course=courses, count=st.integers(1, 12))
async def test_the_newest_rows_are_those_of_both_sides(
    made_home: MadeHome, course: list[Step], count: int
) -> None:
    entries = entries_of(course)
    async with fresh_ledger(made_home) as ledger:
        await append(ledger, *entries)
        for organisation in ORGANISATIONS:
            expected = sorted(
                (
                    (entry.day, position)
                    for position, entry in enumerate(entries)
                    if entry.organisation == organisation
                    or ((place := entry.facts.other_place()) and place.organisation == organisation)
                ),
                reverse=True,
            )[:count]
            rows = await newest_rows(in_books(organisation), count)
            assert [(row["day"], row["position"]) for row in rows] == expected


async def test_a_transfer_is_turned_round_in_the_givers_book(made_home: MadeHome) -> None:
    entries = entries_of(
        [
            step("donation", 100),
            step("transfer_within", 40, organisation=OTHER),
            step("reversal", pick=1),
            step("trust_contribution", 30),
            step("trust_grant", 20),
        ]
    )
    async with fresh_ledger(made_home) as ledger:
        await append(ledger, *entries)
        rows = await MovementRow.select().order_by(MovementRow.position)
    assert [way(row) for row in rows] == [1, 1, -1, 1, -1]
    assert [way(row, IDENTIFIER) for row in rows] == [1, -1, 1, 1, -1]
    assert [way(row, OTHER) for row in rows] == [1, 1, -1, 1, 1]
    assert [is_trusts(row, OTHER) for row in rows] == [False, False, False, True, False]
    assert sums_by_unit(rows[3:], OTHER)[0] == UnitSum(False, CURRENCY, 20, 0)


def test_an_empty_book_sums_to_no_yuan() -> None:
    assert sums_by_unit([], IDENTIFIER) == [UnitSum(False, CURRENCY, 0, 0)]


async def test_refunds_that_were_reversed_do_not_count(made_home: MadeHome) -> None:
    given_back = refund_of(0, gift(0, 100), 60)
    async with fresh_ledger(made_home) as ledger:
        await append(ledger, gift(0, 100), given_back, refund_of(0, gift(0, 100), 7, "second"))
        assert (await later_entries([0]))[0].refunded == 67
        await append(ledger, reversal_of(1, given_back))
        later = await later_entries([0, 1, 3])
    assert (later[0].refunded, later[0].reversed_by) == (7, None)
    assert (later[1].reversed_by, later[3].reversed_by) == (3, None)
