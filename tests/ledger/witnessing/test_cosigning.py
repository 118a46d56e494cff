"""Tests of collecting cosignatures: from real witnesses, from one that is down, from a liar."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from ledger.log import Ledger
from ledger.messages import WrongUse
from ledger.proofs import TlogProof
from ledger.reading import Head, read_head, read_proven_entry
from ledger.signing.notes import SignatureType, SigningKey, open_note, sign_note
from ledger.tables import Cosignature
from ledger.verification import verify_entry
from ledger.witnessing import cosigning as module
from ledger.witnessing.client import (
    WitnessAddress,
    ask_witness,
    parse_witnesses,
    read_witnesses,
    witness_client,
    witnessed_size,
)
from ledger.witnessing.cosigning import cosign, cosigned_size, cosigning
from ledger.witnessing.witness import WitnessRequest
from tests.ledger.entries import append_gifts
from tests.ledger.small_logs import SmallLog, entries, serving_in_thread
from tests.public_site.running import unused_port
from tests.public_site.witness_running import RunningWitness, running_witness

OTHER = SigningKey.generate("other.example", SignatureType.COSIGNATURE)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with witness_client() as client:
        yield client


@pytest.fixture
def witness(ledger: Ledger, tmp_path: Path) -> Iterator[RunningWitness]:
    with running_witness(tmp_path / "witness", ledger.verifier_key) as witness:
        yield witness


@pytest.fixture
def absent() -> WitnessAddress:
    return WitnessAddress(OTHER.verifier, f"http://127.0.0.1:{unused_port()}")


async def head_of(ledger: Ledger, count: int) -> Head:
    """Let the log have `count` entries; return its checkpoint."""
    head = await read_head()
    size = head.size if head is not None else 0
    await append_gifts(ledger, size, count - size)
    head = await read_head()
    assert head is not None
    assert head.size == count
    return head


async def test_the_newest_checkpoint_carries_the_line_of_its_witness(
    ledger: Ledger, witness: RunningWitness, client: httpx.AsyncClient
) -> None:
    for count in (3, 300):
        head = await head_of(ledger, count)
        [outcome] = await cosign(ledger, head, [witness.entry], client)
        assert outcome.line is not None
        after = await read_head()
        assert after is not None
        assert after.note == head.note + outcome.line
        assert after.checkpoint == head.checkpoint
        keys = [ledger.verifier_key, witness.key]
        assert len(open_note(after.note, keys).signatures) == 2
        assert await cosigned_size(witness.entry) == count


async def test_a_kept_line_cannot_be_changed_or_removed(
    ledger: Ledger, witness: RunningWitness, client: httpx.AsyncClient
) -> None:
    await cosign(ledger, await head_of(ledger, 3), [witness.entry], client)
    rows = await Cosignature.select()
    assert len(rows) == 1
    with pytest.raises(Exception, match="append-only"):
        await Cosignature.delete(force=True)
    with pytest.raises(Exception, match="append-only"):
        await Cosignature.update({Cosignature.size: 4}, force=True)
    assert await Cosignature.select() == rows


async def test_asked_again_a_witness_has_still_one_line(
    ledger: Ledger, witness: RunningWitness, client: httpx.AsyncClient
) -> None:
    head = await head_of(ledger, 3)
    for _ in range(3):
        [outcome] = await cosign(ledger, head, [witness.entry], client)
        assert outcome.line is not None
    assert await Cosignature.count() == 1


async def test_receipts_carry_it_too(
    ledger: Ledger, witness: RunningWitness, client: httpx.AsyncClient
) -> None:
    await cosign(ledger, await head_of(ledger, 5), [witness.entry], client)
    proven = await read_proven_entry(2)
    text = TlogProof.format(proven.proof)
    report = verify_entry(proven.body, text, [ledger.verifier_key, witness.key])
    assert any(witness.key.name in str(finding) for finding in report.findings)


async def test_a_witness_that_is_behind_or_before_our_memory_is_caught_up(
    ledger: Ledger, witness: RunningWitness, client: httpx.AsyncClient
) -> None:
    first = await head_of(ledger, 10)
    await ask_witness(WitnessRequest(0, (), first.note), witness.entry, client)
    assert await cosigned_size(witness.entry) == 0
    [outcome] = await cosign(ledger, await head_of(ledger, 600), [witness.entry], client)
    assert outcome.line is not None


async def test_a_witness_that_is_down_keeps_nothing_back(
    ledger: Ledger, witness: RunningWitness, absent: WitnessAddress, client: httpx.AsyncClient
) -> None:
    head = await head_of(ledger, 4)
    down, up = await cosign(ledger, head, [absent, witness.entry], client)
    assert (down.line, down.contradicts) == (None, False)
    assert up.line is not None
    after = await read_head()
    assert after is not None
    assert after.note == head.note + up.line


async def test_a_witness_that_saw_another_history_contradicts(
    ledger: Ledger, witness: RunningWitness, client: httpx.AsyncClient
) -> None:
    fork = SmallLog(entries(20), ledger.signing_keys[0])
    await ask_witness(WitnessRequest(0, (), fork.note()), witness.entry, client)
    for count in (10, 20, 21, 300):
        [outcome] = await cosign(ledger, await head_of(ledger, count), [witness.entry], client)
        assert (outcome.line, outcome.contradicts) == (None, True)
    assert await Cosignature.count() == 0


def answering(status: int, content_type: str, body: bytes) -> type[BaseHTTPRequestHandler]:
    """Return a server's handler that always answers the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


FOREIGN = sign_note("any.example\n1\nAAAA\n", [OTHER]).partition("\n\n")[2].encode()


WRONG_ANSWERS = (
    (200, b""),
    (200, b"thank you\n"),
    (200, b"\xff\xfe"),
    (200, FOREIGN),
    (200, b"x" * 100_000),
    (301, b""),
    (404, b"unknown\n"),
    (409, b"many\n"),
    (409, b"1\n"),
    (429, b""),
    (500, b"<html>"),
)


async def test_no_answer_of_a_witness_brings_us_down(
    ledger: Ledger, client: httpx.AsyncClient
) -> None:
    head = await head_of(ledger, 4)
    for status, body in WRONG_ANSWERS:
        with serving_in_thread(answering(status, "text/x.tlog.size", body)) as address:
            liar = WitnessAddress(OTHER.verifier, address)
            [outcome] = await cosign(ledger, head, [liar], client)
            assert outcome.line is None
            assert outcome.reason is not None
            assert await Cosignature.count() == 0
            expected = {200: 4, 409: 1}.get(status, 0)
            assert await witnessed_size([liar], head.note, client) in {0, expected}


async def test_the_largest_size_that_any_witness_saw(
    ledger: Ledger,
    witness: RunningWitness,
    absent: WitnessAddress,
    client: httpx.AsyncClient,
    tmp_path: Path,
) -> None:
    early = await head_of(ledger, 4)
    assert await witnessed_size([], early.note, client) == 0
    assert await witnessed_size([absent], early.note, client) == 0
    with running_witness(tmp_path / "2", ledger.verifier_key, name="second.example") as second:
        await cosign(ledger, await head_of(ledger, 9), [second.entry], client)
        both = [absent, witness.entry, second.entry]
        assert await witnessed_size(both, early.note, client) == 9
        # The first had never seen the log: it has now.
        assert await witnessed_size([witness.entry], early.note, client) == 4


async def test_a_witness_that_says_nothing_is_left_out_after_a_short_time(
    ledger: Ledger, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = await head_of(ledger, 4)
    monkeypatch.setattr("ledger.witnessing.client.START_TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:  # which never accepts
        silent = WitnessAddress(OTHER.verifier, f"http://127.0.0.1:{listener.getsockname()[1]}")
        before = time.monotonic()
        assert await witnessed_size([silent], head.note, client) == 0
        assert time.monotonic() - before < 5


async def seen_cosigned(witness: RunningWitness, size: int) -> None:
    """Wait until the line of a witness stands under the checkpoint of this size."""
    async with asyncio.timeout(30):
        while await cosigned_size(witness.entry) < size:  # noqa: ASYNC110 (another task writes it)
            await asyncio.sleep(0.01)


async def test_the_server_s_task_follows_the_log(
    ledger: Ledger,
    witness: RunningWitness,
    absent: WitnessAddress,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(module, "PAUSE_SECONDS_MAX", 0.02)
    caplog.set_level(logging.WARNING)
    async with cosigning(ledger, [absent, witness.entry]):
        for count in (1, 2, 300):
            await head_of(ledger, count)
            await seen_cosigned(witness, count)
    said = [record for record in caplog.records if absent.key.name in record.getMessage()]
    assert len(said) == 1


async def test_without_witnesses_nothing_runs(ledger: Ledger) -> None:
    tasks = len(asyncio.all_tasks())
    async with cosigning(ledger, []):
        assert len(asyncio.all_tasks()) == tasks


def test_the_list_of_witnesses_is_read(tmp_path: Path) -> None:
    file = tmp_path / "witnesses"
    file.write_text(
        f"# of partners\n\n{OTHER.verifier}  https://w.example/a/ # the first\n"
        f"{OTHER.verifier} http://moved.example\n"
    )
    [witness] = read_witnesses(file)
    assert (str(witness.key), witness.address) == (str(OTHER.verifier), "http://moved.example")
    assert read_witnesses(None) == ()
    with pytest.raises(WrongUse, match="cannot be read"):
        read_witnesses(tmp_path / "none")


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        f"{OTHER.verifier}",
        f"{OTHER.verifier} ftp://w.example",
        f"{OTHER.verifier} https://",
        f"{OTHER.verifier} http://[",
        f"{OTHER.verifier} https://w.example more",
        "a+b+c https://w.example",
    ],
    ids=["no key", "no address", "ftp", "no host", "half a host", "three words", "false key"],
)
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(WrongUse, match="Line 2"):
        parse_witnesses(f"#\n{line}\n")
