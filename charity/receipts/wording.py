"""Provides what a receipt of donation says, in words, once for the page and the PDF.

Source of the fields: 财综〔2024〕1号 art. 6 (what an electronic fiscal receipt bears). The platform
prints no fiscal receipt: it never imitates the supervision seal of the finance ministry (监制章),
and says so in its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from charity.receipts.capital_words import capital_words
from charity.receipts.reading import DonationReceipt
from ledger.entries import CURRENCY
from ledger.messages import Message, Translate
from ledger.recount import yuan

TITLE: Final = Message("Receipt of donation")
TITLE_IN_CHINESE: Final = "捐赠收据"
VOID: Final = Message("VOID")
VOID_IN_CHINESE: Final = "作废"
NO_SEAL: Final = Message(
    "Place of the supervision seal of the finance ministry: left blank. This document is not a"
    " fiscal receipt, and does not imitate one."
)
STAMP: Final = Message("Stamp of the organisation, if it is printed on paper")
SAMPLE: Final = Message("SAMPLE: everything here is invented.")
CAPITAL_CURRENCIES: Final = {
    "CNY": "人民币",
    "HKD": "港币",
    "MOP": "澳门币",
    "USD": "美元",
}
NOTHING: Final = "—"


@dataclass(frozen=True, slots=True)
class Proof:
    """Under which signed checkpoint the receipts stand: number of entries, and root in base64."""

    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All words of a printed receipt, in one language.

    Attributes:
        void: the words across a void receipt; empty on a valid one.
        head: label and text of number, day and check code.
        parties: label and text of who issued it and who gave.
        columns, line: the table of items: its headings, and its only line.
        total: label and text of the total in figures and in capital numerals.
        remarks: sentences; `standing` says what kind of document it is, `seal` what stands in the
            place of the ministry's seal.
        stamp: where the organisation puts its own stamp.
        address: of the public page with the proof, which the QR code holds.
        proof: small print: place and root.
        sample: that everything is invented; empty on a real one.
    """

    title: str
    title_in_chinese: str
    void: str
    head: tuple[tuple[str, str], ...]
    parties: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    line: tuple[str, ...]
    total: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    standing: str
    seal: str
    stamp: str
    address: str
    address_label: str
    proof: tuple[tuple[str, str], ...]
    sample: str

    def texts(self) -> Iterator[str]:
        """Yield all words that are printed."""
        yield from (self.title, self.title_in_chinese, self.void, self.standing, self.seal)
        yield from (self.stamp, self.address, self.address_label, self.sample)
        yield from (*self.columns, *self.line, *self.remarks)
        for pairs in (self.head, self.parties, self.total, self.proof):
            for label, text in pairs:
                yield label
                yield text


def figures(receipt: DonationReceipt, amount: int) -> str:
    """Return an amount of a receipt in figures: ¥1,234.50, 12.50 HKD, 300 箱."""
    if receipt.is_goods:
        return f"{amount:,} {receipt.item.measure}"
    return f"¥{yuan(amount)}" if receipt.unit == CURRENCY else f"{yuan(amount)} {receipt.unit}"


@dataclass(frozen=True, slots=True)
class Printing:
    """How receipts are printed.

    Attributes:
        proof: the newest checkpoint.
        entries: address of the pages of entries on the public site, such as
            https://city.example/zh/entries.
        translate: into the language of the sheets.
        sample: whether the ledger is one of sample data, which the sheet must say.
    """

    proof: Proof
    entries: str
    translate: Translate
    sample: bool

    def sheet(self, receipt: DonationReceipt) -> Sheet:
        """Return the words of a receipt."""
        translate, proof = self.translate, self.proof
        void = f"{VOID_IN_CHINESE} {VOID.text()}" if receipt.void else ""
        return Sheet(
            title=TITLE.text(translate),
            title_in_chinese=TITLE_IN_CHINESE,
            void=void,
            head=(
                (Message("Number").text(translate), receipt.full_number),
                (Message("Day of issue").text(translate), receipt.day),
                (Message("Check code").text(translate), receipt.check_code),
            ),
            parties=_parties(receipt, translate),
            columns=tuple(
                column.text(translate)
                for column in (
                    Message("Item code"),
                    Message("Item"),
                    Message("Unit"),
                    Message("Quantity"),
                    Message("Standard"),
                    Message("Amount"),
                )
            ),
            line=_line(receipt, translate),
            total=_total(receipt, translate),
            remarks=tuple(remark.text(translate) for remark in _remarks(receipt)),
            standing=_standing(receipt).text(translate),
            seal=NO_SEAL.text(translate),
            stamp=STAMP.text(translate),
            address=f"{self.entries}/{receipt.position}",
            address_label=Message("Check it in the public ledger").text(translate),
            proof=(
                (Message("Place in the ledger").text(translate), f"#{receipt.position}"),
                (Message("Entry of the gift").text(translate), f"#{receipt.gift}"),
                (Message("Leaf hash").text(translate), receipt.leaf.hex()),
                (Message("Entries under the signed checkpoint").text(translate), f"{proof.size:,}"),
                (Message("Root hash").text(translate), proof.root),
            ),
            sample=SAMPLE.text(translate) if self.sample else "",
        )


def _parties(receipt: DonationReceipt, translate: Translate) -> tuple[tuple[str, str], ...]:
    nobody = Message("Not named (well-wisher)")
    gift_days = (
        f"{receipt.period_start} – {receipt.gift_day}"
        if receipt.period_start and receipt.period_start != receipt.gift_day
        else receipt.gift_day
    )
    code = Message("Unified social credit code").text(translate)
    return (
        (Message("Issued by").text(translate), receipt.organisation),
        (code, receipt.organisation_code),
        (Message("Payer (donor)").text(translate), receipt.payer or nobody.text(translate)),
        (Message("Credit code of the payer").text(translate), receipt.payer_code or NOTHING),
        (Message("Day of the gift").text(translate), gift_days),
    )


def _line(receipt: DonationReceipt, translate: Translate) -> tuple[str, ...]:
    item = receipt.item
    if receipt.is_goods:
        name = f"{item.name} · {item.goods}"
        return item.code, name, item.measure or "", f"{receipt.amount:,}", NOTHING, NOTHING
    amount = figures(receipt, receipt.amount)
    unit = Message("gift").text(translate)
    return item.code, item.name, unit, "1", amount, amount


def _total(receipt: DonationReceipt, translate: Translate) -> tuple[tuple[str, str], ...]:
    if receipt.is_goods:
        pieces = figures(receipt, receipt.amount)
        return ((Message("Total (goods, no value stated)").text(translate), pieces),)
    in_words = f"{CAPITAL_CURRENCIES[receipt.unit]}{capital_words(receipt.amount)}"
    return (
        (Message("Total in figures").text(translate), figures(receipt, receipt.amount)),
        (Message("Total in capital numerals").text(translate), in_words),
    )


def _remarks(receipt: DonationReceipt) -> Iterator[Message]:
    if receipt.void is not None:
        yield Message(
            "Void since {day} (entry #{position}): {reason}",
            day=receipt.void.day,
            position=receipt.void.position,
            reason=receipt.void.reason,
        )
    if receipt.amount != receipt.given:
        yield Message(
            "Of the gift of {given}, {back} had been paid back before.",
            given=figures(receipt, receipt.given),
            back=figures(receipt, receipt.given - receipt.amount),
        )
    if receipt.on_behalf:
        yield Message("Somebody else paid on behalf of the donor.")
    if receipt.is_goods:
        yield Message("Goods by pieces and measure; this document states no value.")


def _standing(receipt: DonationReceipt) -> Message:
    if receipt.fiscal is None:
        return Message(
            "A receipt of the organisation itself. It is not an official fiscal receipt; for a tax"
            " deduction ask the organisation for the fiscal electronic receipt."
        )
    return Message(
        "Belongs to the official fiscal electronic receipt with code {code}, number {number}, which"
        " alone counts for a tax deduction.",
        code=receipt.fiscal.code,
        number=receipt.fiscal.number,
    )
