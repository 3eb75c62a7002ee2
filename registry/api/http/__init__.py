"""The edge that every request passes: middleware, decoding, errors, caching headers."""
