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


class Cosignature(Table, tablename="ledger_cosignature"):
    """A witness's signature line under the checkpoint of `size` entries, and when it came in."""

    line = Text(primary_key=True, default=None)
    size = BigInt(default=None)
    witness = Text(default=None)
    received_at = Varchar(length=30, default=None)


class Balance(Table, tablename="ledger_balance"):
    """Summary: what each account holds, in minor units."""

    id: Serial
    account = Text(default=None)
    unit = Varchar(length=80, default=None)
    amount = BigInt(default=None)


class RunningTotal(Table, tablename="ledger_total"):
    """Summary: totals by scope, month and unit, in minor units; the month '' stands for all.

    A scope is an organisation, the account of a fund, of its goods or of a trust, 'trusts' for all
    trusts, or '' for all giving to organisations. The columns are those of `ledger.counting`.
    """

    id: Serial
    scope = Varchar(length=80, default=None)
    month = Varchar(length=7, default=None)
    unit = Varchar(length=80, default=None)
    gifts = BigInt(default=None)
    pledged = BigInt(default=None)
    received = BigInt(default=None)
    transferred = BigInt(default=None)
    passed_on = BigInt(default=None)
    spent = BigInt(default=None)
    refunded = BigInt(default=None)


class MovementRow(Table, tablename="ledger_movement"):
    """Summary: one line per entry for lists and filters; the amount in minor units of `unit`.

    The amount of a receipt of donation is its number in the series; it has no unit.
    Where money is passed on within this ledger, the other organisation and its fund stand here too.
    """

    position = BigInt(primary_key=True, default=None)
    organisation = Varchar(length=26, default=None, null=True)
    day = Varchar(length=10, default=None)
    kind = Varchar(length=30, default=None)
    fund = Varchar(length=40, default=None, null=True)
    other_organisation = Varchar(length=26, default=None, null=True)
    other_fund = Varchar(length=40, default=None, null=True)
    amount = BigInt(default=None)
    unit = Varchar(length=80, default=None, null=True)
    donor = Varchar(length=32, default=None, null=True)
    trust = Varchar(length=40, default=None, null=True)
    refers_to = BigInt(default=None, null=True)


class VaultPage(Table, tablename="vault_page"):
    """Vault: the names of 64 donors, sealed; `shown` is why they may be public, if they may."""

    page = Varchar(length=28, primary_key=True, default=None)
    sealed = Bytea(default=None)
    shown = Varchar(length=20, default=None, null=True)
    consent = BigInt(default=None, null=True)


class VaultConsent(Table, tablename="vault_consent"):
    """Vault: a consent to publish names: its basis in words, sealed, for it may hold a name.

    Recorded at, and withdrawn at where it was withdrawn: times in UTC.
    """

    id = BigInt(primary_key=True, default=None)
    sealed = Bytea(default=None)
    recorded_at = Varchar(length=30, default=None)
    withdrawn_at = Varchar(length=30, default=None, null=True)


class VaultDonor(Table, tablename="vault_donor"):
    """Vault: the lasting reference of a donor, found by a keyed hash of what tells him apart.

    The hash is made with a key that an erasure destroys; `sealed` holds what it is made of again
    under the next key, itself a keyed hash.
    """

    name_hash = Varchar(length=64, primary_key=True, default=None)
    reference = Varchar(length=32, default=None)
    sealed = Bytea(default=None)


class VaultThanks(Table, tablename="vault_thanks"):
    """Vault: names that an organisation thanks without telling amounts, sealed, 64 to a row.

    The row says nothing of the gifts; their pages look like those of donors who are not shown.
    """

    page = Varchar(length=28, primary_key=True, default=None)
    organisation = Varchar(length=26, default=None)
    sealed = Bytea(default=None)
    consent = BigInt(default=None, null=True)


class VaultRemark(Table, tablename="vault_remark"):
    """Vault: what a list said beside a gift (payer, remark), sealed, by the gift's position."""

    position = BigInt(primary_key=True, default=None)
    sealed = Bytea(default=None)


APPEND_ONLY = (Log, LogEntry, Tile, PublishedCheckpoint, Cosignature)
SUMMARIES = (Balance, RunningTotal, MovementRow)
VAULT = (VaultPage, VaultConsent, VaultDonor, VaultThanks, VaultRemark)
TABLES = (*APPEND_ONLY, Edge, *SUMMARIES, *VAULT)

UNIQUE = ((Balance, "account, unit"), (RunningTotal, "scope, month, unit"))
OF_RELATIONS = "kind IN ('donor_merge', 'donor_separation', 'ownership', 'ownership_end')"
"""The condition that finds the few entries about donors among all movements, along its index."""

INDEXES = (
    (Cosignature, "size, witness", ""),
    (MovementRow, "organisation, day, position", ""),
    (MovementRow, "organisation, fund, position", ""),
    (MovementRow, "trust, position", "trust IS NOT NULL"),
    (MovementRow, "other_organisation, day, position", "other_organisation IS NOT NULL"),
    (MovementRow, "other_organisation, other_fund, position", "other_organisation IS NOT NULL"),
    (MovementRow, "refers_to", "refers_to IS NOT NULL"),
    (MovementRow, "organisation, substr(day, 1, 4), amount", "kind = 'donation_receipt'"),
    (MovementRow, "kind, position", OF_RELATIONS),
    (VaultDonor, "reference", ""),
)
