"""Provides the rotation of a log's signing key: its proof, its entry, and the trust that follows.

An entry `key_rotation` names the new key; the old key signs that statement. Both sign every
checkpoint for a while, so that whoever knows only the old key has time to learn the new one. Later
that statement alone still leads from the old key to the new one: the log is checked with the key
that signed it, and that key is trusted because an entry of the log says so over the old key's
signature. Whoever stole a retired key could name another successor, in another log of his own:
take the newest key from somewhere else than from the log, whenever you can.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.entries import VERSION, Entry, Source
from ledger.kinds import parse_entry
from ledger.kinds.key_rotation import KEY_ROTATION, KeyRotationFacts
from ledger.messages import Message, Refused
from ledger.signing.notes import NoteSignature, open_checkpoint, open_note
from ledger.signing.signatures import SignatureType, SigningKey, VerifierKey, parse_verifier_keys
from ledger.verification import CHECKPOINT, Fetch, VerificationError

OVERLAP_DAYS = 90
"""How long both keys sign: time for witnesses, monitors and partners who look once a quarter."""

LOG_KEY_FILE = "log-key"
"""The file of a log that holds its own verifier keys, one a line, the primary one first."""

_HEADER = "charity-city/key-rotation/v1"
_KIND = f'"kind":"{KEY_ROTATION.name}"'.encode()


class RotationError(Refused):
    """An entry of the log names a new key, but not as it must."""


def rotation_text(old: VerifierKey, new: VerifierKey) -> str:
    """Return what the old key signs to name its successor.

    No checkpoint can look like it: its third line would have to be a hash.
    """
    return f"{_HEADER}\n{old.name}\n{old}\n{new}\n"


def rotation_entry(old: SigningKey, new: SigningKey, day: str, recorded_at: str) -> Entry:
    """Return the entry in which the old key names the new one.

    Args:
        old: the key that signed so far.
        new: its successor, under the same name.
        day: ISO day in Asia/Shanghai.
        recorded_at: UTC time of recording.
    """
    proof = old.sign(rotation_text(old.verifier, new.verifier)).removesuffix("\n")
    return Entry(
        day=day,
        facts=KeyRotationFacts(key=str(new.verifier), proof=proof),
        id=rotation_id(old.verifier, new.verifier),
        kind=KEY_ROTATION.name,
        postings=(),
        recorded_at=recorded_at,
        source=Source(),
        version=VERSION,
    )


def rotation_id(old: VerifierKey, new: VerifierKey) -> str:
    """Return the idempotency key of a rotation."""
    return f"key-rotation:{old.key_id.hex()}:{new.key_id.hex()}"


@dataclass(frozen=True, slots=True)
class Step:
    """One rotation that was proved: in entry `position`, `old` named `new` its successor."""

    position: int
    old: VerifierKey
    new: VerifierKey

    def message(self) -> Message:
        """Return the step in words."""
        return Message(
            "In entry {index} key {old} named key {new} its successor.",
            index=self.position,
            old=self.old.short,
            new=self.new.short,
        )


def rotation_steps(
    keys: Sequence[VerifierKey], entries: Iterable[tuple[int, Entry]]
) -> tuple[Step, ...]:
    """Return the rotations that lead on from trusted keys.

    At each moment the newest key and the one that named it may name a successor: should a new key
    be lost before the old one is retired, the old one names another. Rotations between keys that
    are not trusted say nothing and are left out.

    Args:
        keys: the keys that are trusted; only their Ed25519 keys matter.
        entries: places and entries of the kind `key_rotation`, in the order of the log.

    Raises:
        RotationError: an entry is malformed, bears a false signature of a trusted key, or one of a
            key that was replaced before.
    """
    trusted = [key for key in keys if key.signature_type is SignatureType.ED25519]
    replaced: list[VerifierKey] = []
    steps: list[Step] = []
    for position, entry in entries:
        new, proof = _named_key(position, entry)
        if _signer(proof, replaced) is not None:
            raise RotationError(
                "Entry {index} names a new key, signed by one that was replaced before: {key}.",
                index=position,
                key=f"{proof.name}+{proof.key_id.hex()}",
            )
        old = _signer(proof, trusted)
        if old is None:
            continue
        _check_proof(position, old, new, proof)
        steps.append(Step(position, old, new))
        replaced += [key for key in trusted if key not in (old, new) and key.name == new.name]
        trusted = [new, old, *(key for key in trusted if key.name != new.name)]
    return tuple(steps)


def _signer(proof: NoteSignature, keys: Iterable[VerifierKey]) -> VerifierKey | None:
    """Return the key that a proof says it is of."""
    return next((key for key in keys if (key.name, key.key_id) == (proof.name, proof.key_id)), None)


def _named_key(position: int, entry: Entry) -> tuple[VerifierKey, NoteSignature]:
    """Return the key that an entry names, and the proof, not checked yet."""
    try:
        new = VerifierKey.parse(entry.facts.key)
        proof = NoteSignature.parse(entry.facts.proof)
    except Refused as refusal:
        raise RotationError(
            "Entry {index} names a new key in a wrong form: {reason}",
            index=position,
            reason=refusal.message,
        ) from refusal
    if new.name != proof.name or new.signature_type is not SignatureType.ED25519:
        raise RotationError(
            "Entry {index} names a key of another owner or type as the new one.", index=position
        )
    return new, proof


def _check_proof(position: int, old: VerifierKey, new: VerifierKey, proof: NoteSignature) -> None:
    try:
        old.verify(rotation_text(old, new), proof.signature)
    except Refused as refusal:
        raise RotationError(
            "Entry {index} names a new key, but key {old} did not sign that.",
            index=position,
            old=old.short,
        ) from refusal


def follow_rotations(
    keys: Sequence[VerifierKey], entries: Iterable[tuple[int, Entry]]
) -> tuple[VerifierKey, ...]:
    """Return the keys that may sign the log now: the newest, then the one that named it.

    Without a rotation that begins at one of `keys`, these are `keys` themselves.

    Args:
        keys: the keys that are trusted.
        entries: places and entries of the kind `key_rotation`, in the order of the log.

    Raises:
        RotationError: as `rotation_steps`.
    """
    steps = rotation_steps(keys, entries)
    return (steps[-1].new, steps[-1].old) if steps else tuple(keys)


@dataclass(slots=True)
class LogSigners:
    """Who signed a log: keys that were given, or keys that they lead to.

    Hand `fetch`, `keys` and `add` to `verify_log`, then ask for `findings`. A key that the log
    offers for itself only identifies the signer; the entries, once read, make it trusted.

    Attributes:
        source: fetches the files of the log.
        given: the keys that are trusted.
        keys: those to check the log with: the given ones, and an offered one that signed the
            checkpoint, if no given key of the log did.
    """

    source: Fetch
    given: Sequence[VerifierKey]
    keys: tuple[VerifierKey, ...] = field(init=False)
    _note: bytes | None = field(init=False, default=None)
    _offered: tuple[VerifierKey, ...] = field(init=False, default=())
    _rotations: list[tuple[int, Entry]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        try:
            self._note = self.source(CHECKPOINT)
            if not any(_signed(self._text, [key]) for key in self.given):
                self._offered = self._find_offered()
        except LookupError:
            pass  # the verification says what is missing
        self.keys = (*self.given, *self._offered)

    @property
    def _text(self) -> str:
        return (self._note or b"").decode(errors="replace")

    def _find_offered(self) -> tuple[VerifierKey, ...]:
        """Return those of the log's own keys that signed the checkpoint."""
        try:
            offered = parse_verifier_keys(self.source(LOG_KEY_FILE).decode())
        except (Refused, UnicodeDecodeError):
            return ()
        names = {key.name for key in self.given}
        return tuple(key for key in offered if key.name in names and _signed(self._text, [key]))

    def fetch(self, path: str) -> bytes:
        """Return a file of the log; always the same checkpoint.

        Raises:
            LookupError: there is none.
        """
        return self._note if path == CHECKPOINT and self._note is not None else self.source(path)

    def add(self, index: int, body: bytes) -> None:
        """Take note of an entry that was checked, if it names a new key.

        Raises:
            Refused: it is no sound entry.
        """
        if _KIND in body:
            entry = parse_entry(body)
            if entry.kind == KEY_ROTATION.name:
                self._rotations.append((index, entry))

    def findings(self) -> tuple[Message, ...]:
        """Return what the entries prove of the keys; call it when the whole log was checked.

        Raises:
            VerificationError: nothing leads from the given keys to the signer; or an ML-DSA-44 key
                of the log, or a witness's key, was given and did not sign.
            RotationError: as `rotation_steps`.
        """
        steps = rotation_steps(self.given, self._rotations)
        current = follow_rotations(self.given, self._rotations)
        for key in self._offered:
            if key not in current:
                raise VerificationError(
                    "The checkpoint is signed by key {key}, which no entry of the log proves to be"
                    " a successor of the key given.",
                    key=key.short,
                )
        found = [step.message() for step in steps]
        if self._offered:
            found.append(
                Message(
                    "The checkpoint is signed by key {key}, a successor of the key given. Keep it"
                    " for the next time: {text}",
                    key=self._offered[0].short,
                    text=self._offered[0],
                )
            )
        self._check_witnesses()
        return (*found, *self._post_quantum())

    def _check_witnesses(self) -> None:
        """Insist on the cosignature of every witness whose key was given."""
        for key in self.given:
            if key.signature_type is SignatureType.COSIGNATURE and not _bears(self._text, key):
                raise VerificationError(
                    "The witness {name} did not cosign this checkpoint.", name=key.name
                )

    def _post_quantum(self) -> list[Message]:
        """Insist on the signature of an ML-DSA-44 key: else whoever broke Ed25519 leaves it out."""
        origin = self._text.partition("\n")[0]
        found = []
        for key in self.given:
            if key.signature_type is SignatureType.ML_DSA_44 and key.name == origin:
                if not _bears(self._text, key):
                    raise VerificationError(
                        "The log did not sign its checkpoint with the ML-DSA-44 key given, {key}.",
                        key=key.short,
                    )
                found.append(
                    Message("The log's ML-DSA-44 key {key} signed the checkpoint.", key=key.short)
                )
        return found


def _signed(note: str, keys: Sequence[VerifierKey]) -> bool:
    """Return whether the log signed its checkpoint with one of these keys."""
    try:
        open_checkpoint(note, keys)
    except Refused:
        return False
    return True


def _bears(note: str, key: VerifierKey) -> bool:
    try:
        open_note(note, [key])
    except Refused:
        return False
    return True
