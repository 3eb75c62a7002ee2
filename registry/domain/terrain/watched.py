"""What coverage knows of the lines of sight of its watchers, and what an answer says of them."""

from collections.abc import Iterable
from typing import Literal, Protocol

from msgspec import Struct

from registry.domain.errors import InvalidQuery
from registry.domain.terrain.model import Surface, TerrainModel
from registry.domain.terrain.seen import SMOKE_HEIGHTS_M, Blind

SightRule = Literal["radius", "terrain"]
Unseen = Literal["eye_height_m", "position", "terrain", "drawing"]
"""What is missing: the height of the eye, a position certain enough, elevations, an up-to-date drawing."""
MISSING: dict[Blind, Unseen] = {
    "no_eye_height": "eye_height_m",
    "no_position": "position",
    "uncertain_position": "position",
    "no_radius": "position",
    "radius_too_long": "terrain",
    "no_elevations": "terrain",
}


class SeenShapes(Struct, frozen=True):
    """Where a watcher sees smoke of the asked height (WKB in lon/lat); `unknown_m2` cannot be evaluated."""

    lower: bytes
    nominal: bytes
    upper: bytes
    unknown_m2: float


class TerrainBasis(Struct, frozen=True, kw_only=True):
    """The terrain model that an answer rests on."""

    version: int
    """Counts the models that were loaded."""
    surface: Surface
    """Whether heights are of what the sensor met first (`dsm`) or of the bare ground (`dtm`)."""
    vertical_error_m: float
    """How far a height may be off, in metres."""
    canopy_m: float | None
    """How high trees may stand on bare ground, in metres; null is not stated."""
    source: str
    """Where the elevations come from."""


class SightQuestion(Struct, frozen=True, kw_only=True):
    """Coverage by line of sight: the height of the smoke, and the model in use, None where there is none."""

    smoke_height_m: float
    """How high the smoke has risen, in metres."""
    model: TerrainBasis | None
    """The terrain model in use; null where none is loaded."""


class SightUsed(SightQuestion, frozen=True, kw_only=True):
    """What an answer by line of sight was worked out from.

    Watchers `by_radius` are undecided: what they see is not known. Coverage counts them with their circle as
    recorded, and for nothing at least.
    """

    by_terrain: int
    """How many watchers count with the ground that they see."""
    by_radius: int
    """How many have a circle only, since what they see could not be worked out."""
    by_footprint: int
    """How many count with a footprint that somebody drew."""
    unknown_m2: float
    """Ground within the reach of watchers by terrain that lies in or behind a void, added up."""


class Sighted(Protocol):
    """A watcher as far as its line of sight goes."""

    @property
    def sees(self) -> SeenShapes | None:
        """The ground that it sees."""

    @property
    def footprint(self) -> bytes | None:
        """A footprint that somebody drew."""


def basis_from(model: TerrainModel | None) -> TerrainBasis | None:
    """What an answer says of the model."""
    if model is None:
        return None
    return TerrainBasis(**{name: getattr(model, name) for name in TerrainBasis.__struct_fields__})


def sight_used(asked: SightQuestion, watchers: Iterable[Sighted]) -> SightUsed:
    """What these watchers count with."""
    everyone = list(watchers)
    seen = [watcher.sees for watcher in everyone if watcher.sees is not None]
    drawn = sum(watcher.footprint is not None for watcher in everyone)
    return SightUsed(
        smoke_height_m=asked.smoke_height_m,
        model=asked.model,
        by_terrain=len(seen),
        by_radius=len(everyone) - len(seen) - drawn,
        by_footprint=drawn,
        unknown_m2=sum(shapes.unknown_m2 for shapes in seen),
    )


def demand_height(rule: SightRule, smoke_height_m: float | None) -> float | None:
    """The smoke height of a question by line of sight, None by radius; InvalidQuery for another height."""
    if rule == "radius":
        if smoke_height_m is not None:
            detail = "smoke_height_m goes with sight=terrain"
            raise InvalidQuery(detail, field="smoke_height_m", zh="smoke_height_m 须与 sight=terrain 同用")
        return None
    if smoke_height_m not in SMOKE_HEIGHTS_M:
        heights = ", ".join(f"{height:g}" for height in SMOKE_HEIGHTS_M)
        raise InvalidQuery(
            f"sight=terrain needs smoke_height_m, one of {heights}",
            field="smoke_height_m",
            zh=f"sight=terrain 需要 smoke_height_m，可取 {heights}",
        )
    return smoke_height_m
