"""Tests of the batches of the API: hand in, read, replace, submit, withdraw."""

from litestar import Litestar

from charity.people.roles import Role
from charity.people.tables import Act
from charity.reporting.batches.approval import approve, reject
from charity.reporting.batches.tables import Batch
from public_site.api.submitting import submit_clean_batches
from tests.conftest import ORGANISATION
from tests.public_site.api.conftest import (
    BATCHES,
    GIFT,
    OTHER,
    Program,
    Woken,
    do_job,
    gifts,
    key,
)
from tests.public_site.workplace.conftest import invent_person

ROWS = ("捐赠日期,捐赠人,金额(元)", "2025-12-01,示例甲,100.00", "2025-12-02,示例乙,20.50")
LIST = "\r\n".join((*ROWS, "")).encode()


async def test_records_are_taken_checked_submitted_approved_and_have_a_receipt(
    app: Litestar, program: Program, jobs: Woken
) -> None:
    client = await program()
    taken = await client.post(BATCHES, json=gifts(), headers=key())
    assert taken.status_code == 202, taken.text
    batch = taken.json()["id"]
    address = f"{BATCHES}/{batch}"
    assert taken.headers["location"].endswith(address)
    assert taken.json()["url"].endswith(address)
    assert taken.json()["state"] == "checking"
    assert jobs.batches == [batch]
    await do_job(app, batch)
    ready = (await client.get(address)).json()
    assert (ready["state"], ready["report"]["total"], ready["report"]["new"]) == ("ready", 10000, 1)
    assert ready["report"]["effects"][0]["fund"] == "general"
    submitted = await client.post(f"{address}/submit")
    assert (submitted.status_code, submitted.json()["state"]) == (200, "submitted")
    assert (await client.get(address)).json()["receipt"] is None
    checker = await invent_person(app.state.ledger, (Role.CHECKER, ORGANISATION))
    await approve(
        app.state.batches, person=checker, organisation=ORGANISATION, batch=batch, seen_version=1
    )
    await do_job(app, batch)
    await app.state.ledger.settle()
    appended = (await client.get(address)).json()
    assert appended["state"] == "appended"
    assert appended["receipt"]["entries"] == 1
    assert appended["receipt"]["size"] > appended["receipt"]["first_position"]
    assert len(appended["receipt"]["root"]) == 44


async def test_a_list_is_taken_as_a_form(app: Litestar, program: Program) -> None:
    client = await program()
    form = {"fund": "general", "columns": '{"捐赠人": "donor"}', "receipts": "false"}
    taken = await client.post(
        BATCHES, data=form, files={"file": ("名单.csv", LIST, "text/csv")}, headers=key()
    )
    assert taken.status_code == 202, taken.text
    assert taken.json()["content"] == "list"
    assert taken.json()["title"] == "名单.csv"
    await do_job(app, taken.json()["id"])
    checked = (await client.get(f"{BATCHES}/{taken.json()['id']}")).json()
    assert (checked["report"]["rows"], checked["report"]["total"]) == (2, 12050)


async def test_problems_name_their_place_in_both_languages(app: Litestar, program: Program) -> None:
    client = await program()
    spending = {
        "kind": "spending",
        "day": "2026-11-20",
        "amount": 500,
        "project": "no-such-project",
        "purpose": "program",
        "description": "示例支出",
    }
    taken = await client.post(BATCHES, json=gifts(GIFT, spending), headers=key())
    batch = taken.json()["id"]
    await do_job(app, batch)
    found = (await client.get(f"{BATCHES}/{batch}")).json()
    assert found["state"] == "problems"
    [problem] = found["report"]["problems"]
    assert problem["pointer"].startswith("/records/1")
    assert problem["message"]["zh"]
    assert problem["message"]["en"]
    refused = await client.post(f"{BATCHES}/{batch}/submit")
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")


async def test_submit_true_submits_only_what_is_clean(app: Litestar, program: Program) -> None:
    client, store = await program(), app.state.batches
    clean = await client.post(f"{BATCHES}?submit=true", json=gifts(), headers=key())
    assert clean.json()["submit"] is True
    kept = await client.post(BATCHES, json=gifts(title="不提交"), headers=key())
    refund = {"kind": "refund", "day": "2026-11-20", "gift": 999, "amount": 5, "reason": "fraud"}
    wrong = gifts(refund)
    faulty = await client.post(f"{BATCHES}?submit=true", json=wrong, headers=key())
    for answer in (clean, kept, faulty):
        await do_job(app, answer.json()["id"])
    assert await submit_clean_batches(store) <= 1
    states = {}
    for answer in (clean, kept, faulty):
        shown = await client.get(f"{BATCHES}/{answer.json()['id']}")
        states[answer.json()["id"]] = shown.json()["state"]
    assert list(states.values()) == ["submitted", "ready", "problems"]
    assert await submit_clean_batches(store) == 0
    row = await Batch.select().where(Batch.id == clean.json()["id"]).first()
    assert row is not None
    assert row["submitted_by"] == row["made_by"]


async def test_a_batch_is_replaced_only_as_it_was_seen(
    app: Litestar, program: Program, jobs: Woken
) -> None:
    client = await program()
    taken = await client.post(BATCHES, json=gifts(), headers=key())
    address = f"{BATCHES}/{taken.json()['id']}"
    seen = (await client.get(address)).headers["etag"]
    other = gifts({**GIFT, "amount": 20000})
    unsaid = await client.put(address, json=other)
    assert (unsaid.status_code, unsaid.json()["code"]) == (428, "if-match-missing")
    replaced = await client.put(address, json=other, headers={"if-match": seen})
    assert replaced.status_code == 202, replaced.text
    assert replaced.json()["version"] == 2
    assert len(jobs.batches) == 2
    late = await client.put(address, json=other, headers={"if-match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "changed-meanwhile")
    for tag in ('"0"', "x", '"99999999999999999999"', '"2"x'[:2]):
        answer = await client.put(address, json=other, headers={"if-match": tag})
        assert answer.status_code == 412
    as_list = await client.put(
        address, files={"file": ("a.csv", LIST)}, headers={"if-match": '"2"'}
    )
    assert (as_list.status_code, as_list.json()["code"]) == (422, "invalid-content")
    await do_job(app, taken.json()["id"])
    assert (await client.get(address)).json()["report"]["total"] == 20000
    old = await client.post(f"{address}/submit", headers={"if-match": seen})
    assert old.status_code == 412
    assert (await client.post(f"{address}/submit", headers={"if-match": '"2"'})).status_code == 200
    closed = await client.put(address, json=other, headers={"if-match": "*"})
    assert (closed.status_code, closed.json()["code"]) == (409, "refused")


async def test_a_rejected_batch_tells_why(app: Litestar, program: Program) -> None:
    client = await program()
    batch = (await client.post(BATCHES, json=gifts(), headers=key())).json()["id"]
    await do_job(app, batch)
    await client.post(f"{BATCHES}/{batch}/submit")
    checker = await invent_person(app.state.ledger, (Role.CHECKER, ORGANISATION))
    await reject(
        app.state.batches,
        person=checker,
        organisation=ORGANISATION,
        batch=batch,
        seen_version=1,
        reason="日期不对",
    )
    shown = (await client.get(f"{BATCHES}/{batch}")).json()
    assert (shown["state"], shown["reason"]) == ("rejected", "日期不对")
    withdrawn = await client.post(f"{BATCHES}/{batch}/withdraw")
    assert withdrawn.status_code == 200, "who does not mend it takes it back"


async def test_a_batch_is_read_again_only_when_it_changed(app: Litestar, program: Program) -> None:
    client = await program()
    batch = (await client.post(BATCHES, json=gifts(), headers=key())).json()["id"]
    first = await client.get(f"{BATCHES}/{batch}")
    tag = first.headers["etag"]
    same = await client.get(f"{BATCHES}/{batch}", headers={"if-none-match": f'"x", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    await do_job(app, batch)
    changed = await client.get(f"{BATCHES}/{batch}", headers={"if-none-match": tag})
    assert changed.status_code == 200
    head = await client.head(f"{BATCHES}/{batch}")
    assert (head.status_code, head.content) == (200, b"")


async def test_pages_of_batches_leave_none_out(program: Program) -> None:
    client = await program()
    made = [
        (await client.post(BATCHES, json=gifts(title=f"{n}"), headers=key())).json()["id"]
        for n in range(7)
    ]
    found: list[str] = []
    address: str | None = f"{BATCHES}?limit=3&state=checking"
    pages = 0
    while address:
        page = (await client.get(address)).json()
        found += [line["id"] for line in page["batches"]]
        address = page["next"]
        pages += 1
    assert pages == 3
    assert sorted(found) == sorted(made)
    assert (await client.get(f"{BATCHES}?state=ready")).json() == {"batches": [], "next": None}


async def test_another_organisation_sees_nothing(app: Litestar, program: Program) -> None:
    from charity.organisations.registry import add_organisation

    await add_organisation(OTHER, "示例联合会", confirm_code=True)
    own, stranger = await program(), await program(OTHER)
    batch = (await own.post(BATCHES, json=gifts(), headers=key())).json()["id"]
    address = f"{BATCHES}/{batch}"
    answers = [
        await stranger.get(address),
        await stranger.put(address, json=gifts(), headers={"if-match": '"1"'}),
        await stranger.post(f"{address}/submit"),
        await stranger.post(f"{address}/withdraw"),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "not-found")] * 4
    assert (await stranger.get(BATCHES)).json()["batches"] == []
    assert (await stranger.get("/api/v1/organisation")).json()["code"] == OTHER


async def test_acts_of_programs_stand_in_the_access_log(app: Litestar, program: Program) -> None:
    client = await program()
    batch = (await client.post(BATCHES, json=gifts(), headers=key())).json()["id"]
    await client.post(f"{BATCHES}/{batch}/submit")
    await (await program(token="")).post(BATCHES, json=gifts(), headers=key())
    acts = await Act.select().order_by(Act.id)
    told = [(act["act"], act["subject"], act["organisation"]) for act in acts]
    assert told == [
        ("report_batch", batch, ORGANISATION),
        ("submit_batch", batch, ORGANISATION),
    ]
    assert acts[1]["outcome"] == "refused"


async def test_the_organisation_names_its_funds_and_the_token(program: Program) -> None:
    shown = (await (await program()).get("/api/v1/organisation")).json()
    assert shown["code"] == ORGANISATION
    assert [fund["code"] for fund in shown["funds"]] == ["general"]
    assert shown["token"]["scopes"] == ["batches:read", "batches:write"]
    assert shown["token"]["name"] == "示例程序"
