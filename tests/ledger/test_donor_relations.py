"""Tests of merges of donors and of ownership: what is unsound is refused and found everywhere."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.appending.writer import Writer
from ledger.auditing.audit import audit_log
from ledger.auditing.rebuilding import compare_summaries
from ledger.database.bulk_rows import fetch_rows
from ledger.database.engines import read_connection
from ledger.donor_groups import groups_of
from ledger.donor_relations import DonorRelations
from ledger.entries import Entry, entry_bytes
from ledger.export import export_log
from ledger.kinds import parse_entry
from ledger.kinds.donor_merge import DonorMergeFacts, MergeBasis
from ledger.kinds.donor_separation import DonorSeparationFacts
from ledger.kinds.ownership import OwnershipFacts
from ledger.kinds.ownership_end import OwnershipEndFacts
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.tables import OF_RELATIONS
from tests.ledger.courses import OTHER, Step, courses, entries_of
from tests.ledger.entries import DAY, IDENTIFIER, append, gift, requested
from tests.ledger.test_donation_receipts import Stream, streamed, unruled, verified

A, B, C, D = (f"{number:032x}" for number in range(1, 5))
GIFT = gift(1)
"""Position 0 of every stream."""


def merge(one: str, other: str, organisation: str | None = IDENTIFIER, key: str = "") -> Entry:
    facts = DonorMergeFacts(basis=MergeBasis.NAME, donors=(one, other), reason="虚构原因")
    return requested("donor_merge", facts, f"merge-{one}-{other}{key}", DAY, organisation)


def separation(position: int, organisation: str | None = IDENTIFIER) -> Entry:
    facts = DonorSeparationFacts(reason="虚构原因", refers_to=position)
    key = f"separation-{position}-{organisation}"
    return requested("donor_separation", facts, key, DAY, organisation)


def owned(
    parent: str, child: str, since: str = "2025-01-01", organisation: str | None = IDENTIFIER
) -> Entry:
    facts = OwnershipFacts(child=child, evidence="虚构年报第1页", parent=parent, since=since)
    return requested("ownership", facts, f"{parent}-{child}-{since}", DAY, organisation)


def end(position: int, day: str = DAY, organisation: str | None = IDENTIFIER) -> Entry:
    facts = OwnershipEndFacts(reason="虚构原因", refers_to=position)
    return requested("ownership_end", facts, f"end-{position}-{day}", day, organisation)


UNSOUND = {
    "the same reference": Stream((merge(A, A),), "both references are"),
    "merged already": Stream((merge(A, B), merge(B, A)), "one donor already"),
    "merged by others": Stream((merge(A, B), merge(B, C), merge(A, C)), "one donor already"),
    "separated twice": Stream(
        (merge(A, B), separation(1), separation(1, None)), "undone already, by entry 2"
    ),
    "separation of a gift": Stream((separation(0),), "Entry 0 is no merge"),
    "separation of nothing": Stream((separation(9),), "There is no entry 9"),
    "another organisation's merge": Stream(
        (merge(A, B), separation(1, OTHER)), "decided by somebody else"
    ),
    "the supervision's merge": Stream(
        (merge(A, B, None), separation(1)), "decided by somebody else"
    ),
    "own parent": Stream((owned(A, A),), "Parent and child are one donor"),
    "own parent by a merge": Stream((merge(A, B), owned(A, B)), "Parent and child are one donor"),
    "merge of parent and child": Stream((owned(A, B), merge(A, B)), "one above the other"),
    "merge in a line of owners": Stream(
        (owned(A, B), owned(B, C), merge(A, C)), "one above the other"
    ),
    "merge that closes a circle": Stream(
        (owned(A, B), owned(C, D), merge(A, D), merge(B, C, None)), "one above the other"
    ),
    "circle of two": Stream((owned(A, B), owned(B, A)), "in a circle"),
    "circle of three": Stream((owned(A, B), owned(B, C), owned(C, A)), "in a circle"),
    "circle through a merge": Stream((owned(A, B), merge(B, C), owned(C, A)), "in a circle"),
    "circle on one day of the past": Stream(
        (owned(A, B), end(1, "2025-06-30"), owned(B, A, "2025-06-30")), "in a circle"
    ),
    "circle on a later day": Stream(
        (owned(A, B, "2025-06-30"), owned(B, C, "2025-03-01"), owned(C, A)), "in a circle"
    ),
    "stands already": Stream((owned(A, B), owned(A, B, "2025-05-01")), "already, entry 1"),
    "stands already for another": Stream(
        (owned(A, B), merge(B, C), owned(A, C, "2025-05-01")), "already, entry 1"
    ),
    "begins later": Stream((owned(A, B, "2026-01-03"),), "when it has begun"),
    "ended twice": Stream((owned(A, B), end(1), end(1, "2025-05-05")), "undone already, by"),
    "end of a merge": Stream((merge(A, B), end(1)), "Entry 1 is no ownership"),
    "another organisation's ownership": Stream(
        (owned(A, B), end(1, organisation=OTHER)), "decided by somebody else"
    ),
}
unsound = pytest.mark.parametrize("case", UNSOUND.values(), ids=UNSOUND)

SOUND = (
    GIFT,
    merge(A, B),
    separation(1),
    merge(B, A, key="again"),
    merge(C, D, None),
    separation(4, None),
    separation(3, None),
    owned(A, B),
    end(7, "2025-06-30"),
    owned(B, A, "2025-07-01"),
    end(9, "2025-06-30", None),
    owned(A, B, "2025-07-01", None),
    owned(A, C),
    owned(B, C),
)


@unsound
def test_a_stranger_finds_what_is_unsound(case: Stream) -> None:
    everything = [GIFT, *case.entries]
    streamed(*everything[:-1])
    with pytest.raises(Refused, match=case.told):
        streamed(*everything)


@unsound
async def test_the_writer_refuses_what_is_unsound(ledger: Ledger, case: Stream) -> None:
    *before, last = [GIFT, *case.entries]
    with pytest.raises(Refused, match=case.told):
        await append(ledger, *before, last)
    await append(ledger, *before)
    with pytest.raises(Refused, match=case.told):
        await append(ledger, last)
    with pytest.raises(Refused, match=case.told):
        await ledger.append(last)
    assert not (await audit_log(ledger)).problems


@unsound
async def test_audit_and_verification_find_what_a_writer_without_rules_wrote(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Stream
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "_check", unruled)
        await append(ledger, GIFT, *case.entries)
    place = len(case.entries)
    [problem] = (await audit_log(ledger)).problems
    with pytest.raises(Refused, match=case.told):
        raise Refused("{problem}", problem=problem)
    assert f"Entry {place} is unsound" in str(problem)
    await export_log(tmp_path / "log", ledger.verifier_key)
    with pytest.raises(Refused, match=f"Entry {place} is unsound: .*{case.told}"):
        verified(ledger, tmp_path / "log")


async def test_sound_relations_pass_everywhere(ledger: Ledger, tmp_path: Path) -> None:
    for entry in SOUND:
        await ledger.append(entry)
    await ledger.settle()
    assert not (await audit_log(ledger)).problems
    assert await compare_summaries(ledger) == []
    await export_log(tmp_path / "log", ledger.verifier_key)
    found = verified(ledger, tmp_path / "log")
    assert any(told.startswith("0 merges of donors and 5 ownerships") for told in found)


async def test_sound_relations_pass_in_one_write(ledger: Ledger) -> None:
    await append(ledger, *SOUND)
    assert not (await audit_log(ledger)).problems


@pytest.mark.one_engine("sqlite", "PostgreSQL reads a small table from its start")
async def test_relations_are_found_by_an_index(ledger: Ledger) -> None:
    async with read_connection(ledger.engine) as connection:
        plan = await fetch_rows(
            connection,
            f"EXPLAIN QUERY PLAN SELECT position FROM ledger_movement WHERE {OF_RELATIONS}",
        )
    assert "ledger_movement_kind_position" in plan[0]["detail"]


def test_a_first_day_that_does_not_exist_is_refused() -> None:
    body = entry_bytes(owned(A, B, "2025-02-28")).replace(b"2025-02-28", b"2025-02-30", 1)
    with pytest.raises(Refused, match="no entry of the ledger"):
        parse_entry(body)


pairs = st.tuples(*[st.sampled_from([f"{n:032x}" for n in range(12)])] * 2).filter(
    lambda pair: pair[0] != pair[1]
)
merges = st.dictionaries(st.integers(0, 40), pairs, max_size=14)


@given(merges=merges, separations=st.sets(st.integers(0, 40)), shuffle=st.randoms())
def test_groups_do_not_depend_on_any_order(
    merges: dict[int, tuple[str, str]], separations: set[int], shuffle: "object"
) -> None:
    expected = groups_of(merges, separations)
    items = [(place, pair if place % 2 else pair[::-1]) for place, pair in merges.items()]
    shuffle.shuffle(items)  # type: ignore[attr-defined]
    assert groups_of(dict(items), list(separations)) == expected
    for pair in (pair for place, pair in merges.items() if place not in separations):
        assert (
            expected[pair[0]]
            == expected[pair[1]]
            == min(other for other, group in expected.items() if group == expected[pair[0]])
        )


@given(merges=merges, separations=st.sets(st.integers(0, 40)), pair=pairs)
def test_a_separation_restores_exactly(
    merges: dict[int, tuple[str, str]], separations: set[int], pair: tuple[str, str]
) -> None:
    before = groups_of(merges, separations)
    assert groups_of(merges | {41: pair}, separations | {41}) == before
    joined = groups_of(merges | {41: pair}, separations)
    assert joined[pair[0]] == joined[pair[1]]


@given(course=courses)
def test_no_course_ever_goes_round_in_a_circle(course: list[Step]) -> None:
    relations = DonorRelations()
    for position, entry in enumerate(entries_of(course)):
        relations.take(position, entry)
    assert relations.groups.members() == sorted(groups_of(relations.merges, ()))
    days = {each.since for each in relations.ownerships.values()}
    for day in days:
        below = {
            (
                relations.groups.representative(each.parent),
                relations.groups.representative(each.child),
            )
            for each in relations.ownerships.values()
            if each.is_in_force(day)
        }
        while leaves := {child for _, child in below} - {parent for parent, _ in below}:
            below = {edge for edge in below if edge[1] not in leaves}
        assert not below, "what is left over goes round"
