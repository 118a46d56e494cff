"""Batches: what a foundation reports, from a draft through checks and approval into the ledger."""
