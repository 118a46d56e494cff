"""Provides the list of all tables of this room."""

from charity.donors.tables import TABLES as DONOR_TABLES
from charity.organisations.tables import Fund, Organisation
from charity.people.tables import TABLES as PEOPLE_TABLES
from charity.projects.tables import Campaign, Project
from charity.reporting.batches.tables import TABLES as BATCH_TABLES
from charity.reporting.harvest.tables import TABLES as HARVEST_TABLES
from charity.reporting.tables import ColumnMapping, ImportedList

TABLES = (
    Organisation,
    Fund,
    Campaign,
    Project,
    ImportedList,
    ColumnMapping,
    *DONOR_TABLES,
    *PEOPLE_TABLES,
    *BATCH_TABLES,
    *HARVEST_TABLES,
)
