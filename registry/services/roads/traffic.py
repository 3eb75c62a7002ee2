"""The roads of one question: the network, and what is closed on it for this caller now."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from registry.domain.access.sight import Sight
from registry.domain.errors import InvalidQuery
from registry.domain.geometry import wkb
from registry.domain.incidents.cordon import Cordon
from registry.domain.roads.answer import ByMinutes, ObeyedClosure, RoadsUsed, UnknownTime
from registry.domain.roads.closures import crossing, too_small_for
from registry.domain.roads.leg import Traffic
from registry.domain.roads.network import RoadNetwork
from registry.domain.roads.search import RoadSearch
from registry.services.incidents.cordons_near import standing_cordons
from registry.services.roads.current_roads import CurrentRoads
from registry.store.database.pool import Reader
from registry.store.database.read_trace import note_read

NO_ROADS = "no roads are loaded here: minutes need `registry roads load`, and the extra `roads` on the server"


class RoadsOfQuestion(NamedTuple):
    """The search, what it obeys, and the closures by name."""

    search: RoadSearch
    traffic: Traffic
    closures: list[ObeyedClosure]
    question: ByMinutes

    def used(self, unknown: Sequence[UnknownTime], *, more: bool) -> RoadsUsed:
        """What the answer says of its roads."""
        return RoadsUsed(
            data=self.search.known(),
            max_minutes=self.question.max_minutes,
            condition=self.question.condition,
            vehicle=self.question.vehicle,
            limits_not_compared=_not_compared(self.search.network, self.question),
            closures=self.closures,
            unknown=list(unknown),
            more_unknown=more,
        )


async def roads_of(reader: Reader, sight: Sight, roads: CurrentRoads, question: ByMinutes) -> RoadsOfQuestion:
    """The roads for a question; InvalidQuery where none are loaded, or the condition has no factors."""
    search = await roads.of(reader)
    if search is None:
        raise InvalidQuery(NO_ROADS, field="by", zh="尚未载入路网，无法按分钟查询")
    if question.condition is not None:
        search.factors(question.condition)
    cordons = [] if question.closures == "ignore" else await _closing(reader, sight)
    return await asyncio.to_thread(_closed, search, cordons, question)


async def _closing(reader: Reader, sight: Sight) -> list[Cordon]:
    """The cordons in force that close roads, as far as this sight has them."""
    standing = [one.cordon for one in await standing_cordons(reader, sight)]
    return [cordon for cordon in standing if _closes(cordon)]


def _closes(cordon: Cordon) -> bool:
    """Whether nobody drives through: a closure, or a cordon that names a road or an area that it closes."""
    return cordon.kind == "closure" or any(one.what in ("road", "area") for one in cordon.closes)


def _closed(search: RoadSearch, cordons: Sequence[Cordon], question: ByMinutes) -> RoadsOfQuestion:
    network = search.network
    closures, pieces = [], []
    for cordon in cordons:
        crossed = None if cordon.geometry is None else crossing(network, wkb(cordon.geometry))
        if crossed is not None:
            pieces.append(crossed)
        closes = 0 if crossed is None else len(crossed)
        if cordon.visibility == "restricted":
            note_read()
        if crossed is None or closes:
            closures.append(
                ObeyedClosure(id=cordon.id, name=cordon.name, drawn=crossed is not None, closes=closes)
            )
    if question.vehicle is not None:
        pieces.append(too_small_for(network, question.vehicle))
    closed = np.unique(np.concatenate(pieces)) if pieces else np.zeros(0, np.int64)
    return RoadsOfQuestion(search, Traffic(tuple(closed.tolist()), question.condition), closures, question)


def _not_compared(network: RoadNetwork, question: ByMinutes) -> int:
    vehicle = question.vehicle
    limited = np.zeros(len(network.max_t), bool)
    if vehicle is None or vehicle.weight_t is None:
        limited |= ~np.isnan(network.max_t)
    if vehicle is None or vehicle.height_m is None:
        limited |= ~np.isnan(network.max_height_m)
    return int(limited.sum())
