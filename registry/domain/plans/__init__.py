"""Values and rules of plans: documents, provisions, registers and checks."""
