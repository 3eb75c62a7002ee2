"""SQL of the gate: reference data, records nearby, findings."""
