"""Provides the benchmark of verifying a whole log from a folder, on one core.

The floor hashes leaves and nodes of the same bytes and does nothing else; reading the bundles does
not count there.
"""

import asyncio
from pathlib import Path

from ledger.export import export_log
from ledger.hashing import leaf_hashes, tree_root
from ledger.recount import Recount
from ledger.signing.keys import read_signing_key
from ledger.signing.notes import VerifierKey, open_checkpoint
from ledger.tiles import TILE_WIDTH, decode_bundle, tiles_of
from ledger.verification import folder_fetch, verify_log
from public_site.opening import initialise, opened
from tests.benchmarks.appending import append_bulk, settings_of
from tests.benchmarks.children import in_child
from tests.benchmarks.clocks import Clock
from tests.benchmarks.figures import Figure, Sample, beside, say, scaled
from tests.benchmarks.folders import folder

ENTRIES = 1_000_000
RUNS = 3
BYTES_OF_AN_ENTRY = 5_000


async def _publish(home: Path, log: Path, count: int) -> None:
    settings = settings_of(home)
    await initialise(settings)
    async with opened(settings) as ledger:
        await append_bulk(ledger, count)
        await export_log(log, ledger.verifier_key)


def publish(home: Path, log: Path, count: int) -> None:
    """Make a log of `count` donations and write its files into the folder `log`."""
    asyncio.run(_publish(home, log, count))


def _keys(home: Path) -> list[VerifierKey]:
    return [read_signing_key(home).verifier]


def hashing(home: Path, log: Path) -> float:
    """Return the entries per second of hashing alone: every leaf, every node."""
    checkpoint = open_checkpoint((log / "checkpoint").read_text(), _keys(home))
    clock = Clock()
    roots: list[bytes] = []
    for path in tiles_of(checkpoint.size):
        if path.level is None:
            entries = decode_bundle((log / path.path()).read_bytes())
            with clock:
                roots.append(tree_root(leaf_hashes(entries)))
    with clock:
        # subtrees are equally high but for the last, which rises unchanged: the log's own root
        root = tree_root(roots)
    if root != checkpoint.root:
        raise AssertionError("the floor hashed other bytes")
    return checkpoint.size / clock.seconds


def verifying(home: Path, log: Path, recount: bool) -> float:
    """Return the entries per second of an audit; with `recount`, as `charity verify` does it."""
    clock = Clock()
    with clock:
        on_entry = Recount().add if recount else None
        report = verify_log(folder_fetch(log), _keys(home), on_entry=on_entry)
    return report.entries / clock.seconds


def run() -> list[Figure]:
    """Measure the audit without and with the recount beside hashing alone."""
    count = scaled(ENTRIES)
    with folder(count * BYTES_OF_AN_ENTRY) as home:
        log = home / "log"
        say(f"  writing a log of {count:,} entries ({-(-count // TILE_WIDTH):,} bundles)")
        in_child(publish, home, log, count)

        def floor(_: int) -> Sample:
            return in_child(hashing, home, log)

        def figure(_: int) -> Sample:
            return in_child(verifying, home, log, False)

        def recounted(_: int) -> Sample:
            return in_child(verifying, home, log, True)

        name = f"verification of {count:,}"
        return [
            beside(floor, figure, RUNS, name=name, unit="entries/s", least=0.5),
            beside(
                floor, recounted, RUNS, name=f"{name}, with the recount of money", unit="entries/s"
            ),
        ]
