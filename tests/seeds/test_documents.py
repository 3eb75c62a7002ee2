"""The seeded documents, provisions, resources and vocabularies can be used as they are."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from registry.domain.plans.document import Document, check_locator
from registry.domain.plans.entry import Entry, Event, Responsibility, check_entry
from registry.domain.plans.provision import Provision, check_provision
from registry.domain.records.change import check
from registry.domain.records.resource import Resource

SEEDS = Path(__file__).parents[2] / "seeds"


def load(name: str, kind: Any) -> Any:
    return msgspec.json.decode((SEEDS / name).read_bytes(), type=kind)


@pytest.fixture(scope="module")
def provisions() -> dict[str, Provision]:
    return {item.id: item for item in load("provisions.json", list[Provision])}


@pytest.fixture(scope="module")
def resources() -> list[Resource]:
    features = json.loads((SEEDS / "resources.geojson").read_text("utf-8"))["features"]
    return msgspec.convert(features, list[Resource])


def test_every_provision_stands_in_its_document() -> None:
    documents = {item.id: item for item in load("documents.json", list[Document])}
    provisions = load("provisions.json", list[Provision])
    assert len({item.id for item in provisions}) == len(provisions) > 100
    for item in provisions:
        check_provision(item, documents[item.document])
        assert all((item.title.zh, item.title.en, item.text.zh, item.text.en))


@pytest.mark.parametrize(
    ("identity", "operator", "value", "unit", "per"),
    [
        ("qj-shelters-54", "eq", 54, "item", "total"),
        ("qj-teams-23", "eq", 23, "team", "total"),
        ("qj-teams-21", "eq", 21, "team", "total"),
        ("qj-stations-79", "eq", 79, "item", "total"),
        ("sc-firewatch-count", "eq", 9, "item", "total"),
        ("yx-checkpoints-14", "eq", 14, "item", "total"),
        ("qj-forest-95", "ge", 95, "percent", "share"),
        ("qj-cap-3000", "ge", 3000, "person", "total"),
        ("qj-cap-200", "ge", 200, "person", "each"),
        ("qj-kpi4-loss", "le", 1, "percent", "average"),
        ("qj-kpi6-affected", "lt", 15000, "per_hundred_thousand", "average"),
        ("qj-forest-rate-a", "lt", 0.3, "permille", "average"),
        ("qj-forest-rate-b", "le", 0.3, "permille", "average"),
        ("qj-lift-30min", "le", 30, "minute", "average"),
        ("qj-lift-trap-05", "lt", 0.5, "percent", "share"),
    ],
)
def test_figures_keep_their_operator_and_meaning(
    provisions: dict[str, Provision], identity: str, operator: str, value: float, unit: str, per: str
) -> None:
    stated = provisions[identity].requirement
    assert stated is not None
    assert (stated.operator, stated.value, stated.unit, stated.per) == (operator, value, unit, per)


def test_a_target_may_be_looser_than_its_baseline(provisions: dict[str, Provision]) -> None:
    for identity, baseline in (("qj-kpi4-loss", 0.7), ("qj-kpi5-million-death", 0.98)):
        item = provisions[identity]
        assert item.baseline is not None
        assert item.requirement is not None
        assert item.baseline.value == baseline < item.requirement.value
    past = {"qj-kpi1-deaths": -29.7, "qj-kpi2-major": -63.6}
    assert {i: provisions[i].baseline and provisions[i].baseline.value for i in past} == past


def test_the_forest_target_has_no_denominator_and_no_radius(provisions: dict[str, Provision]) -> None:
    assert provisions["qj-forest-95"].denominator == "not_stated"
    assert provisions["sc-firewatch-radius"].place == "science-city"


def test_only_itemised_resources_are_seeded(resources: list[Resource]) -> None:
    for item in resources:
        check(item)
    qualities = Counter((item.kind, item.properties.location.quality) for item in resources)
    assert qualities == {
        ("fire_watch_point", "candidate_places"): 9 + 14,
        ("rescue_team", "candidate_places"): 21,
        ("supply_depot", "unknown"): 1,
        ("shelter", "candidate_places"): 1,
    }
    assert len({item.id for item in resources}) == len(resources)


def test_only_the_nine_points_have_a_radius(resources: list[Resource]) -> None:
    radii = Counter(getattr(item.properties, "watch_radius_m", None) for item in resources)
    assert radii == {5000.0: 9, None: 37}


def test_no_record_has_a_position_that_no_document_gives(resources: list[Resource]) -> None:
    assert all(item.geometry is None for item in resources)


def test_records_made_from_a_total_are_placeholders(resources: list[Resource]) -> None:
    made = Counter(
        (item.kind, getattr(item.properties, "form", None)) for item in resources if item.is_placeholder
    )
    assert made == {
        ("fire_watch_point", "infrared_camera"): 9,
        ("fire_watch_point", "checkpoint"): 14,
        ("rescue_team", None): 21,
    }
    teams = [item.properties for item in resources if item.kind == "rescue_team"]
    assert {code.code for team in teams for code in team.specialties} == {"comprehensive"}
    assert all(team.location.candidate_places == [team.place] for team in teams)


def test_the_one_named_refuge_is_held_with_its_amenities(resources: list[Resource]) -> None:
    (refuge,) = [item.properties for item in resources if item.kind == "shelter"]
    assert "秀湖社区南门唐城" in str(refuge.name.zh)
    assert {code.code for code in refuge.amenities} == {
        "air_conditioning",
        "drinking_water",
        "microwave",
        "first_aid",
    }


def test_every_entry_stands_at_a_line_of_its_document() -> None:
    documents = {item.id: item for item in load("documents.json", list[Document])}
    for entry in load("registers.json", list[Entry]):
        check_entry(entry)
        assert entry.sources
        for source in entry.sources:
            if source.kind == "document":
                check_locator(documents[source.reference], source.locator)


def test_what_the_documents_name_is_registered() -> None:
    entries = load("registers.json", list[Entry])
    ten = [
        e for e in entries if getattr(e, "type", None) == "department" and "disaster_information" in e.topic
    ]
    assert len(ten) == 10
    assert {s.locator for e in ten for s in e.sources} >= {"003:308"}
    duties = Counter(e.role for e in entries if isinstance(e, Responsibility) and "expressway" in e.topic)
    assert duties["approval"] == 6
    lift = {e.role for e in entries if isinstance(e, Responsibility) and "lift" in e.topic}
    assert {"rescue", "coordination", "supervision"} <= lift
    assert not any(isinstance(e, Responsibility) and e.role == "duty_desk" for e in entries)
    heads = [e for e in entries if isinstance(e, Responsibility) and e.role == "administrative_head"]
    assert {source.locator for e in heads for source in e.sources} == {"003:354"}
    counts = [e.counts for e in entries if isinstance(e, Event) and e.place == "500110113"]
    assert {"person_times": 2352, "vehicle_times": 786, "ignition_sources": 22} in counts
    assert any(found.get("patrols") == 18 for found in counts)


def test_vocabularies_are_labelled_twice_and_unique() -> None:
    rows = json.loads((SEEDS / "vocabularies.json").read_text("utf-8"))
    keys = Counter((row["scheme"], row["subject"], row["code"]) for row in rows)
    assert max(keys.values()) == 1
    assert all(row["label"]["zh"] and row["label"]["en"] for row in rows)
    assert {row["subject"] for row in rows if not row["source"]} == {"place_level"}, "only our own levels"
    specialties = {row["code"] for row in rows if row["subject"] == "specialty"}
    assert {
        "mine",
        "hazmat",
        "water",
        "bridge_tunnel",
        "pipeline",
        "geohazard",
        "flood_drought",
    } < specialties
    assert {"power", "gas", "lift", "forest_fire"} < specialties
