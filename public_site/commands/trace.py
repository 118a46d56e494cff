"""Provides `charity trace`: where the money of a gift went, and which gifts paid for a spending."""

import click

from charity.tracing.traces import Outcome, Trace, directions, trace_gift, trace_spending
from ledger.kinds import parse_entry
from ledger.log import Ledger
from ledger.messages import Message, Translate, WrongUse
from ledger.reading import read_entry
from ledger.tracing import Direction
from public_site.commands.charity_group import (
    harmless,
    json_option,
    print_json,
    read_settings,
    with_ledger,
)
from public_site.formatting import amount_in, share
from public_site.movements import KIND_LABELS
from public_site.trace_lines import (
    OUTCOME_LABELS,
    TraceLine,
    trace_document,
    trace_lines,
)
from public_site.translations import command_language, translator

SHOWN_MAX = 200


async def _traces(position: int) -> list[Trace]:
    try:
        entry = parse_entry(await read_entry(position))
    except LookupError as error:
        raise WrongUse("There is no entry {position}.", position=position) from error
    ways = directions(position, entry)
    if not ways:
        raise WrongUse(
            "Entry {position} moves no money of its own: there is nothing to trace.",
            position=position,
        )
    return [
        await (trace_spending if way is Direction.BACK else trace_gift)(position) for way in ways
    ]


def _heading(trace: Trace) -> Message:
    template_values = {
        "position": trace.position,
        "kind": KIND_LABELS[trace.entry.kind],
        "day": trace.entry.day,
        "amount": amount_in(trace.amount, trace.unit),
        "account": trace.account,
    }
    if trace.direction is Direction.ONWARD:
        return Message(
            "Entry #{position} ({kind}, {day}) brought {amount} into {account}.", **template_values
        )
    return Message(
        "Entry #{position} ({kind}, {day}) took {amount} out of {account}.", **template_values
    )


def _line_text(line: TraceLine, translate: Translate) -> str:
    words = [
        line.amount_text,
        line.share_text,
        line.label,
        line.day.isoformat() if line.day else None,
        line.project_name,
        line.purpose_label,
        line.description,
        Message("entry #{position}", position=line.position).text(translate)
        if line.position is not None
        else None,
        Message("by way of {entries}", entries=", ".join(f"#{n}" for n in line.via)).text(translate)
        if line.via
        else None,
    ]
    return "  " + " · ".join(word for word in words if word)


def _sums(trace: Trace) -> list[Message]:
    """Return what became of a gift, in all."""
    told = [
        Message(
            "{outcome}: {amount} ({share})",
            outcome=OUTCOME_LABELS[became],
            amount=amount_in(trace.outcomes[became], trace.unit),
            share=share(trace.outcomes[became], trace.amount),
        )
        for became in Outcome
        if trace.outcomes.get(became)
    ]
    if trace.refunded_otherwise:
        told.append(
            Message(
                "Paid back besides, out of other money, as its own had been spent: {amount}",
                amount=amount_in(trace.refunded_otherwise, trace.unit),
            )
        )
    return told


def _told(trace: Trace, lines: list[TraceLine], translate: Translate) -> list[str]:
    """Return a trace in words."""
    told = [_heading(trace).text(translate)]
    told += [rule.sentence.text(translate) for rule in trace.rules]
    checkpoint = Message(
        "Worked out from the entries under the checkpoint of {size} entries.", size=trace.size
    )
    told.append(checkpoint.text(translate))
    if trace.reversed_by is not None:
        undone = Message(
            "It was reversed by entry #{position} and counts as never made.",
            position=trace.reversed_by,
        )
        return [*told, undone.text(translate)]
    told += [sum_.text(translate) for sum_ in _sums(trace)]
    told += [_line_text(line, translate) for line in lines]
    if trace.count > len(lines):
        more = Message(
            "… {count} in all, from entry #{first} to #{last}.",
            count=trace.count,
            first=trace.first,
            last=trace.last,
        )
        told.append(more.text(translate))
    return told


@click.command()
@click.argument("position", type=click.IntRange(min=0))
@json_option
def trace(position: int, as_json: bool) -> None:
    """Follow the money of an entry: a gift to its spending, a spending back to its gifts.

    Money of a fund is attributed first in, first out. Donors' names are never shown.
    """
    translate = translator(command_language(read_settings().language))

    async def read(_: Ledger) -> list[tuple[Trace, list[TraceLine]]]:
        found = await _traces(position)
        shown = None if as_json else SHOWN_MAX
        return [(each, await trace_lines(each, each.shares[:shown], translate)) for each in found]

    traced = with_ledger(read)
    if as_json:
        print_json({"traces": [trace_document(*each, translate) for each in traced]})
        return
    for number, (found, lines) in enumerate(traced):
        click.echo("\n" * bool(number) + harmless("\n".join(_told(found, lines, translate))))
