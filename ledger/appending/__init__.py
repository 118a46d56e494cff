"""Provides appending to the log: sequence, integrate, publish."""
