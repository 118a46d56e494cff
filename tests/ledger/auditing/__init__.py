"""Tests of `ledger.auditing`."""
