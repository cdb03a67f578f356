"""The whole stack under load while everything that can fail does, then the ledger: what became of everything."""
