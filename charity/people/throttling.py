"""Provides the throttling of guesses: of passwords, of second factors, of requests for mail.

Three counts are kept, under keyed hashes: of an account from one network address, of an account
from all, of an address for all accounts. An attempt counts before it is tried, and is taken back
when it was right: a thousand guesses at the same moment are no more than five.

Whoever attacks an account from many addresses must not lock its owner out. So an address that has
not failed is told once how long it has to wait, a quarter of an hour at most; that wait is fixed,
whatever others do meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final

from charity.people.particulars import normal_email
from charity.people.sessions import instant, moment_of
from charity.people.tables import FailedSignIn
from ledger.database.engines import Engine, write_transaction
from ledger.messages import Message
from ledger.vault.envelopes import Envelopes

FREE_FAILURES: Final = 5
"""Failures of an account from one address before it has to wait."""
FREE_FAILURES_ALL: Final = 20
"""Failures of an account from all addresses before addresses that are new to it have to wait."""
FAILURES_IN_AN_HOUR: Final = 50
"""Failures from one address, for all accounts together, in an hour of the clock."""
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(days=1)
IPV6_BITS: Final = 64
"""A household or an office has a whole IPv6 network of this size to itself (RFC 6177)."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """The hashes that the three counts of an attempt are kept under."""

    pair: str
    account: str
    address: str


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is known about the account from this address, the account, the address."""

    pair: dict[str, Any] | None
    account: dict[str, Any] | None
    address: dict[str, Any] | None

    def wait(self, now: datetime) -> int:
        """Return the seconds that an attempt has to wait."""
        known = self.pair if self.pair is not None else self.account
        return max(_seconds_left(known, now), _seconds_left(self.address, now))

    def needs_a_place(self, now: datetime) -> bool:
        """Return whether the address has to wait for what others did, and is not told yet."""
        return self.pair is None and not _seconds_left(self.address, now)


def _network(address: str) -> str:
    """Return the network that an address stands for; what is no address stands for itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed), IPV6_BITS), strict=False))
    return str(parsed)


def _keys(envelopes: Envelopes, email: str, address: str, now: datetime) -> _Keys:
    account, network = normal_email(email), _network(address)
    hour = instant(now)[: len("2026-01-02T03")]

    def digest(*parts: str) -> str:
        return envelopes.digest("\0".join(("failed sign-in", *parts)))

    return _Keys(
        pair=digest("pair", account, network),
        account=digest("account", account),
        address=digest("address", network, hour),
    )


def _seconds_left(row: dict[str, Any] | None, now: datetime) -> int:
    if row is None or row["blocked_until"] is None:
        return 0
    left = moment_of(row["blocked_until"]) - now
    return max(0, -(-left // timedelta(seconds=1)))


async def _counts(keys: _Keys) -> _Counts:
    rows = await FailedSignIn.select().where(
        FailedSignIn.key.is_in([keys.pair, keys.account, keys.address])
    )
    found = {row["key"]: row for row in rows}
    return _Counts(found.get(keys.pair), found.get(keys.account), found.get(keys.address))


async def begin_attempt(
    engine: Engine, envelopes: Envelopes, email: str, address: str, now: datetime
) -> int:
    """Count an attempt, before it is tried; return 0, or the seconds that it has to wait.

    Whoever waits is not counted, and costs one look into the database. `note_success` takes back
    what was counted when the attempt was right.
    """
    keys = _keys(envelopes, email, address, now)
    counts = await _counts(keys)
    wait = counts.wait(now)
    if wait and not counts.needs_a_place(now):
        return wait
    async with write_transaction(engine):
        counts = await _counts(keys)
        wait = counts.wait(now)
        if not wait:
            await _count(keys, counts, now)
        elif counts.needs_a_place(now) and counts.account is not None:
            await _keep(keys.pair, 0, now, counts.account["blocked_until"])
    return wait


async def note_success(envelopes: Envelopes, email: str, address: str, now: datetime) -> None:
    """Forget the failures of an account from this address, and from all addresses together.

    The last attempt of the address is taken back. Only inside
    `ledger.database.engines.write_transaction`.
    """
    keys = _keys(envelopes, email, address, now)
    row = (await _counts(keys)).address
    await FailedSignIn.delete().where(FailedSignIn.key.is_in([keys.pair, keys.account]))
    if row is not None:
        await _keep(keys.address, max(0, row["failures"] - 1), now, None)


async def _count(keys: _Keys, counts: _Counts, now: datetime) -> None:
    of_pair = _failures(counts.pair, now) + 1
    of_account = _failures(counts.account, now)
    # An address that waits for its own failures adds nothing to what others wait for.
    if of_pair <= FREE_FAILURES:
        of_account += 1
        until_account = _blocked_until(of_account, FREE_FAILURES_ALL, now)
        await _keep(keys.account, of_account, now, until_account)
    else:
        until_account = None
    until_pair = _blocked_until(of_pair, FREE_FAILURES, now)
    until = max(until_pair or "", until_account or "") or None
    await _keep(keys.pair, of_pair, now, until)
    of_address = _failures(counts.address, now) + 1
    is_full = of_address >= FAILURES_IN_AN_HOUR
    await _keep(keys.address, of_address, now, _end_of_hour(now) if is_full else None)


def _failures(row: dict[str, Any] | None, now: datetime) -> int:
    """Return the failures that still count."""
    if row is None or now - moment_of(row["last_at"]) > FORGOTTEN_AFTER:
        return 0
    return int(row["failures"])


def _blocked_until(failures: int, free: int, now: datetime) -> str | None:
    """Return until when nothing is tried: 30 seconds first, twice as long each time."""
    if failures < free:
        return None
    doublings = min(failures - free, 10)
    return instant(now + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))


def _end_of_hour(now: datetime) -> str:
    return instant(now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))


async def _keep(key: str, failures: int, now: datetime, until: str | None) -> None:
    await FailedSignIn.insert(
        FailedSignIn(key=key, failures=failures, last_at=instant(now), blocked_until=until)
    ).on_conflict(
        FailedSignIn.key,
        "DO UPDATE",
        [FailedSignIn.failures, FailedSignIn.last_at, FailedSignIn.blocked_until],
    )


async def forget_failures(now: datetime) -> None:
    """Delete counts that count no more. Only inside `write_transaction`."""
    await FailedSignIn.delete().where(FailedSignIn.last_at < instant(now - FORGOTTEN_AFTER))


def wait_message(seconds: int) -> Message:
    """Return the sentence that asks somebody to wait."""
    if seconds <= 90:
        return Message(
            "Too many attempts failed. Wait {seconds} seconds, then try again.", seconds=seconds
        )
    return Message(
        "Too many attempts failed. Wait {minutes} minutes, then try again.",
        minutes=-(-seconds // 60),
    )
