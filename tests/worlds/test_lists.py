"""Lists of records against complete worlds: whoever belongs in a world is listed or named as undecided."""

import random
from typing import Any

import msgspec
import shapely

from registry.domain.access.sight import Sight
from registry.domain.conditions import ListConditions, list_filter_of
from registry.services.records.read import list_resources
from tests.builders import NOW
from tests.worlds import complete
from tests.worlds.asked import CASES, Truth, seen, sight_of
from tests.worlds.complete import Thing
from tests.worlds.registries import CENTRE, Registry, near

SEED = 20261201
WORLDS = 50


def box_of(rng: random.Random) -> tuple[float, float, float, float]:
    west, south = near(rng, CENTRE, 12_000)
    return west, south, west + rng.uniform(0.01, 0.2), south + rng.uniform(0.01, 0.2)


def territory(rng: random.Random, registry: Registry, sight: Sight) -> tuple[dict[str, Any], Truth]:
    """A box, a place or nothing to ask for, and whether a thing lies in it."""
    kind = rng.choice(["bbox", "place", "both", "none"])
    bbox, code = box_of(rng), rng.choice(registry.places).code
    west, south, east, north = bbox
    given = {"bbox": bbox} if kind in ("bbox", "both") else {}
    given |= {"place": code} if kind in ("place", "both") else {}
    under = registry.under(code)

    def holds(thing: Thing) -> bool:
        inside = west <= thing.at[0] <= east and south <= thing.at[1] <= north
        return ("bbox" not in given or inside) and ("place" not in given or is_under(thing))

    def is_under(thing: Thing) -> bool:
        """As the record says; by its true position where it names several candidates.

        The public is not told the place of an internal record: to it one lies where its position is.
        """
        assert thing.record is not None
        stated = thing.record.properties
        candidates = stated.location.candidate_places
        if thing.record.geometry is None and candidates:
            return is_in([one for one in candidates if one in under], thing)
        if sight.clearance == "public" and stated.visibility == "internal" and thing.record.geometry:
            return is_in([code], thing)
        return stated.place in under

    def is_in(codes: list[str], thing: Thing) -> bool:
        rings = [registry.outline(one) for one in codes]
        return any(ring is None or shapely.Polygon(ring).covers(shapely.Point(thing.at)) for ring in rings)

    return given, holds


async def test_a_list_names_every_member_of_every_world(stored) -> None:
    reader, drawn = stored
    rng, members, undecided = random.Random(f"{SEED} lists"), 0, 0
    for registry in drawn:
        sight, (conditions, meets) = sight_of(rng, registry), rng.choice(CASES)
        given, holds = territory(rng, registry, sight)
        asked = msgspec.structs.asdict(conditions) | given | {"lifecycle": "in_service"}
        wanted = list_filter_of(msgspec.convert(asked, ListConditions, strict=False), NOW)
        page, last = await list_resources(reader, sight, wanted, after=None, limit=1000)
        assert last is None
        assert not page.undecided.more
        listed = {str(msgspec.json.decode(feature)["id"]) for feature in page.features}
        doubtful = {record.id for record in page.undecided.resources}
        assert not doubtful & listed
        undecided += len(doubtful)
        for _ in range(WORLDS):
            for thing in complete.draw(rng, registry, []):
                if not seen(sight, thing) or thing.values["lifecycle"] != "in_service":
                    continue
                if meets(thing) and holds(thing):
                    assert thing.id in listed | doubtful, (registry.exercise, asked, thing)
                    members += 1
    assert members > 3_000
    assert undecided > 50


async def test_a_list_names_no_more_than_a_world_allows(stored) -> None:
    """Without a territory, each undecided record belongs in one world at least, and fails in another."""
    reader, drawn = stored
    rng, checked = random.Random(f"{SEED} narrow"), 0
    for registry in drawn:
        sight, (conditions, meets) = sight_of(rng, registry), rng.choice(CASES[2:])
        asked = msgspec.structs.asdict(conditions) | {"lifecycle": "in_service"}
        wanted = list_filter_of(msgspec.convert(asked, ListConditions, strict=False), NOW)
        page, _ = await list_resources(reader, sight, wanted, after=None, limit=1000)
        verdicts: dict[str | None, set[bool]] = {}
        for _ in range(4 * WORLDS):
            for thing in complete.draw(rng, registry, []):
                verdicts.setdefault(thing.id, set()).add(meets(thing))
        internal = {str(one.id) for one in registry.records if one.visibility == "internal"}
        for record in page.undecided.resources:
            if sight.clearance == "public" and record.id in internal and record.unknown == ["item"]:
                continue  # what it holds is not the public's to know, in whatever world
            assert True in verdicts[record.id], (registry.exercise, asked, record)
            checked += 1
        for name, excluded in page.excluded.items():
            assert excluded.otherwise + excluded.not_stated > 0, name
    assert checked > 50
