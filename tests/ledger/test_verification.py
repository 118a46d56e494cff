"""Provides the tests of the audit: what an honest log proves, and what has to be caught."""

import base64
import os
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import encode
from ledger.hashing import EMPTY_ROOT, leaf_hash
from ledger.proofs import TlogProof, inclusion_proof
from ledger.signing.notes import Checkpoint, SignatureType, SigningKey, open_checkpoint, sign_note
from ledger.tiles import RightEdge, TilePath, encode_bundle, tiles_of
from ledger.verification import (
    LARGEST_FILE,
    VerificationError,
    folder_fetch,
    verify_entry,
    verify_log,
)

Files = dict[str, bytes]

LOG = SigningKey.generate("log.example/city")
WITNESS = SigningKey.generate("witness.example/w1", SignatureType.COSIGNATURE)
KEYS = [LOG.verifier, WITNESS.verifier]


def entry(number: int) -> bytes:
    return encode({"amount": number, "kind": "donation"})


def publish(entries: Sequence[bytes], *, origin: str = LOG.name, extension: str = "") -> Files:
    """Return the files of a log that is honest in everything but, perhaps, its entries."""
    edge = RightEdge()
    full = edge.append(leaf_hash(entry) for entry in entries)
    files = {tile.tile_path().path(): tile.hashes for tile in full}
    files |= {path.path(): hashes for path, hashes in edge.partial_tiles()}
    for path in tiles_of(len(entries)):
        if path.level is None:
            start = path.number * 256
            files[path.path()] = encode_bundle(entries[start : start + path.width])
    extensions = (extension,) if extension else ()
    checkpoint = Checkpoint(origin, len(entries), edge.root(), extensions)
    files["checkpoint"] = sign_note(checkpoint.text(), [LOG, WITNESS]).encode()
    return files


@cache
def honest(size: int) -> Files:
    return publish([entry(number) for number in range(size)])


def checkpoint_of(files: Files) -> Checkpoint:
    return open_checkpoint(files["checkpoint"].decode(), KEYS)


def resigned(files: Files, text: str) -> Files:
    return files | {"checkpoint": sign_note(text, [LOG]).encode()}


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def refuse(files: Files, message: str, earlier: Checkpoint | None = None) -> None:
    with pytest.raises(VerificationError, match=message):
        verify_log(files.__getitem__, KEYS, earlier=earlier)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, 700])
def test_an_honest_log_is_read_whole_and_each_file_once(size: int) -> None:
    files = honest(size)
    fetched: Counter[str] = Counter()
    entries: list[tuple[int, bytes]] = []
    progress: list[tuple[int, int]] = []

    def fetch(path: str) -> bytes:
        fetched[path] += 1
        return files[path]

    report = verify_log(
        fetch,
        KEYS,
        on_entry=lambda index, data: entries.append((index, data)),
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert fetched == dict.fromkeys(files, 1)
    assert entries == [(number, entry(number)) for number in range(size)]
    assert progress == [(done, size) for done in (*range(256, size, 256), size) if size]
    assert report.checkpoint == checkpoint_of(files)
    assert report.entries == size
    assert report.tiles_checked == sum(path.level is not None for path in tiles_of(size))
    assert [str(finding) for finding in report.findings] == [
        f"The log log.example/city signed its checkpoint over {size} entries.",
        "The witness witness.example/w1 signed the checkpoint too.",
        f"{report.tiles_checked} tiles hold the hashes of these entries.",
        "The root hash over all entries is that of the signed checkpoint.",
    ]


def test_an_honest_log_of_three_levels() -> None:
    report = verify_log(honest(70_000).__getitem__, KEYS, earlier=checkpoint_of(honest(700)))
    assert report.tiles_checked == 277
    assert str(report.findings[-1]) == (
        "The log still begins with the 700 entries of the earlier checkpoint."
    )


@settings(deadline=None)
@given(st.data())
def test_one_bit_changed_in_any_tile_or_bundle_is_caught(data: st.DataObject) -> None:
    files = honest(300)
    path = data.draw(st.sampled_from([path for path in files if path != "checkpoint"]))
    bit = data.draw(st.integers(0, len(files[path]) * 8 - 1))
    refuse(files | {path: flip(files[path], bit)}, "tile|bundle")


@settings(deadline=None)
@given(st.data())
def test_one_bit_changed_in_the_checkpoint_never_changes_what_is_believed(
    data: st.DataObject,
) -> None:
    files = honest(300)
    bit = data.draw(st.integers(0, len(files["checkpoint"]) * 8 - 1))
    changed = files | {"checkpoint": flip(files["checkpoint"], bit)}
    try:
        report = verify_log(changed.__getitem__, KEYS)
    except VerificationError:
        return
    # A witness's name or key id may have become another's, whose line is left out.
    assert report.checkpoint == checkpoint_of(files)
    assert not any("witness" in str(finding) for finding in report.findings)


@pytest.mark.parametrize("index", [0, 255, 256, 299])
def test_one_bit_changed_in_an_entry_names_the_entry(index: int) -> None:
    entries = [entry(number) for number in range(300)]
    entries[index] = flip(entries[index], 80)
    bundle = TilePath(None, index // 256, 256 if index < 256 else 44)
    start = bundle.number * 256
    damaged = {bundle.path(): encode_bundle(entries[start : start + 256])}
    refuse(honest(300) | damaged, f"Entry {index} does not have the hash that the tile tile/0/00")


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/272",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ],
)
def test_one_bit_changed_in_a_tile_of_any_level_names_the_tile(path: str) -> None:
    files = honest(70_000)
    refuse(files | {path: flip(files[path], 77)}, path)


@pytest.mark.parametrize("path", sorted(set(honest(700)) - {"checkpoint"}))
def test_a_missing_tile_or_bundle_is_named(path: str) -> None:
    files = {name: data for name, data in honest(700).items() if name != path}
    refuse(files, f"The file {path} is missing")


def test_a_missing_checkpoint() -> None:
    refuse({}, "The file checkpoint is missing")


@pytest.mark.parametrize("path", ["tile/0/000", "tile/1/000.p/1", "tile/0/001.p/44"])
@pytest.mark.parametrize("change", [b"", b"\0", b"h" * 32])
def test_a_tile_of_the_wrong_length_is_caught(path: str, change: bytes) -> None:
    data = honest(300)[path]
    refuse(honest(300) | {path: data + change if change else data[:-1]}, f"{path} has")


@pytest.mark.parametrize(
    ("path", "width"), [("tile/entries/000", 256), ("tile/entries/001.p/44", 44)]
)
def test_a_bundle_with_bytes_behind_its_end_or_without_its_last_entry(
    path: str, width: int
) -> None:
    files = honest(300)
    short = encode_bundle([entry(number) for number in range(width - 1)])
    refuse(files | {path: files[path] + b"\0"}, f"{path} is damaged: the bundle ends within")
    refuse(files | {path: files[path] + b"\0\0"}, f"{path} (has {width + 1} entries|is damaged)")
    refuse(files | {path: short}, f"{path} has {width - 1} entries instead of {width}")


@pytest.mark.parametrize("line", [0, 1])
def test_one_bit_changed_in_a_signature_or_a_cosignature(line: int) -> None:
    text, _, signatures = honest(5)["checkpoint"].decode().partition("\n\n")
    lines = signatures.splitlines()
    name, data = lines[line].rsplit(" ", 1)
    lines[line] = f"{name} {base64.b64encode(flip(base64.b64decode(data), 300)).decode()}"
    note = "\n".join([text, "", *lines, ""])
    signer = (LOG, WITNESS)[line].name
    refuse(honest(5) | {"checkpoint": note.encode()}, f"signature of {signer} is not good")


def test_a_size_raised_without_signing() -> None:
    note = honest(300)["checkpoint"].replace(b"\n300\n", b"\n301\n")
    refuse(honest(301) | {"checkpoint": note}, "is not good")


def test_a_size_raised_and_signed_without_its_entries() -> None:
    checkpoint = checkpoint_of(honest(300))
    files = resigned(honest(300), Checkpoint(LOG.name, 301, checkpoint.root).text())
    refuse(files, r"tile/entries/001\.p/45 is missing")


def test_a_root_of_other_entries_under_a_good_signature() -> None:
    files = resigned(honest(300), Checkpoint(LOG.name, 300, EMPTY_ROOT).text())
    refuse(files, "root hash over all 300 entries is not that of the signed checkpoint")


def test_an_empty_log_with_another_root() -> None:
    refuse(resigned({}, Checkpoint(LOG.name, 0, bytes(32)).text()), "root hash")


def test_a_history_rewritten_and_signed_again_is_caught_by_an_earlier_checkpoint() -> None:
    rewritten = publish([entry(number if number != 7 else 8) for number in range(700)])
    assert verify_log(rewritten.__getitem__, KEYS).entries == 700
    for size in (8, 256, 300, 700):
        refuse(rewritten, "The history was rewritten", checkpoint_of(honest(size)))
    unchanged = checkpoint_of(honest(7))
    assert verify_log(rewritten.__getitem__, KEYS, earlier=unchanged).entries == 700


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 699, 700])
def test_every_earlier_checkpoint_of_an_honest_log_holds(size: int) -> None:
    report = verify_log(honest(700).__getitem__, KEYS, earlier=checkpoint_of(honest(size)))
    assert f"still begins with the {size} entries" in str(report.findings[-1])


def test_a_log_that_shrank_and_an_earlier_checkpoint_of_another_log() -> None:
    refuse(honest(5), "cannot shrink to 5", checkpoint_of(honest(6)))
    other = Checkpoint("other.example/log", 5, checkpoint_of(honest(5)).root)
    refuse(honest(5), r"of the log other\.example/log", other)


def test_a_leading_zero_in_the_size() -> None:
    text = checkpoint_of(honest(5)).text().replace("\n5\n", "\n05\n")
    refuse(resigned(honest(5), text), "without leading zeroes")


def test_non_canonical_base64() -> None:
    text = checkpoint_of(honest(5)).text()
    last = text[-3]
    loose = text.replace(f"{last}=\n", f"{chr(ord(last) + 1)}=\n")
    assert base64.b64decode(loose.split("\n")[2]) == checkpoint_of(honest(5)).root
    refuse(resigned(honest(5), loose), "not canonical base64")


def test_another_origin_under_the_same_key() -> None:
    entries = [entry(number) for number in range(5)]
    refuse(publish(entries, origin="other.example/log"), "did not sign its checkpoint")


def test_a_signed_extension_line_is_legal() -> None:
    files = publish([entry(number) for number in range(5)], extension="a further line")
    assert verify_log(files.__getitem__, KEYS).checkpoint.extensions == ("a further line",)


def test_a_checkpoint_that_is_not_text() -> None:
    refuse(honest(5) | {"checkpoint": b"\xff"}, "not text in UTF-8")


def test_what_the_entries_say_is_left_to_others() -> None:
    said: list[tuple[int, bytes]] = []
    files = publish([entry(0), b"no JSON"])
    verify_log(files.__getitem__, KEYS, on_entry=lambda index, body: said.append((index, body)))
    assert said == [(0, entry(0)), (1, b"no JSON")]


def test_a_partial_tile_may_be_gone_when_the_full_one_exists() -> None:
    grown = honest(700) | {"checkpoint": honest(300)["checkpoint"]}
    assert "tile/0/001.p/44" not in grown
    grown["tile/1/000.p/1"] = honest(300)["tile/1/000.p/1"]
    report = verify_log(grown.__getitem__, KEYS, earlier=checkpoint_of(honest(299)))
    assert report.entries == 300


def test_a_folder_gives_its_files_and_nothing_outside(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write_honest(log)
    (tmp_path / "secret").write_bytes(b"secret")
    (log / "link").symlink_to(tmp_path / "secret")
    fetch = folder_fetch(log)
    assert verify_log(fetch, KEYS).entries == 300
    outside = ["../secret", str(tmp_path / "secret"), "tile/../../secret", "link", "\0"]
    for path in [*outside, "", "tile", "absent", "checkpoint/000"]:
        with pytest.raises(LookupError):
            fetch(path)


def write_honest(log: Path) -> None:
    for name, data in honest(300).items():
        (log / name).parent.mkdir(parents=True, exist_ok=True)
        (log / name).write_bytes(data)


def test_links_in_a_circle_pipes_and_closed_folders_are_missing_files(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    os.mkfifo(tmp_path / "checkpoint")
    fetch = folder_fetch(tmp_path)
    for path in ("circle", "circle/000", "one", "one/tile/0", "checkpoint", "a" * 300):
        with pytest.raises(LookupError):
            fetch(path)
    with pytest.raises(VerificationError, match="checkpoint is missing"):
        verify_log(fetch, KEYS)


def test_a_file_that_memory_cannot_hold_is_refused(tmp_path: Path) -> None:
    write_honest(tmp_path)
    os.truncate(tmp_path / "checkpoint", 8 << 30)
    with pytest.raises(VerificationError, match="no file of a log is that long"):
        verify_log(folder_fetch(tmp_path), KEYS)
    os.truncate(tmp_path / "checkpoint", LARGEST_FILE)
    assert len(folder_fetch(tmp_path)("checkpoint")) == LARGEST_FILE


def receipt(index: int, size: int) -> str:
    edge = RightEdge()
    full = edge.append(leaf_hash(entry(number)) for number in range(size))
    tiles = {tile.tile_path(): tile.hashes for tile in full} | dict(edge.partial_tiles())
    hashes = inclusion_proof(index, size, tiles.__getitem__)
    return TlogProof(index, tuple(hashes), honest(size)["checkpoint"].decode()).format()


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 300), (299, 300), (512, 700)])
def test_a_receipt_proves_its_entry(index: int, size: int) -> None:
    report = verify_entry(entry(index), receipt(index, size), KEYS)
    assert (report.index, report.checkpoint.size) == (index, size)
    assert report.value == {"amount": index, "kind": "donation"}
    assert [str(finding) for finding in report.findings] == [
        f"The log log.example/city signed its checkpoint over {size} entries.",
        "The witness witness.example/w1 signed the checkpoint too.",
        f"The log holds this entry at place {index}.",
    ]


def test_a_receipt_proves_nothing_else() -> None:
    good = receipt(7, 300)
    first_hash = good.split("\n")[2]
    bad = {
        "does not lead to the root": (entry(8), good),
        "root hash": (entry(7), good.replace("index 7", "index 6")),
        "no entry 300": (entry(7), good.replace("index 7", "index 300")),
        "too short": (entry(7), good.replace(first_hash + "\n", "")),
        "is not good": (entry(7), good.replace("\n300\n", "\n301\n")),
        "leading zeroes": (entry(7), good.replace("index 7", "index 07")),
        "not a proof of the form": (entry(7), ""),
    }
    for message, (data, text) in bad.items():
        with pytest.raises(VerificationError, match=message):
            verify_entry(data, text, KEYS)
    with pytest.raises(VerificationError, match="no signature of a known key"):
        verify_entry(entry(7), good, [SigningKey.generate(LOG.name).verifier])
