"""Provides logs in memory, honest or not, and real servers of their files on the loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ledger.hashing import EMPTY_ROOT, leaf_hash, tree_root
from ledger.proofs import consistency_proof
from ledger.signing.notes import Checkpoint, SigningKey, sign_note
from ledger.tiles import HASH_BYTES, TILE_WIDTH, TilePath, encode_bundle, tiles_of
from ledger.witnessing.witness import WitnessRequest

ORIGIN = "log.example/small"
LOG_KEY = SigningKey.generate(ORIGIN)


def entries(count: int, word: str = "示例") -> list[bytes]:
    """Return entries in canonical JSON, the same for the same word."""
    return [
        json.dumps({"n": number, "word": word}, ensure_ascii=False, separators=(",", ":")).encode()
        for number in range(count)
    ]


class SmallLog:
    """A log that keeps its entries in a list and signs whatever it is told to."""

    def __init__(self, bodies: list[bytes], key: SigningKey = LOG_KEY) -> None:
        self.bodies = bodies
        self.key = key
        self.rows = [[leaf_hash(body) for body in bodies]]
        while len(self.rows[-1]) >= TILE_WIDTH:
            row = self.rows[-1]
            full = len(row) // TILE_WIDTH * TILE_WIDTH
            self.rows.append(
                [tree_root(row[start : start + TILE_WIDTH]) for start in range(0, full, TILE_WIDTH)]
            )

    def root(self, size: int) -> bytes:
        return _root(self.rows[0][:size])

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.bodies) if size is None else size
        return Checkpoint(self.key.name, size, self.root(size))

    def note(self, size: int | None = None) -> str:
        return sign_note(self.checkpoint(size).text(), [self.key])

    def tile(self, path: TilePath) -> bytes:
        start = path.number * TILE_WIDTH
        if path.level is None:
            return encode_bundle(self.bodies[start : start + path.width])
        hashes = b"".join(self.rows[path.level][start : start + path.width])
        assert len(hashes) == path.width * HASH_BYTES
        return hashes

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        return tuple(consistency_proof(old, size, self.tile))

    def request(self, old: int, size: int | None = None) -> bytes:
        """Return an honest request to a witness that has seen `old` entries."""
        size = len(self.bodies) if size is None else size
        return WitnessRequest(old, self.proof(old, size), self.note(size)).format()

    def files(self, size: int | None = None) -> dict[str, bytes]:
        """Return the files of the published log, by their paths."""
        size = len(self.bodies) if size is None else size
        tiles = {path.path(): self.tile(path) for path in tiles_of(size)}
        return {"checkpoint": self.note(size).encode(), **tiles}


def _root(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 6962 defines it, by recursion."""
    if not leaves:
        return EMPTY_ROOT
    count = len(leaves)
    if count & (count - 1) == 0:
        return tree_root(leaves)
    middle = 1 << ((count - 1).bit_length() - 1)
    return tree_root([tree_root(leaves[:middle]), _root(leaves[middle:])])


@contextmanager
def served_files(files: dict[str, bytes]) -> Iterator[str]:
    """Serve files over HTTP; yield the address. Changes of the dict show at once."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.lstrip("/"))
            self.send_response(404 if content is None else 200)
            self.send_header("content-length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving_in_thread(Handler) as address:
        yield address


@contextmanager
def serving_in_thread(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Run a server in a thread; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
