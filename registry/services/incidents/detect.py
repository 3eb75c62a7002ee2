"""Take the detection of a camera: where it may be, crossed with other rays, and what it opens."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from registry.domain.errors import Invalid, NoGeometry
from registry.domain.geojson import Point, Polygon
from registry.domain.incidents.detection import (
    Detection,
    Fix,
    Ray,
    crossing,
    may_cross,
    ray_of,
    repeats,
    sector,
)
from registry.domain.incidents.duplicates import PossibleDouble
from registry.domain.incidents.incident import Incident, IncidentDraft
from registry.domain.proximity.interval import in_sector
from registry.domain.proximity.origin import Start
from registry.domain.records.clock import observed_instant, skew_of
from registry.domain.records.feature import parse
from registry.domain.records.location import reach_of_doubt_m
from registry.domain.records.resource import FireWatchPoint, Location, Resource
from registry.domain.values import Name
from registry.services.clock import now
from registry.services.incidents.change_incident import locked_incident, save_incident
from registry.services.incidents.open_incident import doubles_of, open_incident
from registry.services.incidents.shown_log import shown_lines
from registry.services.intake.admit import admit_value
from registry.services.plans.near_entries import measured_near
from registry.services.records.read import visible
from registry.services.records.work import Work, allow
from registry.store.incidents import log

MOST_RAYS = 200


class CrossedRay(Struct, frozen=True, kw_only=True):
    """A ray of another camera that this one was crossed with, and the incident that it opened."""

    incident: UUID
    ray: Ray


class Detected(Struct, frozen=True, kw_only=True):
    """Where the detection may be, and the incident that it opened or that it is an alarm of again.

    `fix` is where the rays meet; without one the incident is somewhere in the sector.
    """

    outcome: Literal["opened", "continued"]
    incident: Incident
    ray: Ray
    sector: Polygon
    crossed: list[CrossedRay]
    fix: Fix | None
    possible_doubles: list[PossibleDouble]
    outside_recorded_sector: bool


async def detect(work: Work, detection: Detection) -> Detected:
    """Open an incident from a detection of a camera; the same alarm again is a line in its log.

    NotFound for a camera that the actor does not see, Invalid for what is no located watch point.
    """
    detection = await admit_value(work.writer, detection)
    camera = await _camera(work, detection.camera)
    assert camera.geometry is not None
    properties: Any = camera.properties
    at = now()
    observed_at = observed_instant(detection.observed_at, at, skew=skew_of(detection.sent_at, at))
    doubt_m = reach_of_doubt_m(properties.location, camera.geometry)
    ray = ray_of(detection, camera.geometry.coordinates, doubt_m, properties.watch_radius_m, observed_at)
    known = await _rays_around(work, detection, ray)
    line = {"detection": msgspec.to_builtins(detection), "ray": msgspec.to_builtins(ray)}
    outside = not in_sector(properties.sector, detection.bearing_deg)
    same = next((incident for incident, other in known if repeats(ray, other)), None)
    crossed = [(incident, other) for incident, other in known if may_cross(ray, other)]
    fix, used = _best(ray, crossed)
    shared: dict[str, Any] = {"ray": ray, "sector": sector(ray), "crossed": used, "fix": fix}
    shared["outside_recorded_sector"] = outside
    if same is not None:
        incident = await _again(work, same, fix, line, detection)
        doubles = await doubles_of(work.writer, work, incident)
        return Detected(outcome="continued", incident=incident, possible_doubles=doubles, **shared)
    draft = _draft(detection, camera, ray, fix)
    opened = await open_incident(work, draft, beside={"camera": camera.id}, line=line)
    return Detected(
        outcome="opened", incident=opened.incident, possible_doubles=opened.possible_doubles, **shared
    )


async def _camera(work: Work, identity: UUID) -> Resource:
    row = await visible(work.writer, work.sight, identity)
    camera = parse(row["feature"].decode())
    if not isinstance(camera.properties, FireWatchPoint):
        raise Invalid(f"{identity} is no watch point", field="camera", zh="该编号不是监测点")
    if camera.geometry is None:
        raise NoGeometry("the camera has no position, so that its ray begins nowhere", field="camera")
    await allow(work, "field", camera)
    return camera


async def _rays_around(work: Work, detection: Detection, ray: Ray) -> list[tuple[Incident, Ray]]:
    """The rays of open incidents of the same hazard that cameras near by opened."""
    start = Start(lon=ray.lon, lat=ray.lat)
    near, _ = await measured_near(work.writer, work.sight, ["incident"], start, ray.far_m, MOST_RAYS)
    by_id = {
        one.entry.id: one.entry
        for one in near
        if isinstance(one.entry, Incident)
        and one.entry.camera is not None
        and one.entry.hazard == detection.hazard
    }
    lines = await shown_lines(work.writer, work.sight, list(by_id))
    return [
        (by_id[identity], msgspec.convert(line.body["ray"], Ray))
        for identity, of_incident in lines.items()
        for line in reversed(of_incident)
        if "ray" in line.body
    ]


def _best(ray: Ray, others: list[tuple[Incident, Ray]]) -> tuple[Fix | None, list[CrossedRay]]:
    """The ray crossed with one after another of the others, for as long as they have something in common."""
    fix, used, rays, cameras = None, [], [ray], {ray.camera}
    for incident, other in others:
        if other.camera in cameras:
            continue
        better = crossing([*rays, other])
        if better is not None:
            fix, rays = better, [*rays, other]
            cameras.add(other.camera)
            used.append(CrossedRay(incident=incident.id, ray=other))
    return fix, used


def _draft(detection: Detection, camera: Resource, ray: Ray, fix: Fix | None) -> IncidentDraft:
    properties = camera.properties
    name = properties.name
    whose = Name(zh=f"{name.zh or name.en} 报警", en=f"Alarm of {name.en or name.zh}")
    return IncidentDraft(
        hazard=detection.hazard,
        name=whose,
        place=properties.place,
        reported_at=ray.at,
        reported_via="camera",
        note=detection.note,
        visibility="restricted" if properties.visibility == "restricted" else "internal",
        **_where(ray, fix),
    )


def _where(ray: Ray, fix: Fix | None) -> dict[str, Any]:
    if fix is None:
        location = Location("approximate", ray.doubt_m, [], source="the sector of one detection")
        return {"geometry": sector(ray), "location": location}
    location = Location("approximate", fix.uncertainty_m, [], source="the crossing of the rays of cameras")
    return {"geometry": Point((fix.lon, fix.lat)), "location": location}


async def _again(
    work: Work, same: Incident, fix: Fix | None, line: dict[str, Any], detection: Detection
) -> Incident:
    """The alarm once more: a line in the log, and the fix where the incident had none yet or a worse one."""
    incident = await locked_incident(work, same.id)
    at = now()
    await log.append(
        work.writer, work.sight, incident.id, "detection",
        at=at, actor=work.actor.id, version=incident.version, text=detection.note, body=line,
    )  # fmt: skip
    stated = incident.location.uncertainty_m
    worse = not isinstance(incident.geometry, Point) or stated is None
    if fix is None or not (worse or (stated or 0.0) > fix.uncertainty_m) or incident.state != "reported":
        return incident
    located = structs.replace(incident, geometry=Point((fix.lon, fix.lat)), location=_location_of(fix))
    return await save_incident(work, incident, located, why="rays of several cameras meet")


def _location_of(fix: Fix) -> Location:
    return Location("approximate", fix.uncertainty_m, [], source="the crossing of the rays of cameras")
