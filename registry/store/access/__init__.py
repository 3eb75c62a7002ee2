"""SQL of access: who asks, what they may see and change, and the audit."""
