"""Which teams a hazard calls for: the registry's own reading, to be replaced by a plan's when it says so."""

from registry.domain.errors import InvalidQuery

SPECIALTIES: dict[str, tuple[str, ...]] = {
    "forest_fire": ("forest_fire", "fire", "comprehensive"),
    "fire": ("fire", "comprehensive"),
    "flood": ("flood_drought", "water", "comprehensive"),
    "drought": ("flood_drought", "comprehensive"),
    "rainstorm": ("flood_drought", "water", "geohazard", "comprehensive"),
    "geohazard": ("geohazard", "comprehensive"),
    "earthquake": ("earthquake", "medical", "comprehensive"),
    "hazmat": ("hazmat", "fire", "comprehensive"),
    "mine": ("mine", "comprehensive"),
}
BASIS = "registry"


def specialties_for(hazard: str | None) -> tuple[str, ...] | None:
    """The specialties asked for, any of them; None, which asks nothing, without a hazard.

    A hazard without an entry is answered by teams that carry its own name, and by comprehensive ones.
    """
    if hazard is None:
        return None
    scheme, _, code = hazard.rpartition(":")
    if scheme not in ("", BASIS):
        raise InvalidQuery(f"no specialties are known for hazards of the scheme {scheme}", field="hazard")
    return tuple(f"{BASIS}:{name}" for name in SPECIALTIES.get(code, (code, "comprehensive")))
