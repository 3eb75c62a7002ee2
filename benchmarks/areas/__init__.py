"""One module per area; each has `measure(stages, seconds)` that returns its figures."""
