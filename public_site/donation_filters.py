"""Provides the filters of a list of movements: read from the address, checked, made a condition."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ledger.entries import CURRENCY
from ledger.messages import Message, Translate
from ledger.tables import MovementRow
from public_site.movement_rows import IN_BOOKS, Condition, in_books
from public_site.movements import KIND_LABELS

NAMES = ("from_day", "to_day", "min_yuan", "max_yuan", "fund", "kind")
TEXT_CHARACTERS_MAX = 40
YUAN_MAX = Decimal(10**13)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asks for; days ISO, amounts in fen, None for no limit."""

    from_day: str | None = None
    to_day: str | None = None
    min_fen: int | None = None
    max_fen: int | None = None
    fund: str | None = None
    kind: str | None = None

    def conditions(self, organisation: str) -> list[Condition]:
        """Return the conditions on `ledger_movement`: rows of its own, and those of others.

        An amount asked for is one in yuan; the row of a reversal may have it below zero. Receipts
        of donations are shown where they are asked for by their kind.
        """
        asked = [
            term
            for value, term in (
                (self.from_day, MovementRow.day >= self.from_day),
                (self.to_day, MovementRow.day <= self.to_day),
                (self.min_fen, _at_least(self.min_fen or 0)),
                (self.max_fen, _at_most(self.max_fen or 0)),
                (self.kind, MovementRow.kind == self.kind),
            )
            if value is not None
        ]
        asks_amount = (self.min_fen, self.max_fen) != (None, None)
        if self.kind is None or asks_amount:
            asked.append(IN_BOOKS)
        if asks_amount:
            asked.append((MovementRow.unit == CURRENCY) | MovementRow.unit.is_null())
        conditions = []
        for condition, fund in zip(
            in_books(organisation), (MovementRow.fund, MovementRow.other_fund), strict=True
        ):
            narrowed = condition if self.fund is None else condition & (fund == self.fund)
            for term in asked:
                narrowed = narrowed & term
            conditions.append(narrowed)
        return conditions


def _at_least(fen: int) -> Condition:
    return (MovementRow.amount >= fen) | (MovementRow.amount <= -fen)


def _at_most(fen: int) -> Condition:
    return (MovementRow.amount <= fen) & (MovementRow.amount >= -fen)


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


def _text(value: object) -> str:
    return str(value).replace("\0", "").strip()  # PostgreSQL has no such character


def _fen(text: str) -> int:
    yuan = Decimal(text.replace(",", "").replace("，", "").lstrip("¥￥"))
    fen = yuan * 100
    if not yuan.is_finite() or yuan < 0 or yuan > YUAN_MAX or fen != fen.to_integral_value():
        raise ValueError(text)
    return int(fen)


def read_filters(
    query: Mapping[str, Any], translate: Translate
) -> tuple[Filters, dict[str, str], dict[str, str]]:
    """Return the filters, the texts as given, and what is wrong with them, by field.

    A field that cannot be read is named among the errors: nothing is shown then.
    """
    given = {name: _text(query.get(name, ""))[:TEXT_CHARACTERS_MAX] for name in NAMES}
    errors: dict[str, str] = {}
    read: dict[str, Any] = {}
    wrong_day = Message("Write a day as 2024-03-31.")
    wrong_amount = Message("Write an amount in yuan, such as 50 or 0.01.")
    for name, target, parse, wrong in (
        ("from_day", "from_day", _day, wrong_day),
        ("to_day", "to_day", _day, wrong_day),
        ("min_yuan", "min_fen", _fen, wrong_amount),
        ("max_yuan", "max_fen", _fen, wrong_amount),
    ):
        if given[name]:
            try:
                read[target] = parse(given[name])
            except (ValueError, ArithmeticError):
                errors[name] = wrong.text(translate)
    if given["kind"] and given["kind"] not in KIND_LABELS:
        errors["kind"] = Message("There is no such kind of entry.").text(translate)
    if "from_day" in read and "to_day" in read and read["from_day"] > read["to_day"]:
        errors["to_day"] = Message("The last day lies before the first.").text(translate)
    if "min_fen" in read and "max_fen" in read and read["min_fen"] > read["max_fen"]:
        errors["max_yuan"] = Message("The largest amount is below the smallest.").text(translate)
    filters = Filters(
        **read,
        fund=given["fund"] or None,
        kind=given["kind"] if given["kind"] in KIND_LABELS else None,
    )
    return filters, given, errors
