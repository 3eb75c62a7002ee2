"""Watchers, their possible positions, and the parts of an area: plain values in lon/lat and metres.

A watcher is a resource as coverage sees it. Shapes are WKB in WGS 84 lon/lat, so that a task can be stored
and sent to another process.
"""

from msgspec import Struct

from registry.domain.records.resource import Kind
from registry.domain.terrain.watched import SeenShapes, Unseen
from registry.domain.values import Name


class Disc(Struct, frozen=True):
    """All points within `radius_m` (WGS 84 geodesic) of lon, lat."""

    lon: float
    lat: float
    radius_m: float


class ViewSector(Struct, frozen=True):
    """The azimuths watched, clockwise from true north, from one edge to the other."""

    from_deg: float
    to_deg: float

    @property
    def span_deg(self) -> float:
        """The opening angle in (0, 360]; equal edges mean the whole circle."""
        return (self.to_deg - self.from_deg) % 360.0 or 360.0


class Watcher(Struct, frozen=True, kw_only=True):
    """One resource as coverage sees it: how far it reaches and where it may stand.

    `position` is the located point, `line` a located line or polygon (WKB) that reaches to all sides.
    `extents` are the regions that hold an unlocated resource; `extents_complete` is false when one of them
    is not known, and `assumed` names the places with an assumed extent. `footprint` (WKB) is the covered
    ground itself and replaces the reach. `unknown` names the conditions that its unknown values leave open:
    it may belong to the set or not. `internal` says that the position is the grid cell that the public sees.

    In a question by line of sight `sees` is the ground that it sees, or `unseen` says why that is not known.
    """

    id: str
    kind: Kind | None = None
    name: Name | None = None
    place: str | None = None
    radius_m: float | None = None
    position: tuple[float, float] | None = None
    line: bytes | None = None
    uncertainty_m: float | None = None
    extents: tuple[bytes | Disc, ...] = ()
    extents_complete: bool = True
    assumed: tuple[str, ...] = ()
    view: ViewSector | None = None
    footprint: bytes | None = None
    unknown: tuple[str, ...] = ()
    internal: bool = False
    eye_height_m: float | None = None
    sees: SeenShapes | None = None
    unseen: Unseen | None = None

    @property
    def located(self) -> bool:
        """Whether a position, a line or a footprint is known."""
        return self.position is not None or self.line is not None or self.footprint is not None

    @property
    def testable(self) -> bool:
        """Whether its coverage can be computed at all."""
        reaches = self.radius_m is not None and (self.located or bool(self.extents))
        return reaches or self.footprint is not None

    @property
    def unbounded(self) -> bool:
        """Whether it may cover any ground: nothing bounds its reach, or the places that may hold it."""
        return not self.testable or not (self.located or self.extents_complete)


class AreaPart(Struct, frozen=True, kw_only=True):
    """One place of the area: polygon WKB, or a disc when it has no polygon.

    `assumed` says that the extent stands in for a boundary that is not known.
    """

    shape: bytes | Disc
    code: str | None = None
    name: Name | None = None
    assumed: bool = False
