"""Provides the list of all tables of this room."""

from charity.organisations.tables import Fund, Organisation
from charity.people.tables import TABLES as PEOPLE_TABLES
from charity.projects.tables import Campaign, Project
from charity.reporting.batches.tables import TABLES as BATCH_TABLES
from charity.reporting.tables import ImportedList

TABLES = (Organisation, Fund, Campaign, Project, ImportedList, *PEOPLE_TABLES, *BATCH_TABLES)
