"""Provides the audit of the database, and the rebuilding of summaries from the log."""
