"""Use cases of incidents: report, change, dispatch, cordons, warnings, call list, handover."""
