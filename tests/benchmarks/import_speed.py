"""Provides the measurement of imports: rows per second beside a plain loop.

The floor reads the same file with the same reader and inserts the same rows into SQLite with a
plain loop, in one transaction. The import does that and cleans, checks, reconciles, seals names,
hashes, signs and keeps summaries. Goal: at least a third of the floor's speed.
"""

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from random import Random

import xlsxwriter
from python_calamine import CalamineWorkbook

from charity.organisations.registry import add_organisation
from charity.reporting.importing import import_donation_list
from charity.reporting.requests import ImportRequest
from public_site.opening import initialise, opened
from public_site.settings import Settings
from tests.benchmarks.children import in_child
from tests.benchmarks.figures import Figure, Sample, beside, scaled
from tests.benchmarks.folders import folder

ROWS = 100_000
RUNS = 5
GOAL = 0.333
ORGANISATION = "53440300000009996C"
TODAY = date(2026, 1, 1)
HEADER = ("序号", "捐赠日期", "捐赠（单位/姓名）", "捐赠金额（元）", "备注")


def write_list(path: Path, rows: int, largest_fen: int = 10**8) -> int:
    """Write an invented donation list as .xlsx; return its total in fen."""
    random = Random(1)
    total = 0
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("公示")
        sheet.write(0, 1, "虚构捐款信息公示表")
        sheet.write(1, 4, "单位：元")
        sheet.write_row(2, 0, HEADER)
        for number in range(rows):
            fen = int(random.paretovariate(0.9) * 100) % largest_fen + 1
            total += fen
            day = (date(2025, 1, 1) + timedelta(number * 300 // rows)).isoformat()
            remark = "虚构备注" if number % 100 == 0 else ""
            giver = (
                f"示例第{random.randrange(2_000)}号贸易有限公司"
                if number % 12 == 0
                else f"虚构市民{random.randrange(10**6)}"
            )
            sheet.write_row(number + 3, 0, (number + 1, day, giver, fen / 100, remark))
        sheet.write_row(rows + 3, 2, ("合计", total / 100))
    return total


def plain_loop(path: Path, folder: Path) -> float:
    """Return the seconds that reading and inserting the rows takes, and nothing else."""
    database = folder / "plain.sqlite"
    database.unlink(missing_ok=True)
    started = time.perf_counter()
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "CREATE TABLE gift (id INTEGER PRIMARY KEY, number, day, donor, amount, remark)"
        )
        connection.execute("BEGIN IMMEDIATE")
        for row in rows:
            connection.execute(
                "INSERT INTO gift (number, day, donor, amount, remark) VALUES (?, ?, ?, ?, ?)", row
            )
        connection.execute("COMMIT")
    return time.perf_counter() - started


async def _import(path: Path, home: Path, rows: int, total: int) -> float:
    settings = Settings(home=home, database="")
    await initialise(settings)
    async with opened(settings) as ledger:
        await add_organisation(ORGANISATION, "示例基金会")
        request = ImportRequest(
            path=path, organisation=ORGANISATION, today=TODAY, accept=["unusual"]
        )
        started = time.perf_counter()
        result = await import_donation_list(ledger, request)
        seconds = time.perf_counter() - started
        assert (result.appended, result.donation_list.total_fen) == (rows, total)
        return seconds


def run() -> list[Figure]:
    """Measure both in turn."""
    with folder() as home:
        path = home / "list.xlsx"
        rows = scaled(ROWS)
        total = write_list(path, rows)
        plain_loop(path, home)

        def floor(_: int) -> Sample:
            return in_child(_plain_speed, path, home, rows)

        def figure(run: int) -> Sample:
            return in_child(_import_speed, path, home / f"home-{run}", rows, total)

        name = f"import of {rows:,} rows (.xlsx)"
        return [beside(floor, figure, RUNS, name=name, unit="rows/s", least=GOAL)]


def _plain_speed(path: Path, home: Path, rows: int) -> float:
    return rows / plain_loop(path, home)


def _import_speed(path: Path, home: Path, rows: int, total: int) -> float:
    return rows / asyncio.run(_import(path, home, rows, total))
