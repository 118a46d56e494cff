"""Provides the list of all tables of this room."""

from charity.organisations.tables import Fund, Organisation
from charity.projects.tables import Campaign, Project
from charity.reporting.tables import ImportedList

TABLES = (Organisation, Fund, Campaign, Project, ImportedList)
