"""Who asks, from where, how often, and what is written down about it."""
