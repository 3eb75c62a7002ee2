"""Nouns and rules: pure values in, values out."""
