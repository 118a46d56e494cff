"""Provides `charity cosign`: asking the witnesses once, such as after an import by hand."""

import click

from ledger.log import Ledger
from ledger.messages import WrongUse
from ledger.reading import Head, read_head
from ledger.witnessing.client import read_witnesses, witness_client
from ledger.witnessing.cosigning import Outcome
from ledger.witnessing.cosigning import cosign as ask_witnesses
from public_site.commands.charity_group import (
    REFUSED,
    json_option,
    print_json,
    read_settings,
    say,
    text,
    with_ledger,
)


@click.command()
@json_option
def cosign(as_json: bool) -> None:
    """Ask every witness to cosign the newest checkpoint, once.

    `charity serve` does so by itself. Exit status 1 if a witness did not cosign.
    """
    witnesses = read_witnesses(read_settings().witnesses_file)
    if not witnesses:
        raise WrongUse(
            "No witness is known. Write a verifier key and an address on each line of the file"
            " “witnesses” in CHARITY_HOME, or name another file in CHARITY_WITNESSES."
        )

    async def ask(ledger: Ledger) -> tuple[Head, list[Outcome]]:
        head = await read_head()
        if head is None:
            raise WrongUse("The log is empty: there is nothing to cosign yet.")
        async with witness_client() as client:
            return head, await ask_witnesses(ledger, head, witnesses, client)

    head, outcomes = with_ledger(ask)
    if as_json:
        _print_json(head, outcomes)
    else:
        _say(head, outcomes)
    if any(outcome.line is None for outcome in outcomes):
        raise click.exceptions.Exit(REFUSED)


def _print_json(head: Head, outcomes: list[Outcome]) -> None:
    answers = [
        {
            "name": outcome.witness.key.name,
            "address": outcome.witness.address,
            "cosigned": outcome.line is not None,
            "reason": text(outcome.reason) if outcome.reason is not None else None,
            "contradicts": outcome.contradicts,
        }
        for outcome in outcomes
    ]
    print_json({"size": head.size, "witnesses": answers})


def _say(head: Head, outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        name = outcome.witness.key.name
        if outcome.line is not None:
            say("✓ {witness} cosigned {size} entries.", witness=name, size=head.size)
        elif outcome.contradicts:
            say("✗ {witness} refuses: {reason}.", witness=name, reason=outcome.reason)
        else:
            say("! {witness} did not cosign: {reason}.", witness=name, reason=outcome.reason)
