"""Provides what crosses the boundary of a batch: the reporter's choices, and what a check found."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, TypeAlias

import msgspec

from ledger.messages import Message, Translate

Value: TypeAlias = "str | int | ToldMessage"


class ToldMessage(msgspec.Struct, frozen=True, tag="message"):
    """A message as it is kept: the English template and its values, read in any language later."""

    template: str
    values: dict[str, Value] = {}

    @classmethod
    def of(cls, message: Message) -> "ToldMessage":
        """Return a message in the form in which it is kept."""
        return cls(message.template, {name: _kept(value) for name, value in message.values.items()})

    def message(self) -> Message:
        """Return the message again."""
        values: Mapping[str, object] = {
            name: value.message() if isinstance(value, ToldMessage) else value
            for name, value in self.values.items()
        }
        return Message(self.template, **values)

    def text(self, translate: Translate) -> str:
        """Return the sentence in the language of `translate`."""
        return self.message().text(translate)


def _kept(value: object) -> Value:
    if isinstance(value, Message):
        return ToldMessage.of(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value if isinstance(value, str | int) else str(value)


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem, an accepted problem or a notice, with its place and how to mend it.

    `field` is the path of a field in records (`records.3.amount`); `header` is what stands above
    the cell; `accept` the word that accepts every problem of this kind; `batch` the id of another
    batch that it is about.
    """

    code: str
    message: ToldMessage
    mend: ToldMessage | None = None
    sheet: str | None = None
    cell: str | None = None
    header: str | None = None
    field: str | None = None
    accept: str | None = None
    batch: str | None = None


class FundEffect(msgspec.Struct, frozen=True):
    """What a batch does to one fund (or its goods): minor units of `unit` before and after.

    Their difference is what the batch does. `before` is the balance when it was checked: what is
    shown of a batch that waits is counted from the present balance (`effects_now`).
    """

    organisation: str
    fund: str
    unit: str
    before: int
    after: int


class PreviewRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the preview; the amount in minor units of `unit`, the day ISO.

    `who` is the name as printed: it never leaves the workplace. `standing` says what becomes of
    the row: `new`, `known`, `transfer` or `skipped`.
    """

    place: str
    kind: str
    day: str
    amount: int
    unit: str
    fund: str
    who: str | None = None
    standing: str = "new"


class ListOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the reporter chose for a list.

    Attributes:
        given_day: day, year or period where the list states none (`GivenDay.parse`).
        accept: accepted words and cells.
        consent: the basis on which persons may be named; None hides them.
        columns: role of each column by its header, where a person mapped it by hand;
            the role `ignore` leaves a column out.
        receipts: whether receipts are issued for its gifts when it is appended.
    """

    given_day: str | None = None
    accept: tuple[str, ...] = ()
    consent: str | None = None
    columns: dict[str, str] = {}
    receipts: bool = False


class TableHeaders(msgspec.Struct, frozen=True):
    """The header row of a table in a file, with the role recognised for each column, or None."""

    sheet: str
    row: int
    headers: tuple[str, ...]
    roles: tuple[str | None, ...]
    samples: tuple[tuple[str, ...], ...] = ()


class BatchReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the check of a batch found; amounts in fen, days ISO.

    Attributes:
        problems: they stop it until mended or accepted.
        accepted: problems that the reporter accepted, for the second person to see.
        notices: worth saying.
        rows: gifts or records in all; `new` of them are not in the ledger yet.
        transferred: rows that come from other charities, counted as onward transfers.
        total: of all rows, in fen; other units stand in `effects` only.
        effects: each fund before and after.
        tables: headers found in the file, for mapping by hand.
        preview: the first rows; the others stand in pages beside the content.
        kind: of records, the kind of the only one; None of several.
        rows_digest: of the rows of a list as they were read (`rows_digest`): only what reads the
            same again is what was approved.
    """

    state: Literal["problems", "ready"]
    problems: tuple[Finding, ...] = ()
    accepted: tuple[Finding, ...] = ()
    notices: tuple[Finding, ...] = ()
    rows: int = 0
    new: int = 0
    known: int = 0
    skipped: int = 0
    transferred: int = 0
    transferred_total: int = 0
    total: int = 0
    stated_total: int | None = None
    first_day: str | None = None
    last_day: str | None = None
    effects: tuple[FundEffect, ...] = ()
    tables: tuple[TableHeaders, ...] = ()
    preview: tuple[PreviewRow, ...] = ()
    counterpart: str | None = None
    seconds: int = 0
    kind: str | None = None
    rows_digest: str = ""
