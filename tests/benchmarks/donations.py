"""Provides invented donation entries, as the import of a list makes them, chunk by chunk."""

from collections.abc import Iterator
from hashlib import sha256
from random import Random

from ledger.entries import VERSION, Entry, Source, file_id
from ledger.kinds.donation import DonationFacts, Donor, Visibility
from ledger.vault.vault import PAGE_DONORS

ORGANISATION = "CN-USCI-53440300000009996C"
RECORDED_AT = "2026-01-02T03:04:05Z"
BATCH = 4_000
"""Entries that are handed over together."""
CHUNK = 40_000
"""Entries that exist at a time: they are made while no clock runs, for either side."""


def donations(first: int, count: int, prefix: str = "") -> list[Entry]:
    """Return gifts with the numbers from `first` on: named donors, rows of one file.

    `prefix` makes the entries of several runs different ones.
    """
    random = Random(f"{prefix}{first}")
    digest = sha256(f"invented list {prefix}".encode()).hexdigest()
    return [_donation(number, digest, random) for number in range(first, first + count)]


def _donation(number: int, digest: str, random: Random) -> Entry:
    page, place = divmod(number, PAGE_DONORS)
    donor = Donor(
        commitment=f"{random.getrandbits(256):064x}",
        reference=f"{digest[:12]}{page:016x}{place:04x}",
        visibility=Visibility.NAMED,
    )
    facts = DonationFacts(
        amount=int(random.paretovariate(0.9) * 100) % 10**8 + 1, donor=donor, fund="general"
    )
    return Entry(
        day=f"2025-{number // 28_000 % 12 + 1:02d}-{number // 1_000 % 28 + 1:02d}",
        facts=facts,
        id=file_id(digest, 1, number + 1),
        kind="donation",
        organisation=ORGANISATION,
        postings=facts.postings(ORGANISATION),
        recorded_at=RECORDED_AT,
        source=Source(file=digest, row=number + 1, sheet=1),
        version=VERSION,
    )


def chunks(count: int, size: int = CHUNK, prefix: str = "") -> Iterator[list[Entry]]:
    """Yield `count` gifts in lists of at most `size`, each made when it is asked for."""
    for first in range(0, count, size):
        yield donations(first, min(size, count - first), prefix)
