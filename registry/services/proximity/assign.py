"""The k nearest resources to each of many spots."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions, filter_of
from registry.domain.errors import InvalidQuery
from registry.domain.proximity.figures import distances
from registry.domain.proximity.origin import Origin, Start, form_of, start_of_spot
from registry.services.proximity.answer import require_place
from registry.store.database.pool import Reader, Row
from registry.store.proximity import batches
from registry.store.proximity.knn_columns import MOST_COUNTED
from registry.store.proximity.nearest import nearest
from registry.store.proximity.within import unlocated


class Assignment(msgspec.Struct, frozen=True):
    """The answer for one origin: its number from 0, and its hits nearest first."""

    origin: int
    hits: list[dict[str, Any]]


class Assignments(msgspec.Struct, frozen=True):
    """Answers in the order of the origins; each resource is once in `features`.

    `unlocated` counts those that meet the conditions but have no position, up to 50.
    """

    answers: list[Assignment]
    features: list[msgspec.Raw]
    unlocated: int
    more_unlocated: bool


async def assign(
    reader: Reader, sight: Sight, conditions: Conditions, origins: Sequence[Origin], *, k: int,
    max_m: float | None, with_features: bool = True,
) -> Assignments:  # fmt: skip
    """The k nearest resources to each spot, none beyond `max_m`; InvalidQuery for any other origin."""
    wanted = filter_of(conditions, sight.as_of or datetime.now(UTC))
    starts = [_start(number, origin) for number, origin in enumerate(origins)]
    async with reader.snapshot(one_plan=True) as snapshot:
        batch = await batches.nearest(snapshot, sight, wanted, starts, k=k, max_m=max_m)
        every = [
            rows
            if rows is not None
            else (await nearest(snapshot, sight, wanted, start, k=k, max_m=max_m)).rows
            for rows, start in zip(batch, starts, strict=True)
        ]
        await require_place(snapshot, wanted, [row for rows in every for row in rows])
        ids = sorted({row["id"] for rows in every for row in rows}) if with_features else []
        features = await batches.features(snapshot, sight, ids) if ids else []
        without_position = len(await unlocated(snapshot, sight, wanted))
    return Assignments(
        [
            Assignment(number, [_hit(row, start) for row in rows])
            for number, (rows, start) in enumerate(zip(every, starts, strict=True))
        ],
        [msgspec.Raw(row["feature"]) for row in features],
        min(without_position, MOST_COUNTED),
        without_position > MOST_COUNTED,
    )


def _start(number: int, origin: Origin) -> Start:
    if form_of(origin) != "lon":
        raise InvalidQuery("a batch is asked from spots: give lon and lat", field=f"origins[{number}]")
    return start_of_spot(origin)


def _hit(row: Row, start: Start) -> dict[str, Any]:
    return {"id": str(row["id"]), "kind": row["kind"]} | distances(row, start)
