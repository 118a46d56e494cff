"""Provides the table of what people decided about two donors without an entry in the log."""

from piccolo.columns import Varchar
from piccolo.table import Table


class DonorDecision(Table, tablename="charity_donor_decision"):
    """That two references were looked at: they are not one donor, or it is to be decided later.

    Attributes:
        pair: the two references, the smaller one first, without anything between them.
        answer: `different` or `later`.
        person: id of who said so.
        organisation: credit code of the organisation for which; None for the supervision.
        decided_at: UTC time.
    """

    pair = Varchar(length=64, primary_key=True, default=None)
    answer = Varchar(length=20, default=None)
    person = Varchar(length=32, default=None)
    organisation = Varchar(length=18, default=None, null=True)
    decided_at = Varchar(length=30, default=None)


TABLES = (DonorDecision,)
