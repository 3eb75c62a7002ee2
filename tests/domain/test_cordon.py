"""How a resource lies to a cordon, and when the cordon stands."""

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from pyproj import Geod

from registry.domain.errors import Invalid
from registry.domain.geojson import LineString, Polygon
from registry.domain.incidents.cordon import Cordon, check_cordon, is_in_force, relation_of
from tests.builders import NOW

GEOD = Geod(ellps="WGS84")
FIRE = (106.65, 29.03)
SQUARE = Polygon([[(106.64, 29.02), (106.66, 29.02), (106.66, 29.04), (106.64, 29.04), (106.64, 29.02)]])
BRIDGE = LineString([(106.66, 29.0), (106.66, 29.06)])


def cordon(**given) -> Cordon:
    return Cordon(id=uuid4(), **{"geometry": SQUARE} | given)


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
