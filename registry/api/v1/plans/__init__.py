"""Handlers of plans: documents, provisions, registers and checks."""
