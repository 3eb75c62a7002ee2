"""Answers for people as pages and pictures."""
