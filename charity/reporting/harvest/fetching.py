"""Provides the fetching of a published list: within limits of size, time and redirects.

It honours ETag and Last-Modified (RFC 9110 §13): what has not changed is not fetched again.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import Message as Header
from typing import Final

import anyio
import httpx

from charity.reporting.harvest.addresses import (
    LookUp,
    Network,
    Place,
    checked_place,
    look_up,
    parse_address,
)
from charity.reporting.workbooks import DEFAULT_LIMITS
from ledger.messages import Refused

NOT_MODIFIED: Final = 304
OK: Final = 200
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
HEADER_CHARACTERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Limits of a fetch.

    Attributes:
        content_bytes: of the content, whatever the server says of its length.
        seconds: from the first look-up to the last byte.
        silence_seconds: between two signs of life.
        redirects: how often the server may send elsewhere.
    """

    content_bytes: int = DEFAULT_LIMITS.file_bytes
    seconds: int = 60
    silence_seconds: int = 15
    redirects: int = 5


DEFAULT_FETCH_LIMITS: Final = FetchLimits()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address holds; `etag` and `last_modified` as the server said them."""

    content: bytes
    name: str
    etag: str | None
    last_modified: str | None


async def fetch(
    text: str,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    allowed: Sequence[Network] = (),
    limits: FetchLimits = DEFAULT_FETCH_LIMITS,
    names: LookUp = look_up,
) -> Fetched | None:
    """Return what an address holds, or None if it has not changed.

    Args:
        text: the address.
        etag: of the last fetch.
        last_modified: of the last fetch.
        allowed: private networks that may be fetched from.
        limits: of size, time, redirects.
        names: looks names up.

    Raises:
        Refused: the address is private or unknown, or the server is too slow, sends too much, ends
            before the end, sends elsewhere again and again, or answers with an error.
    """
    conditions = {
        name: value
        for name, value in (("if-none-match", etag), ("if-modified-since", last_modified))
        if value is not None
    }
    try:
        with anyio.fail_after(limits.seconds):
            return await _follow(text, conditions, allowed, limits, names)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise Refused(
            "The server is too slow: the list was not there within {seconds} seconds.",
            seconds=limits.seconds,
        ) from error
    except httpx.ConnectError as error:
        raise Refused("The server does not answer.") from error
    except httpx.DecodingError as error:
        raise Refused("The server's answer is packed in a way that cannot be unpacked.") from error
    except httpx.HTTPError as error:
        raise Refused(
            "The connection broke off before the whole list was there. Nothing was taken over."
        ) from error


async def _follow(
    text: str,
    conditions: Mapping[str, str],
    allowed: Sequence[Network],
    limits: FetchLimits,
    names: LookUp,
) -> Fetched | None:
    address = parse_address(text)
    seen = {str(address)}
    for _ in range(limits.redirects + 1):
        place = await checked_place(address, allowed, names)
        async with _answer(place, conditions, limits) as answer:
            if answer.status_code not in REDIRECTS:
                return await _content(answer, address, limits)
            following = answer.headers.get("location", "")
        further = parse_address(str(address.join(following)) if following else "")
        if address.scheme == "https" and further.scheme != "https":
            raise Refused("The server sends from https to http. The list is not fetched.")
        if str(further) in seen:
            raise Refused("The server sends in a circle: {address}", address=further)
        seen.add(str(further))
        address = further
    raise Refused("The server sends elsewhere more than {most} times.", most=limits.redirects)


@asynccontextmanager
async def _answer(
    place: Place, conditions: Mapping[str, str], limits: FetchLimits
) -> AsyncIterator[httpx.Response]:
    """Ask the checked number, under the name of the host."""
    host = place.address.netloc.decode("ascii")
    pinned = place.address.copy_with(host=str(place.number), port=place.port)
    async with (
        httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,  # a proxy would look the name up anew
            timeout=httpx.Timeout(limits.silence_seconds),
        ) as client,
        client.stream(
            "GET",
            pinned,
            headers={
                **conditions,
                "host": host,
                "user-agent": "charity-city-harvest",
                "accept": "*/*",
                "accept-encoding": "identity",
            },
            extensions={"sni_hostname": place.address.host},
        ) as answer,
    ):
        yield answer


async def _content(
    answer: httpx.Response, address: httpx.URL, limits: FetchLimits
) -> Fetched | None:
    if answer.status_code == NOT_MODIFIED:
        return None
    if answer.status_code != OK:
        raise Refused("The server answers with error {status}.", status=answer.status_code)
    too_much = Refused("The list has more than {most} MB.", most=limits.content_bytes // 2**20 or 1)
    stated = answer.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limits.content_bytes:
        raise too_much
    content = bytearray()
    async for part in answer.aiter_bytes(65_536):
        content += part
        if len(content) > limits.content_bytes:
            raise too_much
    if not content:
        raise Refused("The server sends an empty list.")
    return Fetched(
        bytes(content),
        _name(answer, address),
        _short(answer.headers.get("etag")),
        _short(answer.headers.get("last-modified")),
    )


def _short(value: str | None) -> str | None:
    """Return what a server says of its list, if it can be said back to it in a header."""
    if value is None or len(value) > HEADER_CHARACTERS_MAX:
        return None
    return value if value.isascii() and value.isprintable() else None


def _name(answer: httpx.Response, address: httpx.URL) -> str:
    """Return what the file is called: by the server, else by the address."""
    header = Header()
    header["content-disposition"] = answer.headers.get("content-disposition", "")
    try:
        told = header.get_filename()
    except (UnicodeError, LookupError):
        told = None
    return told or address.path.rpartition("/")[2] or address.host
