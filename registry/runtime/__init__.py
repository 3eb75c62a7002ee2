"""Settings, logs, the server process and the embedded cluster."""
