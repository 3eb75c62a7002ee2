"""Use cases about terrain: load a model, draw what watch points see, say what is in use."""
