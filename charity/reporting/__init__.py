"""Reports of charities: donation lists are read, checked, and appended to the ledger."""
