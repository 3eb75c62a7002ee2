"""Use cases without HTTP."""
