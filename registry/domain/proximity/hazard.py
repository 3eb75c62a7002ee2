"""Which specialties a hazard needs: the registry's own mapping, until a plan states one."""

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
    """Codes of which a team needs any one; None, no condition, without a hazard.

    A hazard that the mapping does not list needs the specialty of its own name, or a comprehensive team.
    """
    if hazard is None:
        return None
    scheme, _, code = hazard.rpartition(":")
    if scheme not in ("", BASIS):
        raise InvalidQuery(f"no specialties are known for hazards of the scheme {scheme}", field="hazard")
    return tuple(f"{BASIS}:{name}" for name in SPECIALTIES.get(code, (code, "comprehensive")))
