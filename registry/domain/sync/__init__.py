"""Values and rules of sync: feed, push and snapshots."""
