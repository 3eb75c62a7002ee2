"""A terrain model: what its elevations are of, how wrong they may be, and where they come from."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from registry.domain.errors import Invalid
from registry.domain.terrain.sight_lines import ElevationDoubt
from registry.domain.values import LongText

Surface = Literal["dsm", "dtm"]
VerticalError = Annotated[float, Meta(ge=0, le=100)]
CanopyHeight = Annotated[float, Meta(ge=0, le=100)]


class TerrainStatement(Struct, frozen=True, kw_only=True):
    """What is said of elevations when they are loaded."""

    surface: Surface
    """`dsm`: of what the sensor met first, trees and roofs; `dtm`: of the bare ground."""
    vertical_error_m: VerticalError
    """How far a height may be off."""
    canopy_m: CanopyHeight | None = None
    """How high trees may stand on the bare ground of a `dtm`; unknown, nothing is seen for certain."""
    source: LongText
    """Where the elevations come from, as it is to be quoted."""


class TerrainModel(TerrainStatement, frozen=True, kw_only=True):
    """A loaded model; `digest` is that of its elevations and of what is said of them."""

    version: int
    digest: str
    loaded_at: datetime
    loaded_by: str
    cells: int
    """How many heights it holds."""
    voids: int
    """How many of its cells have none."""
    bounds: tuple[float, float, float, float]
    """West, south, east, north, in degrees."""


def demand_sound(stated: TerrainStatement) -> None:
    """Invalid where a canopy is stated for a surface that holds it already."""
    if stated.surface == "dsm" and stated.canopy_m is not None:
        raise Invalid(
            "a dsm holds the canopy already; state canopy_m only for a dtm",
            field="canopy_m",
            zh="数字表面模型（dsm）已含树冠高度；canopy_m 只用于 dtm",
        )


def doubt_of(stated: TerrainStatement) -> ElevationDoubt:
    """How wrong the elevations may be as obstacles."""
    return ElevationDoubt(stated.vertical_error_m, 0.0 if stated.surface == "dsm" else stated.canopy_m)
