"""Field sync as its users meet it: the reference client against a whole registry."""
