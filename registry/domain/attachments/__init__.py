"""Pictures on records and entries."""
