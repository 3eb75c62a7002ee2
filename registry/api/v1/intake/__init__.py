"""Handlers of the gate: try a record, list and settle findings."""
