"""Provides the table of batches: what is reported, and how far it has come."""

from piccolo.columns import BigInt, Bytea, Text, Varchar
from piccolo.table import Table


class Batch(Table, tablename="reporting_batch"):
    """A batch of facts that one person reports and another approves.

    Attributes:
        id: 32 hexadecimal digits, drawn by lot.
        organisation: credit code of the organisation whose books it goes into.
        fund: code of the fund of a list; None for records, each of which names its own.
        content: `list` (a file) or `records` (facts from a form or a program).
        origin: `upload`, `form`, `api` or `harvest`.
        state: a `BatchState`.
        version: counts the changes of content or options; what is approved is one version.
        digest: SHA-256 of the content.
        title: what the reporter calls it, such as the file's name; sealed.
        options: the reporter's choices (`ListOptions`), sealed.
        report: what the check of this version found (`BatchReport`), sealed.
        reason: why it was rejected the last time, until it is appended; sealed. What broke off
            stands in the report.
        authors: ids of all who made or changed it, separated by blanks: none of them approves it.
        decided_by: the organisation's own checker, or whoever rejected it.
        rejected_by, rejected_at: who rejected it the last time, and when; they stay when it is
            mended.
        counterpart: the other organisation whose fund loses money by it, which must agree too.
        first_position, entries: where it stands in the log, once appended.
        token: id of the API token it came by.
    """

    id = Varchar(length=32, primary_key=True, default=None)
    organisation = Varchar(length=18, default=None)
    fund = Varchar(length=40, default=None, null=True)
    content = Varchar(length=10, default=None)
    origin = Varchar(length=10, default=None)
    state = Varchar(length=12, default=None)
    version = BigInt(default=None)
    digest = Varchar(length=64, default=None)
    title = Bytea(default=None)
    options = Bytea(default=None)
    report = Bytea(default=None, null=True)
    reason = Bytea(default=None, null=True)
    made_by = Varchar(length=32, default=None)
    made_at = Varchar(length=30, default=None)
    authors = Text(default=None, null=True)
    submitted_by = Varchar(length=32, default=None, null=True)
    submitted_at = Varchar(length=30, default=None, null=True)
    decided_by = Varchar(length=32, default=None, null=True)
    decided_at = Varchar(length=30, default=None, null=True)
    rejected_by = Varchar(length=32, default=None, null=True)
    rejected_at = Varchar(length=30, default=None, null=True)
    counterpart = Varchar(length=18, default=None, null=True)
    agreed_by = Varchar(length=32, default=None, null=True)
    agreed_at = Varchar(length=30, default=None, null=True)
    first_position = BigInt(default=None, null=True)
    entries = BigInt(default=None, null=True)
    appended_at = Varchar(length=30, default=None, null=True)
    token = Varchar(length=32, default=None, null=True)
    idempotency_key = Varchar(length=100, default=None, null=True)


TABLES = (Batch,)
