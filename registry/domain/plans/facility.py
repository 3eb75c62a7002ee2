"""Registers of what stands on the ground and is no resource of its own: sites, hospitals, water, breaks."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from registry.domain.plans.entry_base import Codes, HazardCodes, YesNoUnknown
from registry.domain.plans.located_entry import LocatedEntry
from registry.domain.records.resource import Lifecycle
from registry.domain.values import Code, Count, Metres, ShortText

CubicMetres = Annotated[float, Meta(ge=0, le=1e10)]
LitresPerSecond = Annotated[float, Meta(ge=0, le=1e6)]


class Site(LocatedEntry, frozen=True, kw_only=True, tag="site"):
    """One site with several functions, such as a command centre that is a team camp and a store as well."""

    type: Code = "site"
    """What it is, by a code."""
    functions: Codes = field(default_factory=list)
    lifecycle: Lifecycle = "in_service"


class Hospital(LocatedEntry, frozen=True, kw_only=True, tag="hospital"):
    """A hospital or clinic: its grade, its departments, and whether it takes emergencies."""

    grade: Code | None = None
    departments: Codes = field(default_factory=list)
    emergency: YesNoUnknown = "unknown"
    beds: Count | None = None
    hours: ShortText | None = None
    contact: ShortText | None = None
    published: bool = False


class WaterSource(LocatedEntry, frozen=True, kw_only=True, tag="water_source"):
    """A hydrant, fire pool, tank or intake, and what it gives."""

    type: Code = "hydrant"
    """What it is, by a code."""
    working: YesNoUnknown = "unknown"
    volume_m3: CubicMetres | None = None
    flow_l_s: LitresPerSecond | None = None
    checked_on: date | None = None


class FireBreak(LocatedEntry, frozen=True, kw_only=True, tag="fire_break"):
    """A belt or lane that stops a fire or lets people through: its width and when it was last cleared."""

    type: Code = "fire_break"
    """What it is, by a code."""
    width_m: Metres | None = None
    cleared_on: date | None = None


class HazardSource(LocatedEntry, frozen=True, kw_only=True, tag="hazard_source"):
    """A store, plant or line whose failure is a hazard: what it holds and whether it is a major one."""

    type: Code = "hazard_source"
    """What it is, by a code."""
    hazards: HazardCodes = field(default_factory=list)
    """Hazards that its failure is."""
    substances: Codes = field(default_factory=list)
    quantity_t: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    major: Literal["yes", "no", "unknown"] = "unknown"
    contact: ShortText | None = None
    published: bool = False
