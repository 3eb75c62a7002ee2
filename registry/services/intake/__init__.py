"""Use cases of the gate: load what a record is compared with, examine it, decide and keep the findings."""
