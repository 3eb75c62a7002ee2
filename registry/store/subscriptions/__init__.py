"""SQL of subscriptions and of their outbox."""
