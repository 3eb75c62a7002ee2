"""Random registries, and complete worlds that agree with what such a registry records."""
