"""Provides receipts: one file with an entry, its proof, and the donor's opening if he wants it.

A receipt is canonical JSON (see `ledger.canonical`) with one newline at its end. Whoever holds it
needs only the log's verifier key, got elsewhere, to check it: no network and no database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Self

import msgspec

from ledger.entries import Digest, Entry, Facts
from ledger.kinds import parse_entry
from ledger.messages import Message, Refused
from ledger.proofs import TlogProof
from ledger.signing.notes import Checkpoint, VerifierKey
from ledger.vault.vault import Opening, opens
from ledger.verification import VerificationError, verify_entry

RECEIPT_FORMAT: Final = "charity-city/receipt/v1"
RECEIPT_ENDING: Final = ".receipt.json"
RECEIPT_MEDIA_TYPE: Final = "application/vnd.charity-city.receipt+json"
RECEIPT_BYTES_MAX: Final = 1_000_000
"""Far above any receipt: an entry, some 60 hashes and 100 signatures."""


class WrittenOpening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens a donor's commitment, as it is written: the name, and the salt in hex."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    salt: Digest


class Receipt(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    tag=RECEIPT_FORMAT,
    tag_field="format",
):
    """A receipt as its file holds it.

    Attributes:
        entry: the exact bytes of the entry, which are UTF-8 text.
        proof: the text of the `.tlog-proof` file, with the signed checkpoint verbatim.
        log_key: the log's verifier key, for convenience; it proves nothing by itself.
        witness_keys: the verifier keys of the log's witnesses, likewise.
        opening: name and salt of the donor; None where he wants none.
    """

    entry: str
    log_key: str
    opening: WrittenOpening | None = None
    proof: str
    witness_keys: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the receipt that a file holds; nothing is verified yet.

        Raises:
            VerificationError: the file is no receipt, or not written exactly as `format` does.
        """
        if len(data) > RECEIPT_BYTES_MAX:
            raise VerificationError(
                "A receipt has at most {most} bytes; this file has more.", most=RECEIPT_BYTES_MAX
            )
        try:
            receipt = msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise VerificationError(
                "The file is not a receipt of the form {form}: {reason}",
                form=RECEIPT_FORMAT,
                reason=error,
            ) from error
        if receipt.format().removesuffix(b"\n") != data.removesuffix(b"\n"):
            raise VerificationError("The receipt is JSON, but not in canonical form.")
        return receipt

    def format(self) -> bytes:
        """Return the bytes of the file."""
        return _encoder.encode(self) + b"\n"


_encoder = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True)
class ReceiptReport:
    """What a receipt proved.

    Attributes:
        checkpoint: what the log had signed.
        index: the place of the entry in the log, counted from 0.
        entry: what the log records there.
        donor: the name that opens the donor's commitment; None where the receipt opens none.
        findings: what was proved, in words.
        warnings: what remains to be doubted, in words.
    """

    checkpoint: Checkpoint
    index: int
    entry: Entry
    donor: str | None
    findings: tuple[Message, ...]
    warnings: tuple[Message, ...]


def make_receipt(
    body: bytes,
    proof: TlogProof,
    log_key: VerifierKey,
    witness_keys: Sequence[VerifierKey] = (),
    opening: Opening | None = None,
) -> Receipt:
    """Return the receipt of an entry from its bytes and its proof."""
    return Receipt(
        entry=body.decode(),
        log_key=str(log_key),
        opening=WrittenOpening(opening.name, opening.salt.hex()) if opening else None,
        proof=proof.format(),
        witness_keys=tuple([str(key) for key in witness_keys]),
    )


def donor_commitment(facts: Facts) -> str | None:
    """Return the commitment to who gave: a donor, or the settlor of a trust; None without one."""
    donor = getattr(facts, "donor", None) or getattr(facts, "settlor", None)
    return getattr(donor, "commitment", None)


def verify_receipt(receipt: Receipt, keys: Sequence[VerifierKey]) -> ReceiptReport:
    """Check a receipt without the log.

    Args:
        receipt: what the file holds.
        keys: the keys that the checker knows, of the log and of its witnesses. Without any, the
            receipt's own keys are taken: that shows only that the file agrees with itself, and the
            report warns so.

    Raises:
        VerificationError: it does not prove the entry, or its opening does not open the commitment.
        Refused: the log holds the entry, but it is none that this program knows.
    """
    proved = verify_entry(receipt.entry.encode(), receipt.proof, keys or _own_keys(receipt))
    entry = parse_entry(receipt.entry.encode())
    findings = list(proved.findings)
    if receipt.opening is not None:
        findings.append(_opened(entry, receipt.opening))
    return ReceiptReport(
        checkpoint=proved.checkpoint,
        index=proved.index,
        entry=entry,
        donor=receipt.opening.name if receipt.opening is not None else None,
        findings=tuple(findings),
        warnings=() if keys else (_self_agreement(receipt),),
    )


def _own_keys(receipt: Receipt) -> list[VerifierKey]:
    try:
        return [VerifierKey.parse(text) for text in (receipt.log_key, *receipt.witness_keys)]
    except Refused as refusal:
        raise VerificationError(
            "A key in the receipt is malformed: {reason}", reason=refusal.message
        ) from refusal


def _self_agreement(receipt: Receipt) -> Message:
    return Message(
        "The key was taken from the receipt itself, so this shows only that the file agrees with"
        " itself. Compare the key with the one that the operator publishes elsewhere: {key}",
        key=receipt.log_key,
    )


def _opened(entry: Entry, opening: WrittenOpening) -> Message:
    """Return in words who made the gift, after checking that the opening shows it."""
    expected = donor_commitment(entry.facts)
    if expected is None:
        raise VerificationError("The receipt names a donor, but its entry holds no commitment.")
    if not opens(expected, Opening(opening.name, bytes.fromhex(opening.salt))):
        raise VerificationError(
            "The name and the salt in the receipt do not open the donor's commitment."
        )
    return Message(
        "The gift was made by {name}: the name and the salt open the donor's commitment.",
        name=opening.name,
    )
