"""Provides downloads: lists as CSV that spreadsheets open in the right encoding."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from litestar import Response
from litestar.response import Stream

BYTE_ORDER_MARK = "\ufeff"
CSV = "text/csv"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe before it.

    Whatever writes CSV passes every cell through this. Source: OWASP, “CSV Injection”.
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def yuan(fen: int) -> str:
    """Return an amount in yuan as spreadsheets read it: 1234.50."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV."""
    file = io.StringIO()
    csv.writer(file).writerows([harmless_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _headers(file_name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{file_name}"'}


def csv_response(
    file_name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> Response[bytes]:
    """Return a small list as a CSV file."""
    content = BYTE_ORDER_MARK + csv_text([header, *rows])
    return Response(content.encode(), media_type=CSV, headers=_headers(file_name))


def csv_stream(
    file_name: str, header: Sequence[str], pages: AsyncIterator[Sequence[Sequence[object]]]
) -> Stream:
    """Return a list of any length as a CSV file, page by page."""

    async def content() -> AsyncIterator[bytes]:
        yield (BYTE_ORDER_MARK + csv_text([header])).encode()
        async for rows in pages:
            yield csv_text(rows).encode()

    return Stream(content(), media_type=CSV, headers=_headers(file_name))
