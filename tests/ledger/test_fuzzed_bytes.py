"""Tests of every parser under random and damaged input: an error of ours, never another exception.

Input is made up freely, or made of good examples by the damage that files suffer and attackers do:
flipped bits, cuts, repeated parts, huge numbers, other line ends, NUL, halves of surrogate pairs.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import decode
from ledger.entries import entry_bytes
from ledger.kinds import parse_entry
from ledger.messages import Refused
from ledger.proofs import TlogProof
from ledger.receipt import Receipt
from ledger.signing.checkpoints import Checkpoint
from ledger.signing.notes import NoteSignature, open_checkpoint, open_note, sign_note
from ledger.signing.rotation import follow_rotations, rotation_entry
from ledger.signing.signatures import SignatureType, SigningKey, VerifierKey, parse_verifier_keys
from ledger.tiles import decode_bundle, encode_bundle, parse_tile_path
from ledger.witnessing.witness import WitnessRequest
from tests.ledger.entries import gift

LOG: Final = SigningKey.generate("log.example/city")
NEW: Final = SigningKey.generate("log.example/city")
WITNESS: Final = SigningKey.generate("witness.example/w1", SignatureType.COSIGNATURE)
QUANTUM: Final = SigningKey.generate("log.example/city", SignatureType.ML_DSA_44)
KEYS: Final = [LOG.verifier, WITNESS.verifier, QUANTUM.verifier]

CHECKPOINT: Final = Checkpoint(LOG.name, 70_000, bytes(range(32)))
NOTE: Final = sign_note(CHECKPOINT.text(), [LOG, WITNESS, QUANTUM], 1_700_000_000)
PROOF: Final = TlogProof(7, (bytes(32), bytes(range(32))), NOTE, b"extra").format()
REQUEST: Final = WitnessRequest(256, (bytes(32),), NOTE).format().decode()
ROTATION: Final = rotation_entry(LOG, NEW, "2026-01-02", "2026-01-02T03:04:05Z")
BODIES: Final = [entry_bytes(gift(1)), entry_bytes(ROTATION)]
RECEIPT: Final = Receipt(entry=BODIES[0].decode(), log_key=str(LOG.verifier), proof=PROOF).format()
INSERTED: Final = (
    "\0", "\r\n", "\r", "\u2028", "\ud800", "\udfff", "\ufeff", "\x7f", "\n\n", "=", "+", "— ",
    "0", "-1", "9" * 20, "9" * 5_000, "1e999", "Infinity", "[" * 3_000, '{"a":' * 2_000, "٣",
)  # fmt: skip

TextParser = Callable[[str], object]
BytesParser = Callable[[bytes], object]


TEXT_PARSERS: Final[dict[str, tuple[TextParser, Sequence[str]]]] = {
    "VerifierKey.parse": (
        VerifierKey.parse,
        [str(key) for key in KEYS],
    ),
    "parse_verifier_keys": (parse_verifier_keys, ["\n".join(map(str, KEYS))]),
    "SigningKey.from_text": (
        SigningKey.from_text,
        [key.to_text() for key in (LOG, WITNESS, QUANTUM)],
    ),
    "NoteSignature.parse": (
        NoteSignature.parse,
        [key.sign(CHECKPOINT.text(), 1).removesuffix("\n") for key in (LOG, WITNESS, QUANTUM)],
    ),
    "open_note": (lambda text: open_note(text, KEYS), [NOTE]),
    "open_checkpoint": (lambda text: open_checkpoint(text, KEYS, LOG.name), [NOTE]),
    "Checkpoint.parse": (Checkpoint.parse, [CHECKPOINT.text()]),
    "TlogProof.parse": (TlogProof.parse, [PROOF]),
    "parse_tile_path": (
        parse_tile_path,
        ["tile/0/x001/x234/067.p/5", "tile/entries/000", "tile/63/000.p/255"],
    ),
}

BYTES_PARSERS: Final[dict[str, tuple[BytesParser, Sequence[bytes]]]] = {
    "decode_bundle": (decode_bundle, [encode_bundle(BODIES), encode_bundle([b"", b"x"] * 128)]),
    "parse_entry": (parse_entry, BODIES),
    "decode": (decode, BODIES),
    "Receipt.parse": (Receipt.parse, [RECEIPT]),
    "WitnessRequest.parse": (WitnessRequest.parse, [REQUEST.encode()]),
    "rotation": (
        lambda body: follow_rotations([LOG.verifier], [(0, parse_entry(body))]),
        [BODIES[1]],
    ),
}

OTHERS: Final = {"parse_tile_path": ValueError, "decode_bundle": ValueError}
"""What other errors than `Refused` the parsers' own words announce."""

LETTERS: Final = 1_000_000
SECONDS_MAX: Final = 5.0
"""A hundred times what one look at so much input takes, far less than what its square would."""


def read_or_refused(name: str, parse: Callable[[], object]) -> None:
    """Parse; an error of ours is an answer, and any other an error of the test."""
    try:
        parse()
    except Refused:
        return
    except ValueError as error:
        if type(error) is not OTHERS.get(name):
            raise


@st.composite
def damaged_text(draw: st.DrawFn, good: Sequence[str]) -> str:
    """Draw a text made up freely, or a good one damaged up to three times."""
    if draw(st.booleans()):
        return draw(st.text(st.characters(), max_size=200))
    text = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        change = draw(
            st.sampled_from(["cut", "repeat", "insert", "replace", "line ends", "letter"])
        )
        inserted = draw(st.sampled_from(INSERTED))
        part = {
            "cut": "",
            "repeat": text[start:end] * draw(st.integers(2, 5)),
            "insert": inserted + text[start:end],
            "replace": inserted,
            "line ends": text[start:end].replace("\n", "\r\n"),
            "letter": chr(draw(st.integers(0, 0x2FF))),
        }[change]
        text = text[:start] + part + text[end:]
    return text


@st.composite
def damaged_bytes(draw: st.DrawFn, good: Sequence[bytes]) -> bytes:
    """Draw bytes made up freely, or good ones damaged up to three times."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    data = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        change = draw(st.sampled_from(["flip", "cut", "repeat", "insert", "replace"]))
        inserted = draw(st.sampled_from(INSERTED)).encode(errors="surrogatepass")
        if change == "flip" and start < len(data):
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif change == "cut":
            del data[start:end]
        elif change == "repeat":
            data[start:end] = data[start:end] * draw(st.integers(2, 5))
        elif change == "insert":
            data[start:start] = inserted
        else:
            data[start:end] = inserted
    return bytes(data)


@pytest.mark.parametrize("name", TEXT_PARSERS)
@given(st.data())
@settings(max_examples=100)
def test_damaged_text_is_read_or_refused(name: str, data: st.DataObject) -> None:
    parse, good = TEXT_PARSERS[name]
    text = data.draw(damaged_text(good))
    read_or_refused(name, partial(parse, text))


@pytest.mark.parametrize("name", BYTES_PARSERS)
@given(st.data())
@settings(max_examples=100)
def test_damaged_bytes_are_read_or_refused(name: str, data: st.DataObject) -> None:
    parse, good = BYTES_PARSERS[name]
    damaged = data.draw(damaged_bytes(good))
    read_or_refused(name, partial(parse, damaged))


@pytest.mark.parametrize("name", TEXT_PARSERS)
def test_good_text_is_read(name: str) -> None:
    parse, good = TEXT_PARSERS[name]
    for text in good:
        parse(text)


@pytest.mark.parametrize("name", BYTES_PARSERS)
def test_good_bytes_are_read(name: str) -> None:
    parse, good = BYTES_PARSERS[name]
    for data in good:
        parse(data)


@pytest.mark.parametrize("name", TEXT_PARSERS)
def test_a_million_letters_are_answered_soon(name: str) -> None:
    parse, good = TEXT_PARSERS[name]
    for letter in ("A", "9", "\n", "+", "— ", "=", "x001/", "\ud800", "\n— x AAAAAAAA"):
        huge = letter * (LETTERS // len(letter))
        for text in (huge, good[0] + huge, f"{huge}\n"):
            start = time.process_time()
            read_or_refused(name, partial(parse, text))
            assert time.process_time() - start < SECONDS_MAX, letter


@pytest.mark.parametrize("name", BYTES_PARSERS)
def test_a_million_bytes_are_answered_soon(name: str) -> None:
    parse, good = BYTES_PARSERS[name]
    for letter in (b"\0", b"9", b"[", b'{"a":', b"\xff", b"\n"):
        huge = letter * (LETTERS // len(letter))
        for data in (huge, good[0] + huge):
            start = time.process_time()
            read_or_refused(name, partial(parse, data))
            assert time.process_time() - start < SECONDS_MAX, letter
