"""SQL of terrain: models with their heights, and what watch points see."""
