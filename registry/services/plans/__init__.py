"""Use cases of plans: documents, provisions, registers and checks."""
