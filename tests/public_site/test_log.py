"""Tests of the log over HTTP: what a stranger downloads and checks, with and without a server."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from ledger.signing.notes import VerifierKey
from ledger.tiles import parse_tile_path, tiles_of
from ledger.verification import LogReport, VerificationError, verify_log
from tests.public_site.city import City
from tests.public_site.running import Run

Fetch = Callable[[str], bytes]
WRONG_KEY = "log.example/other+6dc54a96+ATqfy7I7nTrir89g6joQNlDtyiAmFuHHIx7rgWPeIf7X"


async def download(client: httpx.AsyncClient) -> dict[str, bytes]:
    """Download every file of the log, as its checkpoint says which there are."""
    checkpoint = await client.get("/checkpoint")
    size = int(checkpoint.text.splitlines()[1])
    files = {"checkpoint": checkpoint.content}
    for path in tiles_of(size):
        response = await client.get(f"/{path}")
        assert response.status_code == 200, path
        files[str(path)] = response.content
    return files


def fetch_from(files: dict[str, bytes]) -> Fetch:
    """Return what fetches a file of the log; LookupError (KeyError) where it is missing."""
    return lambda path: files[path]


async def audited(client: httpx.AsyncClient, files: dict[str, bytes]) -> LogReport:
    key = VerifierKey.parse((await client.get("/log-key")).text.strip())
    entries: list[bytes] = []
    report = verify_log(fetch_from(files), [key], on_entry=lambda _, body: entries.append(body))
    assert len(entries) == report.entries
    return report


async def test_a_stranger_can_audit_the_whole_log(client: httpx.AsyncClient, city: City) -> None:
    report = await audited(client, await download(client))
    assert report.entries == len(city.bodies)
    assert report.checkpoint.origin == "log.example/city"


@pytest.mark.parametrize("part", ["tile/0/000", "tile/1/000.p/1", "tile/entries/000", "checkpoint"])
async def test_a_changed_file_is_found_out(client: httpx.AsyncClient, part: str) -> None:
    files = await download(client)
    middle = len(files[part]) // 2
    files[part] = (
        files[part][:middle] + bytes([files[part][middle] ^ 1]) + files[part][middle + 1 :]
    )
    with pytest.raises(VerificationError):
        await audited(client, files)


@pytest.mark.parametrize(
    ("address", "media_type", "cached"),
    [
        ("/checkpoint", "text/plain; charset=utf-8", "public, max-age=2"),
        ("/log-key", "text/plain; charset=utf-8", "public, max-age=2"),
        ("/tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("/tile/0/001.p/9", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("/tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("/entries/0.json", "application/json", None),
        ("/entries/0.tlog-proof", "text/plain; charset=utf-8", None),
    ],
)
async def test_files_say_what_they_are_and_how_long_they_hold(
    client: httpx.AsyncClient, address: str, media_type: str, cached: str | None
) -> None:
    response = await client.get(address)
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers.get("cache-control") == cached


async def test_narrower_tiles_are_the_beginning_of_the_tile(client: httpx.AsyncClient) -> None:
    full = (await client.get("/tile/0/000")).content
    for width in (1, 100, 255):
        assert (await client.get(f"/tile/0/000.p/{width}")).content == full[: 32 * width]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/0",
        "0/00",
        "0/0000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/001",
        "0/001.p/200",
        "0/x000/000",
        "0/x001/000",
        "00/000",
        "64/000",
        "2/000.p/1",
        "entries/001",
        "entries/x036/x028/x797/x018/x963/967",
        "data/000",
        "0/000.p/1/2",
    ],
)
async def test_what_is_no_tile_of_this_log_is_not_found(
    client: httpx.AsyncClient, path: str
) -> None:
    response = await client.get(f"/tile/{path}", headers={"accept": "*/*"})
    assert response.status_code == 404
    assert "cache-control" not in response.headers


async def test_every_published_path_reads_back(city: City) -> None:
    paths = list(tiles_of(len(city.bodies)))
    assert [parse_tile_path(str(path)) for path in paths] == paths
    assert {path.level for path in paths} == {None, 0, 1}


async def test_readers_at_the_same_time_get_the_same_log(client: httpx.AsyncClient) -> None:
    first, *others = await asyncio.gather(*(download(client) for _ in range(4)))
    assert all(other == first for other in others)


def test_the_command_audits_a_running_site(served: str, run: Run, city: City) -> None:
    key = httpx.get(f"{served}/log-key").text.strip()
    result = run("verify", served, "--key", key)
    assert result.status == 0, result.errors
    assert str(len(city.bodies)) in result.output
    assert len(result.output.splitlines()) >= 4
    assert all(line.startswith("✓") for line in result.output.splitlines())


def test_without_a_key_the_command_warns_that_it_took_the_log_s_own(served: str, run: Run) -> None:
    result = run("verify", served)
    assert result.status == 0
    [warning] = [line for line in result.output.splitlines() if not line.startswith("✓")]
    assert "taken from the log itself" in warning


def test_the_command_says_when_nobody_answers(run: Run, free_port: int) -> None:
    result = run("verify", f"http://127.0.0.1:{free_port}", "--key", WRONG_KEY)
    assert (result.status, result.output) == (2, "")
    assert result.errors.count("\n") == 1


def test_the_command_says_when_no_log_is_there(served: str, run: Run) -> None:
    result = run("verify", f"{served}/zh", "--key", WRONG_KEY)
    assert result.status == 1
    assert "checkpoint is missing" in result.errors


def test_a_running_site_answers_head_with_nothing_but_headers(served: str) -> None:
    with httpx.Client(base_url=served) as client:
        for address in ("/zh/", "/checkpoint", "/tile/0/000", "/zh/months.csv", "/static/site.css"):
            got, head = client.get(address), client.head(address)
            assert (head.status_code, head.content) == (200, b"")
            assert got.content
        assert "server" not in got.headers


def test_the_downloads_of_a_page_prove_it(served: str, run: Run, tmp_path: Path) -> None:
    for ending in ("json", "tlog-proof"):
        (tmp_path / f"7.{ending}").write_bytes(httpx.get(f"{served}/entries/7.{ending}").content)
    key = httpx.get(f"{served}/log-key").text.strip()
    result = run("verify", str(tmp_path / "7.json"), "--key", key)
    assert result.status == 0
    assert " 7" in result.output
