"""Tests of `ledger.witnessing`."""
