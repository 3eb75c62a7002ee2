"""Commands for whoever runs the registry."""
