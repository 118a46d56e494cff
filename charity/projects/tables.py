"""Provides the tables of campaigns and projects."""

from piccolo.columns import BigInt, Serial, Text, Varchar
from piccolo.table import Table


class Campaign(Table, tablename="charity_campaign"):
    """A fundraising campaign, whose gifts go into one fund; target in fen, days ISO."""

    id: Serial
    organisation = Varchar(length=18, default=None)
    name = Text(default=None)
    filing_number = Varchar(length=40, default=None, null=True)
    fund = Varchar(length=40, default=None)
    starts = Varchar(length=10, default=None)
    ends = Varchar(length=10, default=None)
    target = BigInt(default=None, null=True)


class Project(Table, tablename="charity_project"):
    """A project, which spends the money of one fund; budget in fen."""

    id: Serial
    organisation = Varchar(length=18, default=None)
    code = Varchar(length=40, default=None)
    name = Text(default=None)
    fund = Varchar(length=40, default=None)
    budget = BigInt(default=None, null=True)
