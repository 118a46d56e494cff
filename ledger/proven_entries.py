"""Provides single entries of a published log, each proven to be under a checkpoint's root.

Whoever reads a log from the left to the right may need an earlier entry again. The server could
answer differently the second time, so that an entry is believed only with its inclusion proof.
"""

from collections.abc import Callable
from functools import cache, lru_cache

from ledger.hashing import leaf_hashes
from ledger.proofs import ProofError, inclusion_proof, verify_inclusion
from ledger.signing.notes import Checkpoint
from ledger.tiles import HASH_BYTES, TILE_WIDTH, TilePath, decode_bundle
from ledger.verification import Fetch, VerificationError

FILES_KEPT = 128
BUNDLES_KEPT = 32


def proven_entries(
    fetch: Fetch, open_checkpoint: Callable[[], Checkpoint]
) -> Callable[[int], bytes]:
    """Return what reads the bytes of an entry by its position, and proves them.

    It raises VerificationError when a file is missing or the entry is not the one that the
    checkpoint covers. A hundred files are kept at most, and the entries of some of them.

    Args:
        fetch: returns a file of the log by its path; raises LookupError when it is missing.
        open_checkpoint: returns the log's checkpoint, its signature checked; called once.
    """
    newest = cache(open_checkpoint)

    @lru_cache(maxsize=FILES_KEPT)
    def file(path: TilePath) -> bytes:
        # A partial tile may go once the full one exists.
        for candidate in dict.fromkeys((path, TilePath(path.level, path.number))):
            try:
                return fetch(candidate.path())
            except LookupError:
                continue
        raise VerificationError("The file {path} is missing.", path=path)

    def tile(path: TilePath) -> bytes:
        return file(path)[: path.width * HASH_BYTES]

    @lru_cache(maxsize=BUNDLES_KEPT)
    def bundle(number: int) -> list[bytes]:
        """Return the entries of a bundle, all proven by the inclusion of the first.

        Its proof goes through the hashes of all the others, here made of their very bytes.
        """
        checkpoint = newest()
        start, width = number * TILE_WIDTH, min(TILE_WIDTH, checkpoint.size - number * TILE_WIDTH)
        entries = decode_bundle(file(TilePath(None, number, width)))[:width]
        hashes = leaf_hashes(entries)
        joined = b"".join(hashes)

        def with_own(path: TilePath) -> bytes:
            is_own = (path.level, path.number) == (0, number)
            return joined[: path.width * HASH_BYTES] if is_own else tile(path)

        proof = inclusion_proof(start, checkpoint.size, with_own)
        verify_inclusion(hashes[0], start, checkpoint.size, proof, checkpoint.root)
        return entries

    def read(position: int) -> bytes:
        number, place = divmod(position, TILE_WIDTH)
        try:
            return bundle(number)[place]
        except (ProofError, ValueError, IndexError) as error:
            raise VerificationError(
                "Entry {index} was answered otherwise than the checkpoint has it: {reason}",
                index=position,
                reason=error,
            ) from error

    return read
