"""Handlers of sync: feed, push and snapshots."""
