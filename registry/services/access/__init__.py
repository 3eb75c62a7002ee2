"""Use cases of access: credentials, keys, approvals and the audit."""
