"""Terrain: elevations, and the ground that a watch point sees over them."""
