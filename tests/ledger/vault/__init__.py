"""Tests of `ledger.vault`."""
