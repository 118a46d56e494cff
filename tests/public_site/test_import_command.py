"""Tests of `charity import`: what it reports, and what it does with files that are not good."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.charity.lists import HEADER, write_csv, write_xlsx
from tests.public_site.running import Run, run_apart
from tests.public_site.test_commands import CODE, DONE, REFUSED, WRONG_USE

ROWS = (
    ("2025-01-24", "虚构甲", "1000.50", ""),
    ("2025-01-25", "虚构乙", "0.01", ""),
    ("2025-01-25", "虚构乙", "0.01", ""),
)
TOTAL_FEN = 100_052
MEGABYTE = 2**20


@pytest.fixture
def home(run: Run, tmp_path: Path) -> Path:
    """A home with an organisation and an empty log."""
    assert run("init").status == DONE
    assert run("organisation", "add", CODE, "示例社").status == DONE
    return tmp_path / "home"


def a_list(path: Path, *rows: tuple[object, ...], total: str | None = None) -> Path:
    """Write a list as CSV: a header, rows, and a total if there is one."""
    lines = [",".join(map(str, row)) for row in (HEADER, *rows)]
    return write_csv(path, *lines, *([f"合计,,{total},"] if total else []))


def imported(run: Run, file: Path, *options: str) -> dict[str, Any]:
    """Import a file and return the report; the exit status must agree with it."""
    result = run("import", str(file), "--org", CODE, "--json", *options)
    report: dict[str, Any] = json.loads(result.output)
    assert result.status == (REFUSED if report["problems"] else DONE)
    return report


def size(run: Run, folder: Path) -> int:
    """Return how many entries the log holds."""
    result = run("export-log", str(folder), "--json")
    return 0 if result.status else int(json.loads(result.output)["entries"])


def test_import_reports_what_it_did(run: Run, home: Path, tmp_path: Path) -> None:
    report = imported(run, a_list(tmp_path / "list.csv", *ROWS, total="1000.52"))
    assert report["appended"] == report["rows"] == 3
    assert report["total_fen"] == report["stated_total_fen"] == TOTAL_FEN
    assert (report["known"], report["problems"], report["first_position"]) == (0, [], 0)


def test_import_without_a_total_states_none(run: Run, home: Path, tmp_path: Path) -> None:
    report = imported(run, a_list(tmp_path / "list.csv", *ROWS))
    assert (report["appended"], report["stated_total_fen"]) == (3, None)


def test_the_same_file_again_appends_nothing(run: Run, home: Path, tmp_path: Path) -> None:
    file = a_list(tmp_path / "list.csv", *ROWS)
    imported(run, file)
    again = imported(run, file)
    assert (again["appended"], again["known"], again["problems"]) == (0, 3, [])
    assert size(run, tmp_path / "log") == 3


def test_the_same_rows_under_another_title_are_stopped(
    run: Run, home: Path, tmp_path: Path
) -> None:
    rows = [(f"2025-01-{day:02d}", f"虚构{day:02d}", f"{day}.50", "") for day in range(1, 21)]
    imported(run, a_list(tmp_path / "list.csv", *rows))
    other = write_csv(
        tmp_path / "other.csv",
        "示例公示（更新）",
        *(",".join(row) for row in (HEADER, *rows)),
    )
    report = imported(run, other)
    assert report["appended"] == 0
    assert [problem["code"] for problem in report["problems"]] == ["rows_known"]
    assert size(run, tmp_path / "log") == 20


def test_a_dry_run_appends_nothing(run: Run, home: Path, tmp_path: Path) -> None:
    report = imported(run, a_list(tmp_path / "list.csv", *ROWS), "--dry-run")
    assert (report["appended"], report["rows"], report["total_fen"]) == (0, 3, TOTAL_FEN)
    assert size(run, tmp_path / "log") == 0


def test_a_total_that_differs_stops_the_file_until_it_is_accepted(
    run: Run, home: Path, tmp_path: Path
) -> None:
    file = a_list(tmp_path / "list.csv", *ROWS, total="1000.53")
    stopped = imported(run, file)
    [problem] = stopped["problems"]
    assert (stopped["appended"], problem["code"], problem["accept"]) == (
        0,
        "total_differs",
        "total",
    )
    assert problem["message"]
    assert problem["mend"]
    assert size(run, tmp_path / "log") == 0
    accepted = imported(run, file, "--accept", "total")
    assert (accepted["appended"], len(accepted["accepted"])) == (3, 1)
    assert size(run, tmp_path / "log") == 4, "the acceptance is in the log too"


def test_summary_for_people_says_the_same(run: Run, home: Path, tmp_path: Path) -> None:
    result = run("import", str(a_list(tmp_path / "list.csv", *ROWS)), "--org", CODE)
    assert "3 gifts, ¥1,000.52 in all." in result.output
    assert "3 entries appended, from 0 to 2." in result.output
    chinese = run(
        "import", str(a_list(tmp_path / "b.csv", *ROWS[:1])), "--org", CODE, CHARITY_LANGUAGE="zh"
    )
    assert "¥1,000.50" in chinese.output
    assert "gift" not in chinese.output


def test_a_problem_is_named_by_its_cell_with_the_way_to_mend_it(
    run: Run, home: Path, tmp_path: Path
) -> None:
    file = write_xlsx(tmp_path / "list.xlsx", [HEADER, ("2025-01-24", "虚构甲", "x", "")])
    result = run("import", str(file), "--org", CODE)
    assert result.status == REFUSED
    assert "Sheet1!C2" in result.output
    assert "--accept 'Sheet1!C2'" in result.output
    assert "Nothing was appended." in result.output


def test_a_list_without_a_gift_is_refused(run: Run, home: Path, tmp_path: Path) -> None:
    result = run("import", str(a_list(tmp_path / "list.csv")), "--org", CODE, "--json")
    report = json.loads(result.output)
    assert (result.status, report["appended"]) == (REFUSED, 0)
    assert [problem["code"] for problem in report["problems"]] == ["no_gifts"]


@pytest.mark.parametrize(
    "options",
    [
        ["--org", "123"],
        ["--org", "51440300000009999X"],
        ["--org", CODE, "--fund", "nothing"],
        ["--org", CODE, "--date", "yesterday"],
        [],
    ],
)
def test_what_does_not_exist_is_wrong_use(
    run: Run, home: Path, tmp_path: Path, options: list[str]
) -> None:
    result = run("import", str(a_list(tmp_path / "list.csv", *ROWS)), *options)
    assert (result.status, result.output) == (WRONG_USE, "")
    assert size(run, tmp_path / "log") == 0


def photo(path: Path) -> Path:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    return path


def huge(path: Path) -> Path:
    """Write a file of 200 MB that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(200 * MEGABYTE)
    return path


def bomb(path: Path) -> Path:
    """Write a small archive that would unpack to a gigabyte."""
    write_xlsx(path, [HEADER, ROWS[0]])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/media/image1.png", "w", force_zip64=True) as member,
    ):
        for _ in range(1024):
            member.write(bytes(MEGABYTE))
    return path


def row(path: Path, day: object, donor: str, amount: object) -> Path:
    return write_xlsx(path, [HEADER, ROWS[0], (day, donor, amount, "")])


BAD_FILES = {
    "empty": lambda folder: write_csv(folder / "empty.xlsx"),
    "empty table": lambda folder: write_csv(folder / "empty.csv"),
    "a photo": lambda folder: photo(folder / "photo.xlsx"),
    "a photo as old workbook": lambda folder: photo(folder / "photo.xls"),
    "a photo as csv": lambda folder: photo(folder / "photo.csv"),
    "another document": lambda folder: photo(folder / "photo.pdf"),
    "too large": lambda folder: huge(folder / "huge.xlsx"),
    "too large as csv": lambda folder: huge(folder / "huge.csv"),
    "a zip bomb": lambda folder: bomb(folder / "bomb.xlsx"),
    "a formula for a name": lambda folder: row(
        folder / "formula.xlsx", "2025-01-25", '=HYPERLINK("http://x.example","虚构乙")', 1
    ),
    "a formula in csv": lambda folder: a_list(
        folder / "formula.csv", ROWS[0], ("2025-01-25", "=1+1", "1", "")
    ),
    "a negative amount": lambda folder: row(folder / "negative.xlsx", "2025-01-25", "虚构乙", -1),
    "an endless amount": lambda folder: row(folder / "e309.xlsx", "2025-01-25", "虚构乙", "1e309"),
    "a number without measure": lambda folder: row(
        folder / "inf.xlsx", "2025-01-25", "虚构乙", 1e308
    ),
    "a day to come": lambda folder: row(folder / "2099.xlsx", "2099-01-25", "虚构乙", 1),
    "half a fen": lambda folder: row(folder / "half.xlsx", "2025-01-25", "虚构乙", "0.005"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_appends_nothing_and_is_told_in_words(
    run: Run, home: Path, tmp_path: Path, name: str
) -> None:
    file = BAD_FILES[name](tmp_path)
    for as_json in ([], ["--json"]):
        result = run("import", str(file), "--org", CODE, *as_json)
        assert result.status != DONE
        told = result.output + result.errors
        assert "Traceback" not in told
        assert "Error" not in told, "names of exceptions say nothing to people"
        if as_json:
            report = json.loads(result.output)
            assert report.get("error") or all(
                problem["message"] and problem["mend"] for problem in report["problems"]
            )
    assert size(run, tmp_path / "log") == 0


def test_a_bad_file_is_refused_by_the_installed_command_too(
    run: Run, home: Path, tmp_path: Path
) -> None:
    result = run_apart(home, "import", str(photo(tmp_path / "photo.xlsx")), "--org", CODE)
    assert result.status == REFUSED
    assert len(result.errors.splitlines()) == 1


STRANGE = ("何时,何人,几何", "2025-01-24,虚构甲,1.50")


def test_columns_are_assigned_by_hand_and_remembered(run: Run, home: Path, tmp_path: Path) -> None:
    first = write_csv(tmp_path / "first.csv", *STRANGE)
    assert run("import", str(first), "--org", CODE).status == REFUSED
    roles = ("何时=day", "何人=donor", "几何=amount")
    report = imported(run, first, *(part for role in roles for part in ("--column", role)))
    assert (report["appended"], report["total_fen"]) == (1, 150)
    again = imported(run, write_csv(tmp_path / "b.csv", STRANGE[0], "2025-01-25,虚构乙,2"))
    assert again["appended"] == 1
    assert "columns_remembered" in {notice["code"] for notice in again["notices"]}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (("何人",), "HEADER=role"),
        (("=donor",), "HEADER=role"),
        (("何人=donor", "何人=day"), "HEADER=role"),
        (("何人=giver",), "cannot be read as “giver”"),
        (("何人=",), "cannot be read as “”"),
    ],
)
def test_columns_that_say_nothing_are_wrong_use(
    run: Run, home: Path, tmp_path: Path, columns: tuple[str, ...], says: str
) -> None:
    options = [part for column in columns for part in ("--column", column)]
    path = write_csv(tmp_path / "a.csv", *STRANGE)
    result = run("import", str(path), "--org", CODE, *options)
    assert (result.status, says in result.errors) == (WRONG_USE, True)


def test_a_column_that_is_not_there_is_refused(run: Run, home: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *STRANGE)
    result = run("import", str(path), "--org", CODE, "--column", "没有=donor")
    assert (result.status, "no column “没有”" in result.errors) == (REFUSED, True)
