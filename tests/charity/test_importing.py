"""Tests of the import: all of a list or nothing, once, with what a person accepted recorded."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from charity.organisations.registry import add_fund, add_organisation
from charity.projects.tables import Project
from charity.reporting.importing import import_donation_list
from charity.reporting.requests import ImportRequest, ImportResult
from ledger.appending.writer import Writer
from ledger.entries import Entry
from ledger.kinds.disclosure import AcceptedProblem, DisclosureFacts
from ledger.log import Ledger
from ledger.messages import Refused, WrongUse
from ledger.reading import read_head
from tests.charity.importing import NUMBERED_COLUMNS, run_import, told, write_list
from tests.charity.lists import HEADER, TODAY, write_xlsx
from tests.conftest import ORGANISATION
from tests.ledger.entries import rows_of_all_tables, stored_entries

ROWS = ("虚构甲,1,", "虚构乙,2.50,", "示例有限公司,0.01,")


async def accepted_words() -> Counter[str]:
    entries = await stored_entries()
    return Counter(entry.source.accepted for entry in entries if entry.source.accepted)


async def only_disclosure() -> Entry:
    [entry] = [entry for entry in await stored_entries() if entry.kind == "disclosure"]
    return entry


def disclosed(entry: Entry) -> DisclosureFacts:
    assert isinstance(entry.facts, DisclosureFacts)
    return entry.facts


async def test_a_list_is_appended_whole_in_its_order(ledger: Ledger, tmp_path: Path) -> None:
    result = await run_import(ledger, write_list(tmp_path, *ROWS))
    assert told(result) == (3, 0, [])
    assert result.positions == range(3)
    entries = await stored_entries()
    assert [entry.facts.amount for entry in entries] == [100, 250, 1]
    assert [entry.source.row for entry in entries] == [2, 3, 4]
    head = await read_head()
    assert head is not None
    assert head.size == 3


async def test_a_workbook_is_imported_like_a_text_file(ledger: Ledger, tmp_path: Path) -> None:
    rows = [HEADER, ["2025-12-01", "虚构甲", 1, ""], ["2025-12-02", "虚构乙", 2.5, "x"]]
    result = await run_import(ledger, write_xlsx(tmp_path / "a.xlsx", rows, rows[:2]))
    assert told(result) == (3, 0, [])
    entries = await stored_entries()
    assert [(entry.day, entry.facts.amount) for entry in entries] == [
        ("2025-12-01", 100),
        ("2025-12-02", 250),
        ("2025-12-01", 100),
    ]
    assert len({entry.source.sheet for entry in entries}) == 2


async def test_the_same_file_again_appends_nothing(ledger: Ledger, tmp_path: Path) -> None:
    path = write_list(tmp_path, *ROWS)
    await run_import(ledger, path)
    before = await rows_of_all_tables()
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes())
    for again in (path, copy):
        result = await run_import(ledger, again)
        assert told(result) == (0, 3, [])
        assert result.same_file
    assert await rows_of_all_tables() == before


async def test_the_same_file_with_an_open_problem_is_known_all_the_same(
    ledger: Ledger, tmp_path: Path
) -> None:
    path = write_list(tmp_path, ",1,", "虚构甲,2,")
    await run_import(ledger, path, ["anonymous"])
    assert told(await run_import(ledger, path)) == (0, 2, [])


async def test_the_same_transactions_in_another_file_are_stopped(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = ("虚构甲,1,A1", "虚构乙,2,A2")
    await run_import(ledger, write_list(tmp_path, *rows, columns=NUMBERED_COLUMNS))
    before = await rows_of_all_tables()
    copy = write_list(tmp_path, *rows, "虚构丙,3,A3", name="b.csv", columns=NUMBERED_COLUMNS)
    stopped = await run_import(ledger, copy)
    assert told(stopped) == (0, 2, ["transactions_known"])
    assert stopped.known_examples == ["A1 → 0", "A2 → 1"]
    assert await rows_of_all_tables() == before


async def test_known_transactions_that_are_accepted_are_left_out_and_recorded(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = ("虚构甲,1,A1", "虚构乙,2,A2")
    await run_import(ledger, write_list(tmp_path, *rows, columns=NUMBERED_COLUMNS))
    copy = write_list(tmp_path, *rows, "虚构丙,3,A3", name="b.csv", columns=NUMBERED_COLUMNS)
    result = await run_import(ledger, copy, ["known"])
    assert told(result) == (1, 2, [])
    entries = await stored_entries()
    assert [entry.kind for entry in entries] == ["donation"] * 3 + ["disclosure"]
    assert entries[2].source.transaction == "A3"
    assert disclosed(entries[3]) == DisclosureFacts(
        accepted=(AcceptedProblem(code="transactions_known"),),
        digest=result.donation_list.file_digest,
        rows=3,
        total=600,
    )


async def test_a_copy_that_holds_rows_without_a_transaction_is_stopped_for_them_too(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = ("虚构甲,1,A1", "虚构乙,2,")
    await run_import(ledger, write_list(tmp_path, *rows, columns=NUMBERED_COLUMNS))
    copy = write_list(tmp_path, *rows, "虚构丙,3,A3", name="b.csv", columns=NUMBERED_COLUMNS)
    assert told(await run_import(ledger, copy)) == (0, 2, ["transactions_known", "rows_known"])
    assert told(await run_import(ledger, copy, ["known"])) == (1, 2, [])


async def test_a_transaction_of_another_organisation_is_another_transaction(
    ledger: Ledger, tmp_path: Path
) -> None:
    other = "53330000501874064B"
    await add_organisation(other, "另一示例基金会")
    await run_import(ledger, write_list(tmp_path, "虚构甲,1,A1", columns=NUMBERED_COLUMNS))
    second = write_list(tmp_path, "虚构甲,1,A1", "", name="b.csv", columns=NUMBERED_COLUMNS)
    assert told(await run_import(ledger, second, organisation=other)) == (1, 0, [])


async def test_the_same_rows_under_another_title_are_stopped_with_the_overlap(
    ledger: Ledger, tmp_path: Path
) -> None:
    await run_import(ledger, write_list(tmp_path, *ROWS))
    before = await rows_of_all_tables()
    copy = write_list(tmp_path, *(row + "备注" for row in ROWS), name="b.csv")
    stopped = await run_import(ledger, copy)
    assert told(stopped) == (0, 3, ["rows_known"])
    assert "3 of its 3 rows" in stopped.problems[0].message.text()
    assert "(SHA-256" in stopped.problems[0].message.text()
    assert await rows_of_all_tables() == before
    accepted = await run_import(ledger, copy, ["overlap"])
    assert told(accepted) == (3, 3, [])
    facts = disclosed(await only_disclosure())
    assert facts.accepted == (AcceptedProblem(code="rows_known"),)


async def test_a_small_overlap_is_told_and_stops_nothing(ledger: Ledger, tmp_path: Path) -> None:
    await run_import(ledger, write_list(tmp_path, *ROWS))
    other = write_list(tmp_path, ROWS[0], "虚构丙,5,", "虚构丁,6,", name="b.csv")
    result = await run_import(ledger, other)
    assert told(result) == (3, 0, [])
    assert "rows_known" in {notice.code for notice in result.notices}


async def test_identical_rows_inside_one_file_are_separate_gifts(
    ledger: Ledger, tmp_path: Path
) -> None:
    result = await run_import(ledger, write_list(tmp_path, *(["虚构甲,0.01,"] * 27)))
    assert told(result) == (27, 0, [])
    entries = await stored_entries()
    assert len({entry.id for entry in entries}) == 27
    assert len({entry.facts.donor.reference for entry in entries}) == 27


@pytest.mark.parametrize(
    ("accept", "open_cells"),
    [
        ((), ["B2", "B4"]),
        (("Sheet1!B2",), ["B4"]),
        (("b4",), ["B2"]),
        (("skip",), ["B2", "B4"]),
    ],
)
async def test_one_open_row_stops_the_whole_file(
    ledger: Ledger, tmp_path: Path, accept: tuple[str, ...], open_cells: list[str]
) -> None:
    rows = [HEADER, ["2025-12-01", "", 1, ""], ["2025-12-01", "虚构甲", 2, ""]]
    path = write_xlsx(tmp_path / "a.xlsx", [*rows, ["2025-12-01", "", 3, ""]])
    result = await run_import(ledger, path, accept)
    assert [problem.cell for problem in result.problems] == open_cells
    assert await stored_entries() == []


@pytest.mark.parametrize("accept", [("anonymous",), ("Sheet1!B2", "B4"), ("B2", "anonymous")])
async def test_rows_accepted_by_word_or_by_cell_carry_the_word_in_their_entries(
    ledger: Ledger, tmp_path: Path, accept: tuple[str, ...]
) -> None:
    rows = [HEADER, ["2025-12-01", "", 1, ""], ["2025-12-01", "虚构甲", 2, ""]]
    path = write_xlsx(tmp_path / "a.xlsx", [*rows, ["2025-12-01", "", 3, ""]])
    assert told(await run_import(ledger, path, accept)) == (3, 0, [])
    entries = await stored_entries()
    assert [entry.source.accepted for entry in entries] == ["anonymous", None, "anonymous"]
    assert [entry.facts.donor.commitment is None for entry in entries] == [True, False, True]


async def test_skipped_rows_are_recorded_in_a_disclosure(ledger: Ledger, tmp_path: Path) -> None:
    path = write_list(tmp_path, "虚构甲,1,", "虚构乙,无,", "虚构丙,-5,")
    assert told(await run_import(ledger, path, ["skip"])) == (1, 0, [])
    entry = await only_disclosure()
    assert (disclosed(entry).rows, disclosed(entry).skipped, disclosed(entry).total) == (1, 2, 100)
    assert Counter((problem.code, problem.cell) for problem in disclosed(entry).accepted) == {
        ("amount_unreadable", "C3"): 1,
        ("amount_not_positive", "C4"): 1,
    }
    assert entry.day == "2026-01-01"


@pytest.mark.parametrize(
    ("footer", "code", "stated"),
    [("合计,4,", "total_differs", 400), ("合计,许多,", "total_unreadable", None)],
)
async def test_a_total_that_is_accepted_is_recorded_in_a_disclosure(
    ledger: Ledger, tmp_path: Path, footer: str, code: str, stated: int | None
) -> None:
    path = write_list(tmp_path, "虚构甲,1,", "虚构乙,2,", footer)
    assert told(await run_import(ledger, path)) == (0, 0, [code])
    assert await stored_entries() == []
    assert told(await run_import(ledger, path, ["total"])) == (2, 0, [])
    facts = disclosed(await only_disclosure())
    assert [problem.code for problem in facts.accepted] == [code]
    assert (facts.stated_total, facts.total, facts.skipped) == (stated, 300, 0)


async def test_a_list_without_a_fault_makes_no_disclosure(ledger: Ledger, tmp_path: Path) -> None:
    path = write_list(tmp_path, "虚构甲,1,", "虚构乙,2,", "合计,3,")
    result = await run_import(ledger, path, ["total", "skip", "overlap", "known"])
    assert told(result) == (2, 0, [])
    assert [entry.kind for entry in await stored_entries()] == ["donation"] * 2


async def test_a_dry_run_finds_the_same_and_appends_nothing(ledger: Ledger, tmp_path: Path) -> None:
    before = await rows_of_all_tables()
    path = write_list(tmp_path, *ROWS)
    result = await run_import(ledger, path, dry_run=True, consent="示例")
    assert told(result) == (0, 0, [])
    assert (len(result.donation_list.rows), result.donation_list.total_fen) == (3, 351)
    assert await rows_of_all_tables() == before
    assert told(await run_import(ledger, path)) == (3, 0, [])


async def test_gifts_go_into_the_fund_that_is_named(ledger: Ledger, tmp_path: Path) -> None:
    await add_fund(ORGANISATION, "water", "示例专项", restricted=True)
    await run_import(ledger, write_list(tmp_path, *ROWS), fund="water")
    assert {entry.facts.fund for entry in await stored_entries()} == {"water"}


async def test_an_unknown_organisation_or_fund_is_wrong_use(ledger: Ledger, tmp_path: Path) -> None:
    path = write_list(tmp_path, *ROWS)
    with pytest.raises(WrongUse, match="No organisation"):
        await run_import(ledger, path, organisation="53330000501874064B")
    with pytest.raises(WrongUse, match="no fund"):
        await run_import(ledger, path, fund="water")
    assert await stored_entries() == []


async def test_a_file_that_cannot_be_read_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    empty = tmp_path / "a.csv"
    empty.write_bytes(b"")
    with pytest.raises(Refused):
        await run_import(ledger, empty)


async def test_progress_tells_each_stage_to_its_end(ledger: Ledger, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    request = ImportRequest(write_list(tmp_path, *ROWS), ORGANISATION, TODAY)
    await import_donation_list(ledger, request, lambda *step: steps.append(step))
    assert dict.fromkeys(stage for stage, _, _ in steps) == dict.fromkeys(
        ("read", "check", "append")
    )
    last = {stage: (done, total) for stage, done, total in steps}
    assert last == {"read": (3, 3), "check": (3, 3), "append": (3, 3)}


async def test_a_file_that_was_sent_is_read_from_its_bytes(ledger: Ledger, tmp_path: Path) -> None:
    content = write_list(tmp_path, *ROWS).read_bytes()
    request = ImportRequest(Path("示例.csv"), ORGANISATION, TODAY, content=content)
    result = await import_donation_list(ledger, request)
    assert told(result) == (3, 0, [])
    assert result.donation_list.file_name == "示例.csv"
    again = await run_import(ledger, tmp_path / "list.csv")
    assert (again.same_file, again.known) == (True, 3)
    for sent in (b"", b"\x89PNG"):
        with pytest.raises(Refused):
            await import_donation_list(ledger, replace(request, content=sent))
    assert "虚构" not in repr(request)


async def test_what_is_done_beside_is_done_with_the_entries_or_not_at_all(
    ledger: Ledger, tmp_path: Path
) -> None:
    seen: list[tuple[range, int]] = []

    async def beside(writer: Writer, result: ImportResult) -> None:
        seen.append((result.positions, len(await stored_entries())))
        await Project.insert(Project(organisation=ORGANISATION, code="books", name="", fund=""))
        if len(seen) > 1:
            raise Refused("Not now.")

    request = ImportRequest(write_list(tmp_path, *ROWS), ORGANISATION, TODAY, beside=beside)
    await import_donation_list(ledger, replace(request, dry_run=True))
    assert seen == []
    await import_donation_list(ledger, request)
    assert seen == [(range(3), 3)]
    await import_donation_list(ledger, request)
    assert len(seen) == 1
    other = write_list(tmp_path, "虚构新,9,", name="other.csv")
    with pytest.raises(Refused, match="Not now"):
        await import_donation_list(ledger, replace(request, path=other))
    assert len(seen) == 2
    assert (len(await stored_entries()), await Project.count()) == (3, 1)


RedCross = Callable[[str], Path]


@pytest.mark.parametrize(
    ("part", "accept", "given", "appended", "fen"),
    [
        ("2020年1月24日.xlsx", (), None, 1_207, 21_078_319),
        ("donate01", (), None, 60, 348_223_211),
        ("donate03", (), None, 1_995, 15_396_731_614),
        ("donate08", (), None, 2_860, 2_976_311_798),
        ("农业银行", (), "2020", 745, 6_160_958_505),
        ("支付宝", ("anonymous",), None, 502, 16_654_800),
        ("支付宝", ("A222", "A458"), None, 502, 16_654_800),
        ("云闪付", (), None, 568, 3_945_856),
        ("2020年2月13日", (), None, 1_648, 45_358_911),
        ("现金公示", (), None, 101, None),
    ],
)
async def test_a_published_list_is_appended_whole(
    ledger: Ledger,
    red_cross: RedCross,
    part: str,
    accept: tuple[str, ...],
    given: str | None,
    appended: int,
    fen: int | None,
) -> None:
    result = await run_import(ledger, red_cross(part), accept, given=given)
    assert told(result) == (appended, 0, [])
    entries = await stored_entries()
    assert len(entries) == appended
    total = sum(entry.facts.amount for entry in entries)
    assert total == result.donation_list.total_fen
    assert fen in {None, total}
    assert await accepted_words() == ({"anonymous": 2} if accept else {})
    assert told(await run_import(ledger, red_cross(part))) == (0, appended, [])


@pytest.mark.parametrize(
    ("first", "second", "known", "code"),
    [
        ("2020年1月24日.xlsx", "副本", 1_207, "transactions_known"),
        ("donate03", "donate04", 1_995, "rows_known"),
    ],
)
async def test_a_published_list_under_another_title_is_stopped(
    ledger: Ledger, red_cross: RedCross, first: str, second: str, known: int, code: str
) -> None:
    result = await run_import(ledger, red_cross(first))
    assert told(await run_import(ledger, red_cross(second))) == (0, known, [code])
    assert len(await stored_entries()) == result.appended


@pytest.mark.parametrize(
    ("part", "open_problems"),
    [
        ("支付宝", [("donor_missing", "A222"), ("donor_missing", "A458")]),
        ("农业银行", [("year_unknown", "A2")]),
    ],
)
async def test_a_published_list_with_open_problems_appends_nothing(
    ledger: Ledger, red_cross: RedCross, part: str, open_problems: list[tuple[str, str]]
) -> None:
    result = await run_import(ledger, red_cross(part))
    assert [(problem.code, problem.cell) for problem in result.problems] == open_problems
    assert await stored_entries() == []
