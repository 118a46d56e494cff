"""Provides entries with invented facts: values of every kind, and a few that tests write often."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from charity.tables import TABLES as CHARITY_TABLES
from ledger.canonical import INTEGER_MAX
from ledger.entries import VERSION, Entry, Facts, Source, request_id
from ledger.kinds import KINDS, parse_entry
from ledger.kinds.donation import DonationFacts, Donor, Visibility
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.kind import Kind
from ledger.log import Ledger
from ledger.tables import TABLES, LogEntry, PublishedCheckpoint
from tests.conftest import ORGANISATION

IDENTIFIER = f"CN-USCI-{ORGANISATION}"
DAY = "2026-01-02"
FUND = f"funds/{IDENTIFIER}/general"


def _integers(node: inspect.IntType) -> st.SearchStrategy[int]:
    low = -INTEGER_MAX if node.ge is None else node.ge
    return st.integers(
        low if node.gt is None else node.gt + 1, INTEGER_MAX if node.le is None else node.le
    )


def _exists(text: str) -> bool:
    """Return False for what looks like a day and is none."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is None:
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_STRATEGIES: Mapping[type[inspect.Type], Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.StrType: lambda node: (
        st.from_regex(node.pattern).filter(_exists)
        if node.pattern
        else st.text(min_size=node.min_length or 0, max_size=node.max_length or 40)
    ),
    inspect.IntType: _integers,
    inspect.BoolType: lambda _: st.booleans(),
    inspect.NoneType: lambda _: st.none(),
    inspect.EnumType: lambda node: st.sampled_from(list(node.cls)),
    inspect.UnionType: lambda node: st.one_of(*map(_values, node.types)),
    inspect.VarTupleType: lambda node: st.lists(_values(node.item_type), max_size=3).map(tuple),
    inspect.StructType: lambda node: st.builds(
        node.cls, **{field.name: _values(field.type) for field in node.fields}
    ),
}


def _values(node: inspect.Type) -> st.SearchStrategy[Any]:
    """Return the values that a type of msgspec allows."""
    return _STRATEGIES[type(node)](node)


def facts_of(kind: Kind) -> st.SearchStrategy[Facts]:
    """Return all facts that a kind allows."""
    return _values(inspect.type_info(kind.facts))


def _entry_fields() -> Mapping[str, st.SearchStrategy[Any]]:
    info = inspect.type_info(Entry)
    assert isinstance(info, inspect.StructType)
    drawn = {"day", "id", "organisation", "source"}
    return {field.name: _values(field.type) for field in info.fields if field.name in drawn}


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Draw an entry of any kind."""
    kind = draw(st.sampled_from(list(KINDS.values())))
    fields = {name: draw(values) for name, values in _entry_fields().items()}
    facts = draw(facts_of(kind))
    return Entry(
        facts=facts,
        kind=kind.name,
        postings=facts.postings(fields["organisation"]),
        recorded_at="2026-01-02T03:04:05Z",
        version=VERSION,
        **fields,
    )


def requested(kind: str, facts: Facts, key: str, day: str = DAY) -> Entry:
    """Return an entry of ORGANISATION, as a request with this key would make it."""
    return Entry(
        day=day,
        facts=facts,
        id=request_id(IDENTIFIER, key),
        kind=kind,
        organisation=IDENTIFIER,
        postings=facts.postings(IDENTIFIER),
        recorded_at="2026-01-02T03:04:05Z",
        source=Source(request=key),
        version=VERSION,
    )


def donor(number: int) -> Donor:
    """Return a donor of whom nothing but a reference is known."""
    return Donor(reference=f"{number:032x}", visibility=Visibility.ANONYMOUS)


def gift(number: int, amount: int = 100, *, fund: str = "general", key: str = "gift") -> Entry:
    """Return a gift of `amount` fen."""
    facts = DonationFacts(amount=amount, donor=donor(number), fund=fund)
    return requested("donation", facts, f"{key}-{number}")


def spending(number: int, amount: int, *, fund: str = "general") -> Entry:
    """Return a spending of `amount` fen."""
    facts = ExpenditureFacts(
        amount=amount, description="示例支出", fund=fund, project="p", purpose=Purpose.PROGRAM
    )
    return requested("expenditure", facts, f"spending-{number}")


async def append(ledger: Ledger, *new: Entry) -> range:
    """Append entries in a transaction of their own."""
    async with ledger.write() as writer:
        return await writer.append(new)


async def append_gifts(ledger: Ledger, first: int, count: int) -> range:
    """Append `count` gifts with the numbers from `first` on."""
    return await append(ledger, *(gift(number) for number in range(first, first + count)))


async def stored_bodies() -> list[bytes]:
    """Return the bytes of all entries in the database, by position."""
    rows = await LogEntry.select(LogEntry.body).order_by(LogEntry.position)
    return [bytes(row["body"]) for row in rows]


async def rows_of_all_tables() -> dict[str, list[dict[str, object]]]:
    """Return everything that the ledger and the register keep."""
    return {table.__name__: await table.select() for table in (*TABLES, *CHARITY_TABLES)}


async def published_sizes() -> list[int]:
    """Return the sizes that had a checkpoint."""
    rows = await PublishedCheckpoint.select(PublishedCheckpoint.size).order_by(
        PublishedCheckpoint.size
    )
    return [row["size"] for row in rows]


async def stored_entries() -> list[Entry]:
    """Return all entries in the database, by position."""
    return [parse_entry(body) for body in await stored_bodies()]


def changed(body: bytes, **fields: object) -> bytes:
    """Return an entry's JSON with other top-level fields."""
    return msgspec.json.encode(msgspec.json.decode(body) | fields)
