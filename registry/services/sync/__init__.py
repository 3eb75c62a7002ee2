"""Use cases of sync: feed, push and snapshots."""
