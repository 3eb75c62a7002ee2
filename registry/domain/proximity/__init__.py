"""Values and rules of proximity: what is near, and who watches a spot."""
