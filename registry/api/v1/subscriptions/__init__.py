"""Handlers of subscriptions."""
