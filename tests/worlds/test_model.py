"""The model agrees with itself: what is drawn can be stored, and no world contradicts its registry."""

import random

import shapely

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.records.resource import KINDS
from registry.services.completeness import completeness_of
from tests.builders import NOW
from tests.worlds import complete, registries
from tests.worlds.registries import existing


async def test_what_is_drawn_is_stored_and_counted(writer) -> None:
    rng = random.Random(1)
    drawn = [registries.draw(rng, number) for number in range(40)]
    await registries.store(writer, drawn)
    assert sum(len(registry.records) for registry in drawn) > 100
    for registry in drawn:
        sight = Sight(clearance="restricted", exercise=registry.exercise)
        for kind in KINDS:
            wanted = Filter(kind=kind, place=registry.district, lifecycle="in_service", valid_at=NOW)
            found = await completeness_of(writer, sight, wanted)
            under = registry.under(registry.district)
            listed = [r for r in registry.of(kind) if r.properties.lifecycle == "in_service"]
            assert found.listed == sum(record.properties.place in under for record in listed)
            whole = {(kind, None), (kind, registry.district)}.intersection(registry.complete)
            assert (found.state == "complete") == bool(whole)
            totals = [total.total for total in registry.totals if total.kind == kind]
            assert [total.total for total in found.published] == totals


def test_no_world_contradicts_its_registry() -> None:
    rng = random.Random(2)
    unlisted = 0
    for number in range(60):
        registry = registries.draw(rng, number)
        for _ in range(20):
            things = complete.draw(rng, registry, KINDS)
            beside = [thing for thing in things if thing.record is None]
            assert [thing.record for thing in things if thing.record] == registry.records
            for total in registry.totals:
                under = registry.under(total.place)
                listed = [r for r in registry.of(total.kind) if existing(r) and r.properties.place in under]
                assert len(listed) + sum(thing.kind == total.kind for thing in beside) <= total.total
            for kind, place in registry.complete:
                ring = registry.outline(place)
                ground = None if ring is None else shapely.Polygon(ring)
                inside = [
                    ground is None or ground.covers(shapely.Point(t.at)) for t in beside if t.kind == kind
                ]
                assert place is not None or not inside
                assert ground is None or not any(inside)
            unlisted += len(beside)
    assert unlisted > 500
