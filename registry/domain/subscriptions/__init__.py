"""Values and rules of subscriptions: what is told to whom, signatures, retries, which addresses."""
