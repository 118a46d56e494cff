"""Tests of the recognition of gifts that are in the ledger already."""

from pathlib import Path

import pytest

from charity.organisations.registry import add_organisation
from charity.reporting.known_rows import Overlap, find_overlaps, list_with_digest
from ledger.log import Ledger
from tests.charity.importing import COLUMNS, run_import, write_list
from tests.charity.lists import read, write_csv
from tests.conftest import ORGANISATION

ROWS = tuple(f"虚构{number},{number},备注{number}" for number in range(1, 11))


async def overlap_of(ledger: Ledger, path: Path) -> tuple[int, int] | None:
    found, _ = await find_overlaps(ledger.vault, ORGANISATION, read(path).rows)
    return (found.rows, found.of) if found else None


@pytest.mark.parametrize(
    ("rows", "overlap"),
    [
        (ROWS, (10, 10)),
        (ROWS[::-1], (10, 10)),
        (ROWS[:3], (3, 3)),
        ((*ROWS[:3], "虚构甲,1,", "虚构1,2,"), (3, 5)),
        (("虚构1,1,别的备注",), (1, 1)),
        ((ROWS[0],) * 4, (1, 4)),
        (("虚构甲,1,", "虚构乙,2,"), None),
        (("虚构1,1.01,",), None),
    ],
    ids=[
        "the same",
        "in another order",
        "a part",
        "a part and others",
        "another remark",
        "repeated",
        "other donors",
        "another amount",
    ],
)
async def test_rows_are_known_by_day_donor_and_amount(
    ledger: Ledger, tmp_path: Path, rows: tuple[str, ...], overlap: tuple[int, int] | None
) -> None:
    await run_import(ledger, write_list(tmp_path, *ROWS))
    assert await overlap_of(ledger, write_list(tmp_path, *rows, name="b.csv")) == overlap


async def test_rows_of_another_day_are_not_known(ledger: Ledger, tmp_path: Path) -> None:
    await run_import(ledger, write_list(tmp_path, *ROWS))
    other = write_csv(tmp_path / "b.csv", COLUMNS, *(f"2025-12-02,{row}" for row in ROWS))
    assert await overlap_of(ledger, other) is None


async def test_rows_of_another_organisation_are_not_known(ledger: Ledger, tmp_path: Path) -> None:
    other = "53330000501874064B"
    await add_organisation(other, "另一示例基金会")
    await run_import(ledger, write_list(tmp_path, *ROWS), organisation=other)
    assert await overlap_of(ledger, write_list(tmp_path, *ROWS[1:], name="b.csv")) is None


async def test_the_list_that_shares_most_rows_is_found(ledger: Ledger, tmp_path: Path) -> None:
    for name, rows in (("a.csv", ROWS[:2]), ("b.csv", ROWS[2:6]), ("c.csv", ROWS[6:9])):
        await run_import(ledger, write_list(tmp_path, *rows, name=name))
    digest = read(tmp_path / "b.csv").file_digest
    whole = read(write_list(tmp_path, *ROWS, name="d.csv"))
    found, _ = await find_overlaps(ledger.vault, ORGANISATION, whole.rows)
    assert found is not None
    assert (found.rows, found.digest, found.first_position) == (4, digest, 2)


async def test_rows_that_name_nobody_are_known_too(ledger: Ledger, tmp_path: Path) -> None:
    path = write_list(tmp_path, ",1,", ",2,")
    await run_import(ledger, path, ["anonymous"])
    rows = read(path, "anonymous").rows
    found, _ = await find_overlaps(ledger.vault, ORGANISATION, rows)
    assert found is not None
    assert found.rows == 2


@pytest.mark.parametrize(
    ("rows", "named", "of", "repetition"),
    [
        (4, 0, 10, False),
        (5, 0, 10, True),
        (10, 0, 10, True),
        (2, 2, 10, False),
        (9, 9, 40, False),
        (10, 10, 40, True),
        (4, 4, 100, False),
        (10, 10, 200, True),
        (10, 10, 201, False),
        (49, 4, 100, False),
    ],
)
def test_half_of_the_rows_or_a_few_full_names_make_a_repetition(
    rows: int, named: int, of: int, repetition: bool
) -> None:
    overlap = Overlap(rows, named, of, "a.csv", "2026-01-01T00:00:00Z", 0)
    assert overlap.is_repetition is repetition


async def test_only_the_new_rows_of_a_cumulative_list_can_be_taken(
    ledger: Ledger, tmp_path: Path
) -> None:
    await run_import(ledger, write_list(tmp_path, "虚构甲,1", "虚构乙,2", "虚构乙,2"))
    longer = write_list(
        tmp_path, "虚构甲,1", "虚构乙,2", "虚构乙,2", "虚构乙,2", "虚构丙,3", name="b.csv"
    )
    stopped = await run_import(ledger, longer)
    assert ([problem.code for problem in stopped.problems], stopped.known) == (["rows_known"], 3)
    taken = await run_import(ledger, longer, ["known"])
    assert (taken.appended, taken.known, taken.problems) == (2, 3, [])


async def test_a_list_is_found_by_its_digest_alone(ledger: Ledger, tmp_path: Path) -> None:
    path = write_list(tmp_path, *ROWS)
    digest = read(path).file_digest
    assert await list_with_digest(digest) is None
    await run_import(ledger, path)
    found = await list_with_digest(digest)
    assert found is not None
    assert (found.rows, found.total, found.digest) == (10, 5_500, digest)
    assert await list_with_digest("0" * 64) is None
