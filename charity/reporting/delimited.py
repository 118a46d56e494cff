"""Provides the reading of delimited text (.csv) in the encodings and delimiters of the offices."""

import codecs
import csv
from collections import Counter
from io import StringIO

from charity.reporting.cells import Cell
from ledger.messages import Refused

_DELIMITERS = ",\t;"
_MOST_FIELDS = 16_384
_SAMPLE_LINES = 200
_BINARY_SHARE = 0.01
_TEXT_CONTROLS = frozenset("\t\n\r\v\f\x1a")


def read_delimited(content: bytes, most_rows: int) -> list[list[Cell]]:
    """Return the rows of delimited text, each padded to the longest.

    Raises:
        Refused: if the content is no text, badly quoted, or has more than `most_rows` rows.
    """
    text = _decoded(content)
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[list[Cell]] = []
    try:
        for fields in reader:
            rows.append([*fields])
            if len(fields) > _MOST_FIELDS:
                raise Refused(
                    "Line {line} has {count} fields.", line=reader.line_num, count=len(fields)
                )
            if len(rows) > most_rows:
                raise Refused("The file has more than {limit} rows. Split it.", limit=most_rows)
    except csv.Error as error:
        raise Refused(
            "Line {line} is badly quoted: {reason}. Save the list again as .csv or .xlsx.",
            line=reader.line_num,
            reason=error,
        ) from None
    width = max(map(len, rows), default=0)
    if width * len(rows) > 1_000_000 + 100 * sum(map(len, rows)):
        raise Refused("One line has {count} fields and most have few. Correct it.", count=width)
    for row in rows:
        row.extend([""] * (width - len(row)))
    return rows


def _decoded(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _looks_binary(text):
            return text
    raise Refused("This is neither a workbook nor text. Save the list as .xlsx or .csv.")


def _looks_binary(text: str) -> bool:
    if "\0" in text:
        return True
    sample = text[:1_000_000]
    controls = sum(sample.count(chr(code)) for code in range(32) if chr(code) not in _TEXT_CONTROLS)
    return controls > _BINARY_SHARE * len(sample)


def _delimiter(text: str) -> str:
    lines = text[:200_000].splitlines(keepends=True)[:_SAMPLE_LINES]

    def agreement(delimiter: str) -> int:
        """Count the sampled lines that have the most common number of fields above one."""
        try:
            widths = Counter(map(len, csv.reader(lines, delimiter=delimiter)))
        except csv.Error:
            return 0
        return max((count for width, count in widths.items() if width > 1), default=0)

    return max(_DELIMITERS, key=agreement)
