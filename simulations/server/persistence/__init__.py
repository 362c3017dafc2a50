"""What is on the disk, and what a crash leaves of it: the append-only file, its effects, the ledger."""
