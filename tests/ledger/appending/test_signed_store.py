"""Tests of the store of the newest signed checkpoint."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.appending.signed_store import Signed, SignedStore
from ledger.messages import Refused

FIRST = Signed(0, "")


@pytest.fixture
def store(tmp_path: Path) -> SignedStore:
    store = SignedStore(tmp_path / "signed.sqlite")
    store.create("log.example/city", sample=False)
    return store


def test_a_new_store_holds_nothing_signed_and_is_its_owners_alone(store: SignedStore) -> None:
    assert store.read() == FIRST
    assert store.file.stat().st_mode & 0o777 == 0o600


def test_a_checkpoint_gets_in_only_in_the_place_of_the_one_it_was_made_after(
    store: SignedStore,
) -> None:
    assert store.replace(FIRST, Signed(2, "two"))
    assert not store.replace(FIRST, Signed(3, "three"))
    assert not store.replace(Signed(2, "another two"), Signed(3, "three"))
    assert store.read() == Signed(2, "two")


def test_of_many_at_once_one_gets_in(store: SignedStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(
            pool.map(lambda number: store.replace(FIRST, Signed(1, f"fork {number}")), range(16))
        )
    assert outcomes.count(True) == 1
    assert store.read() == Signed(1, f"fork {outcomes.index(True)}")


def test_a_log_that_has_signed_is_never_made_again(store: SignedStore) -> None:
    store.create("log.example/city", sample=False)
    store.replace(FIRST, Signed(2, "two"))
    with pytest.raises(Refused, match="never made again"):
        store.create("log.example/city", sample=False)
    assert store.read() == Signed(2, "two")


def test_sample_data_may_be_made_again(tmp_path: Path) -> None:
    store = SignedStore(tmp_path / "signed.sqlite")
    store.create("log.example/city", sample=True)
    store.replace(FIRST, Signed(2, "two"))
    store.create("log.example/city", sample=True)
    assert store.read() == FIRST


def test_a_missing_store_is_said_to_be_missing_and_can_be_renewed(store: SignedStore) -> None:
    with pytest.raises(Refused, match="is there"):
        store.renew("log.example/city", Signed(2, "two"), sample=False)
    store.file.unlink()
    with pytest.raises(Refused, match="renew-signed-store"):
        store.read()
    with pytest.raises(Refused, match="renew-signed-store"):
        store.replace(FIRST, Signed(2, "two"))
    assert not store.file.exists()
    store.renew("log.example/city", Signed(2, "two"), sample=False)
    assert store.read() == Signed(2, "two")


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"no database at all" * 99])
def test_a_damaged_store_is_said_to_be_damaged(store: SignedStore, content: bytes) -> None:
    store.file.write_bytes(content)
    with pytest.raises(Refused, match="cannot be read"):
        store.read()
