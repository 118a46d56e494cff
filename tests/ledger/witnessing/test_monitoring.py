"""Tests of the monitor's rounds: an honest log is followed, and no lie of another passes."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.messages import Message, Refused
from ledger.signing.notes import Checkpoint, SignatureType, SigningKey, sign_note
from ledger.verification import Fetch, folder_fetch
from ledger.witnessing.monitoring import Followed, Following, InconsistencyError, UnavailableError
from ledger.witnessing.monitoring_folder import (
    KEPT,
    confirm_evidence,
    is_evidence,
    keep,
    read_kept,
    write_evidence,
)
from tests.ledger.small_logs import LOG_KEY, ORIGIN, SmallLog, entries

LOG = SmallLog(entries(700))
FORK = SmallLog([*entries(10), *entries(690, "虚构")])
KEYS = (LOG_KEY.verifier,)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WITNESS = SigningKey.generate("witness.example", SignatureType.COSIGNATURE)
Files = dict[str, bytes]


def fetch_from(files: Files) -> Fetch:
    return lambda path: files[path]


def followed(files: Files, kept: Checkpoint | None = None) -> Followed:
    return Following(fetch_from(files), KEYS).check(kept)


@pytest.mark.parametrize("old", [None, 1, 255, 256, 257, 300, 512, 699, 700])
@pytest.mark.parametrize("size", [700, 701, 768])
def test_an_honest_log_is_followed(old: int | None, size: int) -> None:
    log = SmallLog(entries(size))
    kept = log.checkpoint(old) if old is not None else None
    result = followed(log.files(), kept)
    assert result.checkpoint == log.checkpoint()
    assert result.new_entries == size - (old or 0)


def test_only_what_is_new_is_fetched() -> None:
    asked: list[str] = []

    def fetch(path: str) -> bytes:
        asked.append(path)
        return LOG.files()[path]

    Following(fetch, KEYS).check(LOG.checkpoint(513))
    assert [path for path in asked if "entries" in path] == ["tile/entries/002.p/188"]
    asked.clear()
    Following(fetch, KEYS).check(LOG.checkpoint(513), entries=False)
    assert [path for path in asked if "entries" in path] == []


def test_nothing_grows_with_the_entries_read() -> None:
    following = Following(fetch_from(LOG.files()), KEYS)
    following.check(LOG.checkpoint(1))
    assert [path for path in following.files if "entries" in path] == []


def test_a_full_tile_stands_in_for_a_partial_one() -> None:
    files = LOG.files()
    files["checkpoint"] = LOG.note(600).encode()
    whole = SmallLog(entries(768)).files()
    files = {path: data for path, data in whole.items() if path != "checkpoint"}
    files["tile/1/000.p/2"] = whole["tile/1/000.p/3"][:64]
    files["checkpoint"] = LOG.note(600).encode()
    assert followed(files, LOG.checkpoint(300)).checkpoint.size == 600


def test_witnesses_are_named_and_their_lines_checked() -> None:
    files = LOG.files()
    keys = (*KEYS, WITNESS.verifier)
    assert Following(fetch_from(files), keys).check(None).witnesses == ()
    files["checkpoint"] = sign_note(LOG.checkpoint().text(), [LOG_KEY, WITNESS]).encode()
    assert Following(fetch_from(files), keys).check(None).witnesses == ("witness.example",)
    other = sign_note(LOG.checkpoint(5).text(), [WITNESS]).partition("\n\n")[2]
    files["checkpoint"] = LOG.note().encode() + other.encode()
    with pytest.raises(InconsistencyError, match=r"witness\.example"):
        Following(fetch_from(files), keys).check(None)


def replaced(path: str, change: Callable[[bytes], bytes]) -> Files:
    files = LOG.files()
    files[path] = change(files[path])
    return files


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


OTHER_NAME = sign_note(Checkpoint("log.example/other", 700, LOG.root(700)).text(), [LOG_KEY])

LIES: dict[str, tuple[Files, int | None, bool]] = {
    "shrunk": (LOG.files(200), 300, False),
    "same size, other root": (FORK.files(300), 300, True),
    "rewritten": (FORK.files(), 300, True),
    "rewritten, at a power of two": (FORK.files(), 256, True),
    "rewritten, by one": (FORK.files(301), 300, True),
    "another signature": (replaced("checkpoint", flipped), 300, False),
    "another origin": ({**LOG.files(), "checkpoint": OTHER_NAME.encode()}, 300, False),
    "no text": ({**LOG.files(), "checkpoint": b"\xff"}, 300, False),
    "another page": ({**LOG.files(), "checkpoint": b"<html>\n"}, 300, False),
    "a tile above the proof": (replaced("tile/1/000.p/2", flipped), 300, False),
    "a short tile": (replaced("tile/0/002.p/188", lambda data: data[:-32]), 600, False),
    "an entry": (replaced("tile/entries/002.p/188", flipped), 600, False),
    "an old entry in the same bundle": (
        replaced("tile/entries/002.p/188", lambda d: d.replace(b'"n":513', b'"n":413')),
        600,
        False,
    ),
    "a missing entry": (replaced("tile/entries/002.p/188", lambda data: data[:-40]), 600, False),
    "a tile beside the proof": (replaced("tile/0/001", flipped), 256, False),
}


@pytest.mark.parametrize("lie", LIES)
def test_every_lie_is_found_and_its_evidence_shows_it(lie: str, tmp_path: Path) -> None:
    files, old, convicts = LIES[lie]
    kept = keep(tmp_path, LOG.checkpoint(old), LOG.note(old), None, NOW)
    following = Following(fetch_from(files), KEYS)
    with pytest.raises(InconsistencyError) as found:
        following.check(kept.checkpoint)
    assert found.value.convicts is convicts
    evidence = write_evidence(tmp_path, "示例", kept, following.files, KEYS, NOW)
    assert evidence.name == "evidence-2026-01-02T030405Z"
    assert is_evidence(evidence)
    confirmed = confirm_evidence(evidence, [LOG_KEY.verifier])
    assert str(confirmed.reason) == str(found.value.reason)
    assert confirmed.convicts is convicts


def test_what_is_no_evidence_is_refused(tmp_path: Path) -> None:
    kept = keep(tmp_path, LOG.checkpoint(300), LOG.note(300), None, NOW)
    evidence = write_evidence(tmp_path, "示例", kept, LOG.files(), KEYS, NOW)
    with pytest.raises(Refused, match="do not show"):
        confirm_evidence(evidence, [LOG_KEY.verifier])
    with pytest.raises(Refused):
        confirm_evidence(evidence, [SigningKey.generate(ORIGIN).verifier])
    (evidence / "log" / "tile" / "1" / "000.p" / "2").unlink()
    with pytest.raises(Refused, match="not whole"):
        confirm_evidence(evidence, [LOG_KEY.verifier])
    assert not is_evidence(tmp_path)


def test_forged_evidence_convicts_nobody(tmp_path: Path) -> None:
    """Who has not the log's key cannot make a checkpoint that contradicts it."""
    impostor = SmallLog([*entries(10), *entries(690, "虚构")], SigningKey.generate(ORIGIN))
    kept = keep(tmp_path, LOG.checkpoint(300), LOG.note(300), None, NOW)
    evidence = write_evidence(tmp_path, "示例", kept, impostor.files(), KEYS, NOW)
    assert not confirm_evidence(evidence, [LOG_KEY.verifier]).convicts
    (evidence / KEPT).write_text(impostor.note(300))
    (evidence / "witness-keys").write_text(f"{impostor.key.verifier}\n")
    with pytest.raises(Refused):
        confirm_evidence(evidence, [LOG_KEY.verifier])


@pytest.mark.parametrize("times", [(1,), (2,), (3,), (1, 2), (1, 3)], ids=str)
@pytest.mark.parametrize("byte", [0, 1_000, 1_407, 5_000, 9_599])
@pytest.mark.parametrize("entries_too", [True, False])
def test_an_honest_log_is_not_convicted_by_a_damaged_download(
    times: tuple[int, ...], byte: int, entries_too: bool
) -> None:
    """A bit of one download is flipped, while the log grows from 300 entries to 600."""
    files = LOG.files(600)
    for damaged in [path for path in files if path.startswith("tile/") and "entries" not in path]:
        count = 0

        def fetch(path: str, damaged: str = damaged) -> bytes:
            nonlocal count
            data = bytearray(files[path])
            if path == damaged:
                count += 1
                data[byte % len(data)] ^= count in times
            return bytes(data)

        following = Following(fetch, KEYS)
        try:
            assert following.check(LOG.checkpoint(300), entries=entries_too).checkpoint.size == 600
        except UnavailableError as error:
            assert "Try again" in str(error)  # noqa: PT017 (it may also be good at once)
        except InconsistencyError as error:
            assert entries_too
            assert not error.convicts  # noqa: PT017
        assert Following(fetch_from(files), KEYS).check(LOG.checkpoint(300)).new_entries == 300


def test_tiles_of_the_proof_that_are_damaged_accuse_nobody() -> None:
    with pytest.raises(UnavailableError, match="Try again"):
        followed(replaced("tile/0/001", flipped), LOG.checkpoint(300))


def test_a_rewritten_log_is_convicted_though_the_first_download_was_damaged(
    tmp_path: Path,
) -> None:
    files, asked = FORK.files(), set[str]()

    def fetch(path: str) -> bytes:
        if path == "checkpoint" or path in asked:
            return files[path]
        asked.add(path)
        return flipped(files[path])

    kept = keep(tmp_path, LOG.checkpoint(300), LOG.note(300), None, NOW)
    following = Following(fetch, KEYS)
    with pytest.raises(InconsistencyError) as found:
        following.check(kept.checkpoint)
    assert found.value.convicts
    evidence = write_evidence(tmp_path, "示例", kept, following.files, KEYS, NOW)
    assert confirm_evidence(evidence, [LOG_KEY.verifier]).convicts


def test_evidence_that_does_not_show_it_convicts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the reason ever be wrong, what is to be written is checked before anybody hears."""

    check, calls = Following._check_continues, 0

    def accuse(self: Following, kept: Checkpoint, checkpoint: Checkpoint) -> None:
        nonlocal calls
        calls += 1
        check(self, kept, checkpoint)
        if calls == 1:
            raise InconsistencyError(Message("The history was rewritten."), convicts=True)

    monkeypatch.setattr(Following, "_check_continues", accuse)
    with pytest.raises(UnavailableError, match="Try again"):
        followed(LOG.files(), LOG.checkpoint(300))
    assert calls == 2


@pytest.mark.parametrize("missing", ["checkpoint", "tile/1/000.p/2", "tile/entries/002.p/188"])
def test_a_missing_file_proves_nothing(missing: str) -> None:
    files = LOG.files()
    del files[missing]
    with pytest.raises(UnavailableError):
        followed(files, LOG.checkpoint(300))


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    assert read_kept(tmp_path / "new", KEYS) is None
    first = keep(tmp_path / "new", LOG.checkpoint(5), LOG.note(5), None, NOW)
    later = NOW.replace(hour=9)
    second = keep(tmp_path / "new", LOG.checkpoint(5), LOG.note(5), first, later)
    assert (second.since, second.changed) == (NOW, NOW)
    third = keep(tmp_path / "new", LOG.checkpoint(9), LOG.note(9), second, later)
    assert (third.since, third.changed) == (NOW, later)
    assert read_kept(tmp_path / "new", KEYS) == third


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("checkpoint", b"nonsense"),
        ("checkpoint", b"\xff"),
        ("dates.json", b"[]"),
        ("dates.json", b"{}"),
        ("dates.json", b'{"since": 1, "changed": 2}'),
        ("dates.json", b"{"),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path: Path, file: str, content: bytes) -> None:
    keep(tmp_path, LOG.checkpoint(5), LOG.note(5), None, NOW)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(Refused, match="cannot be used"):
        read_kept(tmp_path, KEYS)


@settings(max_examples=60)
@given(st.data())
def test_no_byte_of_what_is_needed_can_be_changed(data: st.DataObject) -> None:
    files = LOG.files()
    old = data.draw(st.sampled_from([1, 256, 300, 600]))
    following = Following(fetch_from(files), KEYS)
    needed: set[str] = set()

    def noted(path: str) -> bytes:
        needed.add(path)
        return files[path]

    Following(noted, KEYS).check(LOG.checkpoint(old))
    path = data.draw(st.sampled_from(sorted(needed)))
    place = data.draw(st.integers(0, len(files[path]) - 1))
    changed = bytearray(files[path])
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    files[path] = bytes(changed)
    with pytest.raises((InconsistencyError, UnavailableError)) as found:
        following.check(LOG.checkpoint(old))
    assert not getattr(found.value, "convicts", False)


def test_a_folder_of_files_is_followed_too(tmp_path: Path) -> None:
    for path, content in LOG.files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert Following(folder_fetch(tmp_path), KEYS).check(None).new_entries == 700
