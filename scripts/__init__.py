"""What `./dev` runs besides the registry itself."""
