"""Provides receipts from a small log in memory, with a witness, for tests of checking them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ledger.entries import Entry, Source, entry_bytes
from ledger.hashing import leaf_hash, tree_root
from ledger.kinds.donation import DonationFacts, Donor, Visibility
from ledger.proofs import TlogProof, inclusion_proof
from ledger.receipt import Receipt, make_receipt
from ledger.signing.notes import Checkpoint, SignatureType, SigningKey, sign_note
from ledger.vault.vault import Opening, commitment

ORIGIN = "log.example/small"
IDENTIFIER = "CN-USCI-53440300000009996C"
LOG_KEY = SigningKey(ORIGIN, SignatureType.ED25519, b"\x01" * 32)
SAME_NAME_KEY = SigningKey(ORIGIN, SignatureType.ED25519, b"\x02" * 32)
OTHER_LOG_KEY = SigningKey("log.example/other", SignatureType.ED25519, b"\x03" * 32)
WITNESS_KEY = SigningKey("witness.example/w1", SignatureType.COSIGNATURE, b"\x04" * 32)
OPENING = Opening("虚构甲·𠮷", bytes(range(32)))
COSIGNED_AT = 1_700_000_000


def gift(number: int, opening: Opening | None = OPENING) -> bytes:
    """Return the bytes of an entry: a gift of `number` yuan and one fen."""
    facts = DonationFacts(
        amount=100 * number + 1,
        donor=Donor(
            commitment=commitment(*opening) if opening else None,
            reference=f"{number:032x}",
            visibility=Visibility.ANONYMOUS,
        ),
        fund="general",
    )
    return entry_bytes(
        Entry(
            day="2026-01-02",
            facts=facts,
            id=f"request:{IDENTIFIER}:gift-{number}",
            kind="donation",
            organisation=IDENTIFIER,
            postings=facts.postings(IDENTIFIER),
            recorded_at="2026-01-03T04:05:06Z",
            source=Source(request="invented “gift”"),
            version=1,
        )
    )


@dataclass(frozen=True)
class SmallLog:
    """A log of at most 256 entries, all in memory."""

    bodies: Sequence[bytes]
    origin: str = ORIGIN

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hashes of the entries."""
        return [leaf_hash(body) for body in self.bodies]

    @property
    def checkpoint(self) -> Checkpoint:
        """What the log says of itself."""
        return Checkpoint(self.origin, len(self.bodies), tree_root(self.leaves))

    def note(self, *keys: SigningKey) -> str:
        """Return the checkpoint, signed by these keys."""
        text = self.checkpoint.text()
        lines = [
            key.sign(text, COSIGNED_AT)
            if key.signature_type is SignatureType.COSIGNATURE
            else key.sign(text)
            for key in keys
        ]
        return f"{sign_note(text, [])}{''.join(lines)}"

    def proof(self, index: int, *keys: SigningKey) -> TlogProof:
        """Return the proof of an entry under a checkpoint signed by these keys."""
        hashes = inclusion_proof(index, len(self.bodies), lambda _: b"".join(self.leaves))
        return TlogProof(index, tuple(hashes), self.note(*keys))

    def receipt(
        self,
        index: int,
        opening: Opening | None = None,
        keys: Sequence[SigningKey] = (LOG_KEY,),
    ) -> Receipt:
        """Return the receipt of an entry under a checkpoint signed by these keys."""
        return make_receipt(
            self.bodies[index], self.proof(index, *keys), LOG_KEY.verifier, (), opening
        )


def small_log(size: int) -> SmallLog:
    """Return a log of so many gifts."""
    return SmallLog([gift(number) for number in range(size)])
