"""Use cases of subscriptions: subscribe, fan out, deliver, replay."""
