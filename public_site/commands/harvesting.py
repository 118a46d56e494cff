"""Provides `charity harvest`: fetch what foundations publish at their own addresses."""

from datetime import datetime

import click

from charity.organisations.uscc import parse_code
from charity.reporting.batches.store import BatchStore
from charity.reporting.harvest.harvesting import (
    Fetching,
    Harvest,
    Harvested,
    harvest_and_submit,
    sources_of,
)
from ledger.log import Ledger
from ledger.signing.keys import read_vault_key
from ledger.vault.envelopes import Envelopes
from public_site.commands.charity_group import (
    REFUSED,
    json_option,
    print_json,
    read_settings,
    say,
    text,
    with_ledger,
)
from public_site.formatting import SHENZHEN


@click.command("harvest")
@click.option("--org", "organisation", help="Credit code: only this organisation's addresses.")
@json_option
def harvest_command(organisation: str | None, as_json: bool) -> None:
    """Fetch the lists that foundations publish at their own addresses; run it every hour or day.

    What has changed becomes a batch that waits for approval. What has not is not fetched again.
    Exit status 1 if an address could not be fetched.
    """
    settings = read_settings()
    code = parse_code(organisation) if organisation else None

    async def run(ledger: Ledger) -> list[Harvest]:
        store = BatchStore.at(ledger, settings.drafts, Envelopes(read_vault_key(settings.home)))
        fetching = Fetching(settings.harvest_networks)
        today = datetime.now(SHENZHEN).date()
        return [
            await harvest_and_submit(store, line, fetching, today)
            for line in await sources_of(code)
        ]

    done = with_ledger(run)
    if as_json:
        print_json({"addresses": [_as_json(one) for one in done]})
    else:
        for one in done:
            click.echo(f"{one.address}\n    {text(one.message)}")
        if not done:
            say("No address is on the list.")
    if any(one.ended is Harvested.FAILED for one in done):
        raise SystemExit(REFUSED)


def _as_json(one: Harvest) -> dict[str, str | None]:
    return {
        "organisation": one.organisation,
        "address": one.address,
        "ended": one.ended,
        "message": text(one.message),
        "batch": one.batch,
        "state": one.state,
    }
