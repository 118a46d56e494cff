"""Provides the headers of the tables in a list, and the roles that persons gave to them.

What a person assigned is remembered by the texts of the headers, so that the next list of the same
form is read at once. Only roles by their place are kept, with a digest of the headers: where a list
has no header, a person may have taken its first row for one, with a name in it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from charity.reporting.batches.schemas import TableHeaders
from charity.reporting.cells import column_letters, plain_text
from charity.reporting.column_mapping import IGNORE, assigned, check_roles
from charity.reporting.headers import TELLING, HeaderRow, chosen_roles, header_rows
from charity.reporting.tables import ColumnMapping
from charity.reporting.workbooks import ListFile, Sheet, Workbook, read_workbook

COLUMNS_TOLD: Final = 100
TABLES_TOLD: Final = 50
SAMPLES_TOLD: Final = 3
SAMPLES_READ: Final = 200
SAMPLE_CHARACTERS: Final = 60
HEADER_CHARACTERS: Final = 40
_CELL = re.compile(r"([A-Z]{1,3})([0-9]+)")


def read_headers(name: str, content: bytes) -> tuple[TableHeaders, ...]:
    """Return the headers of every sheet that looks like a table, with the roles recognised.

    Where no table of gifts is recognised, that is the row which looks most like a header.

    Args:
        name: of the file.
        content: its bytes.

    Raises:
        Refused: the file cannot be read at all.
    """
    return workbook_headers(read_workbook(ListFile(name, content)))


def workbook_headers(workbook: Workbook) -> tuple[TableHeaders, ...]:
    """Return the headers of a file that was read, before its rows are; see `read_headers`."""
    found = [(sheet, _header(sheet)) for sheet in workbook.sheets]
    return tuple(_told(sheet, header) for sheet, header in found if header)[:TABLES_TOLD]


def header_of(tables: Sequence[TableHeaders], sheet: str | None, cell: str | None) -> str | None:
    """Return what stands above a cell such as `C12`; None if nothing does."""
    place = _CELL.fullmatch(cell or "")
    if place is None:
        return None
    letters, row = place[1], int(place[2])
    return next(
        (
            header
            for table in tables
            if table.sheet == sheet and table.row < row
            for at, header in enumerate(table.headers)
            if column_letters(at) == letters and header != f"#{letters}"
        ),
        None,
    )


async def remembered_columns(organisation: str, tables: Sequence[TableHeaders]) -> dict[str, str]:
    """Return the roles that were given by hand to columns of earlier tables with these headers.

    Args:
        organisation: credit code of the organisation whose lists they were.
        tables: headers of the tables of a file.
    """
    digests = [_digest(organisation, table) for table in tables]
    rows = await ColumnMapping.select().where(ColumnMapping.digest.is_in(digests or ["-"]))
    mappings = {row["digest"]: json.loads(row["mapping"]) for row in rows}
    return {
        table.headers[int(place)]: role
        for table, digest in zip(tables, digests, strict=True)
        for place, role in mappings.get(digest, {}).items()
    }


async def remember_columns(
    organisation: str, tables: Sequence[TableHeaders], columns: Mapping[str, str]
) -> None:
    """Remember the roles given by hand, for the next list with the same headers.

    Only inside a write transaction. What makes no table, or says what is recognised anyway, is not
    kept; and what was remembered of the same headers is forgotten.

    Args:
        organisation: credit code of the organisation whose list it is.
        tables: headers of the tables of the file.
        columns: role of each column by its name.

    Raises:
        Refused: there is no such role, or two columns of a table have the same one.
    """
    check_roles(columns)
    for table in tables:
        given = assigned(table.headers, columns)
        if not given:
            continue
        digest = _digest(organisation, table)
        await ColumnMapping.delete().where(ColumnMapping.digest == digest)
        if _makes_table(table, given) and _says_more(table, given):
            await ColumnMapping.insert(
                ColumnMapping(digest=digest, organisation=organisation, mapping=json.dumps(given))
            )


def _makes_table(table: TableHeaders, given: Mapping[int, str]) -> bool:
    recognised = {role for at, role in enumerate(table.roles) if role and at not in given}
    roles = recognised | set(given.values())
    return "amount" in roles and bool(roles & TELLING)


def _says_more(table: TableHeaders, given: Mapping[int, str]) -> bool:
    return any((table.roles[at] or IGNORE) != role for at, role in given.items())


def _digest(organisation: str, table: TableHeaders) -> str:
    """Return the digest by which a form of list is known again: whose it is, and its headers."""
    text = json.dumps([organisation, *table.headers], ensure_ascii=False)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _header(sheet: Sheet) -> HeaderRow | None:
    """Return the header of a sheet's table, else the row most like one, else None."""
    best: HeaderRow | None = None
    most = 1
    for header in header_rows(sheet, {}):
        if header.is_of_gifts:
            return header
        texts = sum(map(_may_be_header, header.texts))
        if texts > most:
            best, most = header, texts
    return best


def _may_be_header(text: str) -> bool:
    return 0 < len(text) <= HEADER_CHARACTERS and not re.search("[0-9]", text)


def _told(sheet: Sheet, header: HeaderRow) -> TableHeaders:
    samples = _samples(sheet, header.at)
    width = max((at + 1 for at, text in enumerate(header.texts) if text or samples[at]), default=0)
    return TableHeaders(
        sheet=sheet.name,
        row=header.at + 1,
        headers=header.names[:width][:COLUMNS_TOLD],
        roles=chosen_roles(header)[:width][:COLUMNS_TOLD],
        samples=tuple(map(tuple, samples[:width][:COLUMNS_TOLD])),
    )


def _samples(sheet: Sheet, header: int) -> list[list[str]]:
    """Return the first cells of each column below the header that are not blank."""
    rows = sheet.rows[header + 1 : header + 1 + SAMPLES_READ]
    samples: list[list[str]] = [[] for _ in sheet.rows[header]]
    for row in rows:
        for sample, cell in zip(samples, row, strict=False):
            if len(sample) < SAMPLES_TOLD and (text := plain_text(cell)):
                sample.append(text[:SAMPLE_CHARACTERS])
    return samples
