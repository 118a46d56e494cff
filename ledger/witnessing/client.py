"""Provides asking a witness over HTTP: who the witnesses are, and the size that they have seen."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from ledger.messages import WrongUse
from ledger.signing.notes import Checkpoint, NoteError, VerifierKey, parse_decimal
from ledger.witnessing.witness import ADD_CHECKPOINT, WitnessRequest

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
START_TIMEOUT_SECONDS = 2.0
ANSWER_BYTES_MAX = 64 * 1024
UNUSABLE = (httpx.HTTPError, httpx.InvalidURL, NoteError, UnicodeDecodeError)
"""What asking a witness may raise when it is down or answers otherwise than a witness does."""


@dataclass(frozen=True, slots=True)
class WitnessAddress:
    """A witness: the key of its cosignatures, and the address that checkpoints are sent to."""

    key: VerifierKey
    address: str


def parse_witnesses(text: str) -> tuple[WitnessAddress, ...]:
    """Return the witnesses of a list: a verifier key and an address on each line, "#" comments.

    Raises:
        WrongUse: a line has another form.
    """
    witnesses: dict[str, WitnessAddress] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        witness = _parse_witness(words)
        if witness is None:
            raise WrongUse(
                "Line {line} of the list of witnesses is not a verifier key and an address.",
                line=number,
            )
        witnesses[str(witness.key)] = witness
    return tuple(witnesses.values())


def _parse_witness(words: Sequence[str]) -> WitnessAddress | None:
    try:
        key, address = words
        parts = urlsplit(address)
        if parts.scheme in {"http", "https"} and parts.hostname:
            return WitnessAddress(VerifierKey.parse(key), address.rstrip("/"))
    except (NoteError, ValueError):
        return None
    return None


def read_witnesses(file: Path | None) -> tuple[WitnessAddress, ...]:
    """Return the witnesses of a file; none without a file.

    Raises:
        WrongUse: the file cannot be read, or a line has a wrong form.
    """
    if file is None:
        return ()
    try:
        return parse_witnesses(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(
            "The list of witnesses {path} cannot be read: {reason}", path=file, reason=error
        ) from error


def witness_client() -> httpx.AsyncClient:
    """Return a client that gives a witness ten seconds and follows it nowhere else."""
    return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What a witness answered: the HTTP status, and the content.

    Attributes:
        seen: the number of entries that it says it cosigned last, where it names one.
    """

    status: int
    content: bytes
    seen: int | None = None


async def ask_witness(
    request: WitnessRequest, witness: WitnessAddress, client: httpx.AsyncClient
) -> WitnessAnswer:
    """Send a checkpoint to a witness and return what it answers.

    Raises:
        UNUSABLE: it is down, or answers what no witness would.
    """
    address = f"{witness.address}/{ADD_CHECKPOINT}"
    async with client.stream("POST", address, content=request.format()) as response:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > ANSWER_BYTES_MAX:
                raise httpx.DecodingError("the answer is too long")
    seen = None
    if response.status_code == httpx.codes.CONFLICT:
        seen = parse_decimal(content.decode("ascii").removesuffix("\n"))
    return WitnessAnswer(response.status_code, bytes(content), seen)


def failure_text(error: Exception) -> str:
    """Return what an error says; its kind if it says nothing."""
    return str(error) or type(error).__name__


async def witnessed_size(
    witnesses: Sequence[WitnessAddress], note: str, client: httpx.AsyncClient
) -> int:
    """Return the largest size of our log that any witness has seen; 0 if none answers.

    Nothing may be signed below it. A witness that has not answered after two seconds is left out.

    Args:
        witnesses: whom to ask; all are asked at once.
        note: our newest signed checkpoint; a witness that never saw the log cosigns it.
        client: speaks HTTP.
    """
    sizes = await asyncio.gather(*(_seen_by(witness, note, client) for witness in witnesses))
    return max(sizes, default=0)


async def _seen_by(witness: WitnessAddress, note: str, client: httpx.AsyncClient) -> int:
    try:
        async with asyncio.timeout(START_TIMEOUT_SECONDS):
            answer = await ask_witness(WitnessRequest(0, (), note), witness, client)
    except (*UNUSABLE, TimeoutError) as error:
        logger.warning("the witness %s is left out: %s", witness.key.name, failure_text(error))
        return 0
    if answer.seen is not None:
        return answer.seen
    if answer.status == httpx.codes.OK:
        return Checkpoint.parse(note.partition("\n\n")[0] + "\n").size
    logger.warning(
        "the witness %s answers %d: %r", witness.key.name, answer.status, answer.content[:200]
    )
    return 0
