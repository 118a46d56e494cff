"""Provides the rows of one table: where they begin and end, how they get their day, their notes."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import zip_longest

from charity.donors.names import is_organisation
from charity.reporting.cells import (
    Cell,
    Unreadable,
    cell_name,
    exact_fen,
    is_number,
    plain_text,
    transaction_id,
)
from charity.reporting.dates import GivenDay, Moment, read_moment, read_time
from charity.reporting.headers import Table
from charity.reporting.list_days import contradict, title_period, transaction_days
from charity.reporting.list_rows import RowReader
from charity.reporting.periods import Surroundings
from charity.reporting.problems import Findings
from charity.reporting.totals import StatedTotals

_CHUNK = 5_000
_LONG_NOTE = 60
_NOTE = re.compile(
    r"(?:注|备注|说明|附|附件|制表|审核|复核|经办|出纳|会计|负责人|联系|电话|公示|监督|公章|签字|盖章"
    r"|日期|截[至止]|以上|以下|感谢|打印|单位|notes?|prepared|checked)[^,]{0,6}[::]"
    r"|(?:注|备注|说明|附件)[0-9]|以上.*(?:明细|名单)|感谢|第\s*[0-9]+\s*页",
    re.IGNORECASE,
)


def last_amount_row(table: Table) -> int:
    """Return the 0-based row that has the last amount; the header's row if there is none."""
    rows, at = table.sheet.rows, table.columns.amount
    for index in range(len(rows) - 1, table.header, -1):
        cell = rows[index][at]
        if cell == "" or not (is_number(cell) or isinstance(cell, str)):
            continue
        try:
            exact_fen(cell, table.scale)
        except Unreadable as error:
            if not is_number(cell) and error.code in {"amount_missing", "amount_unreadable"}:
                continue
        return index
    return table.header


def lines_below(table: Table, last: int) -> list[tuple[str, Cell]]:
    """Return the cells below the last row with an amount that are not blank, with their names."""
    return [
        (cell_name(index + 1, at), cell)
        for index, row in enumerate(table.sheet.rows[last + 1 :], last + 1)
        for at, cell in enumerate(row)
        if plain_text(cell)
    ]


def holds_only_notes(table: Table, last: int) -> bool:
    """Tell whether nothing but lines of text stands below the header: no amount, no row."""
    return last == table.header and all(
        sum(map(bool, map(plain_text, row))) < 2 for row in table.sheet.rows[last + 1 :]
    )


def same_rows(first: Table, second: Table, last: int) -> bool:
    """Tell whether two tables have the same cells in all rows down to `last` of the second.

    The numbering of the rows does not count.
    """
    columns = [
        (at, other)
        for at, other in zip(
            first.columns._replace(number=None), second.columns._replace(number=None), strict=True
        )
        if at is not None or other is not None
    ]
    if any(at is None or other is None for at, other in columns) or first.scale != second.scale:
        return False
    places = [(at, other) for at, other in columns if at is not None and other is not None]
    count = last - second.header
    rows, others = first.sheet.rows[first.header + 1 :], second.sheet.rows[second.header + 1 :]
    return all(
        row[at] == other[there]
        for row, other in zip(rows[:count], others[:count], strict=False)
        for at, there in places
    )


def fill_merged(table: Table) -> None:
    """Give every row of a merged cell with donor, code or day what is printed across them."""
    rows = table.sheet.rows
    wanted = {table.columns.donor, table.columns.code, table.columns.day}
    ranges = [
        (first, last[0], at)
        for (first, at), last in table.sheet.merged
        if at in wanted and table.header < first < last[0] < len(rows)
    ]
    if sum(last - first for first, last, _ in ranges) > 2 * len(rows):
        return  # overlapping ranges are a damage, and hostile ones would cost much time
    for first, last, at in ranges:
        for row in rows[first + 1 : last + 1]:
            row[at] = row[at] or rows[first][at]


def with_day_column(
    table: Table,
    last: int,
    around: Surroundings,
    given: GivenDay | None,
    today: date,
    findings: Findings,
) -> Table:
    """Return the table with the column from which its rows get their day, if there is one.

    Adds a blank cell to every row, and a second one with the day where the transaction ids tell
    it. A column headed “time” that holds dates becomes the day's, and the other way round.
    """
    table = _true_day_and_time(table)
    columns, rows = table.columns, table.sheet.rows
    place: slice | None = None
    codes: list[str | None] = []
    if columns.day is None and columns.transaction is not None:
        codes = [_code(row[columns.transaction]) for row in rows[table.header + 1 : last + 1]]
        place = transaction_days(codes, today)
    period = title_period(around, given)
    if place and period and contradict((code[place] for code in codes if code), period):
        findings.notice("transaction_days_ignored", table.sheet.name, None)
        place = None
    width = len(rows[table.header])
    for row in rows:
        row.append("")
    if place is None:
        return replace(table, added=1)
    findings.notice("days_from_transactions", table.sheet.name, None)
    rows[table.header].append("")
    for row, code in zip_longest(rows[table.header + 1 :], codes):
        row.append(code[place] if code else "")
    return replace(table, columns=columns._replace(day=width + 1), added=2)


def read_table(
    table: Table,
    reader: RowReader,
    stated: StatedTotals,
    last: int,
    on_progress: Callable[[int], None],
) -> None:
    """Read the rows of a table and the notes below it.

    Args:
        table: The table.
        reader: Takes up the rows.
        stated: Takes up what the notes state.
        last: 0-based row that has the last amount.
        on_progress: Called with the number of rows read since it was called before.
    """
    rows = table.sheet.rows
    for start in range(table.header + 1, last + 1, _CHUNK):
        chunk = rows[start : min(start + _CHUNK, last + 1)]
        reader.read(chunk, start + 1, last + 1)
        on_progress(len(chunk))
    if last > table.header:
        reader.read_stray(rows[last], last + 1)
    _read_notes(table, reader, stated, last)
    stated.rows.extend(reader.totals)


def _read_notes(table: Table, reader: RowReader, stated: StatedTotals, last: int) -> None:
    apart = False
    for index, row in enumerate(table.sheet.rows[last + 1 :], last + 1):
        number = index + 1
        cells = [(cell_name(number, at), cell) for at, cell in enumerate(row) if plain_text(cell)]
        if not cells:
            apart = True
        elif _is_total(row, number, cells, reader, last):
            continue
        elif sum(stated.read_text(*cell, table.scale, above=False) for cell in cells):
            reader.notes += 1
        elif _is_note([cell for _, cell in cells], table.title, apart=apart):
            reader.notes += 1
            apart = True
        else:
            reader.read_row(row, number, last + 1)


def _is_total(
    row: list[Cell], number: int, cells: list[tuple[str, Cell]], reader: RowReader, last: int
) -> bool:
    return reader.read_total(row, number, last + 1) or (
        len(cells) == 1 and reader.read_stray(row, number)
    )


def _is_note(cells: list[Cell], title: str | None, *, apart: bool) -> bool:
    """Tell whether a row without an amount is a note or a signature, and not a gift."""
    if len(cells) == 1 and _is_full_date(cells[0]):
        return True
    text = " ".join(map(plain_text, cells))
    if _NOTE.match(text) or (len(text) > _LONG_NOTE and "。" in text):
        return True
    signed = title is not None and text in plain_text(title)
    return len(cells) == 1 and (signed or (apart and is_organisation(text)))


def _is_full_date(cell: Cell) -> bool:
    try:
        return isinstance(read_moment(cell), Moment)
    except Unreadable:
        return False


def _true_day_and_time(table: Table) -> Table:
    columns = table.columns
    if columns.day is None and columns.time is not None:
        if _is_full_date(_sample(table, columns.time)):
            return replace(table, columns=columns._replace(day=columns.time, time=None))
    elif columns.day is not None and columns.time is None:
        sample = _sample(table, columns.day)
        if not _is_full_date(sample) and _is_time(sample):
            return replace(table, columns=columns._replace(day=None, time=columns.day))
    return table


def _sample(table: Table, at: int) -> Cell:
    cells = (row[at] for row in table.sheet.rows[table.header + 1 :])
    return next((cell for cell in cells if plain_text(cell)), "")


def _is_time(cell: Cell) -> bool:
    if not isinstance(cell, (str, time, timedelta)):
        return False
    try:
        return read_time(cell) is not None
    except Unreadable:
        return False


def _code(cell: Cell) -> str | None:
    """Return a transaction id; None for a blank cell, a label or a note in that column."""
    try:
        code = transaction_id(cell)
    except Unreadable:
        return None
    return code if code and re.search("[0-9]", code) else None
