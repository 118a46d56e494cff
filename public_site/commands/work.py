"""Provides `charity work`: the job of one batch, in a process of its own."""

from datetime import datetime

import click

from charity.reporting.batches.moving import CALLED
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.work import work
from ledger.log import Ledger
from ledger.signing.keys import read_vault_key
from ledger.vault.envelopes import Envelopes
from public_site.commands.charity_group import read_settings, say, with_ledger
from public_site.formatting import SHENZHEN


@click.command("work")
@click.argument("batch")
def work_command(batch: str) -> None:
    """Check or append one batch that waits for it, such as 0f…; the site does so by itself."""
    settings = read_settings()

    async def run(ledger: Ledger) -> BatchState:
        envelopes = Envelopes(read_vault_key(settings.home))
        store = BatchStore.at(ledger, settings.drafts, envelopes)
        return await work(store, batch, datetime.now(SHENZHEN).date())

    state = with_ledger(run)
    say("Batch {batch}: {state}.", batch=batch, state=CALLED[state])
