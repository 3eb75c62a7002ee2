"""The registry's own API: thin handlers that decode, call one service and describe its result."""
