"""Provides entries with invented facts: values of every kind, and a few that tests write often."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, get_args

import msgspec
from hypothesis import reject
from hypothesis import strategies as st
from msgspec import inspect

from charity.tables import TABLES as CHARITY_TABLES
from ledger.canonical import INTEGER_MAX
from ledger.entries import (
    VERSION,
    Currency,
    Entry,
    Facts,
    FundPlace,
    Organisation,
    Source,
    request_id,
)
from ledger.kinds import KINDS, parse_entry
from ledger.kinds.donation import DonationFacts, Donor, Visibility
from ledger.kinds.donation_receipt import DonationReceiptFacts
from ledger.kinds.expenditure import ExpenditureFacts, Purpose
from ledger.kinds.kind import Kind
from ledger.kinds.onward_transfer import OnwardTransferFacts
from ledger.kinds.receipt_void import ReceiptVoidFacts
from ledger.kinds.refund import RefundFacts, RefundReason
from ledger.kinds.reversal import REVERSIBLE, ReversalFacts
from ledger.log import Ledger
from ledger.messages import Refused
from ledger.tables import TABLES, LogEntry, PublishedCheckpoint
from tests.conftest import ORGANISATION

IDENTIFIER = f"CN-USCI-{ORGANISATION}"
DAY = "2026-01-02"
FUND = f"funds/{IDENTIFIER}/general"
ORGANISATIONS = inspect.type_info(Organisation)


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
    inspect.TupleType: lambda node: st.tuples(*map(_values, node.item_types)),
    inspect.LiteralType: lambda node: st.sampled_from(node.values),
    inspect.StructType: lambda node: _structs(node),  # noqa: PLW0108 (defined below)
}


def _structs(node: inspect.StructType) -> st.SearchStrategy[Any]:
    """Return the values of a struct; two kinds of facts allow not every combination of fields."""
    if node.cls is ReversalFacts:
        return _reversals()
    built = st.builds(node.cls, **{field.name: _values(field.type) for field in node.fields})
    if node.cls is not OnwardTransferFacts:
        return built
    fields = {field.name: _values(field.type) for field in node.fields}
    origins = (
        {"donor": _values(inspect.type_info(Donor)), "giver": st.none()},
        {"donor": st.none(), "giver": _values(inspect.type_info(FundPlace))},
    )
    return st.one_of(*(st.builds(node.cls, **fields | origin) for origin in origins))


@st.composite
def _reversals(draw: st.DrawFn) -> ReversalFacts:
    """Draw the reversal of an entry of any kind that can be reversed."""
    kind, reversible = draw(st.sampled_from(list(REVERSIBLE.items())))
    return ReversalFacts(
        facts=draw(_values(inspect.type_info(reversible))),
        kind=kind,
        reason=draw(st.text(min_size=1, max_size=40)),
        refers_to=draw(st.integers(0, INTEGER_MAX)),
    )


def _values(node: inspect.Type) -> st.SearchStrategy[Any]:
    """Return the values that a type of msgspec allows."""
    return _STRATEGIES[type(node)](node)


def facts_of(kind: Kind) -> st.SearchStrategy[Facts]:
    """Return all facts that a kind allows."""
    return _values(inspect.type_info(kind.facts))


def _entry_fields() -> Mapping[str, st.SearchStrategy[Any]]:
    info = inspect.type_info(Entry)
    assert isinstance(info, inspect.StructType)
    drawn = {"day", "id", "source"}
    return {field.name: _values(field.type) for field in info.fields if field.name in drawn}


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Draw an entry of any kind."""
    kind = draw(st.sampled_from(list(KINDS.values())))
    fields = {name: draw(values) for name, values in _entry_fields().items()}
    of_log = kind.of_log or (kind.of_either and draw(st.booleans()))
    fields["organisation"] = None if of_log else draw(_values(ORGANISATIONS))
    facts = draw(facts_of(kind))
    try:
        postings = facts.postings(fields["organisation"] or "")
    except Refused:  # the giver of a transfer came out as its recipient
        reject()
    return Entry(
        facts=facts,
        kind=kind.name,
        postings=postings,
        recorded_at="2026-01-02T03:04:05Z",
        version=VERSION,
        **fields,
    )


def requested(
    kind: str, facts: Facts, key: str, day: str = DAY, organisation: str | None = IDENTIFIER
) -> Entry:
    """Return an entry of an organisation, as a request with this key would make it."""
    return Entry(
        day=day,
        facts=facts,
        id=request_id(organisation or "log", key),
        kind=kind,
        organisation=organisation,
        postings=facts.postings(organisation or ""),
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


def refund_of(position: int, gift: Entry, amount: int, key: str = "refund", **fields: Any) -> Entry:
    """Return the refund of `amount` of a gift at a position; `fields` differ from the gift's."""
    unit = gift.facts.listed()[1]
    facts = RefundFacts(
        **{
            "amount": amount,
            "currency": unit if unit in get_args(Currency) else "CNY",
            "donor": gift.facts.donor,
            "fund": gift.facts.fund,
            "goods": None if unit in get_args(Currency) else unit,
            "reason": RefundReason.MISTAKE,
            "refers_to": position,
        }
        | fields
    )
    return requested("refund", facts, key, organisation=gift.organisation)


def reversal_of(position: int, entry: Entry, key: str = "reversal", day: str = DAY) -> Entry:
    """Return the reversal of an entry at a position."""
    facts = ReversalFacts(facts=entry.facts, kind=entry.kind, reason="虚构", refers_to=position)
    return requested("reversal", facts, key, day, entry.organisation)


def receipt_of(
    position: int, number: int, day: str = DAY, organisation: str | None = IDENTIFIER
) -> Entry:
    """Return the receipt of donation, with this number, of the gift at a position."""
    facts = DonationReceiptFacts(number=number, refers_to=position)
    key = f"receipt-{number}-{position}-{day[:4]}"
    return requested("donation_receipt", facts, key, day, organisation)


def void_of(
    position: int, key: str = "void", day: str = DAY, organisation: str | None = IDENTIFIER
) -> Entry:
    """Return what makes the receipt at a position void."""
    facts = ReceiptVoidFacts(reason="虚构原因", refers_to=position)
    return requested("receipt_void", facts, f"{key}-{position}", day, organisation)


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
