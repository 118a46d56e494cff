"""Provides the table of donation lists that were imported."""

from piccolo.columns import BigInt, Serial, Varchar
from piccolo.table import Table


class ImportedList(Table, tablename="charity_imported_list"):
    """A published list whose gifts are in the ledger, from `first_position` on without a gap.

    Totals in fen, days ISO. The file's name is not kept: it may hold a person's.
    """

    id: Serial
    digest = Varchar(length=64, default=None, unique=True)
    organisation = Varchar(length=18, default=None)
    rows = BigInt(default=None)
    skipped = BigInt(default=None)
    total = BigInt(default=None)
    stated_total = BigInt(default=None, null=True)
    first_day = Varchar(length=10, default=None)
    last_day = Varchar(length=10, default=None)
    first_position = BigInt(default=None)
    recorded_at = Varchar(length=30, default=None)
