"""Tests of what may be fetched: public addresses only."""

from ipaddress import ip_address, ip_network

import pytest

from charity.reporting.harvest.addresses import checked_place, is_open, parse_address
from ledger.messages import Refused
from tests.charity.harvest.conftest import names

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1",
    "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("number", PRIVATE)
def test_private_numbers_are_closed(number: str) -> None:
    assert not is_open(ip_address(number))


@pytest.mark.parametrize("number", ["93.184.215.14", "2606:4700::1111", "::ffff:93.184.215.14"])
def test_public_numbers_are_open(number: str) -> None:
    assert is_open(ip_address(number))


def test_an_allowed_network_is_open_and_no_other() -> None:
    allowed = [ip_network("10.1.0.0/16")]
    assert is_open(ip_address("10.1.2.3"), allowed)
    assert is_open(ip_address("::ffff:10.1.2.3"), allowed)
    assert not is_open(ip_address("10.2.0.1"), allowed)


@pytest.mark.parametrize(
    "text",
    [
        "", "ftp://list.example/a", "file:///etc/passwd", "javascript:alert(1)", "//list.example",
        "list.csv", "http://", "https://[::1", "http://list.example/a b", "https://x" * 1_000,
        "http://name:word@list.example/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_address(text)


@pytest.mark.parametrize(
    "address",
    [
        "http://two.example/", "http://inner.example/", "http://mapped.example/",
        "http://127.0.0.1/", "http://[::1]/", "http://0x7f000001/", "http://2130706433/",
        "http://nowhere.example/", "http://localhost/",
    ],
)  # fmt: skip
async def test_a_host_with_any_private_number_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        await checked_place(parse_address(address), names=names)


async def test_the_checked_number_is_the_one_that_is_connected_to() -> None:
    place = await checked_place(parse_address("https://list.example/a"), LOOPBACK, names)
    assert (str(place.number), place.port) == ("127.0.0.1", 443)


LOOPBACK = (ip_network("127.0.0.0/8"),)
