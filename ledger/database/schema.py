"""Provides the making of the tables, with the triggers that keep the log append-only."""

import re
from collections.abc import Sequence

from piccolo.table import Table, create_db_tables

from ledger.canonical import INTEGER_MAX
from ledger.counting import COLUMNS
from ledger.database.bulk_rows import BEYOND
from ledger.database.engines import Engine
from ledger.database.sqlite_engine import LedgerSQLiteEngine
from ledger.tables import APPEND_ONLY, INDEXES, TABLES, UNIQUE, Balance, Edge, RunningTotal, Tile

SCHEMA_VERSION = 2


def _name(table: type[Table]) -> str:
    return table._meta.tablename  # noqa: SLF001


def _sqlite_trigger(table: str, action: str) -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{action.lower()} BEFORE {action} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only: {action} is refused'); END"
    )


def _sqlite_replace_trigger(table: type[Table]) -> str:
    """Return the trigger against INSERT OR REPLACE, which fires no DELETE trigger in SQLite."""
    meta = table._meta  # noqa: SLF001
    keys = [meta.primary_key, *(column for column in meta.columns if column._meta.unique)]  # noqa: SLF001
    names = [column._meta.name for column in keys]  # noqa: SLF001
    if meta.primary_key.value_type is not int:  # only a whole number is the row's own number
        names.append("rowid")
    name = _name(table)
    there = " OR ".join(
        f"EXISTS (SELECT 1 FROM {name} WHERE {key} = NEW.{key})"  # noqa: S608 (our names)
        for key in names
    )
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name}_no_replace BEFORE INSERT ON {name} WHEN {there}"
        f" BEGIN SELECT RAISE(ABORT, '{name} is append-only: REPLACE is refused'); END"
    )


POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP; END $$
"""


def _postgres_trigger(table: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {table}_append_only"
        f" BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
    )


def _trigger_statements(engine: Engine, tables: Sequence[type[Table]]) -> list[str]:
    names = [_name(table) for table in tables]
    if isinstance(engine, LedgerSQLiteEngine):
        return [
            *(_sqlite_trigger(name, action) for name in names for action in ("UPDATE", "DELETE")),
            *(_sqlite_replace_trigger(table) for table in tables),
        ]
    return [POSTGRES_FUNCTION, *(_postgres_trigger(name) for name in names)]


def _index(table: type[Table], columns: str, where: str = "", unique: str = "") -> str:
    name = f"{_name(table)}_{re.sub('[^a-z_0-9]+', '_', columns)}"
    condition = f" WHERE {where}" if where else ""
    return f"CREATE {unique}INDEX IF NOT EXISTS {name} ON {_name(table)} ({columns}){condition}"


def _index_statements() -> list[str]:
    return [
        *(_index(table, columns, unique="UNIQUE ") for table, columns in UNIQUE),
        *(_index(table, columns, where) for table, columns, where in INDEXES),
    ]


def _bound_trigger(table: type[Table], columns: Sequence[str], action: str) -> str:
    """Return SQLite's trigger against sums that no double holds: it would make a float of them."""
    name = _name(table)
    beyond = " OR ".join(
        f"typeof(NEW.{column}) <> 'integer' OR abs(NEW.{column}) > {INTEGER_MAX}"
        for column in columns
    )
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name}_bounds_{action.lower()} BEFORE {action} ON {name}"
        f" WHEN {beyond} BEGIN SELECT RAISE(ABORT, '{BEYOND}'); END"
    )


def _bound_statements(engine: Engine) -> list[str]:
    """Return what keeps sums within the integers that every reader of JSON knows."""
    sums = ((Balance, ("amount",)), (RunningTotal, COLUMNS))
    if isinstance(engine, LedgerSQLiteEngine):
        return [
            _bound_trigger(table, columns, action)
            for table, columns in sums
            for action in ("INSERT", "UPDATE")
        ]
    return [
        f"ALTER TABLE {_name(table)} DROP CONSTRAINT IF EXISTS {_name(table)}_bounds,"
        f" ADD CONSTRAINT {_name(table)}_bounds CHECK ("
        + " AND ".join(f"abs({column}) <= {INTEGER_MAX}" for column in columns)
        + ")"
        for table, columns in sums
    ]


def _storage_statements(engine: Engine) -> list[str]:
    """Return what keeps PostgreSQL from trying to compress hashes, which cannot be compressed."""
    if isinstance(engine, LedgerSQLiteEngine):
        return []
    return [
        f"ALTER TABLE {_name(table)} ALTER COLUMN hashes SET STORAGE EXTERNAL"
        for table in (Edge, Tile)
    ]


async def create_schema(engine: Engine, more_tables: Sequence[type[Table]] = ()) -> None:
    """Make all tables, indexes and triggers that are not there yet; running it again is harmless.

    `more_tables` are those of the rooms above, which live in the same database.
    """
    await create_db_tables(*TABLES, *more_tables, if_not_exists=True)
    for statement in (
        *_index_statements(),
        *_trigger_statements(engine, APPEND_ONLY),
        *_storage_statements(engine),
        *_bound_statements(engine),
    ):
        await engine.run_ddl(statement)
