"""The append-only donation ledger: entries, Merkle tree, signed checkpoints, proofs, vault."""
