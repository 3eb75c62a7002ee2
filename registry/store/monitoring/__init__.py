"""SQL of standing questions: how far the change log was read for them, and which of them are due."""
