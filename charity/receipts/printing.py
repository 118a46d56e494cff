"""Provides receipts of donations as PDF: A4, with the characters that are needed of one font.

The bytes depend on nothing but what the receipt says: the same receipt gives the same file.
"""

import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import segno
from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

from charity.receipts.wording import Sheet
from ledger.messages import Message, Refused

FONT_FILE: Final = Path(__file__).parent / "fonts" / "noto-sans-sc.woff"
FONT: Final = "receipts"
ALWAYS: Final = frozenset(map(chr, range(0x20, 0x7F)))
MARGIN: Final = 18
WIDTH: Final = 210 - 2 * MARGIN
COLUMN_WIDTHS: Final = (36, 56, 16, 18, 24, 24)
INK: Final = (30, 30, 30)
SOFT: Final = (95, 95, 95)
LINE: Final = (150, 150, 150)
RED: Final = (178, 34, 52)
QR_MM: Final = 32
"""Millimetres; colours in RGB."""

SMALLEST_POINTS: Final = 5
LONG_TEXTS: Final = ((60, 24), (600, 8), (10**9, 4))
"""Characters up to which a text has at most so many points: a long name must not leave the page."""


@cache
def font_characters() -> frozenset[str]:
    """Return the characters that the font has."""
    with TTFont(FONT_FILE, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def lacking(sheet: Sheet) -> Message | None:
    """Return why the PDF of a sheet cannot be made; None if the font has every character.

    An empty box in a name is never printed. The message gives codes of characters, not the name.
    """
    missing = {character for text in sheet.texts() for character in text} - font_characters()
    if not missing:
        return None
    return Message(
        "The PDF cannot be made: its font lacks {characters}. Open the receipt in the browser and"
        " print that page instead.",
        characters=", ".join(f"U+{ord(character):04X}" for character in sorted(missing)),
    )


def _part_of_font(characters: Collection[str]) -> bytes:
    """Return a font with these characters only."""
    options = subset.Options()
    options.recalc_timestamp = False
    options.notdef_outline = True
    with TTFont(FONT_FILE, lazy=True, recalcTimestamp=False) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(sorted(ALWAYS.union(characters))))
        subsetter.subset(font)
        font.flavor = None
        file = io.BytesIO()
        font.save(file)
    return file.getvalue()


@contextmanager
def font_for(sheets: Iterable[Sheet]) -> Iterator[Path]:
    """Yield the file of a font with the characters of these sheets, for as long as it is needed.

    Taking them out of the whole font is slow: do it once for many receipts.
    """
    characters = {character for sheet in sheets for text in sheet.texts() for character in text}
    with TemporaryDirectory(prefix="receipts-") as folder:
        file = Path(folder) / "part.ttf"
        file.write_bytes(_part_of_font(characters))
        yield file


def receipt_pdf(sheet: Sheet, recorded_at: str, font: Path) -> bytes:
    """Return a receipt as a PDF of one page.

    Args:
        sheet: the words of the receipt.
        recorded_at: when the entry was recorded (UTC, ISO): the file's day of making.
        font: from `font_for`.

    Raises:
        Refused: the font lacks a character.
    """
    problem = lacking(sheet)
    if problem is not None:
        raise Refused(problem.template, **problem.values)
    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime.fromisoformat(recorded_at))
    pdf.set_title(f"{sheet.title_in_chinese} {sheet.head[0][1]}")
    pdf.set_producer("charity-city")
    pdf.set_auto_page_break(auto=False)
    pdf.add_font(FONT, fname=font)
    font_in_pdf = pdf.fonts[FONT]
    if isinstance(font_in_pdf, TTFFont):  # a part of the font keeps the outlines of the whole
        font_in_pdf.ttfont.recalcBBoxes = False
    pdf.set_margin(MARGIN)
    pdf.add_page()
    _Page(pdf, sheet).draw()
    return bytes(pdf.output())


class _Page:
    """A page on its way from the top to the bottom."""

    def __init__(self, pdf: FPDF, sheet: Sheet) -> None:
        self._pdf = pdf
        self._sheet = sheet

    def draw(self) -> None:
        sheet = self._sheet
        self._title()
        self._three(sheet.head)
        self._rule()
        for label, text in sheet.parties:
            self._pair(label, text)
        self._gap(3)
        self._table()
        self._gap(2)
        for label, text in sheet.total:
            self._pair(label, text, size=12)
        self._gap(2)
        if sheet.sample:
            self._paragraph(sheet.sample, 12)
        for remark in sheet.remarks:
            self._paragraph(remark, 9.5)
        self._paragraph(sheet.standing, 9.5)
        self._gap(3)
        self._boxes()
        self._proof()
        if sheet.void:
            self._void()

    def _font(self, size: float, colour: tuple[int, int, int] = INK) -> None:
        self._pdf.set_font(FONT, size=size)
        self._pdf.set_text_color(*colour)

    def _gap(self, millimetres: float) -> None:
        self._pdf.set_y(self._pdf.get_y() + millimetres)

    def _rule(self) -> None:
        self._gap(2)
        y = self._pdf.get_y()
        self._pdf.set_draw_color(*LINE)
        self._pdf.line(MARGIN, y, MARGIN + WIDTH, y)
        self._gap(3)

    def _title(self) -> None:
        sheet, pdf = self._sheet, self._pdf
        self._font(24)
        pdf.cell(WIDTH, 12, sheet.title_in_chinese, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        if sheet.title != sheet.title_in_chinese:
            self._font(11, SOFT)
            pdf.cell(WIDTH, 6, sheet.title, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._gap(6)

    def _three(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Draw pairs side by side."""
        width = WIDTH / len(pairs)
        self._font(8.5, SOFT)
        for label, _ in pairs:
            self._pdf.cell(width, 4.5, label)
        self._pdf.ln(4.5)
        self._font(11)
        for _, text in pairs:
            self._fitted(width, 6, text, 11)
        self._pdf.ln(6)

    def _fitted(
        self, width: float, height: float, text: str, size: float, align: str = "L"
    ) -> None:
        """Draw a text in one cell, smaller if it is too long for it."""
        self._font(size)
        while self._pdf.get_string_width(text) > width - 2 and size > SMALLEST_POINTS:
            size -= 0.5
            self._font(size)
        self._pdf.cell(width, height, text, align=align)

    def _pair(self, label: str, text: str, size: float = 11) -> None:
        pdf, label_width = self._pdf, 48
        top = pdf.get_y()
        self._font(8.5, SOFT)
        pdf.multi_cell(label_width, 6.5, label, align="L", new_x=XPos.RIGHT, new_y=YPos.TOP)
        longest = next(more for most, more in LONG_TEXTS if len(text) <= most)
        self._font(min(size, longest))
        pdf.set_xy(MARGIN + label_width, top)
        pdf.multi_cell(
            WIDTH - label_width,
            6.5 * min(1, longest / 11),
            text,
            align="L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def _paragraph(self, text: str, size: float) -> None:
        self._font(size)
        self._pdf.multi_cell(WIDTH, 5.2, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._gap(1)

    def _table(self) -> None:
        sheet, pdf = self._sheet, self._pdf
        pdf.set_draw_color(*LINE)
        self._font(8.5, SOFT)
        with pdf.table(
            col_widths=COLUMN_WIDTHS,
            width=WIDTH,
            line_height=6,
            text_align=("LEFT", "LEFT", "CENTER", "RIGHT", "RIGHT", "RIGHT"),
            first_row_as_headings=False,
        ) as table:
            for size, row in ((8.5, sheet.columns), (10, sheet.line)):
                self._font(size, SOFT if row is sheet.columns else INK)
                table.row(row)

    def _boxes(self) -> None:
        """Draw the place of the ministry's seal, which stays blank, and that of the stamp."""
        pdf, height = self._pdf, 26
        top, half = pdf.get_y(), (WIDTH - 6) / 2
        pdf.set_draw_color(*LINE)
        for left, words in (
            (MARGIN, self._sheet.seal),
            (MARGIN + half + 6, self._sheet.stamp),
        ):
            pdf.rect(left, top, half, height)
            pdf.set_xy(left + 2, top + 2)
            self._font(8, SOFT)
            pdf.multi_cell(half - 4, 4.2, words, align="L")
        pdf.set_xy(MARGIN, top + height + 6)

    def _proof(self) -> None:
        """Draw the QR code of the public entry, and beside it where the entry stands."""
        pdf, sheet = self._pdf, self._sheet
        top = pdf.get_y()
        self._qr(sheet.address, MARGIN, top)
        left = MARGIN + QR_MM + 6
        pdf.set_xy(left, top)
        self._font(9.5)
        pdf.cell(WIDTH, 5, sheet.address_label, new_x=XPos.LEFT, new_y=YPos.NEXT)
        self._font(8, SOFT)
        pdf.cell(WIDTH, 5, sheet.address, new_x=XPos.LEFT, new_y=YPos.NEXT)
        for label, text in sheet.proof:
            pdf.set_x(left)
            self._font(7, SOFT)
            line = f"{label}  {text}"
            pdf.multi_cell(WIDTH - QR_MM - 6, 4, line, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)

    def _qr(self, address: str, left: float, top: float) -> None:
        """Draw a QR code: runs of dark modules as rectangles."""
        matrix = segno.make(address, error="m", micro=False).matrix
        module = QR_MM / len(matrix)
        self._pdf.set_fill_color(0, 0, 0)
        for y, row in enumerate(matrix):
            start = 0
            while start < len(row):
                stop = start
                while stop < len(row) and row[stop]:
                    stop += 1
                if stop > start:
                    self._pdf.rect(
                        left + start * module,
                        top + y * module,
                        (stop - start) * module,
                        module,
                        style="F",
                    )
                start = max(stop, start + 1)

    def _void(self) -> None:
        pdf = self._pdf
        self._font(88, RED)
        width = pdf.get_string_width(self._sheet.void)
        size = 88 * min(1, (WIDTH + 20) / width)
        self._font(size, RED)
        width = pdf.get_string_width(self._sheet.void)
        with pdf.local_context(fill_opacity=0.35), pdf.rotation(32, 105, 140):
            pdf.text(105 - width / 2, 150, self._sheet.void)
