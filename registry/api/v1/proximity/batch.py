"""The nearest k to each of many incidents."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.params import JSONBody
from msgspec import Meta

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.domain.conditions import Conditions, filter_of
from registry.domain.errors import InvalidQuery
from registry.domain.proximity.interval import compass
from registry.domain.proximity.origin import Origin, Start, form_of, start_of_spot
from registry.domain.values import Metres
from registry.services.proximity.hits import check_place, mm
from registry.store.proximity import batches, within
from registry.store.proximity.knn_columns import MOST_COUNTED
from registry.store.proximity.nearest import nearest


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many spots, one question."""

    origins: Annotated[list[Origin], Meta(min_length=1, max_length=1000)]
    where: Conditions = Conditions()
    k: Annotated[int, Meta(ge=1, le=50)] = 1
    max_m: Metres | None = None
    features: bool = True


class Assigned(msgspec.Struct, frozen=True):
    """The answer for one origin: its number from 0, and its hits nearest first."""

    origin: int
    hits: list[dict[str, Any]]


class Batched(msgspec.Struct, frozen=True):
    """Answers in the order of the origins; each resource is told once in `features`.

    `unlocated` counts those that meet the conditions but have no position, up to 50.
    """

    answers: list[Assigned]
    features: list[msgspec.Raw]
    unlocated: int
    more_unlocated: bool


@post("/batch", status_code=200)
async def ask_batch(reader: ReaderDep, sight: SightDep, data: JSONBody[Batch]) -> Batched:
    """The k nearest resources in service to each of up to 1,000 spots, in one statement."""
    wanted = filter_of(data.where, sight.as_of or datetime.now(UTC))
    starts = [_start(number, origin) for number, origin in enumerate(data.origins)]
    async with reader.snapshot(one_plan=True) as snapshot:
        looked = await batches.nearest(snapshot, sight, wanted, starts, k=data.k, max_m=data.max_m)
        found = [
            rows
            if rows is not None
            else (await nearest(snapshot, sight, wanted, start, k=data.k, max_m=data.max_m)).rows
            for rows, start in zip(looked, starts, strict=True)
        ]
        await check_place(snapshot, wanted, [row for rows in found for row in rows])
        ids = sorted({row["id"] for rows in found for row in rows}) if data.features else []
        features = await batches.features(snapshot, sight, ids) if ids else []
        nowhere = len(await within.unlocated(snapshot, sight, wanted))
    return Batched(
        [
            Assigned(n, [_hit(row, start) for row in rows])
            for n, (rows, start) in enumerate(zip(found, starts, strict=True))
        ],
        [msgspec.Raw(row["feature"]) for row in features],
        min(nowhere, MOST_COUNTED),
        nowhere > MOST_COUNTED,
    )


def _start(number: int, origin: Origin) -> Start:
    if form_of(origin) != "lon":
        raise InvalidQuery("a batch is asked from spots: give lon and lat", field=f"origins[{number}]")
    return start_of_spot(origin)


def _hit(row: Mapping[str, Any], start: Start) -> dict[str, Any]:
    interval = start.interval(row["distance_m"], row["uncertainty_m"])
    bearing_deg = row["bearing_deg"]
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "distance_m": mm(start.distance_m(row["distance_m"])),
        "distance_min_m": mm(interval.min_m),
        "distance_max_m": mm(interval.max_m),
        "bearing_deg": None if bearing_deg is None else round(bearing_deg, 2),
        "compass": compass(bearing_deg),
    }
