"""The gate: what every record, report and entry passes before it is stored."""
