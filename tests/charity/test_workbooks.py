"""Provides tests of files: their kinds, their limits, and files that are bad or hostile."""

import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charity.reporting.workbooks import FileLimits, open_file, read_workbook
from ledger.messages import Refused
from tests.charity.lists import HEADER, codes, read, write_csv, write_xlsx

GIFT = ("2020.01.22", "虚构捐赠人", 100.5, "示例")
SMALL = FileLimits(file_bytes=2**20, inflated_bytes=2**22, rows=1_000)


def _member(path: Path, name: str, change: tuple[bytes, bytes]) -> Path:
    """Replace bytes within one member of an archive."""
    changed = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            content = old.read(member)
            assert member != name or change[0] in content
            new.writestr(member, content.replace(*change) if member == name else content)
    return changed


@pytest.fixture
def xlsx(tmp_path: Path) -> Path:
    return write_xlsx(tmp_path / "list.xlsx", [HEADER, GIFT, GIFT])


@pytest.mark.parametrize("name", ["list.xlsx", "list.xls", "list.csv", "list", "photo.jpg"])
def test_the_kind_is_told_by_the_content(xlsx: Path, name: str) -> None:
    renamed = xlsx.rename(xlsx.with_name(name))
    assert [row.amount_fen for row in read(renamed).rows] == [10_050, 10_050]


def test_older_workbooks(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for at, cells in enumerate([HEADER, GIFT]):
        for column, cell in enumerate(cells):
            sheet.write(at, column, cell)
    path = tmp_path / "list.xlsx"
    book.save(str(path))
    row = read(path).rows[0]
    assert (row.sheet, row.row, row.amount_fen, row.donor) == ("名单", 2, 10_050, "虚构捐赠人")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimited_text(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [
        "示例捐赠明细",
        delimiter.join(HEADER),
        delimiter.join(["2020-01-22", "虚构捐赠人", '"1,000.50"', '"一行\n两行"']),
    ]
    (row,) = read(write_csv(tmp_path / "list.csv", *lines, encoding=encoding)).rows
    assert (row.amount_fen, row.donor, row.remark) == (100_050, "虚构捐赠人", "一行 两行")


def test_an_amount_split_at_its_comma_is_found(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "list.csv", "捐赠人,日期,金额", "虚构甲,2020-01-22,1,000.00",
        "虚构乙,2020-01-22,5", "虚构丙,2020-01-22,2,500.00",
    )  # fmt: skip
    assert codes(read(path)) == [("row_too_long", "D2"), ("total_differs", "D4")]


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.touch()
    with pytest.raises(Refused, match="empty"):
        read(path)


def test_a_folder_or_an_absent_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not a file"):
        read(tmp_path)
    with pytest.raises(Refused, match="cannot be opened"):
        read(tmp_path / "absent.xlsx")


def test_a_sparse_file_of_200_mb_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(Refused, match="190 MiB"):
        read(path)


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [(b"\xff\xd8\xff\xe0", "JPEG"), (b"\x89PNG\r\n", "PNG"), (b"%PDF-1.7", "PDF"),
     (b"<!DOCTYPE html><table>", "web page"), (b"\x00\x01\x02", "neither")],
)  # fmt: skip
def test_other_kinds_of_files(tmp_path: Path, beginning: bytes, kind: str) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(beginning + bytes(range(256)) * 40)
    with pytest.raises(Refused, match=kind):
        read(path)


@pytest.mark.parametrize("name", ["word/document.xml", "xl/workbook.bin"])
def test_other_archives(tmp_path: Path, name: str) -> None:
    path = tmp_path / "list.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "示例")
    with pytest.raises(Refused, match="Save it as"):
        read(path)


def test_encrypted_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    ole2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    path.write_bytes(ole2 + "EncryptedPackage".encode("utf-16-le") + bytes(512))
    with pytest.raises(Refused, match="encrypted"):
        read(path)
    path.write_bytes(ole2 + bytes(512))
    with pytest.raises(Refused, match="not a workbook"):
        read(path)


def test_a_declared_bomb_is_refused_before_it_is_inflated(xlsx: Path) -> None:
    with zipfile.ZipFile(xlsx, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", bytes(2**23))
    with pytest.raises(Refused, match="inflates to more than 4 MiB"):
        read_workbook(open_file(xlsx, SMALL), SMALL)


def test_a_bomb_that_declares_a_small_size_is_refused(xlsx: Path) -> None:
    # The declared ten bytes and their checksum are true: only, the stream goes on after them.
    with zipfile.ZipFile(xlsx, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", bytes(2**23))
    content = bytearray(xlsx.read_bytes())
    true = struct.pack("<I", zlib.crc32(bytes(2**23))), struct.pack("<I", 2**23)
    false = struct.pack("<I", zlib.crc32(bytes(10))), struct.pack("<I", 10)
    for old, new in zip(true, false, strict=True):
        assert old in content
        content = bytearray(bytes(content).replace(old, new))
    xlsx.write_bytes(content)
    with zipfile.ZipFile(xlsx) as archive:
        assert archive.read("xl/bomb.xml") == bytes(10)
    with pytest.raises(Refused, match="inflates to more than"):
        read_workbook(open_file(xlsx, SMALL), SMALL)


def test_a_wrong_checksum_is_refused(xlsx: Path) -> None:
    with zipfile.ZipFile(xlsx) as archive:
        true = struct.pack("<I", archive.getinfo("xl/worksheets/sheet1.xml").CRC)
    xlsx.write_bytes(xlsx.read_bytes().replace(true, b"\0\0\0\0"))
    with pytest.raises(Refused, match="damaged"):
        read(xlsx)


@pytest.mark.parametrize("reference", [b"XFD1048576", b"A9999999", b"Z99999", b"AB40000", b"A0"])
def test_cells_far_apart_are_refused_before_memory_is_asked_for(
    xlsx: Path, reference: bytes
) -> None:
    path = _member(xlsx, "xl/worksheets/sheet1.xml", (b'r="A3"', b'r="%s"' % reference))
    if reference == b"A0":  # no such cell: the parser itself says so
        with pytest.raises(Refused, match="damaged"):
            read(path)
    else:
        with pytest.raises(Refused, match=r"too far apart|rows are read"):
            read(path)


def test_too_many_rows(tmp_path: Path, xlsx: Path) -> None:
    limits = FileLimits(rows=2)
    with pytest.raises(Refused, match="at most 2 rows"):
        read_workbook(open_file(xlsx, limits), limits)
    path = write_csv(tmp_path / "list.csv", "姓名,金额", "虚构甲,1", "虚构乙,2")
    with pytest.raises(Refused, match="more than 2 rows"):
        read_workbook(open_file(path, limits), limits)


def test_a_document_type_is_refused(xlsx: Path) -> None:
    change = (b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet')
    with pytest.raises(Refused, match="damaged"):
        read(_member(xlsx, "xl/worksheets/sheet1.xml", change))


def test_bad_quotes_are_told_with_their_line(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "list.csv", "姓名,金额", '"虚构甲,1', "虚构乙,2")
    with pytest.raises(Refused, match="quoted"):
        read(path)


def test_a_formula_in_a_name(tmp_path: Path) -> None:
    rows = [HEADER, GIFT, ("2020.01.22", '="虚构"&"甲"', 5, "")]
    gifts = read(write_xlsx(tmp_path / "list.xlsx", rows), "skip", "B3")
    assert codes(gifts) == [("formula_in_name", "B3")]
    assert len(gifts.rows) == 1


def test_a_formula_elsewhere_is_its_value(tmp_path: Path) -> None:
    rows = [HEADER, GIFT, GIFT, ("合计", "", "=SUM(C2:C3)", "")]
    path = write_xlsx(tmp_path / "list.xlsx", rows)
    changed = _member(path, "xl/worksheets/sheet1.xml", (b"<v>0</v>", b"<v>201.00000000000003</v>"))
    gifts = read(changed)
    assert (codes(gifts), gifts.stated_total_fen) == ([], 20_100)


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-虚构", "@虚构", "＝1", "\t=1",
                                  "虚构甲转来=1捐款"])  # fmt: skip
def test_a_name_that_begins_like_a_formula(tmp_path: Path, name: str) -> None:
    quoted = name.replace('"', '""')
    path = write_csv(tmp_path / "list.csv", "姓名,日期,金额", f'"{quoted}",2020-01-22,5')
    assert codes(read(path)) == [("formula_in_name", "A2")]


@cache
def _plain_workbook() -> bytes:
    with TemporaryDirectory() as folder:
        return write_xlsx(Path(folder) / "list.xlsx", [HEADER, GIFT]).read_bytes()


PARTS = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml",
         "xl/_rels/workbook.xml.rels", "[Content_Types].xml"]  # fmt: skip
BYTES = st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(part=st.sampled_from(PARTS), changes=BYTES)
def test_damage_within_a_workbook_is_refused_and_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, part: str, changes: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "list.xlsx"
    path.write_bytes(_plain_workbook())
    with zipfile.ZipFile(path) as archive:
        whole = archive.read(part)
    damaged = bytearray(whole)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    try:
        gifts = read(_member(path, part, (whole, bytes(damaged))))
    except Refused:
        return
    assert len(gifts.rows) <= 1


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=BYTES, length=st.integers(1, 10_000))
def test_damage_of_an_archive_is_refused_and_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], length: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "list.xlsx"
    content = bytearray(_plain_workbook())
    for at, byte in changes:
        content[at % len(content)] = byte
    path.write_bytes(content[:length])
    try:
        gifts = read(path)
    except Refused:
        return
    assert len(gifts.rows) <= 1


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.one_of(st.binary(min_size=1), st.text(min_size=1).map(str.encode)))
def test_any_bytes_are_refused_and_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / "list.csv"
    path.write_bytes(content)
    with pytest.raises(Refused):
        read(path)
