"""Tests of idempotency keys: a request that is sent twice makes one batch."""

import asyncio

import pytest
from litestar import Litestar

from charity.reporting.batches.tables import Batch
from tests.public_site.api.conftest import BATCHES, GIFT, Program, Woken, gifts, key


async def test_the_same_request_again_gets_the_same_batch(program: Program, jobs: Woken) -> None:
    client, header = await program(), key()
    first = await client.post(BATCHES, json=gifts(), headers=header)
    again = await client.post(BATCHES, json=gifts(), headers=header)
    assert (first.status_code, again.status_code) == (202, 200)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert len(jobs.batches) == 1
    assert await Batch.count() == 1


@pytest.mark.parametrize(
    ("address", "other"),
    [
        (BATCHES, gifts({**GIFT, "amount": 1})),
        (BATCHES, gifts(title="别的批次")),
        (f"{BATCHES}?submit=true", gifts()),
    ],
)
async def test_the_key_with_other_content_is_refused(
    program: Program, address: str, other: dict[str, object]
) -> None:
    client, header = await program(), key()
    await client.post(BATCHES, json=gifts(), headers=header)
    answer = await client.post(address, json=other, headers=header)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")
    assert await Batch.count() == 1


async def test_other_options_of_a_list_are_other_content(program: Program) -> None:
    client, header = await program(), key()
    files = {"file": ("a.csv", "捐赠人,金额(元)\n示例,1\n".encode())}
    first = await client.post(BATCHES, files=files, headers=header)
    assert first.status_code == 202, first.text
    again = await client.post(BATCHES, files=files, headers=header)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    other = await client.post(BATCHES, files=files, data={"receipts": "true"}, headers=header)
    assert other.status_code == 409


async def test_twenty_equal_requests_at_once_make_one_batch(
    app: Litestar, program: Program, jobs: Woken
) -> None:
    client, header = await program(), key()
    answers = await asyncio.gather(
        *(client.post(BATCHES, json=gifts(), headers=header) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await Batch.count() == 1
    assert len(jobs.batches) == 1
    assert app.state.batches.drafts.batches() == jobs.batches


async def test_the_key_of_another_token_is_another_key(program: Program) -> None:
    header = key()
    for _ in range(2):
        answer = await (await program()).post(BATCHES, json=gifts(), headers=header)
        assert answer.status_code == 202
    assert await Batch.count() == 2


async def test_a_repetition_after_a_replacement_is_the_same_batch(program: Program) -> None:
    client, header = await program(), key()
    first = await client.post(BATCHES, json=gifts(), headers=header)
    address = f"{BATCHES}/{first.json()['id']}"
    changed = gifts({**GIFT, "amount": 7})
    replaced = await client.put(address, json=changed, headers={"if-match": '"1"'})
    assert replaced.status_code == 202
    again = await client.post(BATCHES, json=gifts(), headers=header)
    assert (again.status_code, again.json()["version"]) == (200, 2)


@pytest.mark.parametrize("wrong", ["", " ", "x" * 101, "two words", "ключ".encode(), "a\tb"])
async def test_a_key_has_1_to_100_visible_characters(program: Program, wrong: str | bytes) -> None:
    headers = {b"idempotency-key": wrong if isinstance(wrong, bytes) else wrong.encode()}
    answer = await (await program()).post(BATCHES, json=gifts(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "missing-idempotency-key")
    assert await Batch.count() == 0


async def test_a_key_is_never_kept(program: Program) -> None:
    secret = "donor-Zhang-San"
    await (await program()).post(BATCHES, json=gifts(), headers={"idempotency-key": secret})
    row = await Batch.select().first()
    assert row is not None
    assert secret not in str(row)
    assert len(row["idempotency_key"]) <= 100
