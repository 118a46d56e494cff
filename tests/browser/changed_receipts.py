"""Provides receipts with something changed in them, for those who check receipts."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from ledger.canonical import encode
from ledger.receipt import RECEIPT_BYTES_MAX, Receipt, make_receipt
from ledger.signing.notes import SigningKey
from ledger.vault.vault import Opening
from tests.ledger.receipts import (
    LOG_KEY,
    OPENING,
    SAME_NAME_KEY,
    WITNESS_KEY,
    SmallLog,
    gift,
    small_log,
)

INDEX = 4
LOG = small_log(7)

Files = dict[str, bytes]


def receipt(**changes: Any) -> Receipt:
    made = LOG.receipt(INDEX, OPENING, [LOG_KEY, WITNESS_KEY])
    return msgspec.structs.replace(made, **changes)


def with_proof(**changes: Any) -> Receipt:
    """Return the receipt with a changed proof."""
    proof = replace(LOG.proof(INDEX, LOG_KEY, WITNESS_KEY), **changes)
    return make_receipt(gift(INDEX), proof, LOG_KEY.verifier, (), OPENING)


def with_note(old: str, new: str) -> Receipt:
    """Return the receipt with a changed checkpoint."""
    note = LOG.note(LOG_KEY, WITNESS_KEY)
    assert old in note
    return with_proof(checkpoint_note=note.replace(old, new, 1))


def flipped(text: str, place: int) -> str:
    """Return a text in base64 with one bit changed; the place must not be at its end."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:place] + letters[letters.index(text[place]) ^ 1] + text[place + 1 :]


def bad_signature(key: SigningKey) -> Receipt:
    """Return the receipt with one bit changed in the middle of a signature."""
    line = next(
        line
        for line in LOG.note(LOG_KEY, WITNESS_KEY).split("\n")
        if line.startswith(f"— {key.name} ")
    )
    return with_note(line, flipped(line, len(line) - 40))


ROOT = LOG.checkpoint.text().split("\n")[2]
HASHES = LOG.proof(INDEX, LOG_KEY).hashes
BAD_HASH = bytes([HASHES[1][0] ^ 1]) + HASHES[1][1:]
WRONG: dict[str, tuple[Receipt, str, str]] = {
    "entry": (receipt(entry=gift(INDEX + 1).decode()), "inclusion", "other_root"),
    "entry's form": (receipt(entry=f" {gift(INDEX).decode()}"), "entry", "entry_form"),
    "no entry": (receipt(entry='{"a":1}'), "entry", "entry_shape"),
    "hash": (with_proof(hashes=(HASHES[0], BAD_HASH, *HASHES[2:])), "inclusion", "other_root"),
    "order": (with_proof(hashes=HASHES[::-1]), "inclusion", "other_root"),
    "fewer hashes": (with_proof(hashes=HASHES[:-1]), "inclusion", "proof_short"),
    "more hashes": (with_proof(hashes=(*HASHES, HASHES[0])), "inclusion", "proof_long"),
    "index": (with_proof(index=INDEX + 1), "inclusion", "other_root"),
    "index outside": (with_proof(index=7), "inclusion", "outside"),
    "root": (with_note(ROOT, flipped(ROOT, 3)), "inclusion", "other_root"),
    "size": (with_note("\n7\n", "\n6\n"), "inclusion", "proof_long"),
    "equal way": (with_note("\n7\n", "\n8\n"), "signature", "bad_signature"),
    "signature": (bad_signature(LOG_KEY), "signature", "bad_signature"),
    "cosignature": (bad_signature(WITNESS_KEY), "witnesses", "bad_cosignature"),
    "signer": (LOG.receipt(INDEX, keys=[SAME_NAME_KEY]), "signature", "no_signature"),
    "only witness": (LOG.receipt(INDEX, keys=[WITNESS_KEY]), "signature", "no_signature"),
    "note": (with_note("\n\n", "\n"), "inclusion", "note_form"),
    "dash": (with_note("— ", "- "), "inclusion", "note_form"),
    "zero": (with_note("\n7\n", "\n07\n"), "inclusion", "note_form"),
    "name": (LOG.receipt(INDEX, Opening("虚构乙", OPENING.salt)), "opening", "other_commitment"),
    "salt": (LOG.receipt(INDEX, Opening(OPENING.name, bytes(32))), "opening", "other_commitment"),
    "nobody": (SmallLog([gift(0, None)]).receipt(0, OPENING), "opening", "no_commitment"),
}
PROOF = LOG.proof(INDEX, LOG_KEY).format().encode()
NO_RECEIPTS: dict[str, tuple[Files, str]] = {
    "empty": ({"a": b""}, "empty"),
    "huge": ({"b": b"[" * (RECEIPT_BYTES_MAX + 1)}, "large"),
    "deep": ({"c": b"[" * RECEIPT_BYTES_MAX}, "not_receipt"),
    "bytes": ({"d": bytes(range(256))}, "not_text"),
    "words": ({"e": "虚构".encode()}, "not_receipt"),
    "other form": ({"f": b'{"format":"charity-city/receipt/v2"}'}, "other_format"),
    "indented": ({"g": msgspec.json.format(receipt().format())}, "not_receipt"),
    "only proof": ({"h": PROOF}, "only_proof"),
    "only entry": ({"i": gift(1)}, "only_entry"),
    "two entries": ({"j": gift(1), "k": gift(2)}, "not_pair"),
    "three": ({"l": gift(1), "m": PROOF, "n": PROOF}, "many_files"),
}


def mutations() -> Iterator[bytes]:
    """Yield receipts: sound ones, changed ones, and ones of a log that signed strange entries."""
    good = receipt().format()
    yield good
    yield good.removesuffix(b"\n")
    yield from (made.format() for made, _, _ in WRONG.values())
    yield from (LOG.receipt(index, keys=[LOG_KEY]).format() for index in range(7))
    yield from (small_log(size).receipt(size - 1).format() for size in range(1, 10))
    strange = [b"{}", b'{"a": 1}', b"[]", b'{"a":1.0}', b'{"b":1,"a":2}', b'{"a":1e2}', b"null"]
    for body in (*strange, encode({"day": "2026-01-01", "kind": "x", "postings": "none"})):
        yield SmallLog([body, gift(1)]).receipt(0).format()
    yield receipt(log_key="").format()
    yield receipt(log_key="nonsense", witness_keys=("nonsense",)).format()
    yield with_proof(extra=b"anything").format()
    note = LOG.note(LOG_KEY)
    for line in ("— unknown AAAAAAA=\n", "— unknown AAAA\n", "— un+known AAAAAAA=\n", "\n"):
        yield with_proof(checkpoint_note=note + line).format()
    yield with_proof(checkpoint_note=note * 2).format()
    yield with_proof(checkpoint_note=note + note.split("\n\n")[1]).format()
    chance = random.Random(20260102)
    for _ in range(60):
        place, bit = chance.randrange(len(good)), 1 << chance.randrange(8)
        yield good[:place] + bytes([good[place] ^ bit]) + good[place + 1 :]
    for _ in range(10):
        start = chance.randrange(len(good))
        yield good[:start] + good[start + chance.randrange(1, 40) :]
