"""A rule about one zone: strict where it knows, silent where it does not, never lenient by accident."""

from typing import Any

import msgspec
import pytest

from registry.domain.errors import Invalid
from registry.domain.geojson import LineString, Point
from registry.domain.places.rule import (
    Exemption,
    ProposedSite,
    Rule,
    Vocabulary,
    ZoneDistance,
    apply_rule,
    assess_site,
    check_rule,
)
from registry.domain.places.zone import (
    RoadRange,
    StoredZone,
    Zone,
    ZoneGeometry,
    ZonePiece,
    at_chainage,
    chainage_km,
    clipped,
    pieces,
)
from registry.domain.plans.provision import Words
from registry.domain.records.resource import Source
from registry.domain.values import Name

WORDS = Words("甲", "a")
SOURCE = Source(kind="assumption", reference="test")
RULE = Rule(
    id="r",
    provision="p",
    name=Name(en="r"),
    zone_kind="road_land",
    actions=["build"],
    distance_m=30,
    measured_from=WORDS,
    exemptions=[Exemption(["build"], ["local_road"], "needs_review", WORDS)],
)
ROAD = Zone(id="z", kind="road_land", name=Name(en="z"), range=RoadRange("road", 10, 20))
KNOWN = Vocabulary(frozenset({"shelter"}), frozenset({"build", "expand"}))


def drawn(**given: Any) -> StoredZone:
    return StoredZone(zone=ROAD, version=1, has_geometry=True, **given)


def site(purpose: str | None = None, action: str = "build", kind: str = "shelter") -> ProposedSite:
    return ProposedSite(Point((106.0, 29.0)), kind, action, purpose)


def outcome(distance_m: float, purpose: str | None = None, **zone: Any) -> str:
    return apply_rule(
        RULE, drawn(**zone), site(purpose), ZoneDistance(zone="z", distance_m=distance_m)
    ).outcome


@pytest.mark.parametrize(
    ("distance_m", "zone", "expected"),
    [
        (30.0, {}, "forbidden"),
        (30.02, {}, "allowed"),
        (0.0, {}, "forbidden"),
        (40.0, {"offset_max_m": None}, "cannot_evaluate"),
        (30.0, {"offset_max_m": None}, "forbidden"),
        (1e6, {"offset_max_m": None}, "cannot_evaluate"),
        (45.0, {"offset_max_m": 20.0}, "cannot_evaluate"),
        (51.0, {"offset_max_m": 20.0}, "allowed"),
        (33.0, {"offset_min_m": 3.0, "offset_max_m": 3.0}, "forbidden"),
        (33.1, {"offset_min_m": 3.0, "offset_max_m": 3.0}, "allowed"),
        (35.0, {"uncertainty_m": 10.0}, "cannot_evaluate"),
        (15.0, {"uncertainty_m": 10.0}, "forbidden"),
        (41.0, {"uncertainty_m": 10.0}, "allowed"),
    ],
)
def test_a_zone_and_its_doubts(distance_m: float, zone: dict[str, Any], expected: str) -> None:
    assert outcome(distance_m, **zone) == expected


def test_an_exemption_is_for_its_purpose_and_inside_only() -> None:
    assert outcome(10, "local_road") == "needs_review"
    assert outcome(10, "a whim") == "forbidden"
    assert outcome(40, "local_road") == "allowed"
    assert outcome(40, "local_road", offset_max_m=None) == "cannot_evaluate"


def test_an_open_list_of_purposes_takes_any_stated_purpose() -> None:
    exemption = Exemption(["build"], ["local_road"], "needs_review", WORDS, open_list=True)
    rule = msgspec.structs.replace(RULE, exemptions=[exemption])
    measured = ZoneDistance(zone="z", distance_m=10)
    said = {p: apply_rule(rule, drawn(), site(p), measured).outcome for p in ("industrial_estate", None)}
    assert said == {"industrial_estate": "needs_review", None: "forbidden"}


def test_a_rule_speaks_in_its_territory_only() -> None:
    reaches = {"z": ZoneDistance(zone="z", distance_m=5.0)}
    undrawn = StoredZone(zone=msgspec.structs.replace(ROAD, id="undrawn"), version=1, has_geometry=False)
    elsewhere = assess_site([RULE], [drawn(), undrawn], site(), reaches, KNOWN, ())
    assert (elsewhere.outcome, elsewhere.findings[0].outcome) == ("not_in_force", "not_in_force")
    other = msgspec.structs.replace(RULE, id="other")
    both = assess_site([RULE, other], [undrawn], site(), reaches, KNOWN, ("other",))
    assert both.outcome == "cannot_evaluate"
    assert assess_site([RULE], [], site(action="expand"), {}, KNOWN, ()).outcome == "not_in_force"


def test_the_strictest_zone_and_rule_stand_for_the_whole() -> None:
    near, far = drawn(), msgspec.structs.replace(drawn(), zone=msgspec.structs.replace(ROAD, id="far"))
    undrawn = StoredZone(zone=msgspec.structs.replace(ROAD, id="undrawn"), version=1, has_geometry=False)
    reaches = {"z": ZoneDistance(zone="z", distance_m=5.0), "far": ZoneDistance(zone="far", distance_m=900.0)}
    assert assess_site([RULE], [far], site(), reaches, KNOWN, ("r",)).outcome == "allowed"
    assert assess_site([RULE], [far, undrawn], site(), reaches, KNOWN, ("r",)).outcome == "cannot_evaluate"
    found = assess_site([RULE], [far, undrawn, near], site(), reaches, KNOWN, ("r",))
    assert (found.outcome, found.findings[0].zone) == ("forbidden", "z")
    assert assess_site([RULE], [], site(), {}, KNOWN, ("r",)).outcome == "cannot_evaluate"


def test_what_no_rule_is_about_is_allowed_only_in_known_words() -> None:
    assert assess_site([RULE], [drawn()], site(action="expand"), {}, KNOWN, ("r",)).outcome == "allowed"
    assert (
        assess_site([RULE], [drawn()], site(action="enlarge"), {}, KNOWN, ("r",)).outcome == "cannot_evaluate"
    )


def test_a_rule_without_actions_is_refused() -> None:
    with pytest.raises(Invalid, match="action"):
        check_rule(msgspec.structs.replace(RULE, actions=[]))


LINE = [(106.0, 29.0), (106.1, 29.0), (106.2, 29.0)]


@pytest.mark.parametrize("km", [[5.0, 15.0, 25.0], [25.0, 15.0, 5.0]])
def test_a_line_is_clipped_to_its_kilometres_in_either_direction(km: list[float]) -> None:
    found = clipped(ZonePiece(LINE, km), RoadRange("road", 10, 20))
    assert [p[0] for p in found[0].line] == pytest.approx([106.05, 106.1, 106.15])
    assert found[0].km == pytest.approx(sorted([10.0, 15.0, 20.0], reverse=km[0] > km[-1]))
    assert clipped(ZonePiece(LINE, km), RoadRange("road", 30, 40)) == []


def test_pieces_share_their_ends_and_keep_every_vertex() -> None:
    line = [(106 + n / 1000, 29.0) for n in range(21)]
    drawing = ZoneGeometry(geometry=LineString(line), represents="land_edge", source=SOURCE)
    found = pieces(drawing, None)
    assert [piece.line[0] for piece in found[1:]] == [piece.line[-1] for piece in found[:-1]]
    assert [p for piece in found for p in piece.line[: None if piece is found[-1] else -1]] == line


def test_a_kilometre_and_its_place_are_each_others_inverse() -> None:
    drawing = ZoneGeometry(
        geometry=LineString(LINE), represents="land_edge", measures_km=[[10, 15, 20]], source=SOURCE
    )
    parts = pieces(drawing, ROAD.range)
    for km in (10.0, 12.5, 15.0, 19.9, 20.0):
        position = at_chainage(parts, km)
        assert position is not None
        assert min(abs((chainage_km(piece, *position) or 0) - km) for piece in parts) < 0.001
    assert at_chainage(parts, 21.0) is None
    assert chainage_km(ZonePiece(LINE), 106.0, 29.0) is None
