"""Tests of `ledger.signing`."""
