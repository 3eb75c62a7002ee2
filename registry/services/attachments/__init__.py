"""Use cases about pictures on records and entries."""
