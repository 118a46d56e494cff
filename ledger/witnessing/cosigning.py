"""Provides the log's side of witnessing: asking witnesses to cosign, and keeping what they sign.

Nothing waits for a witness: a checkpoint is published without its line, and asked for again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from ledger.appending.publication import INSTANT
from ledger.database.engines import write_transaction
from ledger.log import Ledger
from ledger.messages import Message
from ledger.proofs import consistency_proof
from ledger.reading import Head, read_head, with_tiles
from ledger.signing.notes import open_note
from ledger.tables import Cosignature
from ledger.witnessing.client import (
    UNUSABLE,
    WitnessAddress,
    WitnessAnswer,
    ask_witness,
    failure_text,
    witness_client,
)
from ledger.witnessing.witness import WitnessRequest, signature_line

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
PAUSE_SECONDS_MAX = 300.0
TRIES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking a witness for one checkpoint.

    Attributes:
        witness: who was asked.
        line: its signature line, checked; None if there is none.
        reason: why there is none.
        contradicts: whether the witness says that the log is not what it has seen.
    """

    witness: WitnessAddress
    line: str | None = None
    reason: Message | None = None
    contradicts: bool = False


async def cosign(
    ledger: Ledger, head: Head, witnesses: Sequence[WitnessAddress], client: httpx.AsyncClient
) -> list[Outcome]:
    """Ask witnesses, all at once, to cosign a checkpoint; keep each good line as it comes.

    Args:
        ledger: whose log it is.
        head: the checkpoint.
        witnesses: whom to ask; the outcomes come in their order.
        client: speaks HTTP.
    """

    async def ask_and_keep(witness: WitnessAddress) -> Outcome:
        outcome = await _ask(head, witness, client)
        if outcome.line is not None:
            await _keep(ledger, head.size, witness, outcome.line)
        return outcome

    return await asyncio.gather(*map(ask_and_keep, witnesses))


async def _keep(ledger: Ledger, size: int, witness: WitnessAddress, line: str) -> None:
    """Keep a witness's first line; not over the reading connection, which must never wait."""
    received_at = ledger.clock().strftime(INSTANT)
    row = Cosignature(line=line, size=size, witness=str(witness.key), received_at=received_at)
    async with write_transaction(ledger.engine):
        if not await _is_cosigned(size, witness):
            await Cosignature.insert(row)


async def _is_cosigned(size: int, witness: WitnessAddress) -> bool:
    return await Cosignature.exists().where(
        (Cosignature.size == size) & (Cosignature.witness == str(witness.key))
    )


async def cosigned_size(witness: WitnessAddress) -> int:
    """Return the size of the largest checkpoint of ours that a witness cosigned; 0 if none."""
    row = (
        await Cosignature.select(Cosignature.size)
        .where(Cosignature.witness == str(witness.key))
        .order_by(Cosignature.size, ascending=False)
        .first()
    )
    return row["size"] if row is not None else 0


async def _ask(head: Head, witness: WitnessAddress, client: httpx.AsyncClient) -> Outcome:
    """Ask one witness, again from the size that it names if it names one."""
    remembered = await cosigned_size(witness)
    old = remembered if remembered <= head.size else 0
    try:
        for _ in range(TRIES):
            answer = await _submit(head, old, witness, client)
            if answer.seen is None:
                return _judged(answer, head, witness)
            if answer.seen > head.size:
                return _ahead(witness, answer.seen, head.size)
            if answer.seen == old:
                return _contradicting(witness)
            if answer.seen < remembered:
                logger.warning(
                    "the witness %s cosigned %d entries before and knows of %d only: it lost its"
                    " memory",
                    witness.key.name,
                    remembered,
                    answer.seen,
                )
            old = answer.seen
    except UNUSABLE as error:
        reason = Message("no usable answer: {reason}", reason=failure_text(error))
        return Outcome(witness, reason=reason)
    return Outcome(witness, reason=Message("it names another size at every try"))


async def _submit(
    head: Head, old: int, witness: WitnessAddress, client: httpx.AsyncClient
) -> WitnessAnswer:
    """Send a checkpoint with the proof that it continues the first `old` entries."""
    proof = await with_tiles(lambda read: consistency_proof(old, head.size, read))
    return await ask_witness(WitnessRequest(old, tuple(proof), head.note), witness, client)


def _judged(answer: WitnessAnswer, head: Head, witness: WitnessAddress) -> Outcome:
    """Return the outcome of an answer that names no size."""
    if answer.status == httpx.codes.OK:
        note = head.checkpoint.text() + "\n" + answer.content.decode()
        return Outcome(witness, line=signature_line(open_note(note, [witness.key]).signatures[0]))
    if answer.status == httpx.codes.UNPROCESSABLE_ENTITY:
        return _contradicting(witness)
    said = answer.content[:200].decode(errors="replace").strip()
    reason = Message("it answers {status}: {reason}", status=answer.status, reason=said)
    return Outcome(witness, reason=reason)


def _contradicting(witness: WitnessAddress) -> Outcome:
    reason = Message("our checkpoint does not continue the one that it cosigned before")
    return Outcome(witness, reason=reason, contradicts=True)


def _ahead(witness: WitnessAddress, seen: int, ours: int) -> Outcome:
    reason = Message("it has cosigned {seen} entries, we have {ours} only", seen=seen, ours=ours)
    return Outcome(witness, reason=reason, contradicts=True)


async def _collect(ledger: Ledger, witness: WitnessAddress, client: httpx.AsyncClient) -> None:
    """Collect one witness's line under every new checkpoint, for ever.

    While it does not cosign, the pauses grow; only the first failure in a row is logged.
    """
    pause = LOOK_SECONDS
    while True:
        try:
            outcome = await _collect_once(ledger, witness, client)
        except Exception:
            logger.exception("the cosignature of %s cannot be collected", witness.key.name)
            outcome = Outcome(witness)
        if outcome is None or outcome.line is not None:
            pause = LOOK_SECONDS
        else:
            if outcome.reason is not None and (outcome.contradicts or pause == LOOK_SECONDS):
                level = logging.ERROR if outcome.contradicts else logging.WARNING
                logger.log(level, "%s did not cosign: %s", witness.key.name, outcome.reason)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
        await asyncio.sleep(pause)


async def _collect_once(
    ledger: Ledger, witness: WitnessAddress, client: httpx.AsyncClient
) -> Outcome | None:
    """Ask a witness for its line under the newest checkpoint; None if there is nothing to ask."""
    head = await read_head()
    if head is None or await cosigned_size(witness) >= head.size:
        return None
    [outcome] = await cosign(ledger, head, [witness], client)
    return outcome


@asynccontextmanager
async def cosigning(ledger: Ledger, witnesses: Sequence[WitnessAddress]) -> AsyncIterator[None]:
    """Collect the cosignatures of every new checkpoint for as long as the context lasts."""
    if not witnesses:
        yield
        return
    async with witness_client() as client:
        tasks = [asyncio.create_task(_collect(ledger, one, client)) for one in witnesses]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
