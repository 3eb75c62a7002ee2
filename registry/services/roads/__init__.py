"""Use cases of the road network: load it, check it, and search the current one."""
