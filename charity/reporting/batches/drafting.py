"""Provides the drafting of batches: a list or records are handed in, changed, checked once more.

The content is written inside the transaction of its line: whoever loses a race writes nothing, and
a line never names a content that is not there.
"""

import asyncio
from hashlib import sha256
from secrets import token_hex
from typing import Final

from charity.organisations.registry import find_fund, find_organisation
from charity.people.roles import Permission
from charity.reporting.batches.moving import (
    NOT_DECIDED,
    Line,
    check_permission,
    check_unchanged,
    move,
    own_line,
)
from charity.reporting.batches.records import RecordsContent
from charity.reporting.batches.schemas import ListOptions
from charity.reporting.batches.states import CHANGEABLE, BatchAct, BatchState
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.tables import Batch
from charity.reporting.dates import GivenDay
from charity.reporting.workbooks import DEFAULT_LIMITS
from ledger.database.engines import write_transaction
from ledger.messages import Refused, WrongUse

LIST: Final = "list"
RECORDS: Final = "records"
TITLE_CHARACTERS_MAX: Final = 200
KEY_CHARACTERS_MAX: Final = 100


class KeyUsed(Refused):
    """An idempotency key stands for another content already."""


async def draft_list(
    store: BatchStore,
    *,
    person: str,
    organisation: str,
    fund: str,
    file_name: str,
    content: bytes,
    options: ListOptions,
    origin: str = "upload",
    token: str | None = None,
    idempotency_key: str | None = None,
) -> str:
    """Hand in a list; return the id of its batch, which waits to be checked.

    The same idempotency key with the same content again returns the same batch.

    Raises:
        KeyUsed: the idempotency key stands for another content.
        Refused: the file is empty or too large, or the day given cannot be read.
        WrongUse: organisation or fund are unknown.
    """
    await find_organisation(organisation)
    await find_fund(organisation, fund)
    _check_file(content)
    _check_options(options)
    batch = token_hex(16)
    line = _new_line(store, batch, person, organisation, LIST, origin, title_of(file_name), content)
    line |= {"fund": fund, "options": store.seal_options(batch, options)}
    return await _hand_in(store, line | {"token": token}, content, idempotency_key)


async def draft_records(
    store: BatchStore,
    *,
    person: str,
    organisation: str,
    title: str,
    content: RecordsContent,
    origin: str = "form",
    token: str | None = None,
    idempotency_key: str | None = None,
) -> str:
    """Hand in records; return the id of their batch, which waits to be checked.

    The same idempotency key with the same content again returns the same batch.

    Raises:
        KeyUsed: the idempotency key stands for another content.
        WrongUse: the organisation is unknown.
    """
    await find_organisation(organisation)
    body = records_bytes(content)
    batch = token_hex(16)
    line = _new_line(store, batch, person, organisation, RECORDS, origin, title_of(title), body)
    line |= {"fund": None, "options": store.seal_options(batch, ListOptions())}
    return await _hand_in(store, line | {"token": token}, body, idempotency_key)


def records_bytes(content: RecordsContent) -> bytes:
    """Return records as they rest in a draft."""
    return content.model_dump_json().encode()


def records_of(content: bytes) -> RecordsContent:
    """Return the records of a draft."""
    return RecordsContent.model_validate_json(content)


def title_of(text: str) -> str:
    """Return what a batch is called: the last part of a path, printable, not too long."""
    name = text.replace("\\", "/").rpartition("/")[2]
    printable = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(printable.split())[:TITLE_CHARACTERS_MAX] or "–"


def _check_file(content: bytes) -> None:
    if not content:
        raise Refused("This file is empty.")
    if len(content) > DEFAULT_LIMITS.file_bytes:
        raise Refused(
            "This file has {size} MB; at most {limit} MB are read.",
            size=-(-len(content) // 2**20),
            limit=DEFAULT_LIMITS.file_bytes // 2**20,
        )


def _check_options(options: ListOptions) -> None:
    if options.given_day is not None:
        GivenDay.parse(options.given_day)


def _new_line(
    store: BatchStore,
    batch: str,
    person: str,
    organisation: str,
    kind: str,
    origin: str,
    title: str,
    content: bytes,
) -> Line:
    return {
        "id": batch,
        "organisation": organisation,
        "content": kind,
        "origin": origin,
        "state": BatchState.CHECKING.value,
        "version": 1,
        "digest": sha256(content).hexdigest(),
        "title": store.seal_text(batch, "title", title),
        "made_by": person,
        "made_at": store.now(),
        "authors": person,
    }


async def _hand_in(
    store: BatchStore, line: Line, content: bytes, idempotency_key: str | None
) -> str:
    if idempotency_key is not None and not 1 <= len(idempotency_key) <= KEY_CHARACTERS_MAX:
        raise WrongUse("An idempotency key has 1 to {most} characters.", most=KEY_CHARACTERS_MAX)
    batch: str = line["id"]
    try:
        async with write_transaction(store.ledger.engine):
            if idempotency_key is not None:
                there = await _handed_in_before(line, idempotency_key)
                if there is not None:
                    return there
            await Batch.insert(Batch(**line, idempotency_key=idempotency_key))
            await asyncio.to_thread(store.drafts.write, batch, 1, content)
    except BaseException:
        store.drafts.remove(batch)
        raise
    return batch


async def _handed_in_before(line: Line, idempotency_key: str) -> str | None:
    """Return the batch that this key stands for already.

    Raises:
        KeyUsed: it stands for another content.
    """
    same_token = Batch.token.is_null() if line["token"] is None else Batch.token == line["token"]
    there = (
        await Batch.select()
        .where(
            (Batch.organisation == line["organisation"])
            & (Batch.idempotency_key == idempotency_key)
            & same_token
        )
        .first()
    )
    if there is None:
        return None
    if any(there[part] != line[part] for part in ("digest", "content", "fund")):
        raise KeyUsed("This idempotency key was used for another content. Take a new one.")
    return str(there["id"])


async def change_list(
    store: BatchStore,
    *,
    person: str,
    organisation: str,
    batch: str,
    seen_version: int,
    options: ListOptions | None = None,
    fund: str | None = None,
    file_name: str | None = None,
    content: bytes | None = None,
) -> None:
    """Change a list that is not submitted, and have it checked again; None leaves a part as it is.

    Without any change it is only checked again, for instance after a check broke off.

    Raises:
        Refused: it was changed meanwhile or is submitted, this person may not report for this
            organisation, the new file is empty or too large, or the day given cannot be read.
        WrongUse: there is no such batch or fund.
    """
    values: Line = {}
    if options is not None:
        _check_options(options)
        values["options"] = store.seal_options(batch, options)
    if fund is not None:
        await find_fund(organisation, fund)
        values["fund"] = fund
    if file_name is not None:
        values["title"] = store.seal_text(batch, "title", title_of(file_name))
    if content is not None:
        _check_file(content)
    await _change(store, person, organisation, batch, LIST, seen_version, values, content)


async def change_records(
    store: BatchStore,
    *,
    person: str,
    organisation: str,
    batch: str,
    seen_version: int,
    content: RecordsContent,
    title: str | None = None,
) -> None:
    """Change records that are not submitted, and have them checked again.

    Raises:
        Refused: they were changed meanwhile or are submitted, or this person may not report for
            this organisation.
        WrongUse: there is no such batch.
    """
    values: Line = {}
    if title is not None:
        values["title"] = store.seal_text(batch, "title", title_of(title))
    body = records_bytes(content)
    await _change(store, person, organisation, batch, RECORDS, seen_version, values, body)


async def _change(
    store: BatchStore,
    person: str,
    organisation: str,
    batch: str,
    kind: str,
    seen_version: int,
    values: Line,
    content: bytes | None,
) -> None:
    async with write_transaction(store.ledger.engine):
        line = await own_line(organisation, batch)
        await check_permission(person, Permission.REPORT, organisation)
        await check_unchanged(line, seen_version, CHANGEABLE)
        if line["content"] != kind:
            raise WrongUse("This batch is of another kind: {kind}.", kind=line["content"])
        version = seen_version + 1
        if content is None:
            content = await asyncio.to_thread(store.drafts.read, batch, seen_version)
        values |= {"version": version, "digest": sha256(content).hexdigest()}
        # Why it was rejected stays, for whoever mends it and whoever decides on it then.
        values |= {"report": None, "counterpart": None, **NOT_DECIDED}
        values["authors"] = _with_author(line["authors"], person)
        if not await move(line, BatchAct.CHANGE, **values):
            raise RuntimeError("a batch changed inside its transaction")
        await asyncio.to_thread(store.drafts.write, batch, version, content)
    await asyncio.to_thread(store.drafts.remove_older, batch, version)


def _with_author(authors: str | None, person: str) -> str:
    before = (authors or "").split()
    return " ".join(before if person in before else [*before, person])
