"""Provides witnesses and monitors: those who watch that a log only grows."""
