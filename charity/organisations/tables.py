"""Provides the tables of organisations and their funds."""

from piccolo.columns import Boolean, Serial, Text, Varchar
from piccolo.table import Table


class Organisation(Table, tablename="charity_organisation"):
    """A charity, by its unified social credit code (18 characters, GB 32100-2015)."""

    code = Varchar(length=18, primary_key=True, default=None)
    name = Text(default=None)
    kind = Varchar(length=40, default=None)
    district = Varchar(length=20, default=None, null=True)
    code_valid = Boolean(default=None)


class Fund(Table, tablename="charity_fund"):
    """A fund of an organisation: money kept apart, restricted to a purpose or not."""

    id: Serial
    organisation = Varchar(length=18, default=None)
    code = Varchar(length=40, default=None)
    name = Text(default=None)
    restricted = Boolean(default=None)
    purpose = Text(default=None, null=True)
