"""Use cases: one verb, one module, one entry function; no HTTP and no SQL text."""
