"""Use cases of coverage: prepare an analysis, work it at once or as a job, members, saved scenarios."""
