"""Provides the opening of an installation: database, keys and ledger, wired from the settings."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from secrets import token_bytes

from piccolo.table import create_db_tables

from charity.people.access_log import guard_access_log
from charity.tables import TABLES as CHARITY_TABLES
from ledger.appending.signed_store import SignedStore
from ledger.database.engines import connected, open_engine
from ledger.database.schema import create_schema
from ledger.log import Ledger, create_log, has_log, is_sample, open_log, utc_now
from ledger.messages import Refused, WrongUse
from ledger.signing.keys import (
    SIGNING_KEY_FILE,
    SIGNING_KEY_VARIABLE,
    make_keys,
    read_signing_key,
    read_signing_keys,
    read_vault_key,
)
from ledger.tables import TABLES as LEDGER_TABLES
from ledger.vault.page_keys import PAGE_KEYS_FILE, PageKeys
from ledger.vault.vault import Vault
from ledger.witnessing.client import (
    WitnessAddress,
    read_witnesses,
    witness_client,
    witnessed_size,
)
from public_site.settings import Settings, sqlite_file


async def initialise(
    settings: Settings,
    *,
    sample: bool = False,
    clock: Callable[[], datetime] = utc_now,
    new_log: bool = False,
) -> bool:
    """Make keys, tables and the log's identity where they are missing; harmless when repeated.

    Returns whether there was no log before. With `new_log` somebody says that a key which is there
    already, in a file or in the environment, has never signed anything.

    Keys are made only for a log that is being made: an existing one never gets new keys.

    Raises:
        Refused: the database holds a log of another name, or its keys are missing or another's.
    """
    file = sqlite_file(settings.database_address)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.database_address)
    async with connected(engine, (*LEDGER_TABLES, *CHARITY_TABLES)):
        is_new = not await has_log()
        if is_new:
            _make_files(settings, sample=sample, new_log=new_log)
            await create_schema(engine, CHARITY_TABLES)
            await guard_access_log(engine)
        key = read_signing_key(settings.home).verifier
        PageKeys(settings.home / PAGE_KEYS_FILE, read_vault_key(settings.home))
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
    return is_new


def _make_files(settings: Settings, *, sample: bool, new_log: bool) -> None:
    """Make the keys and the store of signed checkpoints, unless a log seems to be missing.

    Raises:
        Refused: a log was here before: it is never made again by accident.
    """
    has_key = SIGNING_KEY_VARIABLE in os.environ or (settings.home / SIGNING_KEY_FILE).exists()
    if has_key and not settings.signed_store.exists() and not new_log:
        raise Refused(
            "A signing key is there, but neither its log's database nor its store of signed"
            " checkpoints ({file}). Restore them: a log is never made again under its key. If this"
            " key has never signed anything, say so with: charity init --new-log",
            file=settings.signed_store,
        )
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    SignedStore(settings.signed_store).create(settings.origin, sample=sample)
    make_keys(settings.home, settings.origin)
    PageKeys.make(settings.home / PAGE_KEYS_FILE, read_vault_key(settings.home))


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
        # Rooms that were added after the log was made get their tables here.
        await create_db_tables(*CHARITY_TABLES, if_not_exists=True)
        await guard_access_log(engine)
        vault_key = read_vault_key(settings.home)
        page_keys = PageKeys(settings.home / PAGE_KEYS_FILE, vault_key)
        vault = Vault(vault_key, page_keys, random_bytes)
        ledger = await open_log(
            engine,
            read_signing_keys(settings.home),
            vault,
            SignedStore(settings.signed_store),
            clock,
            settings.disk_floor_mb * 2**20,
        )
        ledger.publisher.ask_witnesses = _asking(read_witnesses(settings.witnesses_file))
        try:
            yield ledger
        finally:
            await ledger.settle()


def _asking(witnesses: Sequence[WitnessAddress]) -> Callable[[str], Awaitable[int]] | None:
    """Return what asks the witnesses how much of the log they have seen; None without any."""
    if not witnesses:
        return None

    async def ask(note: str) -> int:
        async with witness_client() as client:
            return await witnessed_size(witnesses, note, client)

    return ask
