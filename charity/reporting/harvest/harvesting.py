"""Provides the harvest: addresses on the list, and the batch that is made of what they hold.

What is fetched waits for approval like anything else; nothing goes into the ledger by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import msgspec

from charity.organisations.registry import find_fund, find_organisation
from charity.organisations.tables import Organisation
from charity.people.roles import Permission
from charity.people.sessions import actor_of
from charity.projects.tables import Project
from charity.reporting.batches.approval import submit
from charity.reporting.batches.drafting import draft_list, draft_records
from charity.reporting.batches.reading import find_batch
from charity.reporting.batches.schemas import ListOptions, ToldMessage
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import work
from charity.reporting.harvest.addresses import LookUp, Network, look_up, parse_address
from charity.reporting.harvest.fetching import (
    DEFAULT_FETCH_LIMITS,
    Fetched,
    FetchLimits,
    fetch,
)
from charity.reporting.harvest.grants import is_grants_file, read_grants
from charity.reporting.harvest.tables import HarvestSource
from ledger.database.engines import write_transaction
from ledger.messages import Message, Refused, WrongUse

ORIGIN: Final = "harvest"
SOURCES_MAX: Final = 50
"""So many addresses one organisation may have: the project's own limit."""

Line = dict[str, Any]


class Harvested(StrEnum):
    """How a harvest ended."""

    BATCH = "batch"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Harvest:
    """The end of one harvest: a batch that waits, nothing new, or why it failed."""

    source: str
    organisation: str
    address: str
    ended: Harvested
    message: Message
    batch: str | None = None
    state: BatchState | None = None


@dataclass(frozen=True, slots=True)
class Fetching:
    """How addresses are fetched: private networks that are allowed, limits, look-up of names."""

    allowed: Sequence[Network] = ()
    limits: FetchLimits = DEFAULT_FETCH_LIMITS
    names: LookUp = look_up


async def add_source(
    store: BatchStore,
    *,
    person: str,
    organisation: str,
    fund: str,
    address: str,
    options: ListOptions,
    project: str | None = None,
) -> str:
    """Put an address on an organisation's list; return its id.

    Raises:
        Refused: it is no web address, is on the list already, or the list is full.
        WrongUse: organisation, fund or project are unknown.
    """
    url = str(parse_address(address))
    await find_organisation(organisation)
    await find_fund(organisation, fund)
    if project is not None:
        await _check_project(organisation, project)
    source = uuid4().hex
    async with write_transaction(store.ledger.engine):
        there = await sources_of(organisation)
        if any(line["address"] == url for line in there):
            raise Refused("This address is on the list already.")
        if len(there) >= SOURCES_MAX:
            raise Refused("An organisation has at most {most} addresses.", most=SOURCES_MAX)
        await HarvestSource.insert(
            HarvestSource(
                id=source,
                organisation=organisation,
                fund=fund,
                project=project,
                address=url,
                options=store.envelopes.seal(_place(source), msgspec.json.encode(options)),
                made_by=person,
                made_at=store.now(),
            )
        )
    return source


async def _check_project(organisation: str, project: str) -> None:
    rows = await Project.select(Project.code).where(Project.organisation == organisation)
    if all(row["code"] != project for row in rows):
        raise WrongUse("This organisation has no such project.")


async def end_source(store: BatchStore, organisation: str, source: str) -> None:
    """Take an address off an organisation's list; harmless when repeated."""
    async with write_transaction(store.ledger.engine):
        await HarvestSource.update({HarvestSource.ended_at: store.now()}).where(
            (HarvestSource.id == source)
            & (HarvestSource.organisation == organisation)
            & HarvestSource.ended_at.is_null()
        )


async def sources_of(organisation: str | None = None) -> list[Line]:
    """Return the addresses on the list, of one organisation or of all, the oldest first."""
    query = HarvestSource.select().where(HarvestSource.ended_at.is_null())
    if organisation is not None:
        query = query.where(HarvestSource.organisation == organisation)
    return await query.order_by(HarvestSource.made_at).order_by(HarvestSource.id)


def outcome_of(line: Line) -> Message | None:
    """Return how the last harvest of an address ended; None if there was none."""
    if line["outcome"] is None:
        return None
    return msgspec.json.decode(line["outcome"], type=ToldMessage).message()


async def harvest(store: BatchStore, line: Line, fetching: Fetching) -> Harvest:
    """Fetch one address and make a batch of what is new there; the batch is not checked yet."""
    batch: str | None = None
    try:
        await _check_reporter(line)
        fetched = await fetch(
            line["address"],
            etag=line["etag"],
            last_modified=line["last_modified"],
            allowed=fetching.allowed,
            limits=fetching.limits,
            names=fetching.names,
        )
        if fetched is None or sha256(fetched.content).hexdigest() == line["digest"]:
            ended, message = Harvested.UNCHANGED, Message("Nothing has changed there.")
        else:
            batch = await _draft(store, line, fetched)
            ended, message = Harvested.BATCH, Message("A new list was fetched.")
    except Refused as refusal:
        fetched, ended, message = None, Harvested.FAILED, refusal.message
    await _note(store, line, fetched, batch, message)
    return Harvest(line["id"], line["organisation"], line["address"], ended, message, batch)


async def harvest_and_submit(
    store: BatchStore, line: Line, fetching: Fetching, today: date
) -> Harvest:
    """Harvest one address, check the batch, and submit it for approval when nothing stops it."""
    done = await harvest(store, line, fetching)
    if done.batch is None:
        return done
    state = await work(store, done.batch, today)
    message = done.message
    if state is BatchState.READY:
        view = await find_batch(store, line["organisation"], done.batch)
        if view is not None:
            await submit(
                store,
                person=line["made_by"],
                organisation=line["organisation"],
                batch=done.batch,
                seen_version=view.version,
            )
            state = BatchState.SUBMITTED
            message = Message("A new list was fetched; it waits for approval.")
    elif state is BatchState.PROBLEMS:
        message = Message("A new list was fetched; a person must settle its problems first.")
    return replace(done, message=message, state=state)


async def _check_reporter(line: Line) -> None:
    actor = await actor_of(line["made_by"])
    if actor is None or not actor.may(Permission.REPORT, line["organisation"]):
        raise Refused(
            "Whoever put this address on the list reports for the organisation no more. Put it on"
            " the list anew."
        )


async def _draft(store: BatchStore, line: Line, fetched: Fetched) -> str:
    """Make a batch of what was fetched; the same content again gets the same batch."""
    key = f"{line['id']}:{sha256(fetched.content).hexdigest()}"
    if is_grants_file(fetched.content):
        codes = await Organisation.select(Organisation.code)
        content = read_grants(
            fetched.content,
            organisation=line["organisation"],
            fund=line["fund"],
            project=line["project"],
            registered=[row["code"] for row in codes],
        )
        return await draft_records(
            store,
            person=line["made_by"],
            organisation=line["organisation"],
            title=fetched.name,
            content=content,
            origin=ORIGIN,
            idempotency_key=key,
        )
    return await draft_list(
        store,
        person=line["made_by"],
        organisation=line["organisation"],
        fund=line["fund"],
        file_name=fetched.name,
        content=fetched.content,
        options=options_of(store, line),
        origin=ORIGIN,
        idempotency_key=key,
    )


def options_of(store: BatchStore, line: Line) -> ListOptions:
    """Return the choices for the list of an address."""
    sealed = store.envelopes.open(_place(line["id"]), bytes(line["options"]))
    return msgspec.json.decode(sealed, type=ListOptions)


async def _note(
    store: BatchStore, line: Line, fetched: Fetched | None, batch: str | None, message: Message
) -> None:
    """Keep how a harvest ended; ETag and date only of what became a batch or was there before."""
    values: dict[Any, object] = {
        HarvestSource.checked_at: store.now(),
        HarvestSource.outcome: msgspec.json.encode(ToldMessage.of(message)).decode(),
    }
    if fetched is not None:
        values |= {
            HarvestSource.etag: fetched.etag,
            HarvestSource.last_modified: fetched.last_modified,
            HarvestSource.digest: sha256(fetched.content).hexdigest(),
        }
    if batch is not None:
        values[HarvestSource.batch] = batch
    async with write_transaction(store.ledger.engine):
        await HarvestSource.update(values).where(HarvestSource.id == line["id"])


def _place(source: str) -> str:
    return f"harvest/{source}/options"
