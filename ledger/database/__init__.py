"""Provides the database engines, and the reading and writing of many rows."""
