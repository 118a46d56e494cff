"""Provides archives of receipts: one ZIP of PDFs and a list, made and sent a part at a time."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final, TypeAlias
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from anyio import to_thread

from charity.receipts.lists import chunks
from charity.receipts.printing import font_for, lacking, receipt_pdf
from charity.receipts.reading import DonationReceipt, read_receipts
from charity.receipts.wording import Printing
from ledger.entries import GOODS_PREFIX
from ledger.messages import Message, Refused, Translate
from ledger.recount import yuan
from ledger.vault.vault import Vault

RECEIPTS_MAX: Final = 10_000
RECEIPTS_AT_ONCE: Final = 50
LIST_NAME: Final = "receipts.csv"
BYTE_ORDER_MARK: Final = "\ufeff"
NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Of every file: the same receipts give the same archive."""


CsvText: TypeAlias = Callable[[Iterable[Sequence[object]]], str]


class _Sent:
    """A file that keeps only what was not sent yet."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: whoever sends takes the bytes."""

    def take(self) -> bytes:
        """Return what waits to be sent."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


def check_archive(positions: Sequence[int]) -> None:
    """Make sure that an archive of these receipts can be made.

    Raises:
        Refused: there are none, or too many for one archive.
    """
    if not positions:
        raise Refused("There is no receipt to put into an archive.")
    if len(positions) > RECEIPTS_MAX:
        raise Refused(
            "An archive holds {most} receipts at most; these are {count}. Choose a shorter time, a"
            " batch or a donor.",
            most=RECEIPTS_MAX,
            count=len(positions),
        )


async def receipt_archive(
    vault: Vault, positions: Sequence[int], printing: Printing, csv_text: CsvText
) -> AsyncIterator[bytes]:
    """Yield the bytes of a ZIP with these receipts; fifty are in memory at a time.

    Each is a PDF named by its number; the list names them all, with amounts and totals. Where the
    PDF's font lacks a character of a name the list says so instead. `csv_text` writes rows as CSV
    in which no spreadsheet finds a formula.
    """
    sent, rows, totals = _Sent(), [_heading(printing.translate)], Counter[str]()
    with ZipFile(sent, "w") as archive:  # type: ignore[call-overload]  # it needs no reading
        for part in chunks(positions, RECEIPTS_AT_ONCE):
            receipts = await read_receipts(vault, part, with_names=True)
            rows += await to_thread.run_sync(_add_receipts, archive, receipts, printing)
            totals.update(_valid_sums(receipts))
            yield sent.take()
        rows += _total_rows(totals, printing.translate)
        text = BYTE_ORDER_MARK + csv_text(rows)
        archive.writestr(_file(LIST_NAME), text.encode(), ZIP_DEFLATED)
    yield sent.take()


def _file(name: str) -> ZipInfo:
    return ZipInfo(name, NO_DATE)


def _heading(translate: Translate) -> list[object]:
    return [
        label.text(translate)
        for label in (
            Message("Number"),
            Message("Day of issue"),
            Message("State"),
            Message("Amount"),
            Message("Unit"),
            Message("Payer (donor)"),
            Message("Day of the gift"),
            Message("Entry of the gift"),
            Message("Entry of the receipt"),
            Message("File"),
        )
    ]


def _add_receipts(
    archive: ZipFile, receipts: Sequence[DonationReceipt], printing: Printing
) -> list[list[object]]:
    """Put receipts into the archive; return their rows of the list."""
    sheets = [printing.sheet(receipt) for receipt in receipts]
    rows: list[list[object]] = []
    with font_for(sheets) as font:
        for receipt, sheet in zip(receipts, sheets, strict=True):
            name = f"{receipt.full_number}.pdf"
            problem = lacking(sheet)
            if problem is None:
                pdf = receipt_pdf(sheet, receipt.recorded_at, font)
                archive.writestr(_file(name), pdf, ZIP_STORED)
            else:
                name = problem.text(printing.translate)
            rows.append(_row(receipt, name, printing.translate))
    return rows


def _number(amount: int, unit: str) -> str:
    """Return an amount as spreadsheets read it: with two decimals, or in pieces."""
    return str(amount) if unit.startswith(GOODS_PREFIX) else yuan(amount).replace(",", "")


def _unit(unit: str) -> str:
    return unit.removeprefix(GOODS_PREFIX)


def _row(receipt: DonationReceipt, file: str, translate: Translate) -> list[object]:
    state = Message("VOID") if receipt.void else Message("valid")
    return [
        receipt.full_number,
        receipt.day,
        state.text(translate),
        _number(receipt.amount, receipt.unit),
        _unit(receipt.unit),
        receipt.payer or "",
        receipt.gift_day,
        receipt.gift,
        receipt.position,
        file,
    ]


def _valid_sums(receipts: Sequence[DonationReceipt]) -> Counter[str]:
    sums = Counter[str]()
    for receipt in receipts:
        if receipt.void is None:
            sums[receipt.unit] += receipt.amount
    return sums


def _total_rows(totals: Counter[str], translate: Translate) -> list[list[object]]:
    """Return the sum of the valid receipts in each unit."""
    label = Message("Total of the valid ones").text(translate)
    return [
        [label, "", "", _number(total, unit), _unit(unit)] for unit, total in sorted(totals.items())
    ]
