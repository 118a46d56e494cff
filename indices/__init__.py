"""What is computed from the ledger: rankings, the Charity City index, the Pengcheng award."""
