"""Provides the ledger's tables.

The log itself (entries, keys, full tiles, checkpoints) is append-only: the database refuses UPDATE
and DELETE on it by trigger. Everything else is a summary that can be made again from the log, or
the vault, whose rows can be destroyed.
"""

from piccolo.columns import BigInt, Boolean, Bytea, Integer, Serial, Text, Varchar
from piccolo.table import Table


class Log(Table, tablename="ledger_log"):
    """The log's identity: one row, written when the log is made."""

    id = Integer(primary_key=True, default=1)
    origin = Text(default=None)
    sample = Boolean(default=None)
    schema_version = Integer(default=None)
    created_at = Varchar(length=30, default=None)


class LogEntry(Table, tablename="ledger_entry"):
    """An entry: its position in the log, from 0 without a gap; its idempotency key; its bytes."""

    position = BigInt(primary_key=True, default=None)
    id = Text(unique=True, default=None)
    body = Bytea(default=None)


class Tile(Table, tablename="ledger_tile"):
    """The full tiles of the Merkle tree, under their path in the published log."""

    path = Varchar(length=80, primary_key=True, default=None)
    hashes = Bytea(default=None)


class Edge(Table, tablename="ledger_edge"):
    """The tile of each level that still grows: tree state, rewritten by each append."""

    level = Integer(primary_key=True, default=None)
    number = BigInt(default=None)
    hashes = Bytea(default=None)


class PublishedCheckpoint(Table, tablename="ledger_checkpoint"):
    """Every signed checkpoint, as published."""

    size = BigInt(primary_key=True, default=None)
    note = Text(default=None)
    published_at = Varchar(length=30, default=None)


class Balance(Table, tablename="ledger_balance"):
    """Summary: what each account holds, in minor units."""

    id: Serial
    account = Text(default=None)
    unit = Varchar(length=80, default=None)
    amount = BigInt(default=None)


class RunningTotal(Table, tablename="ledger_total"):
    """Summary: totals in fen by scope and month; the month '' stands for all of them.

    A scope is an organisation, the account of a fund, or '' for the whole ledger.
    """

    id: Serial
    scope = Varchar(length=80, default=None)
    month = Varchar(length=7, default=None)
    gifts = BigInt(default=None)
    received = BigInt(default=None)
    transferred = BigInt(default=None)
    spent = BigInt(default=None)
    refunded = BigInt(default=None)


class MovementRow(Table, tablename="ledger_movement"):
    """Summary: one line per entry for lists and filters."""

    position = BigInt(primary_key=True, default=None)
    organisation = Varchar(length=26, default=None)
    day = Varchar(length=10, default=None)
    kind = Varchar(length=30, default=None)
    fund = Varchar(length=40, default=None, null=True)
    amount = BigInt(default=None)
    donor = Varchar(length=32, default=None, null=True)
    refers_to = BigInt(default=None, null=True)


class VaultPage(Table, tablename="vault_page"):
    """Vault: the names of 64 donors, sealed; `shown` is why they may be public, if they may."""

    page = Varchar(length=28, primary_key=True, default=None)
    sealed = Bytea(default=None)
    shown = Varchar(length=20, default=None, null=True)
    consent = BigInt(default=None, null=True)


class VaultConsent(Table, tablename="vault_consent"):
    """Vault: a consent to publish names: its basis in words, and when it was recorded."""

    id = BigInt(primary_key=True, default=None)
    basis = Text(default=None)
    recorded_at = Varchar(length=30, default=None)


class VaultOrganisation(Table, tablename="vault_organisation"):
    """Vault: the lasting reference of a donor that is an organisation, found by a keyed hash."""

    name_hash = Varchar(length=64, primary_key=True, default=None)
    reference = Varchar(length=32, default=None)


class VaultRemark(Table, tablename="vault_remark"):
    """Vault: what a list said beside a gift (payer, remark), sealed, by the gift's position."""

    position = BigInt(primary_key=True, default=None)
    sealed = Bytea(default=None)


APPEND_ONLY = (Log, LogEntry, Tile, PublishedCheckpoint)
SUMMARIES = (Balance, RunningTotal, MovementRow)
VAULT = (VaultPage, VaultConsent, VaultOrganisation, VaultRemark)
TABLES = (*APPEND_ONLY, Edge, *SUMMARIES, *VAULT)

UNIQUE = ((Balance, "account, unit"), (RunningTotal, "scope, month"))
INDEXES = (
    (MovementRow, "organisation, day, position", ""),
    (MovementRow, "refers_to", "refers_to IS NOT NULL"),
)
