"""Tests of the house rules that no linter knows: sizes, names, first words, exact money."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from piccolo.columns import Column, Numeric, Real
from piccolo.columns.column_types import DoublePrecision, Float
from piccolo.table import Table

from charity.tables import TABLES as CHARITY_TABLES
from ledger.tables import TABLES as LEDGER_TABLES

ROOT = Path(__file__).parents[1]
PACKAGES = ("charity", "indices", "ledger", "public_site")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
DAYS_AS_NUMBERS = {"charity/reporting/dates.py"}
"""Where a spreadsheet's serial number becomes a day: no money passes there."""
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "lib"}
HAND_WRITTEN = {".py", ".css", ".js", ".html", ".toml", ".md"}

SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
ALL_PYTHON = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
TABLES = (*LEDGER_TABLES, *CHARITY_TABLES)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_there_are_sources() -> None:
    assert len(SOURCES) > 50


def test_files_are_short() -> None:
    written = [
        path
        for package in (*PACKAGES, "tests")
        for path in (ROOT / package).rglob("*")
        if path.suffix in HAND_WRITTEN and "vendor" not in path.parts
    ]
    counts = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in written}
    assert {name: count for name, count in counts.items() if count > FILE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    long = {
        f"{name_of(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in ALL_PYTHON
        for node in functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX
    }
    assert long == {}


def test_modules_say_what_they_provide() -> None:
    silent = []
    for path in SOURCES:
        words = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        if not words or (path.name != "__init__.py" and not words.startswith("Provides ")):
            silent.append(name_of(path))
    assert silent == []


def test_module_names_say_something() -> None:
    empty = [name_of(path) for path in ALL_PYTHON if path.stem in NAMES_THAT_SAY_NOTHING]
    folders = [
        name_of(path.parent) for path in ALL_PYTHON if path.parent.name in NAMES_THAT_SAY_NOTHING
    ]
    assert empty + folders == []


def test_where_money_is_kept_nothing_is_a_float() -> None:
    floats = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] in {"ledger", "charity"}
        and name_of(path) not in DAYS_AS_NUMBERS
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
    ]
    assert floats == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.tablename)
def test_columns_are_exact_and_have_no_hidden_default(table: type[Table]) -> None:
    """A forgotten value must not turn into 0 or an empty text: Piccolo's own defaults do that."""
    columns: list[Column] = table._meta.columns
    assert columns
    inexact = [c for c in columns if isinstance(c, Numeric | Real | Float | DoublePrecision)]
    assert inexact == []
    hidden = [
        column._meta.name
        for column in columns
        if not column._meta.primary_key and column._meta.params["default"] is not None
    ]
    assert hidden == []
