"""Values and rules of incidents: detections, dispatch, cordons, warnings, shelter need."""
