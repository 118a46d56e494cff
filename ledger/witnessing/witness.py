"""Provides the decision of a witness: whether to cosign a checkpoint (C2SP tlog-witness).

A witness remembers of each log the last checkpoint that it cosigned, and cosigns only what provably
continues that one. So whoever trusts the witness knows that nobody is shown another history.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from ledger.hashing import EMPTY_ROOT
from ledger.messages import Refused
from ledger.proofs import PROOF_HASHES_MAX, ProofError, verify_consistency
from ledger.signing.notes import (
    Checkpoint,
    NoteError,
    NoteSignature,
    SigningKey,
    VerifierKey,
    decode_hash,
    encode_base64,
    open_checkpoint,
    open_note,
    parse_decimal,
)

REQUEST_BYTES_MAX = 256 * 1024
ADD_CHECKPOINT = "add-checkpoint"
PLAIN = "text/plain; charset=utf-8"
SIZE_TYPE = "text/x.tlog.size"


class WitnessRequestError(Refused):
    """What was sent to a witness is not of the form of tlog-witness."""


def signature_line(signature: NoteSignature) -> str:
    """Return a signature as the line that it stands on in a note, with its newline."""
    data = encode_base64(signature.key_id + signature.signature)
    return f"— {signature.name} {data}\n"


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """What a log sends to a witness: the body of add-checkpoint.

    Attributes:
        old: the number of entries that the witness is thought to have cosigned last.
        proof: the consistency proof from there; empty when `old` is 0.
        note: the signed checkpoint.
    """

    old: int
    proof: tuple[bytes, ...]
    note: str

    def format(self) -> bytes:
        """Return the body of the request."""
        lines = (f"old {self.old}", *(encode_base64(digest) for digest in self.proof))
        return ("\n".join(lines) + "\n\n" + self.note).encode()

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Return what a body says; the checkpoint is not opened yet.

        Raises:
            WitnessRequestError: the body is not written exactly as `format` writes it.
        """
        try:
            head, blank, note = body.decode().partition("\n\n")
            old, *proof = head.split("\n")
            if not blank or not note or not old.startswith("old "):
                raise WitnessRequestError(
                    "The request is not an old size, a proof and a checkpoint."
                )
            if len(proof) > PROOF_HASHES_MAX:
                raise WitnessRequestError("The consistency proof is too long.")
            size = parse_decimal(old.removeprefix("old "))
            return cls(size, tuple(decode_hash(line) for line in proof), note)
        except UnicodeDecodeError as error:
            raise WitnessRequestError("The request is not text in UTF-8.") from error
        except NoteError as error:
            raise WitnessRequestError(
                "The request is malformed: {reason}", reason=error.message
            ) from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness answers: the HTTP status, the type of the content, and the content."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The last checkpoint of a log that a witness cosigned.

    Attributes:
        size: the number of entries.
        root: the root hash, 32 bytes.
        note: the checkpoint with the log's signatures and the witness's own.
        seconds: when it was cosigned, POSIX time.
    """

    size: int
    root: bytes
    note: str
    seconds: int


class CosignedStore(Protocol):
    """Keeps what a witness cosigned, durably."""

    def last(self, origin: str) -> Cosigned | None:
        """Return the last checkpoint cosigned of a log; None before the first."""

    def replace(self, origin: str, before: Cosigned | None, after: Cosigned) -> bool:
        """Put `after` in the place of `before` for good; return False if another stands there."""

    def keep_contradiction(self, origin: str, cosigned: str, other: str, seconds: int) -> None:
        """Keep two signed checkpoints that contradict each other; the first pair of a log stays."""


class _Turned(Exception):  # noqa: N818 (an answer on its way out, not an error)
    """The request is answered before a cosignature is made."""

    def __init__(self, status: int, reason: str) -> None:
        self.answer = Answer(status, PLAIN, f"{reason}\n".encode())
        super().__init__(reason)


class Witness:
    """Cosigns the checkpoints of the logs that it knows."""

    def __init__(
        self, key: SigningKey, log_keys: Iterable[VerifierKey], store: CosignedStore
    ) -> None:
        """Take the witness's own key (type cosignature) and the keys of the logs it follows.

        A log is known by the name of its key; while it changes its key it has two.
        """
        self._key = key
        self._store = store
        self._logs: dict[str, list[VerifierKey]] = {}
        for log_key in log_keys:
            self._logs.setdefault(log_key.name, []).append(log_key)

    @property
    def verifier_key(self) -> VerifierKey:
        """The public key that the cosignatures are checked with."""
        return self._key.verifier

    @property
    def logs(self) -> Mapping[str, Sequence[VerifierKey]]:
        """The keys of each log, by its origin."""
        return self._logs

    def add_checkpoint(self, body: bytes, now: int) -> Answer:
        """Answer a request to cosign a checkpoint: C2SP tlog-witness, add-checkpoint.

        What is cosigned is in the store, durably, before the cosignature is returned. The answers:
        200 with the cosignature, 400 malformed or an old size above the checkpoint's, 403 not
        signed by the log, 404 an unknown log, 409 the size last cosigned, if `old` is another,
        413 too large, 422 the proof or the root is wrong, 503 the clock went back.

        Args:
            body: the body of the request.
            now: POSIX time in seconds.
        """
        try:
            return self._answer(body, now)
        except _Turned as turned:
            return turned.answer

    def _answer(self, body: bytes, now: int) -> Answer:
        request = _parsed(body)
        checkpoint, signatures = self._opened(request.note)
        if request.old > checkpoint.size:
            raise _Turned(400, "the old size is above that of the checkpoint")
        last = self._store.last(checkpoint.origin)
        if last is not None:
            self._note_contradiction(last, checkpoint, request.note, now)
        if request.old != (last.size if last else 0):
            return _size_answer(last)
        _check_continues(last, request, checkpoint)
        if last is not None and now < last.seconds:
            raise _Turned(503, "the clock of this witness is behind its last cosignature")
        return self._cosign(checkpoint, signatures, last, now)

    def _opened(self, note: str) -> tuple[Checkpoint, tuple[NoteSignature, ...]]:
        """Return a checkpoint that a known log signed, and the log's good signatures."""
        text, _, _ = note.rpartition("\n\n")
        try:
            checkpoint = Checkpoint.parse(text + "\n")
        except NoteError as error:
            raise _Turned(400, "the checkpoint is malformed") from error
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            raise _Turned(404, "this witness does not know the log")
        try:
            open_checkpoint(note, keys, checkpoint.origin)
            return checkpoint, open_note(note, keys).signatures
        except NoteError as error:
            raise _Turned(403, "no good signature of the log's trusted key") from error

    def _note_contradiction(
        self, last: Cosigned, checkpoint: Checkpoint, note: str, now: int
    ) -> None:
        """Keep two checkpoints over equally many entries with different roots: the log lied.

        Other refusals prove nothing: anybody can send a genuine checkpoint with a wrong proof.
        """
        if last.size == checkpoint.size and last.root != checkpoint.root:
            self._store.keep_contradiction(checkpoint.origin, last.note, note, now)

    def _cosign(
        self,
        checkpoint: Checkpoint,
        signatures: Iterable[NoteSignature],
        last: Cosigned | None,
        now: int,
    ) -> Answer:
        text = checkpoint.text()
        line = self._key.sign(text, now)
        note = text + "\n" + "".join(map(signature_line, signatures)) + line
        after = Cosigned(checkpoint.size, checkpoint.root, note, now)
        if not self._store.replace(checkpoint.origin, last, after):
            return _size_answer(self._store.last(checkpoint.origin))
        return Answer(200, PLAIN, line.encode())


def _parsed(body: bytes) -> WitnessRequest:
    if len(body) > REQUEST_BYTES_MAX:
        raise _Turned(413, "the request is too large")
    try:
        return WitnessRequest.parse(body)
    except WitnessRequestError as error:
        raise _Turned(400, str(error)) from error


def _check_continues(
    last: Cosigned | None, request: WitnessRequest, checkpoint: Checkpoint
) -> None:
    """Make sure that a checkpoint continues the one that was cosigned last."""
    old_root = last.root if last else EMPTY_ROOT
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise _Turned(422, "the root of an empty log is another")
    try:
        verify_consistency(request.old, old_root, checkpoint.size, checkpoint.root, request.proof)
    except ProofError as error:
        raise _Turned(422, str(error)) from error


def _size_answer(last: Cosigned | None) -> Answer:
    size = last.size if last else 0
    return Answer(409, SIZE_TYPE, f"{size}\n".encode())
