"""The call list at an incident or at a spot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions, filter_of
from registry.domain.incidents.call_list import (
    ORDER,
    CallLine,
    HoldingPlace,
    IncidentCallList,
    missing,
    sections,
    tel_of,
)
from registry.domain.plans.provision import Words
from registry.domain.proximity.figures import mm
from registry.domain.proximity.fitness import fitness_of
from registry.domain.proximity.hazard import specialties_for
from registry.domain.proximity.origin import Start
from registry.domain.values import Coded, Name
from registry.services.clock import now
from registry.services.incidents.dispatch import where_committed
from registry.services.plans.call_list import list_responsible
from registry.services.proximity.situation import chain_of
from registry.store.database.pool import Reader, Row
from registry.store.places import places, vocabularies
from registry.store.proximity.nearest import nearest_of_each
from registry.store.records import contacts

TEAMS_LISTED = 10


class _TeamProperties(msgspec.Struct):
    name: Name
    place: str | None = None
    specialties: list[Coded] = []
    verified_at: datetime | None = None


class _TeamFeature(msgspec.Struct):
    properties: _TeamProperties


_DECODER = msgspec.json.Decoder(_TeamFeature)


async def call_list_at(
    reader: Reader,
    sight: Sight,
    start: Start,
    hazard: str | None,
    incident: UUID | None = None,
    k: int = TEAMS_LISTED,
) -> IncidentCallList:
    """Whom to call about a hazard at a start: in a stated order, with what is not recorded."""
    chain, _ = await chain_of(reader, start, (sight.as_of or now()).date())
    smallest = next((place["code"] for place in chain if place["holds_all"]), "")
    territory = await _territory(reader, chain, smallest)
    responsible = await list_responsible(reader, sight, smallest, hazard)
    teams = await _teams(reader, sight, start, hazard, k)
    partners = [one for one in territory if one.partner]
    listed = sections(responsible, teams, partners)
    return IncidentCallList(
        incident=incident,
        hazard=hazard,
        order=ORDER,
        territory=territory,
        sections=listed,
        missing=missing(responsible, listed, territory, await _label(reader, hazard)),
    )


async def _territory(reader: Reader, chain: Sequence[dict[str, Any]], smallest: str) -> list[HoldingPlace]:
    """The places that hold the start, and all above the smallest that holds all of it, smallest first."""
    known = {place["code"]: place for place in chain}
    for code in await places.ancestors(reader, smallest) if smallest else []:
        if code not in known and (row := await places.get(reader, code)) is not None:
            name = {"zh": row["name_zh"], "en": row["name_en"]}
            known[code] = {"code": code, "level": row["level"], "name": name, "partner": row["partner"]}
    return [
        HoldingPlace(
            code=one["code"], level=one["level"], name=Name(**one["name"]), partner=one["partner"] is not None
        )
        for one in known.values()
    ]


async def _label(reader: Reader, hazard: str | None) -> Words | None:
    if hazard is None:
        return None
    code = hazard.rpartition(":")[2]
    for row in await vocabularies.find(reader):
        if row["subject"] == "hazard" and row["code"] == code:
            return Words(row["label_zh"] or code, row["label_en"] or code)
    return Words(code, code)


async def _teams(reader: Reader, sight: Sight, start: Start, hazard: str | None, k: int) -> list[CallLine]:
    """The fittest of the nearest teams, and of the nearest available ones."""
    specialties, at = specialties_for(hazard), sight.as_of or now()
    wanted = Conditions(kind="rescue_team", specialties_any=specialties)
    ready = msgspec.structs.replace(wanted, readiness="available")
    filters = [filter_of(one, at) for one in (wanted, ready)]
    nearest, available = await nearest_of_each(reader, sight, filters, start, k=k, max_m=None)
    rows = {row["id"]: row for row in [*nearest.rows, *available.rows]}
    fit = {identity: fitness_of(row["feature"], specialties) for identity, row in rows.items()}
    ranked = sorted(rows.values(), key=lambda row: (fit[row["id"]].rank, row["distance_m"]))[:k]
    ids = [row["id"] for row in ranked]
    numbers = await contacts.telephones(reader, sight, ids)
    held = await where_committed(reader, sight, ids)
    return [
        _line(row, fit[row["id"]], numbers.get(row["id"], []), held.get(row["id"]), start) for row in ranked
    ]


def _line(row: Row, fitness: Any, numbers: list[dict[str, str | None]], held: Any, start: Start) -> CallLine:
    properties = _DECODER.decode(row["feature"]).properties
    first = next((one["phone"] for one in numbers if one["phone"]), None)
    verified = properties.verified_at
    return CallLine(
        id=row["id"],
        register="rescue_team",
        name=properties.name,
        place=properties.place,
        what_for=[code.code for code in properties.specialties],
        role=numbers[0]["role"] if numbers else None,
        telephone=first,
        tel=tel_of(first),
        stated=verified is not None,
        verified_at=None if verified is None else verified.isoformat(),
        fitness=fitness,
        distance_m=mm(start.distance_m(row["distance_m"])),
        committed_to=held,
    )
