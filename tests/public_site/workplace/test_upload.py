"""Tests of the upload of lists: what is refused, how it is said, and that nothing changes."""

import struct
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from charity.organisations.registry import add_organisation
from charity.people.roles import Role
from charity.reporting.batches.reading import batches_of
from public_site.settings import Settings
from public_site.workplace import received_files
from tests.charity.lists import HEADER, write_csv, write_xlsx
from tests.conftest import ORGANISATION
from tests.public_site.applications import application
from tests.public_site.page_reading import read_page
from tests.public_site.workplace.reporting import LIST, Desk, JobsHere, desks

GIFT = ("2025.01.22", "虚构捐赠人", 100.5, "示例")
LANGUAGES = ("zh", "en")


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    app = application(settings, JobsHere)
    async with app.lifespan():
        await add_organisation(ORGANISATION, "示例基金会")
        yield app


@pytest.fixture(params=LANGUAGES)
async def maker(app: Litestar, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with desks(app) as sit:
        yield await sit(Role.MAKER, language=request.param)


def encrypted(path: Path) -> None:
    ole2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    path.write_bytes(ole2 + "EncryptedPackage".encode("utf-16-le") + bytes(512))


def damaged(path: Path) -> None:
    write_xlsx(path, [HEADER, GIFT])
    with zipfile.ZipFile(path) as archive:
        true = struct.pack("<I", archive.getinfo("xl/worksheets/sheet1.xml").CRC)
    path.write_bytes(path.read_bytes().replace(true, b"\0\0\0\0"))


def web_page(path: Path) -> None:
    path.write_bytes(b"<!DOCTYPE html><table><tr><td>1</td></tr></table>" * 40)


def picture(path: Path) -> None:
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40)


def bomb(path: Path) -> None:
    write_xlsx(path, [HEADER, GIFT])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", bytes(2**30))


def far_apart(path: Path) -> None:
    write_xlsx(path, [HEADER, GIFT, GIFT])
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = members[sheet].replace(b'r="A3"', b'r="XFD1048576"')
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, member in members.items():
            new.writestr(name, member)


def random_bytes(path: Path) -> None:
    path.write_bytes(bytes((7 * place * place) % 251 for place in range(5_000)))


def huge_name(path: Path) -> None:
    write_csv(path, ",".join(HEADER), f"2025-01-22,{'虚' * 10_000},5,")


def formula_name(path: Path) -> None:
    write_csv(path, ",".join(HEADER), "2025-01-22,=HYPERLINK(1),5,")


def nothing_in_it(path: Path) -> None:
    write_csv(path, ",".join(HEADER))


BAD: tuple[tuple[Callable[[Path], None], str, str], ...] = (
    (encrypted, "加密", "encrypted"),
    (damaged, "损坏", "damaged"),
    (web_page, "网页", "web page"),
    (picture, "JPEG", "JPEG"),
    (bomb, "MiB", "inflates"),
    (far_apart, "行", "row 1048576"),
    (random_bytes, "CSV", "CSV"),
    (huge_name, "10000", "10000"),
    (formula_name, "= + - @", "= + - @"),
    (nothing_in_it, "没有", "no gifts"),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad[0].__name__)
async def test_a_bad_file_is_explained_and_changes_nothing(
    maker: Desk, tmp_path: Path, bad: tuple[Callable[[Path], None], str, str]
) -> None:
    make, chinese, english = bad
    path = tmp_path / "list.xlsx"
    make(path)
    batch = await maker.uploaded(path.read_bytes(), name="list.xlsx")
    page = await maker.page(batch)
    problems = next(
        each for each in page.every("section") if each.get("aria-labelledby") == "problems"
    )
    assert (chinese if maker.language == "zh" else english) in problems.text
    assert "submit" not in {each.get("action").rpartition("/")[2] for each in page.every("form")}
    await maker.page("")
    await maker.page("/batches")
    await maker.page(f"{batch}/columns")
    assert await maker.size() == 0


async def refused(maker: Desk, response: httpx.Response) -> str:
    assert response.status_code in {413, 422}, response.text
    assert await batches_of(maker.app.state.batches, maker.code) == []
    page = read_page(response.text)
    assert page.one("html").get("lang") == ("zh-Hans" if maker.language == "zh" else "en")
    return page.text


async def test_an_empty_file_and_none_at_all(maker: Desk) -> None:
    for response in (
        await maker.upload(b""),
        await maker.send("/upload", {"fund": "general"}, files={"file": ("", b"")}),
        await maker.send("/upload", {"file": "no file"}),
    ):
        await refused(maker, response)
        assert 'id="file-error"' in response.text


async def test_too_large_a_file_gets_a_page_and_not_a_broken_connection(maker: Desk) -> None:
    content = bytes(received_files.FORM_BYTES_MAX)
    assert "64" in await refused(maker, await maker.upload(content))


async def test_wrong_fields_are_told_beside_the_fields(maker: Desk) -> None:
    for fields in ({"given_day": "gestern"}, {"consent": "示" * 501}, {"fund": "no-such-fund"}):
        await refused(maker, await maker.upload(LIST, **fields))


@pytest.mark.parametrize("name", ["../../etc/passwd", "虚" * 300 + ".csv", "a\x00b.csv", "<b>.csv",
                                  "C:\\lists\\list.csv"])  # fmt: skip
async def test_names_of_files_do_no_harm(maker: Desk, name: str) -> None:
    batch = await maker.uploaded(LIST, name=name)
    page = await maker.page(batch)
    assert "/etc" not in page.one("h1").text
    assert len(page.one("h1").text) <= 200


async def test_a_form_without_its_word_is_refused(maker: Desk) -> None:
    response = await maker.client.post(f"{maker.base}/upload", files={"file": ("a.csv", LIST)})
    assert response.status_code == 403
    assert await batches_of(maker.app.state.batches, maker.code) == []
