"""Backups: the facts they are compared by, and the programs of PostgreSQL that write and read them."""
