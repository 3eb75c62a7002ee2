"""What a CAP alert means on the ground: the places that its areas name, and the warning to store."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from msgspec import UNSET

from registry.domain.errors import Invalid
from registry.domain.geometry import wkb
from registry.domain.incidents.warning import StoredWarning, WarnedArea
from registry.domain.intake.territory import KnownPlace, Territory
from registry.domain.intake.vocabulary import KnownCode
from registry.domain.proximity.cap import AlertShapes, CapAlert
from registry.domain.proximity.origin import Start
from registry.domain.records.resource import Location, Visibility

OF_WARNINGS = UUID("7a0b6f0e-3a53-5d4e-9a39-1d3d7c9b2f11")
"""The namespace of the identities of warnings, so that an alert that comes twice is one."""
AUDIENCES: dict[str, Visibility] = {"public": "public", "restricted": "internal", "private": "restricted"}
"""Who may know of an alert, by its `scope` (CAP 1.2, 3.2.1)."""
_PARTS = re.compile(r"[、,，;；和及/]|\band\b")


def warned_area(shapes: AlertShapes, territory: Territory) -> tuple[WarnedArea, list[Start]]:
    """One area with the places that it names, and where it is.

    A drawing comes first. An area that draws nothing is that of its codes, else of the places by whose names
    it is described.
    """
    problems = list(shapes.problems)
    starts = [Start(shape=wkb(polygon, "polygon")) for polygon in shapes.polygons]
    starts += [Start(lon=one.lon, lat=one.lat, margin_m=one.radius_m) for one in shapes.circles]
    by_code = [place for code in shapes.codes if (place := _of_code(code, territory, problems)) is not None]
    places, matched = by_code, "geocode" if by_code else "nothing"
    if not starts and not by_code and shapes.description:
        places = _of_names(shapes.description, territory)
        matched = "name" if places else "nothing"
    if not starts:
        starts = [start for place in places if (start := _start(place, territory, problems)) is not None]
    else:
        matched = "drawing"
    area = WarnedArea(
        description=shapes.description,
        polygons=len(shapes.polygons),
        circles=len(shapes.circles),
        places=list(dict.fromkeys(place.code for place in places)),
        matched_by=matched,  # type: ignore[arg-type]
        problems=problems,
    )
    return area, starts


def _of_code(code: str, territory: Territory, problems: list[str]) -> KnownPlace | None:
    place = territory.find(code)
    if place is None:
        nearest = territory.nearest(code)
        hint = "" if nearest is None else f"; the nearest known is {nearest.code}"
        problems.append(f"no place has the code {code[:40]}{hint}")
    return place


def _of_names(description: str, territory: Territory) -> list[KnownPlace]:
    """The places whose names the description lists; a name that several places have is none of them."""
    names = [part.strip() for part in _PARTS.split(description) if part.strip()]
    found = [territory.named(name) for name in [description, *names]]
    return [places[0] for places in found if len(places) == 1]


def _start(place: KnownPlace, territory: Territory, problems: list[str]) -> Start | None:
    bound = territory.bound_of(place)
    if bound is None or bound.extent is None:
        problems.append(f"place {place.code} has no extent")
        return None
    if bound.code != place.code:
        problems.append(f"place {place.code} has no extent; that of {bound.code} stands for it")
    return Start(shape=bound.extent)


def warning_of(alert: CapAlert, areas: Sequence[WarnedArea], received_at: datetime) -> StoredWarning:
    """The warning of an alert; of its info blocks the first tells, the others have the same areas.

    An alert without an end and without a time is in force from when it was received.
    """
    info = alert.info[0]
    sender, identifier = alert.sender or "unknown", alert.identifier or "unknown"
    return StoredWarning(
        id=identity_of(sender, identifier),
        identifier=identifier[:200],
        sender=sender[:200],
        sent=_instant(alert.sent, "sent") or received_at,
        status=(alert.status or "Actual")[:200],
        msg_type=(alert.msgType or "Alert")[:200],
        references=(alert.references or "").split(),
        event=info.event,
        urgency=info.urgency and info.urgency[:200],
        severity=info.severity and info.severity[:200],
        certainty=info.certainty and info.certainty[:200],
        headline=info.headline,
        effective=_instant(info.effective, "effective"),
        onset=_instant(info.onset, "onset"),
        expires=_instant(info.expires, "expires"),
        areas=list(areas),
        location=Location(),
        visibility=AUDIENCES.get((alert.scope or "").lower(), UNSET),
    )


def hazards_of(event: str | None, codes: Mapping[tuple[str, str], KnownCode]) -> list[str]:
    """The known hazards whose label the event contains, the longest label first: 暴雨 in 暴雨红色预警."""
    text = (event or "").lower()
    labels = [
        (label.lower(), known.code)
        for known in codes.values()
        for label in (known.label and known.label.zh, known.label and known.label.en)
        if label and label.lower() in text
    ]
    return list(dict.fromkeys(code for _, code in sorted(labels, key=lambda one: -len(one[0]))))


def identity_of(sender: str, identifier: str) -> UUID:
    """The identity of a warning: its sender and identifier make it unique in CAP."""
    return uuid5(OF_WARNINGS, f"{sender}\x1f{identifier}")


def referenced(reference: str) -> UUID | None:
    """The identity of the warning that a reference names: `sender,identifier,sent`."""
    parts = reference.split(",")
    return None if len(parts) < 2 else identity_of(parts[0], parts[1])


def _instant(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{field} {text[:40]!r} is no instant", field=field) from error
    if moment.tzinfo is None:
        raise Invalid(f"{field} needs a time zone", field=field)
    return moment
