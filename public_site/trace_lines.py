"""Provides the lines by which a trace is shown: each share of the money in words, never a name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from charity.projects.tables import Project
from charity.tracing.traces import Outcome, Trace, directions, outcome
from ledger.entries import GOODS_PREFIX, ORGANISATION_PREFIX, Entry
from ledger.kinds import parse_entry
from ledger.messages import Message, Translate
from ledger.tables import LogEntry
from ledger.tracing import Direction, Share
from public_site.downloads import yuan
from public_site.formatting import amount_in, share
from public_site.movements import KIND_LABELS, REFUND_REASONS

POSITIONS_AT_ONCE: Final = 900

PURPOSE_LABELS: Final = {
    "program": Message("Charitable activities"),
    "administration": Message("Administration"),
    "fundraising": Message("Fundraising"),
}
OUTCOME_LABELS: Final = {
    Outcome.SPENT: Message("Spent"),
    Outcome.REFUNDED: Message("Paid back to the donor"),
    Outcome.REFUNDED_OTHER: Message("Paid back for another gift that had been spent"),
    Outcome.PASSED_ON: Message("Passed on between funds"),
    Outcome.UNSPENT: Message("Not yet spent"),
}
TITLES: Final[Mapping[tuple[Direction, ...], Message]] = {
    (Direction.ONWARD,): Message("Where this money went"),
    (Direction.BACK,): Message("Where this money came from"),
    (Direction.BACK, Direction.ONWARD): Message("Where this money came from and went"),
}


GOODS_TITLES: Final[Mapping[tuple[Direction, ...], Message]] = {
    (Direction.ONWARD,): Message("Where these goods went"),
    (Direction.BACK,): Message("Where these goods came from"),
}


def trace_title(position: int, entry: Entry) -> Message | None:
    """Return what the trace of an entry is called; None where it moves no money to trace."""
    _, unit, *_ = entry.facts.listed()
    titles = GOODS_TITLES if unit is not None and unit.startswith(GOODS_PREFIX) else TITLES
    return titles.get(directions(position, entry))


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One share of the money: how much, and the entry where its trail ends.

    `amount` in minor units of the trace; `position` and `day` None for what is not yet spent;
    `via` the entries by which the money was passed on between funds.
    """

    outcome: Outcome | None
    label: str
    position: int | None
    kind: str | None
    day: date | None
    amount: int
    amount_text: str
    share_text: str
    account: str
    project: str | None
    project_name: str | None
    purpose: str | None
    purpose_label: str | None
    description: str | None
    via: tuple[int, ...]


def plain_quantity(amount: int, unit: str) -> str:
    """Return an amount as spreadsheets read it: 1234.50 of a currency, 12 of goods."""
    return str(amount) if unit.startswith(GOODS_PREFIX) else yuan(amount)


async def entries_at(positions: Collection[int]) -> dict[int, Entry]:
    """Return the entries at these positions."""
    wanted = sorted(positions)
    found: dict[int, Entry] = {}
    for start in range(0, len(wanted), POSITIONS_AT_ONCE):
        rows = await LogEntry.select(LogEntry.position, LogEntry.body).where(
            LogEntry.position.is_in(wanted[start : start + POSITIONS_AT_ONCE])
        )
        found.update((row["position"], parse_entry(bytes(row["body"]))) for row in rows)
    return found


def _code(entry: Entry) -> str:
    return (entry.organisation or "").removeprefix(ORGANISATION_PREFIX)


async def _project_names(entries: Collection[Entry]) -> dict[tuple[str, str], str]:
    codes = sorted({_code(entry) for entry in entries})
    rows = await Project.select().where(Project.organisation.is_in(codes)) if codes else []
    return {(row["organisation"], row["code"]): row["name"] for row in rows}


def _description(entry: Entry, translate: Translate) -> str | None:
    """Return what an entry says of itself: a description, or the reason of a refund."""
    reason = getattr(entry.facts, "reason", None)
    if reason in REFUND_REASONS:
        return REFUND_REASONS[reason].text(translate)
    description: str | None = getattr(entry.facts, "description", None)
    return description


@dataclass(frozen=True, slots=True)
class _Lines:
    """What all lines of a trace share."""

    trace: Trace
    entries: Mapping[int, Entry]
    projects: Mapping[tuple[str, str], str]
    translate: Translate

    def line(self, found: Share) -> TraceLine:
        trace, end = self.trace, found.end
        entry = self.entries[end.position] if end is not None else None
        became = outcome(found, trace.position) if trace.direction is Direction.ONWARD else None
        label = OUTCOME_LABELS[became] if became else KIND_LABELS.get(end.kind if end else "")
        project: str | None = getattr(entry.facts, "project", None) if entry else None
        purpose: str | None = getattr(entry.facts, "purpose", None) if entry else None
        return TraceLine(
            outcome=became,
            label=label.text(self.translate) if label else "",
            position=end.position if end else None,
            kind=end.kind if end else None,
            day=date.fromisoformat(entry.day) if entry else None,
            amount=found.amount,
            amount_text=amount_in(found.amount, trace.unit),
            share_text=share(found.amount, trace.amount),
            account=found.account,
            project=project,
            project_name=self._project_name(entry, project),
            purpose=purpose,
            purpose_label=PURPOSE_LABELS[purpose].text(self.translate) if purpose else None,
            description=_description(entry, self.translate) if entry else None,
            via=found.via,
        )

    def _project_name(self, entry: Entry | None, project: str | None) -> str | None:
        if entry is None or project is None:
            return None
        return self.projects.get((_code(entry), project), project)


async def trace_lines(
    trace: Trace, shares: Sequence[Share], translate: Translate
) -> list[TraceLine]:
    """Return the lines for some shares of a trace, with a fixed number of queries."""
    entries = await entries_at({found.end.position for found in shares if found.end is not None})
    lines = _Lines(trace, entries, await _project_names(entries.values()), translate)
    return [lines.line(found) for found in shares]


def _line_document(line: TraceLine) -> dict[str, object]:
    told: dict[str, object] = {
        "amount": line.amount,
        "outcome": line.outcome,
        "entry": line.position,
        "kind": line.kind,
        "day": line.day.isoformat() if line.day else None,
        "account": line.account,
        "project": line.project,
        "project_name": line.project_name,
        "purpose": line.purpose,
        "description": line.description,
        "via": list(line.via),
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def trace_document(
    trace: Trace, lines: Sequence[TraceLine], translate: Translate
) -> dict[str, object]:
    """Return a trace for programs: amounts in minor units of `unit`, at most a thousand shares."""
    return {
        "direction": trace.direction.value,
        "entry": trace.position,
        "kind": trace.entry.kind,
        "day": trace.entry.day,
        "organisation": trace.entry.organisation,
        "account": trace.account,
        "unit": trace.unit,
        "amount": trace.amount,
        "checkpoint_size": trace.size,
        "reversed_by": trace.reversed_by,
        "rules": [
            {
                "account": rule.account,
                "earmarked": rule.earmarked,
                "order": "first in, first out",
                "sentence": rule.sentence.text(translate),
            }
            for rule in trace.rules
        ],
        "outcomes": {key.value: amount for key, amount in trace.outcomes.items()},
        "refunded_otherwise": trace.refunded_otherwise,
        "count": trace.count,
        "first": trace.first,
        "last": trace.last,
        "shares": [_line_document(line) for line in lines],
    }
