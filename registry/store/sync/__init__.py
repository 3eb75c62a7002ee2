"""SQL of sync: feed, push and snapshots."""
