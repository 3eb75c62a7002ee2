"""How a resource lies to a cordon, and when the cordon stands."""

import math
import random
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from pyproj import Geod

from registry.domain.errors import Invalid
from registry.domain.geojson import LineString, Polygon
from registry.domain.geometry import wkb
from registry.domain.incidents.cordon import Cordon, check_cordon, is_in_force
from registry.domain.incidents.cordon_relation import PlacedCordon, PossiblePosition
from registry.domain.proximity.place_extent import PlaceExtent
from registry.domain.records.resource import Location
from tests.builders import NOW

GEOD = Geod(ellps="WGS84")
SEED = 20261130
FIRE = (106.65, 29.03)
SQUARE = Polygon([[(106.64, 29.02), (106.66, 29.02), (106.66, 29.04), (106.64, 29.04), (106.64, 29.02)]])
BRIDGE = LineString([(106.66, 29.0), (106.66, 29.06)])


def cordon(**given) -> Cordon:
    return Cordon(id=uuid4(), **{"geometry": SQUARE} | given)


def relation_of(geometry, doubt_m, thing, spot) -> str:
    """How a thing lies to a cordon whose drawing may be so many metres off; None: nobody said."""
    location = Location("approximate" if doubt_m is None else "surveyed", doubt_m)
    return PlacedCordon(cordon(geometry=geometry, location=location)).relation(
        PossiblePosition(*thing), PossiblePosition(*(spot if len(spot) == 3 else (*spot, 0.0)))
    )


@pytest.mark.parametrize(
    ("lon", "uncertainty_m", "relation"),
    [
        (106.65, 100, "inside"),
        (106.6599, 100, "possibly_inside"),
        (106.6605, 100, "possibly_inside"),
        (106.67, 100, "beyond"),
    ],
)
def test_a_resource_is_inside_perhaps_inside_or_beyond(lon, uncertainty_m, relation) -> None:
    assert relation_of(SQUARE, 0.0, (lon, 29.03, uncertainty_m), FIRE) == relation


def test_the_doubt_of_the_cordon_counts_as_that_of_the_resource() -> None:
    assert relation_of(SQUARE, 0.0, (106.6599, 29.03, 0.0), FIRE) == "inside"
    assert relation_of(SQUARE, 50.0, (106.6599, 29.03, 0.0), FIRE) == "possibly_inside"


def test_a_closed_bridge_has_a_near_and_a_far_side() -> None:
    east, west, around = (106.70, 29.03, 0.0), (106.64, 29.03, 0.0), (106.70, 29.20, 0.0)
    assert [relation_of(BRIDGE, 0.0, one, FIRE) for one in (east, west, around)] == [
        "beyond",
        "outside",
        "outside",
    ]


def test_a_cordon_stands_while_it_is_on_and_between_its_times() -> None:
    hour = timedelta(hours=1)
    assert is_in_force(cordon(), NOW)
    assert not is_in_force(cordon(active=False), NOW)
    assert not is_in_force(cordon(starts_at=NOW + hour), NOW)
    assert is_in_force(cordon(starts_at=NOW, ends_at=NOW + hour), NOW)
    assert not is_in_force(cordon(ends_at=NOW), NOW)


def test_a_cordon_says_where_it_is_or_what_it_closes() -> None:
    with pytest.raises(Invalid, match="draw"):
        check_cordon(cordon(geometry=None))
    with pytest.raises(Invalid, match="ends_at"):
        check_cordon(cordon(starts_at=NOW, ends_at=NOW))
    closes = [{"what": "building", "range": {"road": "G75", "from_km": 1, "to_km": 2}}]
    with pytest.raises(Invalid, match="road"):
        check_cordon(msgspec.convert({"register": "cordon", "id": str(uuid4()), "closes": closes}, Cordon))


def test_one_that_may_be_on_either_side_is_possibly_beyond() -> None:
    """A kilometre of doubt: behind a long line for sure, behind a short one perhaps, and near it perhaps."""
    far, near = (106.70, 29.03, 1_000.0), (106.665, 29.03, 1_000.0)
    short = LineString([(106.66, 29.029), (106.66, 29.031)])
    assert relation_of(BRIDGE, 0.0, far, FIRE) == "beyond"
    assert relation_of(short, 0.0, far, FIRE) == "possibly_beyond"
    assert relation_of(BRIDGE, 0.0, near, FIRE) == "possibly_beyond"
    assert relation_of(BRIDGE, 0.0, far, (*FIRE, 2_000.0)) == "possibly_beyond"
    assert relation_of(short, 0.0, (106.70, 29.0312, 0.0), (*FIRE, 100.0)) == "possibly_beyond"


def test_a_drawing_of_which_nobody_said_how_good_it_is_is_never_sure() -> None:
    assert relation_of(SQUARE, None, (106.65, 29.03, 0.0), FIRE) == "possibly_inside"
    assert relation_of(BRIDGE, None, (106.70, 29.03, 0.0), FIRE) == "possibly_beyond"


def test_a_cordon_that_is_not_drawn_may_hold_what_may_lie_in_its_place() -> None:
    town = PlaceExtent(wkb(SQUARE))
    undrawn = cordon(geometry=None, closes=[])
    placed = PlacedCordon(undrawn, [town])
    spot = PossiblePosition(*FIRE, 0.0)
    assert placed.relation(PossiblePosition(106.65, 29.03, 0.0), spot) == "possibly_inside"
    assert placed.relation(PossiblePosition(106.68, 29.03, 0.0), spot) == "outside"
    assert placed.relation(PossiblePosition(106.68, 29.03, 3_000.0), spot) == "possibly_inside"
    for anywhere in (PlacedCordon(undrawn), PlacedCordon(undrawn, [None, town])):
        assert anywhere.relation(PossiblePosition(100.0, 30.0, 0.0), spot) == "possibly_inside"


def test_what_is_said_holds_wherever_both_may_be() -> None:
    """Draw where the resource, the incident and the drawing may be, and look again with certain positions."""
    chance = random.Random(SEED)
    seen = Counter()
    for _ in range(400):
        shape = chance.choice([SQUARE, BRIDGE])
        thing = (106.65 + chance.uniform(-0.05, 0.05), 29.03 + chance.uniform(-0.05, 0.05))
        u_m, margin_m, doubt_m = (chance.choice([0.0, 50.0, 800.0]) for _ in range(3))
        said = relation_of(shape, doubt_m, (*thing, u_m), (*FIRE, margin_m))
        seen[said] += 1
        for _ in range(12):
            # A drawing that is off is the same as both positions off the other way.
            turn, off_m = chance.uniform(0, 360), doubt_m * math.sqrt(chance.random()) * 0.999
            held = relation_of(shape, 0.0, (*drawn(chance, thing, u_m, turn, off_m), 0.0),
                               drawn(chance, FIRE, margin_m, turn, off_m))  # fmt: skip
            if said in ("inside", "outside", "beyond"):
                assert held == said, (thing, u_m, margin_m, doubt_m)
            else:
                assert held in (said.removeprefix("possibly_"), "outside", "beyond", "inside")
    assert set(seen) == {"inside", "possibly_inside", "beyond", "possibly_beyond", "outside"}


def drawn(chance, at, radius_m, turn, off_m) -> tuple[float, float]:
    lon, lat, _ = GEOD.fwd(*at, chance.uniform(0, 360), radius_m * math.sqrt(chance.random()) * 0.999)
    lon, lat, _ = GEOD.fwd(lon, lat, turn, off_m)
    return lon, lat
