"""Use cases of lists of reference data: compared with what is stored, stored, and undone."""
