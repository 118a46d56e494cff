"""Provides the table of addresses where foundations publish their lists."""

from piccolo.columns import Bytea, Text, Varchar
from piccolo.table import Table


class HarvestSource(Table, tablename="reporting_harvest_source"):
    """An address where an organisation publishes a list; times are UTC.

    Attributes:
        id: 32 hexadecimal digits, drawn by lot.
        organisation: credit code; `fund` is where its gifts go, `project` spends its grants.
        address: the http or https address.
        options: the choices for the list (`ListOptions`), sealed.
        made_by: the person for whom batches are made; a second person approves them.
        etag, last_modified: what the server said at the last fetch that brought a batch.
        digest: SHA-256 of what was fetched then.
        batch: the batch that was made of it.
        checked_at, outcome: the last attempt, and how it ended (`ToldMessage` as JSON).
        ended_at: when it was taken off the list.
    """

    id = Varchar(length=32, primary_key=True, default=None)
    organisation = Varchar(length=18, default=None)
    fund = Varchar(length=40, default=None)
    project = Varchar(length=40, default=None, null=True)
    address = Text(default=None)
    options = Bytea(default=None)
    made_by = Varchar(length=32, default=None)
    made_at = Varchar(length=30, default=None)
    etag = Text(default=None, null=True)
    last_modified = Text(default=None, null=True)
    digest = Varchar(length=64, default=None, null=True)
    batch = Varchar(length=32, default=None, null=True)
    checked_at = Varchar(length=30, default=None, null=True)
    outcome = Text(default=None, null=True)
    ended_at = Varchar(length=30, default=None, null=True)


TABLES = (HarvestSource,)
