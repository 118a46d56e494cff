"""Provides the checks of an .xlsx archive before it is parsed: size, damage, sparseness, formulas.

The parser allocates the whole rectangle that the cells span, so a tiny hostile file could ask for
all memory. Here everything is inflated once under a cap and looked at with cheap tests.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import NoReturn
from xml.parsers import expat

from charity.reporting.cells import cell_name
from ledger.messages import Refused

_LOCAL_HEADER = 30
_SLICE = 65_536
_MOST_MEMBERS = 10_000
_ENCRYPTED = 0x1
# A cell may stand this many empty cells away from the others on average.
_SPARSENESS = 100
_FREE_CELLS = 1_000_000
# Cell names with two letters or seven digits: the rectangle may be large and must be measured.
_FAR_CELL = re.compile(rb"r\s*=\s*[\"'](?:[A-Za-z]{2,}[0-9]|[A-Za-z]?[0-9]{7})")
_ROW_DIGITS = re.compile(rb"r\s*=\s*[\"'][A-Za-z]?[0-9]{6}")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


def check_archive(content: bytes, most_bytes: int, most_rows: int) -> dict[str, frozenset[str]]:
    """Inflate every member of an .xlsx archive once, under a cap.

    Args:
        content: The bytes of the file.
        most_bytes: Cap on the size of all members together, inflated.
        most_rows: Largest row number that is allowed in a sheet.

    Returns:
        For each sheet part that holds formulas, its path and the names of those cells.

    Raises:
        Refused: if the archive is no workbook, damaged, encrypted, too large or too sparse.
    """
    members = _members(content, most_bytes)
    formulas = {}
    left = most_bytes
    for member in members:
        inflated = _inflate(content, member, left)
        left -= len(inflated)
        if b"<!DOCTYPE" in inflated[:_SLICE]:
            _refuse_damaged()
        if b"sheetData" in inflated:
            formulas[member.filename] = _check_sheet(inflated, most_rows)
    return {path: cells for path, cells in formulas.items() if cells}


def sheet_paths(content: bytes) -> dict[str, str]:
    """Return the path of each sheet's part within a checked archive, by the sheet's name."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        if "xl/_rels/workbook.xml.rels" not in archive.namelist():
            _refuse_damaged()
        targets = {
            found["Id"]: "xl/" + found.get("Target", "").removeprefix("/xl/")
            for name, found in _elements(archive.read("xl/_rels/workbook.xml.rels"))
            if name == "Relationship" and "Id" in found
        }
        sheets = [f for name, f in _elements(archive.read("xl/workbook.xml")) if name == "sheet"]
    return {sheet.get("name", ""): targets.get(_relation(sheet), "") for sheet in sheets}


def _relation(sheet: dict[str, str]) -> str:
    return next((value for key, value in sheet.items() if key.endswith(":id")), "")


def _members(content: bytes, most_bytes: int) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error):
        _refuse_damaged()
    names = {member.filename for member in members}
    if "xl/workbook.bin" in names:
        raise Refused("This is a binary workbook (.xlsb). Save it as .xlsx.")
    if "xl/workbook.xml" not in names:
        raise Refused("This is an archive or another document, not a workbook. Save it as .xlsx.")
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise Refused("This workbook is encrypted. Save it without a password.")
    if len(names) != len(members) or len(members) > _MOST_MEMBERS:
        _refuse_damaged()
    if sum(member.file_size for member in members) > most_bytes:
        _refuse_bomb(most_bytes)
    return members


def _inflate(content: bytes, member: zipfile.ZipInfo, most_bytes: int) -> bytes:
    # zipfile stops at the declared size and would not see that a stream goes on after it, but the
    # parser does not stop there. So the stream itself is read to its end.
    fields = content[member.header_offset : member.header_offset + _LOCAL_HEADER]
    if len(fields) < _LOCAL_HEADER or fields[:4] != b"PK\x03\x04":
        _refuse_damaged()
    start = member.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", fields[26:30]))
    packed = memoryview(content)[start : start + member.compress_size]
    if member.compress_type == zipfile.ZIP_STORED:
        inflated = bytes(packed)
    elif member.compress_type == zipfile.ZIP_DEFLATED:
        inflated = b"".join(_deflated(packed, most_bytes))
    else:
        _refuse_damaged()
    if len(inflated) != member.file_size or zlib.crc32(inflated) != member.CRC:
        _refuse_damaged()
    return inflated


def _deflated(packed: memoryview, most_bytes: int) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    left = most_bytes
    try:
        for start in range(0, len(packed), _SLICE):
            # One slice inflates to 66 MB at most: deflate packs no better than 1032 to 1.
            piece = stream.decompress(packed[start : start + _SLICE])
            left -= len(piece)
            if left < 0:
                _refuse_bomb(most_bytes)
            yield piece
    except zlib.error:
        _refuse_damaged()
    if not stream.eof or stream.unused_data:
        _refuse_damaged()


def _check_sheet(inflated: bytes, most_rows: int) -> frozenset[str]:
    cells = inflated.count(b"<c ") + inflated.count(b":c ")
    rows = most_rows if _ROW_DIGITS.search(inflated) else 100_000
    far = _FAR_CELL.search(inflated) is not None or rows * 26 > _FREE_CELLS + _SPARSENESS * cells
    if not far and b"<f" not in inflated and b":f" not in inflated:
        return frozenset()
    survey = _Survey()
    survey.read(inflated)
    if survey.last_row > most_rows:
        raise Refused(
            "This workbook has a row {row}; at most {limit} rows are read. Split it.",
            row=survey.last_row,
            limit=most_rows,
        )
    if survey.last_row * survey.last_column > _FREE_CELLS + _SPARSENESS * survey.cells:
        raise Refused(
            "The cells of this workbook lie too far apart. Delete what stands far from the table."
        )
    return frozenset(survey.formulas)


class _Survey:
    """Finds the last row and column of a sheet, counts its cells, and lists those with formulas."""

    def __init__(self) -> None:
        self.last_row = self.last_column = self.cells = 0
        self.formulas: set[str] = set()
        self._row = self._column = 0

    def read(self, inflated: bytes) -> None:
        parser = expat.ParserCreate("UTF-8")
        parser.StartElementHandler = self._start
        try:
            parser.Parse(inflated, True)
        except (expat.ExpatError, ValueError):
            _refuse_damaged()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
            self.last_row = max(self.last_row, self._row)
        elif name == "c":
            self._place(attributes.get("r"))
        elif name == "f":
            self.formulas.add(cell_name(self._row, self._column - 1))

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
        elif match := _REFERENCE.fullmatch(reference):
            self._column = _column_number(match[1])
            self._row = int(match[2])
        else:
            _refuse_damaged()
        self.cells += 1
        self.last_row = max(self.last_row, self._row)
        self.last_column = max(self.last_column, self._column)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _elements(document: bytes) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate("UTF-8")
    parser.StartElementHandler = lambda name, attributes: found.append(
        (name.rpartition(":")[2], attributes)
    )
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        _refuse_damaged()
    return found


def _refuse_damaged() -> NoReturn:
    raise Refused("This workbook is damaged. Open it in a spreadsheet and save it again as .xlsx.")


def _refuse_bomb(most_bytes: int) -> NoReturn:
    raise Refused(
        "This workbook inflates to more than {limit} MiB. Split it, or save it again.",
        limit=most_bytes // 2**20,
    )
