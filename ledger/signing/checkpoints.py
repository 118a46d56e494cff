"""Provides the checkpoint: what a log says of itself at one moment (C2SP tlog-checkpoint)."""

from dataclasses import dataclass
from typing import Self

from ledger.signing.encodings import NoteError, decode_hash, encode_base64, parse_decimal


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself at one moment.

    Attributes:
        origin: which log; also the name of its key.
        size: the number of entries.
        root: the root hash of the tree over them, 32 bytes.
        extensions: further lines, signed but without a meaning here.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text to sign."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the checkpoint that a note's text holds.

        Raises:
            NoteError: the text is not written exactly as `text` writes it.
        """
        *lines, end = text.split("\n")
        if end or len(lines) < 3 or not all(lines):
            raise NoteError("The checkpoint is not made of three or more full lines.")
        origin, size, root, *extensions = lines
        return cls(origin, parse_decimal(size), decode_hash(root), tuple(extensions))
