"""Provides the check of addresses before anything is fetched: only public hosts, by their numbers.

A name is looked up here, and the very number that was checked is then connected to: a name that
points elsewhere a moment later (DNS rebinding) changes nothing.
Source: OWASP Server-Side Request Forgery Prevention Cheat Sheet.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

import httpx

from ledger.messages import Refused

Number: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
LookUp: TypeAlias = Callable[[str, int], Awaitable[list[str]]]

SCHEMES: Final = frozenset({"http", "https"})
ADDRESS_CHARACTERS_MAX: Final = 2_000
PORTS: Final = {"http": 80, "https": 443}
PORT_MAX: Final = 65_535
NAT64: Final = IPv6Network("64:ff9b::/96")
"""IPv4 addresses under this prefix are reached through a translator (RFC 6052)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to connect to: the address as given, the checked number and the port."""

    address: httpx.URL
    number: Number
    port: int


def parse_address(text: str) -> httpx.URL:
    """Return an address that could be fetched; nothing is looked up.

    Raises:
        Refused: it is no http or https address, or carries a name and a password.
    """
    text = text.strip()
    try:
        address = httpx.URL(text)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        address = httpx.URL("")
    if (
        len(text) > ADDRESS_CHARACTERS_MAX
        or address.scheme not in SCHEMES
        or not address.host
        or (address.port or 0) > PORT_MAX
        or any(character.isspace() for character in text)
    ):
        raise Refused("This is no web address. It begins with https:// or http://.")
    if address.userinfo:
        raise Refused("The address holds a name or a password. Publish the list without one.")
    return address.copy_with(fragment=None)


async def look_up(host: str, port: int) -> list[str]:
    """Return the numbers of a host.

    Raises:
        OSError: it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def checked_place(
    address: httpx.URL, allowed: Sequence[Network] = (), names: LookUp = look_up
) -> Place:
    """Return where to connect to for an address, if every number of its host is public.

    Args:
        address: of `parse_address`.
        allowed: networks that may be fetched from although they are private.
        names: looks names up.

    Raises:
        Refused: the host is not known, or one of its numbers is private.
    """
    port = address.port or PORTS[address.scheme]
    try:
        numbers = [ip_address(found) for found in await names(address.host, port)]
    except (OSError, UnicodeError, ValueError):
        numbers = []
    if not numbers:
        raise Refused("The host {host} cannot be found.", host=address.host)
    for number in numbers:
        if not is_open(number, allowed):
            raise Refused(
                "The host {host} lies in a private network. Lists are fetched from public"
                " addresses only.",
                host=address.host,
            )
    return Place(address, numbers[0], port)


def is_open(number: Number, allowed: Sequence[Network] = ()) -> bool:
    """Return whether a number may be connected to: public, or in an allowed network.

    An IPv4 number inside an IPv6 one (mapped, 6to4, NAT64) counts as what it stands for.
    """
    real = _stood_for(number)
    if any(real in network for network in allowed):
        return True
    is_local = isinstance(real, IPv6Address) and real.is_site_local
    return real.is_global and not (real.is_multicast or real.is_reserved or is_local)


def _stood_for(number: Number) -> Number:
    if isinstance(number, IPv4Address):
        return number
    if number in NAT64:
        return IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour or number
