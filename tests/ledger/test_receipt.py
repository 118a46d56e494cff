"""Tests of receipts: what they prove without the log, and that nothing else is believed."""

import contextlib
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.messages import Refused
from ledger.receipt import (
    RECEIPT_BYTES_MAX,
    RECEIPT_FORMAT,
    Receipt,
    WrittenOpening,
    make_receipt,
    verify_receipt,
)
from ledger.signing.notes import SigningKey
from ledger.vault.vault import Opening
from ledger.verification import VerificationError
from tests.ledger.receipts import (
    LOG_KEY,
    OPENING,
    OTHER_LOG_KEY,
    SAME_NAME_KEY,
    WITNESS_KEY,
    SmallLog,
    gift,
    small_log,
)

KEYS = [LOG_KEY.verifier]
SIZES = (1, 2, 3, 7, 8, 11)


def changed(receipt: Receipt, **values: object) -> Receipt:
    return msgspec.structs.replace(receipt, **values)


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_of_a_log_is_proved_by_its_receipt(size: int) -> None:
    log = small_log(size)
    for index in range(size):
        receipt = Receipt.parse(log.receipt(index).format())
        report = verify_receipt(receipt, KEYS)
        assert (report.index, report.checkpoint) == (index, log.checkpoint)
        assert report.entry.facts.amount == 100 * index + 1
        assert (report.donor, report.warnings) == (None, ())


def test_a_receipt_is_one_json_object_with_a_stated_form() -> None:
    data = small_log(3).receipt(1, OPENING).format()
    value = msgspec.json.decode(data)
    assert list(value) == ["entry", "format", "log_key", "opening", "proof"]
    assert value["format"] == RECEIPT_FORMAT
    assert value["entry"].encode() == gift(1)
    assert value["opening"] == {"name": OPENING.name, "salt": OPENING.salt.hex()}
    assert data.endswith(b"}\n")
    assert Receipt.parse(data.rstrip()) == Receipt.parse(data)


def test_the_opening_tells_who_gave() -> None:
    report = verify_receipt(small_log(3).receipt(1, OPENING), KEYS)
    assert report.donor == OPENING.name
    assert any(OPENING.name in finding.text() for finding in report.findings)
    assert OPENING.name not in small_log(3).receipt(1).format().decode()


@pytest.mark.parametrize(
    "opening",
    [
        WrittenOpening("虚构乙", OPENING.salt.hex()),
        WrittenOpening(OPENING.name, bytes(32).hex()),
        WrittenOpening(OPENING.name + " ", OPENING.salt.hex()),
    ],
)
def test_another_name_or_salt_opens_nothing(opening: WrittenOpening) -> None:
    with pytest.raises(VerificationError, match="do not open"):
        verify_receipt(changed(small_log(3).receipt(1), opening=opening), KEYS)


def test_an_entry_without_a_commitment_is_opened_by_nobody() -> None:
    log = SmallLog([gift(0, None)])
    with pytest.raises(VerificationError, match="no commitment"):
        verify_receipt(log.receipt(0, OPENING), KEYS)


def test_the_receipts_own_key_only_shows_that_it_agrees_with_itself() -> None:
    receipt = small_log(3).receipt(1)
    report = verify_receipt(receipt, [])
    [warning] = report.warnings
    assert str(LOG_KEY.verifier) in warning.text()
    with pytest.raises(VerificationError, match="key in the receipt"):
        verify_receipt(changed(receipt, log_key="nonsense"), [])
    assert verify_receipt(changed(receipt, log_key="nonsense"), KEYS).warnings == ()


@pytest.mark.parametrize("key", [SAME_NAME_KEY, OTHER_LOG_KEY])
def test_a_receipt_signed_by_somebody_else_proves_nothing(key: SigningKey) -> None:
    receipt = small_log(3).receipt(1, keys=[key])
    with pytest.raises(VerificationError):
        verify_receipt(receipt, KEYS)
    with pytest.raises(VerificationError):
        verify_receipt(small_log(3).receipt(1), [key.verifier])


def test_witnesses_are_told_and_a_false_one_is_not_believed() -> None:
    log = small_log(5)
    known = [LOG_KEY.verifier, WITNESS_KEY.verifier]
    report = verify_receipt(log.receipt(2, keys=[LOG_KEY, WITNESS_KEY]), known)
    assert any(WITNESS_KEY.name in finding.text() for finding in report.findings)
    other = WITNESS_KEY.sign(small_log(4).checkpoint.text(), 1)
    forged = replace(log.proof(2), checkpoint_note=log.note(LOG_KEY) + other)
    receipt = make_receipt(gift(2), forged, LOG_KEY.verifier)
    assert verify_receipt(receipt, KEYS).index == 2, "a line under an unknown key says nothing"
    with pytest.raises(VerificationError):
        verify_receipt(receipt, known)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"format":"charity-city/receipt/v1"', b'"format":"charity-city/receipt/v2"'),
        (b'{"entry"', b'{ "entry"'),
        (b'{"entry"', b'\xef\xbb\xbf{"entry"'),
        (b'"log_key"', b'"note":"","log_key"'),
        (b'"log_key":"', b'"log_key":"","log_key":"'),
        (b'"opening":{', b'"opening":{"age":1,'),
        (b'"salt":"00', b'"salt":"0'),
        (b'"salt":"000102', b'"salt":"00010A'),
        (b"}\n", b"}\n\n"),
        (b"}\n", b',"witness_keys":[]}\n'),
    ],
)
def test_there_is_one_way_to_write_a_receipt(old: bytes, new: bytes) -> None:
    data = small_log(3).receipt(1, OPENING).format()
    assert old in data
    with pytest.raises(VerificationError):
        Receipt.parse(data.replace(old, new))


def test_what_is_too_large_is_not_read() -> None:
    with pytest.raises(VerificationError, match="at most"):
        Receipt.parse(b" " * (RECEIPT_BYTES_MAX + 1))


@given(st.integers(0, 4), st.data())
def test_no_changed_bit_is_believed(index: int, data: st.DataObject) -> None:
    """Only the keys in the file are not covered: whoever checks brings his own."""
    receipt = small_log(5).receipt(index, OPENING)
    whole = bytearray(changed(receipt, log_key="").format())
    place = data.draw(st.integers(0, len(whole) - 2))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Refused):
        verify_receipt(Receipt.parse(bytes(whole)), KEYS)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ALMOST = st.fixed_dictionaries(
    {"entry": st.text(), "format": st.just(RECEIPT_FORMAT)},
    optional={
        "log_key": st.text(),
        "opening": ANY_JSON,
        "proof": st.text(),
        "witness_keys": ANY_JSON,
    },
)


@given(st.binary() | st.builds(msgspec.json.encode, ANY_JSON | ALMOST))
def test_any_bytes_are_refused_with_a_sentence(data: bytes) -> None:
    with contextlib.suppress(Refused):
        verify_receipt(Receipt.parse(data), [])
        pytest.fail("nobody signed this")


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"entry":' * 100_000, b'{"opening":' * 9])
def test_deep_nesting_is_refused(deep: bytes) -> None:
    with pytest.raises(VerificationError):
        Receipt.parse(deep)


@given(st.text(min_size=1), st.binary(min_size=32, max_size=32))
def test_any_name_can_be_opened(name: str, salt: bytes) -> None:
    opening = Opening(name, salt)
    log = SmallLog([gift(0), gift(1, opening)])
    receipt = Receipt.parse(log.receipt(1, opening).format())
    assert verify_receipt(receipt, KEYS).donor == name
