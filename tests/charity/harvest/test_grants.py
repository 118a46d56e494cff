"""Tests of 360Giving files: gifts to an organisation, transfers, grants by it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from charity.reporting.batches.records import GiftRecord, SpendingRecord, TransferRecord
from charity.reporting.harvest.grants import is_grants_file, read_grants
from ledger.messages import Refused
from tests.conftest import ORGANISATION, SHARED_DATA

OTHER = "52440300000000002M"
OWN = {"id": f"CN-USCI-{ORGANISATION}", "name": "示例基金会"}
FUNDER = {"id": "CN-USCI-91440300000000004X", "name": "虚构科技有限公司"}
CHARITY = {"id": f"CN-USCI-{OTHER}", "name": "虚构慈善会"}


def grant(**values: Any) -> dict[str, Any]:
    return {
        "id": "360G-example-1",
        "title": "虚构图书角",
        "description": "",
        "currency": "CNY",
        "amountAwarded": 1234.5,
        "awardDate": "2026-03-01",
        "fundingOrganization": [FUNDER],
        "recipientOrganization": [OWN],
    } | values


def read(*grants: dict[str, Any], project: str | None = None) -> Any:
    content = json.dumps({"grants": grants}).encode()
    return read_grants(
        content,
        organisation=ORGANISATION,
        fund="general",
        project=project,
        registered=[ORGANISATION, OTHER],
    ).records


def test_a_grant_to_the_organisation_is_a_gift() -> None:
    [gift] = read(grant())
    assert isinstance(gift, GiftRecord)
    assert (gift.amount, gift.day, gift.key) == (123_450, date(2026, 3, 1), "360g:360G-example-1")
    assert (gift.donor.name, gift.donor.code) == ("虚构科技有限公司", "91440300000000004X")


def test_a_grant_from_an_organisation_of_this_ledger_is_no_new_giving() -> None:
    [transfer] = read(grant(fundingOrganization=[CHARITY]))
    assert isinstance(transfer, TransferRecord)
    assert transfer.giver == OTHER


def test_a_grant_by_the_organisation_is_spending_of_the_chosen_project() -> None:
    school = {"id": "X-1", "name": "虚构小学"}
    paid = grant(fundingOrganization=[OWN], recipientOrganization=[school])
    [spending] = read(paid, project="books")
    assert isinstance(spending, SpendingRecord)
    assert (spending.project, spending.description) == ("books", "虚构图书角 → 虚构小学")
    with pytest.raises(Refused, match="Choose the project"):
        read(paid)


def test_a_person_who_received_a_grant_is_not_named() -> None:
    paid = grant(fundingOrganization=[OWN], recipientOrganization=[])
    [spending] = read({**paid, "recipientIndividual": {"id": "P", "name": "虚构某人"}}, project="b")
    assert "某人" not in spending.model_dump_json()


def test_what_went_to_another_organisation_of_this_ledger_is_reported_by_it() -> None:
    with pytest.raises(Refused, match="onward transfer"):
        read(grant(fundingOrganization=[OWN], recipientOrganization=[CHARITY]), project="b")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"amountAwarded": 0}, "above zero"),
        ({"amountAwarded": -5}, "above zero"),
        ({"amountAwarded": "1.234"}, "above zero"),
        ({"amountAwarded": "1e400"}, "above zero"),
        ({"amountAwarded": "NaN"}, "amountAwarded"),
        ({"awardDate": "1.3.2026"}, "no readable date"),
        ({"currency": "GBP"}, "GBP"),
        ({"fundingOrganization": [CHARITY], "recipientOrganization": [FUNDER]}, "neither"),
        ({"fundingOrganization": [OWN]}, "neither"),
        ({"fundingOrganization": []}, "fundingOrganization"),
        ({"fundingOrganization": [{"id": "X", "name": " "}]}, "name"),
        ({"id": ""}, "id"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_the_grant(
    values: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        read(grant(**values))


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"[]", b"{}", b'{"grants": []}', b'{"grants": 3}', b'{"grants": [NaN]}', b"\xff{}",
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_360giving_file_is_refused(content: bytes) -> None:
    with pytest.raises(Refused):
        read_grants(content, organisation=ORGANISATION, fund="g", project=None, registered=[])


def test_two_grants_with_one_id_are_refused() -> None:
    with pytest.raises(Refused, match="same id"):
        read(grant(), grant())


def test_a_long_id_is_kept_as_its_hash() -> None:
    [gift] = read(grant(id="一" * 200))
    assert len(gift.key) == len("360g:") + 64


def test_the_moment_of_a_grant_counts_in_shenzhen() -> None:
    [gift] = read(grant(awardDate="2026-02-28T17:00:00+00:00"))
    assert gift.day == date(2026, 3, 1)


def test_lists_in_rows_are_told_from_json() -> None:
    assert is_grants_file(b'\xef\xbb\xbf\n {"grants": []}')
    assert not is_grants_file("捐赠人,金额".encode())


def test_a_valid_published_example_is_read() -> None:
    """The example is an outside file; it passes the standard's own schema."""
    path = Path(SHARED_DATA) / "grants" / "example_cn_360giving_valid.json"
    if not path.exists():
        pytest.skip(f"the example is not at {path}")
    content = path.read_bytes()
    first = json.loads(content)["grants"][0]
    recipient = first["recipientOrganization"][0]["id"].removeprefix("CN-USCI-")
    grants = json.loads(content)["grants"]
    mine = [
        one
        for one in grants
        if recipient in one.get("recipientOrganization", [{"id": ""}])[0]["id"]
    ]
    records = read_grants(
        json.dumps({"grants": mine}).encode(),
        organisation=recipient, fund="general", project=None, registered=[],
    ).records  # fmt: skip
    total = sum(getattr(record, "amount") for record in records)  # noqa: B009 (records of money)
    assert total == sum(round(one["amountAwarded"] * 100) for one in mine)


@pytest.mark.parametrize("day", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_moment_beyond_the_calendar_is_refused(day: str) -> None:
    with pytest.raises(Refused, match="no readable date"):
        read(grant(awardDate=day))
