"""Provides the tables of donation lists that were imported, and of columns assigned by hand."""

from piccolo.columns import BigInt, Serial, Text, Varchar
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


class ColumnMapping(Table, tablename="charity_column_mapping"):
    """The roles that a person gave to the columns of a list, for the next one with these headers.

    Attributes:
        digest: SHA-256 of the organisation and the headers in their order.
        organisation: credit code of the organisation whose lists have these headers.
        mapping: JSON object: role of each column by its place, from 0; no words of the file.
    """

    digest = Varchar(length=64, primary_key=True, default=None)
    organisation = Varchar(length=18, default=None)
    mapping = Text(default=None)
