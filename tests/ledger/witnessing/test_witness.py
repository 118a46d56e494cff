"""Tests of the witness: what it cosigns, what it refuses, and what it never forgets."""

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.hashing import EMPTY_ROOT
from ledger.messages import Refused, WrongUse
from ledger.proofs import PROOF_HASHES_MAX, verify_consistency
from ledger.signing.notes import (
    Checkpoint,
    SignatureType,
    SigningKey,
    encode_base64,
    open_checkpoint,
    open_note,
    sign_note,
)
from ledger.witnessing.store import DATABASE_FILE, KEY_FILE, WitnessStore, opened_witness
from ledger.witnessing.witness import REQUEST_BYTES_MAX, SIZE_TYPE, Answer, Witness, WitnessRequest
from tests.ledger.small_logs import LOG_KEY, ORIGIN, SmallLog, entries

NOW = 1_750_000_000
NAME = "witness.example"
LOG = SmallLog(entries(700))
FORK = SmallLog([*entries(10), *entries(690, "虚构")])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WitnessStore]:
    with WitnessStore(tmp_path / "memory") as store:
        yield store


@pytest.fixture
def witness(store: WitnessStore) -> Witness:
    return a_witness(store)


def a_witness(store: WitnessStore) -> Witness:
    key = SigningKey.generate(NAME, SignatureType.COSIGNATURE)
    return Witness(key, [LOG_KEY.verifier], store)


def check_cosigned(witness: Witness, answer: Answer, log: SmallLog, size: int) -> None:
    assert answer.status == 200, answer
    note = log.checkpoint(size).text() + "\n" + answer.body.decode()
    assert len(open_note(note, [witness.verifier_key]).signatures) == 1


def test_a_growing_log_is_cosigned(witness: Witness) -> None:
    old = 0
    for size in (1, 2, 3, 255, 256, 257, 512, 700):
        check_cosigned(witness, witness.add_checkpoint(LOG.request(old, size), NOW), LOG, size)
        old = size


def test_the_same_checkpoint_again_gets_a_fresh_cosignature(witness: Witness) -> None:
    first = witness.add_checkpoint(LOG.request(0, 300), NOW)
    again = witness.add_checkpoint(LOG.request(300, 300), NOW + 1)
    check_cosigned(witness, again, LOG, 300)
    assert first.body != again.body


def test_the_size_last_cosigned_is_told(witness: Witness) -> None:
    assert witness.add_checkpoint(LOG.request(7, 300), NOW) == Answer(409, SIZE_TYPE, b"0\n")
    witness.add_checkpoint(LOG.request(0, 300), NOW)
    for old, size in ((0, 300), (0, 700), (299, 700), (301, 700), (0, 20)):
        answer = witness.add_checkpoint(LOG.request(old, size), NOW)
        assert answer == Answer(409, SIZE_TYPE, b"300\n")


@pytest.mark.parametrize("size", [300, 301, 512, 700])
def test_a_fork_is_refused(witness: Witness, size: int) -> None:
    witness.add_checkpoint(LOG.request(0, 300), NOW)
    assert witness.add_checkpoint(FORK.request(300, size), NOW).status == 422
    check_cosigned(witness, witness.add_checkpoint(LOG.request(300, 700), NOW), LOG, 700)


def test_a_contradiction_is_kept_and_a_wrong_proof_is_none(
    witness: Witness, store: WitnessStore
) -> None:
    witness.add_checkpoint(LOG.request(0, 300), NOW)
    wrong = WitnessRequest(300, LOG.proof(299, 700), LOG.note()).format()
    assert witness.add_checkpoint(wrong, NOW).status == 422
    assert store.contradiction(ORIGIN) is None
    witness.add_checkpoint(FORK.request(0, 300), NOW + 5)
    kept = store.contradiction(ORIGIN)
    assert kept is not None
    one, other = (open_checkpoint(n, [LOG_KEY.verifier]) for n in (kept.cosigned, kept.other))
    assert (one.size, kept.seconds) == (other.size, NOW + 5)
    assert one.root != other.root


def test_an_empty_log_has_one_root_only(witness: Witness) -> None:
    wrong = sign_note(Checkpoint(ORIGIN, 0, bytes(32)).text(), [LOG_KEY])
    assert witness.add_checkpoint(WitnessRequest(0, (), wrong).format(), NOW).status == 422
    right = sign_note(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text(), [LOG_KEY])
    for _ in range(2):
        assert witness.add_checkpoint(WitnessRequest(0, (), right).format(), NOW).status == 200
    check_cosigned(witness, witness.add_checkpoint(LOG.request(0, 5), NOW), LOG, 5)


def test_a_proof_from_nothing_is_empty(witness: Witness) -> None:
    request = WitnessRequest(0, (bytes(32),), LOG.note(5)).format()
    assert witness.add_checkpoint(request, NOW).status == 422


STRANGER = SigningKey.generate("log.example/other")
IMPOSTOR = SigningKey.generate(ORIGIN)
FLIPPED = LOG.note(9).replace("\n9\n", "\n8\n")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"old 0\n\n", 400),
        (b"old 0\n" + LOG.note(9).encode(), 400),
        (LOG.request(0, 9).replace(b"old 0", b"old 00"), 400),
        (LOG.request(0, 9).replace(b"old 0", b"old -1"), 400),
        (LOG.request(0, 9).replace(b"old 0", b"new 0"), 400),
        (LOG.request(0, 9).replace(b"\n9\n", b"\n09\n"), 400),
        (LOG.request(0, 9).replace(b"old 0", b"old 0\n!!"), 400),
        (LOG.request(0, 9).replace(b"old 0", b"old 0\nAAAA"), 400),
        (b"\xff" + LOG.request(0, 9), 400),
        (WitnessRequest(10, (), LOG.note(9)).format(), 400),
        (WitnessRequest(0, (bytes(32),) * (PROOF_HASHES_MAX + 1), LOG.note(9)).format(), 400),
        (WitnessRequest(0, (), SmallLog(entries(3), STRANGER).note()).format(), 404),
        (WitnessRequest(0, (), SmallLog(entries(3), IMPOSTOR).note()).format(), 403),
        (WitnessRequest(0, (), FLIPPED).format(), 403),
        (LOG.request(0, 9) + b"x" * REQUEST_BYTES_MAX, 413),
    ],
)
def test_what_is_wrong_is_told_by_its_status(witness: Witness, body: bytes, status: int) -> None:
    assert witness.add_checkpoint(body, NOW).status == status
    assert witness.add_checkpoint(LOG.request(0, 9), NOW).status == 200


def test_other_signatures_beside_the_log_s_are_no_matter(witness: Witness) -> None:
    note = sign_note(LOG.checkpoint(9).text(), [STRANGER, LOG_KEY, IMPOSTOR])
    answer = witness.add_checkpoint(WitnessRequest(0, (), note).format(), NOW)
    check_cosigned(witness, answer, LOG, 9)


def test_a_clock_that_went_back_signs_nothing(witness: Witness) -> None:
    witness.add_checkpoint(LOG.request(0, 9), NOW)
    assert witness.add_checkpoint(LOG.request(9, 10), NOW - 1).status == 503
    assert witness.add_checkpoint(LOG.request(9, 10), NOW).status == 200


def test_of_two_forks_at_once_exactly_one_wins(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads, TemporaryDirectory() as folder:
        for attempt in range(20):
            with (
                WitnessStore(Path(folder) / str(attempt)) as store,
                WitnessStore(Path(folder) / str(attempt)) as same,
            ):
                key = SigningKey.generate(NAME, SignatureType.COSIGNATURE)
                both = [Witness(key, [LOG_KEY.verifier], one) for one in (store, same)]
                both[0].add_checkpoint(LOG.request(0, 10), NOW)
                requests = [LOG.request(10, 300), FORK.request(10, 300)] * 4
                answers = list(
                    threads.map(
                        lambda i, b=both, r=requests: b[i % 2].add_checkpoint(r[i], NOW), range(8)
                    )
                )
                won = {i % 2 for i, answer in enumerate(answers) if answer.status == 200}
                assert len(won) == 1
                assert {answer.status for answer in answers} <= {200, 409}


class LosingStore(WitnessStore):
    """A memory in which another process is always quicker."""

    def replace(self, *_: object) -> bool:
        return False


def test_what_is_not_in_the_memory_is_not_returned(tmp_path: Path) -> None:
    with LosingStore(tmp_path / "memory") as store:
        assert a_witness(store).add_checkpoint(LOG.request(0, 9), NOW).status == 409


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    with opened_witness(tmp_path / "w", NAME) as (key, store):
        witness = Witness(key, [LOG_KEY.verifier], store)
        assert witness.add_checkpoint(LOG.request(0, 300), NOW).status == 200
    assert stat.S_IMODE((tmp_path / "w" / KEY_FILE).stat().st_mode) == 0o600
    with opened_witness(tmp_path / "w", None) as (again, store):
        assert str(again.verifier) == str(key.verifier)
        witness = Witness(again, [LOG_KEY.verifier], store)
        assert witness.add_checkpoint(LOG.request(0, 9), NOW).body == b"300\n"
        assert witness.add_checkpoint(FORK.request(300, 700), NOW).status == 422


@pytest.mark.parametrize("lost", [KEY_FILE, DATABASE_FILE])
def test_half_a_folder_is_refused(tmp_path: Path, lost: str) -> None:
    with opened_witness(tmp_path, NAME):
        pass
    (tmp_path / lost).unlink()
    with pytest.raises(Refused, match="missing"), opened_witness(tmp_path, NAME):
        pass
    assert not (tmp_path / lost).exists()


def test_another_key_or_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="--name"), opened_witness(tmp_path, None):
        pass
    with opened_witness(tmp_path, NAME):
        pass
    with pytest.raises(WrongUse, match="named"), opened_witness(tmp_path, "other.example"):
        pass
    other = SigningKey.generate(NAME, SignatureType.COSIGNATURE)
    (tmp_path / KEY_FILE).write_text(other.to_text())
    with pytest.raises(Refused, match="belong together"), opened_witness(tmp_path, NAME):
        pass


def test_what_was_cosigned_is_on_the_disk_in_full(tmp_path: Path) -> None:
    with WitnessStore(tmp_path / "memory") as store:
        [(level,)], _ = store._run("PRAGMA synchronous")
        assert level == 2
        a_witness(store).add_checkpoint(LOG.request(0, 9), NOW)
        other = sqlite3.connect(tmp_path / "memory")
        assert other.execute("SELECT size FROM cosigned").fetchall() == [(9,)]
        other.close()


@given(st.binary(max_size=400))
def test_any_bytes_get_an_answer(body: bytes) -> None:
    with WitnessStore(Path(":memory:")) as store:
        assert 400 <= a_witness(store).add_checkpoint(body, NOW).status < 500


HONEST = LOG.request(5, 300)


@given(
    st.integers(0, len(HONEST) - 1),
    st.integers(0, 255),
    st.sampled_from(["flip", "cut", "insert", "double"]),
)
def test_a_damaged_request_gets_an_answer_and_no_wrong_cosignature(
    place: int, byte: int, how: str
) -> None:
    body = {
        "flip": HONEST[:place] + bytes([byte]) + HONEST[place + 1 :],
        "cut": HONEST[:place] + HONEST[place + 1 + byte :],
        "insert": HONEST[:place] + bytes([byte]) + HONEST[place:],
        "double": HONEST[:place] + HONEST[place : place + byte] + HONEST[place:],
    }[how]
    with WitnessStore(Path(":memory:")) as store:
        witness = a_witness(store)
        witness.add_checkpoint(LOG.request(0, 5), NOW)
        answer = witness.add_checkpoint(body, NOW)
        if (
            answer.status == 200
        ):  # what was damaged was not what is signed: the log's own checkpoint
            check_cosigned(witness, answer, LOG, 300)
        else:
            assert 400 <= answer.status < 500


@settings(max_examples=40)
@given(st.data())
def test_cosigned_checkpoints_are_pairwise_consistent(data: st.DataObject) -> None:
    split = data.draw(st.integers(0, 40))
    logs = [
        SmallLog(entries(60)),
        SmallLog([*entries(split), *entries(60 - split, "虚构")]),
    ]
    cosigned: list[tuple[SmallLog, int]] = []
    with WitnessStore(Path(":memory:")) as store:
        witness = a_witness(store)
        for _ in range(data.draw(st.integers(1, 12))):
            log = logs[data.draw(st.integers(0, 1))]
            size = data.draw(st.integers(0, 60))
            last = cosigned[-1][1] if cosigned else 0
            old = data.draw(st.sampled_from([last, size, data.draw(st.integers(0, 60))]))
            if old > size:
                continue
            if witness.add_checkpoint(log.request(old, size), NOW).status == 200:
                cosigned.append((log, size))
    for (earlier, old), (later, size) in combinations(cosigned, 2):
        assert old <= size
        verify_consistency(old, earlier.root(old), size, later.root(size), later.proof(old, size))


def test_a_request_reads_back_as_it_was_written() -> None:
    request = WitnessRequest.parse(HONEST)
    assert request.format() == HONEST
    assert request.old == 5
    assert encode_base64(request.proof[0]).encode() in HONEST
