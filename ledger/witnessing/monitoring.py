"""Provides following someone's log: each new checkpoint has to continue the last one that was kept.

At the first inconsistency the signed checkpoints that contradict each other are kept with the
tiles that show it, so that a third party can repeat the check without the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from ledger.canonical import CanonicalError, decode
from ledger.hashing import leaf_hash, tree_root
from ledger.messages import Message, Refused
from ledger.proofs import ProofError, TileReader, consistency_proof, verify_consistency
from ledger.signing.notes import Checkpoint, NoteError, VerifierKey, open_checkpoint, open_note
from ledger.tiles import HASH_BYTES, TILE_WIDTH, RightEdge, TilePath, decode_bundle
from ledger.verification import CHECKPOINT, Fetch

DAMAGED: Final = Message(
    "The tiles received do not belong together: a download was damaged. Try again."
)


class InconsistencyError(Exception):
    """A log contradicts itself, or what it serves is not what it signed.

    Attributes:
        reason: what contradicts what.
        convicts: whether two checkpoints that the log signed contradict each other, which anybody
            can check; a wrong download is known only to who received it, for nobody signs it.
    """

    def __init__(self, reason: Message, *, convicts: bool = False) -> None:
        self.reason = reason
        self.convicts = convicts
        super().__init__(str(reason))


class UnavailableError(Exception):
    """A log cannot be reached, or does not serve all of its files: this proves nothing."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True, slots=True)
class Followed:
    """What a round proved.

    Attributes:
        checkpoint: what the log has signed.
        note: the signed checkpoint, verbatim.
        witnesses: who cosigned it, of those whose keys are known.
        new_entries: how many entries were read and hashed.
    """

    checkpoint: Checkpoint
    note: str
    witnesses: tuple[str, ...]
    new_entries: int


class Following:
    """One round of following a log.

    Attributes:
        files: what was fetched and may serve as evidence, by its path: the checkpoint, the tiles of
            the proof, and of bundles only one that was found wrong.
    """

    def __init__(self, fetch: Fetch, keys: Sequence[VerifierKey]) -> None:
        """Take what fetches the log's files, and the keys: the log's first, then of witnesses."""
        self.files: dict[str, bytes] = {}
        self._fetch = fetch
        self._keys = keys
        self._size = 0
        self._lasting: set[str] = set()

    def check(self, kept: Checkpoint | None, *, entries: bool = True) -> Followed:
        """Prove that the log continues a checkpoint, and that its new entries are what it signed.

        Args:
            kept: the checkpoint that was kept; None at the first round.
            entries: whether the new entries are read too; their memory is that of one bundle.

        Raises:
            InconsistencyError: the log contradicts itself.
            UnavailableError: it cannot be reached, or a file is missing or was damaged.
        """
        try:
            return self._follow(kept, entries=entries)
        except InconsistencyError as error:
            if error.convicts:
                self._confirm(kept)
            raise

    def _confirm(self, kept: Checkpoint | None) -> None:
        """Check the evidence as others will: nobody is convicted by what does not show it.

        Raises:
            UnavailableError: the files do not convict the log.
        """
        again = Following(self.files.__getitem__, self._keys)
        try:
            again._follow(kept, entries=False)
        except InconsistencyError as error:
            if error.convicts:
                return
        except UnavailableError:
            pass
        raise UnavailableError(DAMAGED)

    def _follow(self, kept: Checkpoint | None, *, entries: bool) -> Followed:
        note, checkpoint = self._open()
        self._size = checkpoint.size
        if kept is not None:
            self._check_continues(kept, checkpoint)
        first = kept.size if kept is not None else 0
        self._lasting = set(self.files)
        if entries:
            self._check_entries(kept, checkpoint)
        known = {key.name for key in self._keys}
        witnesses = [
            signature.name
            for signature in open_note(note, self._keys).signatures
            if signature.name in known - {checkpoint.origin}
        ]
        read = checkpoint.size - first if entries else 0
        return Followed(checkpoint, note, tuple(witnesses), read)

    def _get(self, path: str) -> bytes:
        try:
            self.files[path] = self._fetch(path)
        except LookupError as error:
            raise UnavailableError(Message("The file {path} is missing.", path=path)) from error
        except Refused as refusal:
            raise UnavailableError(refusal.message) from refusal
        return self.files[path]

    def _open(self) -> tuple[str, Checkpoint]:
        data = self._get(CHECKPOINT)
        try:
            note = data.decode()
            return note, open_checkpoint(note, self._keys, self._keys[0].name)
        except UnicodeDecodeError as error:
            raise InconsistencyError(Message("The checkpoint is not text in UTF-8.")) from error
        except NoteError as error:
            raise InconsistencyError(
                Message("The checkpoint cannot be trusted: {reason}", reason=error.message)
            ) from error

    def _check_continues(self, kept: Checkpoint, checkpoint: Checkpoint) -> None:
        sizes = {"kept": kept.size, "found": checkpoint.size}
        if checkpoint.size < kept.size:
            raise InconsistencyError(
                Message("The log has shrunk from {kept} entries to {found}.", **sizes)
            )
        if checkpoint.size == kept.size and checkpoint.root != kept.root:
            raise InconsistencyError(
                Message("The log signed two different histories of {kept} entries.", **sizes),
                convicts=True,
            )
        try:
            proof = consistency_proof(kept.size, checkpoint.size, self._tile)
            verify_consistency(kept.size, kept.root, checkpoint.size, checkpoint.root, proof)
        except ProofError as error:
            raise self._failure(kept, checkpoint, sizes) from error

    def _failure(
        self, kept: Checkpoint, checkpoint: Checkpoint, sizes: Mapping[str, int]
    ) -> InconsistencyError | UnavailableError:
        """Return why the proof fails: because of another history, or of tiles that are damaged.

        All tiles are fetched again, each once. If they belong to the new checkpoint, and the tree
        in them begins with another root than the kept one, then the log signed two histories: the
        hashes leave no other way. Otherwise a download was damaged, which proves nothing.
        """
        self.files = {CHECKPOINT: self.files[CHECKPOINT]}
        read = cache(self._tile)
        try:
            begins = self._edge(kept.size, read).root()
            proof = consistency_proof(kept.size, checkpoint.size, read)
            verify_consistency(kept.size, begins, checkpoint.size, checkpoint.root, proof)
        except (ProofError, InconsistencyError):
            return UnavailableError(DAMAGED)
        if begins == kept.root:
            return UnavailableError(DAMAGED)
        rewritten = Message(
            "The history was rewritten: the log of {found} entries does not begin with the {kept}"
            " entries of the checkpoint that was kept.",
            **sizes,
        )
        return InconsistencyError(rewritten, convicts=True)

    def _tile(self, path: TilePath) -> bytes:
        """Return a tile; of a log that has grown meanwhile, the full one may have replaced it."""
        try:
            tile = self._get(path.path())
        except UnavailableError:
            if path.width == TILE_WIDTH:
                raise
            tile = self._get(TilePath(path.level, path.number).path())[: path.width * HASH_BYTES]
        if len(tile) != path.width * HASH_BYTES:
            raise InconsistencyError(
                Message("The tile {path} has {bytes} bytes.", path=path, bytes=len(tile))
            )
        return tile

    def _edge(self, size: int, read: TileReader) -> RightEdge:
        """Return the right edge that the tree had at an earlier size, from the present tiles."""
        levels: list[bytes] = []
        remaining, now = size, self._size
        while remaining:
            number, width = divmod(remaining, TILE_WIDTH)
            levels.append(b"")
            if width:  # the tile may be wider by now, for its row is `now` hashes long
                present = min(TILE_WIDTH, now - number * TILE_WIDTH)
                path = TilePath(len(levels) - 1, number, present)
                levels[-1] = read(path)[: width * HASH_BYTES]
            remaining, now = number, now // TILE_WIDTH
        return RightEdge(size, levels)

    def _check_entries(self, kept: Checkpoint | None, checkpoint: Checkpoint) -> None:
        """Read the entries since the kept checkpoint, and compute the root hash over them."""
        edge = self._edge(kept.size, self._tile) if kept is not None else RightEdge()
        for number in range(edge.size // TILE_WIDTH, -(-checkpoint.size // TILE_WIDTH)):
            leaves = self.check_bundle(number, checkpoint.size)
            for full in edge.append(leaves[edge.size - number * TILE_WIDTH :]):
                self._check_tile(full.tile_path(), full.hashes)
        for path, hashes in edge.partial_tiles():
            self._check_tile(path, hashes)
        if edge.root() != checkpoint.root:
            raise InconsistencyError(
                Message(
                    "The root hash over all {size} entries is not that of the signed checkpoint.",
                    size=checkpoint.size,
                )
            )

    def _check_tile(self, path: TilePath, expected: bytes) -> None:
        """Compare a tile above the leaves with the hashes that follow from the entries."""
        if not path.level:
            return
        found = self._tile(path)
        if found == expected:
            return
        differing = next(i for i, byte in enumerate(expected) if found[i] != byte)
        child = path.number * TILE_WIDTH + differing // HASH_BYTES
        self.check_parent(TilePath(path.level - 1, child))
        raise InconsistencyError(_wrong_tile(path))

    def check_parent(self, child: TilePath) -> None:
        """Compare the root of a full tile with its hash in the tile above.

        Raises:
            InconsistencyError: they do not belong together.
            UnavailableError: one of them is missing.
        """
        level = 0 if child.level is None else child.level + 1
        number, position = divmod(child.number, TILE_WIDTH)
        width = min(TILE_WIDTH, (self._size >> 8 * level) - number * TILE_WIDTH)
        parent = TilePath(level, number, width)
        start = position * HASH_BYTES
        hashes = self._tile(child)
        parts = [hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES)]
        if self._tile(parent)[start : start + HASH_BYTES] != tree_root(parts):
            raise InconsistencyError(_wrong_tile(parent))

    def check_bundle(self, number: int, size: int) -> list[bytes]:
        """Return the leaf hashes of a bundle's entries, after comparing them with their tile.

        Raises:
            InconsistencyError: bundle and tile do not belong together.
            UnavailableError: one of them is missing.
        """
        width = min(TILE_WIDTH, size - number * TILE_WIDTH)
        bundle, tile = TilePath(None, number, width), TilePath(0, number, width)
        leaves = [leaf_hash(entry) for entry in self._entries(bundle)]
        if b"".join(leaves) != self._tile(tile):
            raise InconsistencyError(
                Message(
                    "The entries of the bundle {bundle} do not have the hashes that the tile {tile}"
                    " holds.",
                    bundle=bundle,
                    tile=tile,
                )
            )
        for path in {bundle.path(), tile.path()} - self._lasting:
            self.files.pop(path, None)
        return leaves

    def _entries(self, path: TilePath) -> Iterator[bytes]:
        try:
            data = self._get(path.path())
        except UnavailableError:
            if path.width == TILE_WIDTH:
                raise
            data = self._get(TilePath(None, path.number).path())
        try:
            entries = decode_bundle(data)
        except ValueError as error:
            raise InconsistencyError(
                Message("The bundle {path} is damaged: {reason}.", path=path, reason=error)
            ) from error
        if len(entries) < path.width:
            raise InconsistencyError(
                Message(
                    "The bundle {path} has {count} entries instead of {expected}.",
                    path=path,
                    count=len(entries),
                    expected=path.width,
                )
            )
        for index, entry in enumerate(entries[: path.width], path.number * TILE_WIDTH):
            try:
                decode(entry)
            except CanonicalError as error:
                raise InconsistencyError(
                    Message(
                        "Entry {index} is not canonical JSON: {reason}",
                        index=index,
                        reason=error.message,
                    )
                ) from error
            yield entry


def _wrong_tile(path: TilePath) -> Message:
    return Message("The tile {path} does not hold the hashes of the tiles below it.", path=path)
