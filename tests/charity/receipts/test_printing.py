"""Tests of printed receipts: what they say, the same bytes each time, never an empty box."""

import re
import zlib

import pytest

from charity.receipts.printing import font_characters, font_for, lacking, receipt_pdf
from charity.receipts.reading import DonationReceipt, Item, Voided
from charity.receipts.wording import Sheet
from ledger.kinds.donation_receipt import FiscalReceipt
from ledger.messages import Refused
from tests.charity.receipts.receipts import GOODS, PAYER, PRINTING, invented

RARE = "\U0002f800"
"""A compatibility form that no font of names has."""


def printed(sheet: Sheet, *others: Sheet) -> bytes:
    with font_for([sheet, *others]) as font:
        return receipt_pdf(sheet, "2026-01-05T02:00:00Z", font)


def streams(pdf: bytes) -> bytes:
    """Return what the compressed streams of a PDF hold, joined."""
    joined = b""
    for match in re.finditer(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL):
        try:
            joined += zlib.decompress(match[1])
        except zlib.error:
            joined += match[1]
    return joined


def words(receipt: DonationReceipt) -> str:
    return "\n".join(PRINTING.sheet(receipt).texts())


def test_a_receipt_says_everything_that_it_must() -> None:
    said = words(invented())
    for text in (
        "捐赠收据",
        "2026-000123",
        "00010 20304 05060 70809",
        "示例基金会",
        PAYER,
        "2026-01-02",
        "¥123.45",
        "人民币壹佰贰拾叁元肆角伍分",
        "https://city.example/en/entries/1234",
        "#1234",
        "#99",
        "20,000",
        "root=",
        "not an official fiscal receipt",
        "supervision seal of the finance ministry: left blank",
    ):
        assert text in said, text
    assert "VOID" not in said
    assert "SAMPLE" not in said


def test_a_receipt_says_what_is_particular_about_it() -> None:
    fiscal = FiscalReceipt(code="44030126", number="0000012345")
    for fields, text in (
        ({"payer": None}, "Not named"),
        ({"payer_code": "53440300305837768J"}, "53440300305837768J"),
        ({"fiscal": fiscal}, "code 44030126, number 0000012345"),
        ({"on_behalf": True}, "Somebody else paid"),
        ({"given": 200_00}, "Of the gift of ¥200.00, ¥76.55 had been paid back"),
        ({"period_start": "2026-01-01"}, "2026-01-01 – 2026-01-02"),
        ({"unit": "HKD"}, "港币壹佰贰拾叁元肆角伍分"),
        ({"void": Voided(1300, "2026-01-06", "虚构原因")}, "entry #1300): 虚构原因"),
        ({"void": Voided(1300, "2026-01-06", "虚构原因")}, "作废 VOID"),
    ):
        assert text in words(invented(**fields)), text


def test_goods_have_pieces_and_no_invented_value() -> None:
    item = Item("general", "非限定性资金", "示例瓶装水", "箱")
    said = words(invented(item=item, unit=GOODS, amount=300, given=300))
    assert "非限定性资金 · 示例瓶装水" in said
    assert "300 箱" in said
    assert "states no value" in said
    assert "¥" not in said
    assert "元整" not in said


def test_the_same_receipt_gives_the_same_bytes_whatever_it_is_printed_with() -> None:
    sheet = PRINTING.sheet(invented())
    other = PRINTING.sheet(invented(payer="另一位虚构捐赠人", number=7))
    assert printed(sheet) == printed(sheet)
    assert printed(other) != printed(sheet)
    assert len(printed(sheet, other)) < 60_000


def test_every_character_is_in_the_pdf_as_text() -> None:
    sheet = PRINTING.sheet(invented(void=Voided(1, "2026-01-06", "虚构缘由")))
    content = streams(printed(sheet)).upper()
    for character in {character for text in sheet.texts() for character in text}:
        assert f"<{character.encode('utf-16-be').hex().upper()}>".encode() in content, character
    assert printed(sheet).count(b"/Type /Page\n") == 1


def test_the_longest_names_stay_on_the_page() -> None:
    pdf = printed(PRINTING.sheet(invented(payer="虚" * 500, organisation="示例" * 60)))
    assert pdf.count(b"/Type /Page\n") == 1


def test_a_name_with_a_character_that_the_font_lacks_is_refused_without_telling_the_name() -> None:
    sheet = PRINTING.sheet(invented(payer=f"虚构{RARE}"))
    with pytest.raises(Refused, match=r"lacks U\+2F800\. Open the receipt in the browser") as told:
        printed(sheet)
    assert "虚构" not in str(told.value)
    assert lacking(PRINTING.sheet(invented(payer="虚构𪨶"))) is None


def test_the_font_has_the_characters_of_names() -> None:
    characters = font_characters()
    assert all(chr(code) in characters for code in range(0x4E00, 0x9FA6))
    assert set("㛃㭎䶮𬭚𫖮𪨶·’“”「」（）％＠￥¥€äßéñЖ") <= characters
