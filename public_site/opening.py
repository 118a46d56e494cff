"""Provides the opening of an installation: database, keys and ledger, wired from the settings."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from secrets import token_bytes

from charity.tables import TABLES as CHARITY_TABLES
from ledger.database import connected, open_engine
from ledger.keys import make_keys, read_signing_key, read_vault_key
from ledger.log import Ledger, create_log, has_log, is_sample, open_log, utc_now
from ledger.messages import Refused, WrongUse
from ledger.schema import create_schema
from ledger.tables import TABLES as LEDGER_TABLES
from ledger.vault import Vault
from public_site.settings import Settings, sqlite_file


async def initialise(
    settings: Settings, *, sample: bool = False, clock: Callable[[], datetime] = utc_now
) -> None:
    """Make keys, tables and the log's identity where they are missing; harmless when repeated.

    Keys are made only for a log that is being made: an existing one never gets new keys.

    Raises:
        Refused: the database holds a log of another name, or its keys are missing or another's.
    """
    file = sqlite_file(settings.database_address)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.database_address)
    async with connected(engine, (*LEDGER_TABLES, *CHARITY_TABLES)):
        if not await has_log():
            make_keys(settings.home, settings.origin)
            await create_schema(engine, CHARITY_TABLES)
        key = read_signing_key(settings.home).verifier
        read_vault_key(settings.home)
        if not await has_log() and key.name != settings.origin:
            raise Refused(
                "The signing key in {home} belongs to the log {key}, not to {origin}.",
                home=settings.home,
                key=key.name,
                origin=settings.origin,
            )
        await create_log(settings.origin, sample=sample, created_at=clock())
        if await is_sample() is not sample:
            raise WrongUse(
                "{home} holds sample data. Choose another CHARITY_HOME for a real ledger.",
                home=settings.home,
            )


@asynccontextmanager
async def opened(
    settings: Settings,
    clock: Callable[[], datetime] = utc_now,
    random_bytes: Callable[[int], bytes] = token_bytes,
) -> AsyncIterator[Ledger]:
    """Open the installation's ledger for as long as the context lasts.

    Raises:
        Refused: there is none yet, or its keys are missing.
    """
    file = sqlite_file(settings.database_address)
    if file is not None and not file.exists():
        raise WrongUse("There is no log in {home} yet. Make one with: charity init", home=file)
    engine = open_engine(settings.database_address)
    async with connected(engine, (*LEDGER_TABLES, *CHARITY_TABLES)):
        if not await has_log():
            raise WrongUse("There is no log in this database yet. Make one with: charity init")
        vault = Vault(read_vault_key(settings.home), random_bytes)
        yield await open_log(engine, read_signing_key(settings.home), vault, clock)
