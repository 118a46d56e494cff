"""Tests of fetching from a real server that is slow, breaks off, lies, and sends in circles."""

import gzip

import pytest

from charity.reporting.harvest.fetching import Fetched, fetch
from charity.reporting.harvest.harvesting import Fetching
from ledger.messages import Refused
from tests.charity.harvest.web_server import WebServer, answer, redirect

CONTENT = "捐赠人,金额\n虚构甲,1\n".encode()


async def get(web: WebServer, fetching: Fetching, path: str, **known: str) -> Fetched | None:
    return await fetch(
        web.address(path),
        allowed=fetching.allowed,
        limits=fetching.limits,
        names=fetching.names,
        **known,
    )


async def refusal(web: WebServer, fetching: Fetching, path: str) -> str:
    with pytest.raises(Refused) as refused:
        await get(web, fetching, path)
    return refused.value.message.text()


async def test_what_is_there_is_fetched_under_the_name_of_the_host(
    web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", CONTENT, 'etag: "1"', "last-modified: Mon, 02 Nov 2026 08:00:00 GMT")
    fetched = await get(web, fetching, "/list.csv")
    assert fetched == Fetched(CONTENT, "list.csv", '"1"', "Mon, 02 Nov 2026 08:00:00 GMT")
    assert web.requests[0][1]["host"] == f"list.example:{web.port}"


async def test_the_server_may_name_the_file(web: WebServer, fetching: Fetching) -> None:
    header = "content-disposition: attachment; filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"
    web.holds("/download", CONTENT, header)
    fetched = await get(web, fetching, "/download")
    assert fetched is not None
    assert fetched.name == "名单.csv"


async def test_what_has_not_changed_is_not_sent_again(web: WebServer, fetching: Fetching) -> None:
    web.says("/list.csv", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    assert await get(web, fetching, "/list.csv", etag='"1"', last_modified="yesterday") is None
    headers = web.requests[0][1]
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"1"', "yesterday")


async def test_a_redirect_is_followed_to_a_public_place(web: WebServer, fetching: Fetching) -> None:
    web.says("/old", redirect("/new"))
    web.holds("/new", CONTENT)
    fetched = await get(web, fetching, "/old")
    assert fetched is not None
    assert fetched.content == CONTENT


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://inner.example/", "private network"),
        ("http://[::1]/", "private network"),
        ("http://169.254.169.254/latest/meta-data/", "private network"),
        ("file:///etc/passwd", "no web address"),
        ("http://nowhere.example/", "cannot be found"),
        ("http://[::1", "broke off"),
        ("http://list.example:80:90/", "broke off"),
        ("http://list.example:99999/", "no web address"),
    ],
)
async def test_a_redirect_into_a_private_network_is_refused(
    web: WebServer, fetching: Fetching, target: str, words: str
) -> None:
    web.says("/old", redirect(target))
    assert words in await refusal(web, fetching, "/old")
    assert len(web.requests) == 1


async def test_a_circle_of_redirects_ends(web: WebServer, fetching: Fetching) -> None:
    web.says("/a", redirect("/b"))
    web.says("/b", redirect("/a"))
    assert "in a circle" in await refusal(web, fetching, "/a")
    assert len(web.requests) == 2


async def test_endless_redirects_end(web: WebServer, fetching: Fetching) -> None:
    for step in range(10):
        web.says(f"/{step}", redirect(f"/{step + 1}"))
    assert "more than 5 times" in await refusal(web, fetching, "/0")
    assert len(web.requests) == 6


async def test_a_server_that_falls_silent_is_given_up(web: WebServer, fetching: Fetching) -> None:
    web.is_silent_after("/list.csv", answer(CONTENT)[:-5])
    assert "too slow" in await refusal(web, fetching, "/list.csv")


async def test_a_server_that_never_answers_is_given_up(web: WebServer, fetching: Fetching) -> None:
    web.is_silent_after("/list.csv", b"")
    assert "too slow" in await refusal(web, fetching, "/list.csv")


async def test_an_answer_that_breaks_off_is_refused(web: WebServer, fetching: Fetching) -> None:
    web.says("/list.csv", answer(CONTENT)[:-5])
    assert "broke off" in await refusal(web, fetching, "/list.csv")


async def test_a_server_that_says_more_than_it_may_send_is_refused(
    web: WebServer, fetching: Fetching
) -> None:
    web.says("/list.csv", b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx")
    assert "more than" in await refusal(web, fetching, "/list.csv")


async def test_a_server_that_sends_more_than_it_said_is_cut_off(
    web: WebServer, fetching: Fetching
) -> None:
    """Without a length the content ends with the connection: it is counted as it comes."""
    web.says("/list.csv", b"HTTP/1.1 200 OK\r\n\r\n" + bytes(200_000))
    assert "more than" in await refusal(web, fetching, "/list.csv")


async def test_what_comes_after_the_stated_length_is_not_read(
    web: WebServer, fetching: Fetching
) -> None:
    web.says("/list.csv", b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcdef")
    fetched = await get(web, fetching, "/list.csv")
    assert fetched is not None
    assert fetched.content == b"abc"


async def test_a_bomb_that_was_packed_is_cut_off(web: WebServer, fetching: Fetching) -> None:
    web.holds("/list.csv", gzip.compress(bytes(10_000_000)), "content-encoding: gzip")
    assert "more than" in await refusal(web, fetching, "/list.csv")


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oh", "206 Partial", "204 No Content"])
async def test_any_other_answer_is_told(web: WebServer, fetching: Fetching, status: str) -> None:
    web.says("/list.csv", f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
    assert status[:3] in await refusal(web, fetching, "/list.csv")


async def test_nonsense_and_nothing_are_refused(web: WebServer, fetching: Fetching) -> None:
    web.says("/nonsense", b"\x00\x01 nonsense\r\n\r\n")
    web.says("/closed", b"")
    web.holds("/empty", b"")
    assert "broke off" in await refusal(web, fetching, "/nonsense")
    assert "broke off" in await refusal(web, fetching, "/closed")
    assert "empty" in await refusal(web, fetching, "/empty")


async def test_a_tag_that_cannot_be_sent_back_is_not_kept(
    web: WebServer, fetching: Fetching
) -> None:
    web.holds("/list.csv", CONTENT, 'etag: "名单"', "last-modified: gestern früh")
    fetched = await get(web, fetching, "/list.csv")
    assert fetched is not None
    assert (fetched.etag, fetched.last_modified) == (None, None)
