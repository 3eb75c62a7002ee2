"""Use cases of proximity: what is near, and who watches a spot."""
