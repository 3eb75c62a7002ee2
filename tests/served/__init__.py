"""Tests against one whole server over a registry as `./dev serve` makes it."""
