"""Humanitarian Exchange Language 1.1 hashtags for the columns of a table."""

TAGS = {
    "id": "#meta +id",
    "longitude": "#geo +lon",
    "latitude": "#geo +lat",
    "kind": "#loc +type",
    "name_zh": "#loc +name +i_zh",
    "name_en": "#loc +name +i_en",
    "place": "#adm +code",
    "code": "#adm +code",
    "parent": "#adm +code +parent",
    "manager": "#org",
    "lifecycle": "#status +lifecycle",
    "readiness": "#status +readiness",
    "opening": "#status +opening",
    "operational": "#status +operational",
    "status_at": "#date +status",
    "occupancy_at": "#date +occupancy",
    "verified_at": "#date +verified",
    "updated_at": "#date +updated",
    "created_at": "#date +created",
    "valid_from": "#date +start",
    "valid_to": "#date +end",
    "capacity_persons": "#capacity +persons",
    "occupancy_persons": "#reached +persons",
    "personnel": "#capacity +personnel",
    "serves_persons": "#targeted +persons",
    "specialties": "#service +list",
}


def tags(columns: list[str]) -> list[str]:
    """The hashtag of each column; what the standard has no tag for is metadata of that name."""
    return [TAGS.get(name, f"#meta +{name}") for name in columns]
