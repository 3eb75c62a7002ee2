"""How hazards relate and which specialties they need: the registry's own, until a plan states it."""

from typing import Literal

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
COMPREHENSIVE = f"{BASIS}:comprehensive"
WEATHER = ("rainstorm", "heat", "cold_rain", "wind", "hail", "snow", "lightning")
WORK = (
    "road_traffic", "water_traffic", "construction", "hazmat", "mine", "tourism", "city_operation", "fire",
    "special_equipment", "industry_trade",
)  # fmt: skip
WIDER: dict[str, str] = {
    **dict.fromkeys(WEATHER, "meteorological"),
    **dict.fromkeys(WORK, "work_safety"),
    "lift": "special_equipment",
}
"""The kind of hazard that a hazard is (003:146 and 003:466 list them)."""
FOLLOWS: dict[str, tuple[str, ...]] = {
    "rainstorm": ("flood", "geohazard"),
    "heat": ("drought", "forest_fire"),
    "earthquake": ("geohazard",),
}
"""What a hazard brings with it."""
Relation = Literal["named", "wider", "narrower", "follows", "superior", "general"]
"""Why an entry answers: it names the hazard, its kind, a hazard of that kind or one that follows; it stands
above a body that answers; or it names no hazard and no topic at all.
"""


def related(hazard: str) -> dict[str, Relation]:
    """The codes whose bodies answer for a hazard (its code without a scheme), each with the reason."""
    codes: dict[str, Relation] = {hazard: "named"}
    wider = WIDER.get(hazard)
    while wider is not None:
        codes[wider] = "wider"
        wider = WIDER.get(wider)
    for code, kind in WIDER.items():
        if kind == hazard:
            codes[code] = "narrower"
    follows: dict[str, Relation] = dict.fromkeys(FOLLOWS.get(hazard, ()), "follows")
    return follows | codes


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
