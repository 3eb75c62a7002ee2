"""Who watches, where they may stand, and the ground that is asked about: plain values in lon/lat and metres.

Shapes travel as WKB in WGS 84 lon/lat, so that a question can be sent to another process as it is.
"""

from msgspec import Struct

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

    `position` is the located point, `line` a located line or polygon (WKB) that is watched on all sides;
    `extents` are the regions that hold a resource which is not located, `extents_complete` is false when
    one of them is not known, and `assumed` names the places whose extent is a stand-in.
    `footprint` (WKB) is the ground watched itself; it overrides the reach.
    """

    id: str
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

    @property
    def located(self) -> bool:
        """Whether a position, a line or a footprint is known."""
        return self.position is not None or self.line is not None or self.footprint is not None

    @property
    def testable(self) -> bool:
        """Whether any statement about its coverage can be made at all."""
        reaches = self.radius_m is not None and (self.located or bool(self.extents))
        return reaches or self.footprint is not None


class AreaPart(Struct, frozen=True, kw_only=True):
    """One place of the area asked about: polygon WKB, or a disc when it has no polygon.

    `assumed` says that the extent is a stand-in for a boundary nobody has given.
    """

    shape: bytes | Disc
    code: str | None = None
    name: Name | None = None
    assumed: bool = False
