"""Provides the submission of batches whose programs asked for it, once a check has found nothing.

The wish is kept with the batch, so it survives a restart. It holds for what the program sent:
whatever is changed afterwards is submitted by whoever changed it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from charity.people.access_log import record_act
from charity.people.tokens import revoked_tokens
from charity.reporting.batches.approval import submit
from charity.reporting.batches.states import BatchState
from charity.reporting.batches.store import BatchStore
from charity.reporting.batches.tables import Batch
from ledger.database.engines import write_transaction
from ledger.messages import Refused
from public_site.api.idempotency import TO_BE_SUBMITTED

logger = logging.getLogger(__name__)

FIRST_VERSION: Final = 1
LOOK_SECONDS: Final = 2.0


async def submit_clean_batches(store: BatchStore) -> int:
    """Submit the batches that wait for it; return how many were submitted."""
    rows = await Batch.select(Batch.id, Batch.organisation, Batch.made_by, Batch.token).where(
        (Batch.state == BatchState.READY.value)
        & (Batch.version == FIRST_VERSION)
        & Batch.idempotency_key.like(f"%{TO_BE_SUBMITTED}")
    )
    submitted = 0
    revoked = await revoked_tokens([row["token"] for row in rows if row["token"]])
    for row in rows:
        if row["token"] in revoked:
            continue  # it stays ready: a person decides what becomes of it
        try:
            await submit(
                store,
                person=row["made_by"],
                organisation=row["organisation"],
                batch=row["id"],
                seen_version=FIRST_VERSION,
            )
        except Refused:
            continue  # changed at this very moment, or its maker is none any more: it stays ready
        async with write_transaction(store.ledger.engine):
            await record_act(
                at=store.ledger.clock(),
                person=row["made_by"],
                act="submit_batch",
                organisation=row["organisation"],
                subject=row["id"],
            )
        submitted += 1
    return submitted


@asynccontextmanager
async def submitting(store: BatchStore) -> AsyncIterator[None]:
    """Submit such batches as long as this context lasts."""
    looking = asyncio.create_task(_look(store))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _look(store: BatchStore) -> None:
    while True:
        try:
            await submit_clean_batches(store)
        except Exception:
            logger.exception("batches that wait for submission cannot be submitted")
        await asyncio.sleep(LOOK_SECONDS)
