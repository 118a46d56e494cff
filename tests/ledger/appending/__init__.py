"""Tests of `ledger.appending`."""
