"""SQL of incidents: their log, and what is committed to them."""
