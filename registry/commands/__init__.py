"""One module per command; registry.cli lists them."""
