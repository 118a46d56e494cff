"""Provides the reading of a donation list's file into sheets of cells, within limits.

The kind of a file is told by its content, never by its ending. Whatever is wrong with a file is a
`Refused` that says what the file is and how to mend it.
"""

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from charity.reporting.archives import check_archive, sheet_paths
from charity.reporting.cells import Cell
from charity.reporting.delimited import read_delimited
from ledger.messages import Message, Refused

_ZIP = b"PK\x03\x04"
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_WORKBOOK_STREAMS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_OTHER_KINDS: Mapping[bytes, Message] = {
    b"\xff\xd8\xff": Message("a JPEG picture"),
    b"\x89PNG": Message("a PNG picture"),
    b"GIF8": Message("a GIF picture"),
    b"BM": Message("a BMP picture"),
    b"%PDF": Message("a PDF document"),
    b"Rar!": Message("a RAR archive"),
    b"7z\xbc\xaf\x27\x1c": Message("a 7z archive"),
    b"\x1f\x8b": Message("a gzip archive"),
    b"{\\rtf": Message("an RTF document"),
}


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Limits of a file that is read.

    Attributes:
        file_bytes: Size of the file.
        inflated_bytes: Size of everything in an .xlsx archive together, inflated.
        rows: Rows of one sheet.
    """

    file_bytes: int = 64 * 2**20
    inflated_bytes: int = 512 * 2**20
    rows: int = 1_000_000


DEFAULT_LIMITS = FileLimits()


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file that was sent or read from disk: its name, for display, and its bytes."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a file.

    Attributes:
        name: Its name; for a .csv file the name of the file.
        rows: Its cells; every row has the same length, blank cells are empty text.
        merged: Merged ranges as ((first row, first column), (last row, last column)), from 0.
        formulas: Names of the cells that hold formulas, known for .xlsx only.
        ragged: Whether rows may be longer than the header because text was split at commas.
        hidden: Whether a spreadsheet does not show the sheet.
    """

    name: str
    rows: list[list[Cell]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    formulas: frozenset[str] = frozenset()
    ragged: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Workbook:
    """A file as it was read: its name, its SHA-256 digest in hexadecimal, and its sheets."""

    name: str
    digest: str
    sheets: list[Sheet]


def open_file(path: Path, limits: FileLimits = DEFAULT_LIMITS) -> ListFile:
    """Return a file on disk with its bytes.

    Raises:
        Refused: if it cannot be opened or is too large.
    """
    return ListFile(path.name, _content(path, limits))


def read_workbook(file: ListFile, limits: FileLimits = DEFAULT_LIMITS) -> Workbook:
    """Read an .xlsx, .xls or .csv file.

    Raises:
        Refused: if the file is too large, empty, encrypted, damaged or of another kind.
    """
    content = file.content
    _check_size(file.name, len(content), limits)
    if not content:
        raise Refused("{name} is empty.", name=file.name)
    if content.startswith(_ZIP):
        sheets = _xlsx_sheets(content, limits)
    elif content.startswith(_OLE2):
        sheets = _xls_sheets(content, limits)
    else:
        _refuse_other_kinds(content)
        rows: list[list[Cell]] = [*read_delimited(content, limits.rows)]
        sheets = [Sheet(Path(file.name).stem, rows, ragged=True)]
    return Workbook(file.name, hashlib.sha256(content).hexdigest(), sheets)


def _content(path: Path, limits: FileLimits) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Refused("{name} is not a file.", name=path.name)
        _check_size(path.name, status.st_size, limits)
        with path.open("rb") as file:
            content = file.read(limits.file_bytes + 1)
    except OSError as error:
        raise Refused("{name} cannot be opened: {reason}", name=path.name, reason=error.strerror)  # noqa: B904 (the reason is in the message)
    if len(content) > limits.file_bytes:
        raise Refused("{name} grew while it was read. Try again.", name=path.name)
    return content


def _check_size(name: str, size: int, limits: FileLimits) -> None:
    if size > limits.file_bytes:
        raise Refused(
            "{name} has {size} MiB; at most {limit} MiB are read. Split the list.",
            name=name,
            size=size // 2**20,
            limit=limits.file_bytes // 2**20,
        )


def _refuse_other_kinds(content: bytes) -> None:
    for beginning, kind in _OTHER_KINDS.items():
        if content.startswith(beginning):
            raise Refused("This is {kind}, not a list. Save it as .xlsx or .csv.", kind=kind)
    if content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html")):
        raise Refused("This is a web page, not a list. Save it as .xlsx or .csv.")


def _xlsx_sheets(content: bytes, limits: FileLimits) -> list[Sheet]:
    formulas = check_archive(content, limits.inflated_bytes, limits.rows)
    paths = sheet_paths(content) if formulas else {}
    return _parsed(
        content, limits, {name: formulas.get(path, frozenset()) for name, path in paths.items()}
    )


def _xls_sheets(content: bytes, limits: FileLimits) -> list[Sheet]:
    if _ENCRYPTED_PACKAGE in content:
        raise Refused("This workbook is encrypted. Save it without a password.")
    if not any(name in content for name in _WORKBOOK_STREAMS):
        raise Refused("This is an older Office document, not a workbook. Save it as .xlsx.")
    return _parsed(content, limits, {})


def _parsed(
    content: bytes, limits: FileLimits, formulas: Mapping[str, frozenset[str]]
) -> list[Sheet]:
    try:
        with CalamineWorkbook.from_filelike(BytesIO(content)) as workbook:
            return [
                _sheet(workbook, name, limits, formulas.get(name, frozenset()), hidden=hidden)
                for name, hidden in _worksheets(workbook)
            ]
    except Refused:
        raise
    except PasswordError:
        raise Refused("This workbook is encrypted. Save it without a password.") from None
    except BaseException as error:
        # A panic of the parser, which is compiled code, does not derive from Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise Refused(
            "This workbook is damaged and cannot be read. Save it again as .xlsx."
        ) from error


def _worksheets(workbook: CalamineWorkbook) -> list[tuple[str, bool]]:
    """Return the names of the sheets of cells, not of charts, and whether each is hidden."""
    return [
        (found.name, found.visible != SheetVisibleEnum.Visible)
        for found in workbook.sheets_metadata
        if found.typ == SheetTypeEnum.WorkSheet
    ]


def _sheet(
    workbook: CalamineWorkbook,
    name: str,
    limits: FileLimits,
    formulas: frozenset[str],
    *,
    hidden: bool,
) -> Sheet:
    sheet = workbook.get_sheet_by_name(name)
    if sheet.total_height > limits.rows:
        raise Refused("Sheet {name} has more than {limit} rows.", name=name, limit=limits.rows)
    rows: list[list[Cell]] = [*sheet.to_python(skip_empty_area=False)]
    return Sheet(name, rows, sheet.merged_cell_ranges or [], formulas, hidden=hidden)
