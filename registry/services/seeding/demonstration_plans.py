"""The register entries of the demonstration: invented hazard points, drills, indicators and inventories."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec

from registry.domain.geojson import Point
from registry.domain.plans.entry import (
    Denominator,
    Entry,
    Event,
    Expert,
    HazardPoint,
    Indicator,
    Inventory,
    Member,
    Organisation,
    Responsibility,
)
from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.records.resource import Kind
from registry.domain.values import Name
from registry.services.seeding.demonstration import (
    EXERCISE,
    INVENTED,
    NAMESPACE,
    NOTE,
    YONGXIN,
    Places,
    spot,
)

HAZARDS = 14
RESERVOIRS = 3
SHARED = ("organisation", "hotline", "agreement", "denominator", "responsibility")
INDICATORS = (
    ("disaster-loss-share", 0.62, "percent"),
    ("disaster-deaths-per-million", 0.9, "per_million"),
    ("affected-per-hundred-thousand", 15200.0, "per_hundred_thousand"),
    ("work-accident-deaths", -9.0, "percent_change"),
    ("forest-fire-occurrence", 0.3, "permille"),
    ("forest-fire-damage", 0.3, "permille"),
    ("lift-arrival-mean-minutes", 24.0, "minute"),
)


def demonstration_entries(features: list[dict[str, Any]], live: Sequence[Entry], today: date) -> list[Entry]:
    """The entries of the exercise `demo`: copies of those of the documents, and invented ones."""
    places = {item["id"]: item["properties"] for item in features}
    towns = places["qijiang"]["members"]
    return [
        *_copies(live),
        *_model_communities(places, towns),
        *_hazard_points(places, towns),
        *_responsibilities(),
        *_events(towns, today),
        *_indicators(today),
        *_denominators(),
        *_inventories(today),
        *_experts(),
    ]


def _id(key: str) -> UUID:
    return uuid5(NAMESPACE, f"entry:{key}")


def _about(zh: str, en: str) -> dict[str, Any]:
    name = Name(f"【演示】{zh}", f"[demo] {en}")
    return {"name": name, "exercise": EXERCISE, "sources": [INVENTED], "note": NOTE}


def _copies(live: Sequence[Entry]) -> list[Entry]:
    kept = [entry for entry in live if entry.__struct_config__.tag in SHARED]
    return [msgspec.structs.replace(entry, id=_id(f"copy-{entry.id}"), exercise=EXERCISE) for entry in kept]


def _model_communities(places: Places, towns: list[str]) -> list[Entry]:
    return [
        Organisation(
            id=_id(f"model-community-{n}"),
            place=town,
            type="model_community",
            topic=["disaster_reduction"],
            **_about(
                f"{places[town]['name']['zh']}示范社区", f"Model community of {places[town]['name']['en']}"
            ),
        )
        for n, town in enumerate(towns[:3], 1)
    ]


def _hazard_points(places: Places, towns: list[str]) -> list[Entry]:
    points: list[Entry] = []
    for n in range(HAZARDS + RESERVOIRS):
        town = towns[n % len(towns)]
        slope = n < HAZARDS
        kinds = ("地质灾害隐患点", "Geohazard point") if slope else ("水库", "Reservoir")
        zh, en = places[town]["name"]["zh"], places[town]["name"]["en"]
        points.append(
            HazardPoint(
                id=_id(f"hazard-{n}"),
                place=town,
                type="geohazard" if slope else "reservoir",
                geometry=Point(spot(places, town, f"hazard-{n}", spread_m=3000)),
                status="treated" if n == 0 else "active",
                monitored="unknown" if n == 5 else "no" if n == 9 else "yes",
                **_about(f"{zh}{kinds[0]}{n + 1}", f"{en} {kinds[1]} {n + 1}"),
            )
        )
    return points


def _responsibilities() -> list[Entry]:
    roles = {"administrative": "行政责任人", "technical": "技术责任人", "patrol": "巡查责任人"}
    return [
        Responsibility(
            id=_id(f"person-{n}-{role}"),
            place="qijiang",
            role=role,
            hazards=["flood"],
            hazard_point=_id(f"hazard-{n}"),
            contact="演示，无号码",
            published=True,
            **_about(zh, f"{role} person"),
        )
        for n in range(HAZARDS, HAZARDS + RESERVOIRS)
        for role, zh in roles.items()
        if not (n == HAZARDS + 1 and role == "patrol")
    ]


def _events(towns: list[str], today: date) -> list[Entry]:
    points = [_id(f"hazard-{n}") for n in range(1, HAZARDS - 2)]
    drills: list[Entry] = [
        Event(
            id=_id("drill-district"),
            place="qijiang",
            type="drill",
            level="district",
            on=today - timedelta(days=90),
            **_about("区级综合演练", "District drill"),
        ),
        Event(
            id=_id("drill-points"),
            place="qijiang",
            type="drill",
            topic=["geohazard"],
            on=today - timedelta(days=60),
            hazard_points=points,
            **_about("隐患点避险演练", "Evacuation drills"),
        ),
    ]
    for half, days in (("spring", 250), ("autumn", 40)):
        drills.append(
            Event(
                id=_id(f"inspection-{half}"),
                place="qijiang",
                type="inspection",
                topic=["forest_fire"],
                on=today - timedelta(days=days),
                places=towns if half == "spring" else towns[:-2],
                **_about("森林火灾隐患排查", f"Forest-fire inspection, {half}"),
            )
        )
    return [*drills, *_patrols(today)]


def _patrols(today: date) -> list[Entry]:
    return [
        Event(
            id=_id(f"patrol-{n}"),
            place=YONGXIN,
            type="patrol",
            topic=["forest_fire"],
            on=today - timedelta(days=10 + n),
            participants=3,
            **_about(f"永新镇巡山{n}", f"Yongxin patrol {n}"),
        )
        for n in range(1, 19)
    ]


def _indicators(today: date) -> list[Entry]:
    return [
        Indicator(
            id=_id(f"indicator-{code}"),
            place="qijiang",
            indicator=code,
            value=value,
            unit=unit,
            on=today - timedelta(days=30),
            **_about(code, code),
        )
        for code, value, unit in INDICATORS
    ]


def _denominators() -> list[Entry]:
    answers: tuple[YesNoUnknown, ...] = (
        "yes",
        "yes",
        "yes",
        "yes",
        "yes",
        "yes",
        "yes",
        "yes",
        "unknown",
        "no",
    )
    rivers = [
        Member(Name(f"演示河流{n + 1}", f"Demo river {n + 1}"), f"demo-river-{n + 1}", 10.0 + 7 * n, covered)
        for n, covered in enumerate(answers)
    ]
    return [
        Denominator(
            id=_id("communities"),
            place="qijiang",
            code="qijiang-communities",
            what="communities",
            number=96,
            **_about("社区总数（虚构）", "Number of communities (invented)"),
        ),
        Denominator(
            id=_id("rivers"),
            place="qijiang",
            code="qijiang-rivers",
            what="rivers",
            members=rivers,
            measure_unit="kilometre",
            **_about("中小河流名录（虚构）", "Small and medium rivers (invented)"),
        ),
    ]


def _inventories(today: date) -> list[Entry]:
    complete: list[tuple[str, Kind | None, dict[str, list[str]]]] = [
        ("resources", "rescue_team", {}),
        ("resources", "supply_depot", {}),
        ("event", None, {}),
    ]
    return [
        Inventory(
            id=_id(f"inventory-{of}-{kind}"),
            place="qijiang",
            of=of,
            kind=kind,
            where=where,
            on=today,
            **_about(f"{kind or of} 清点完毕", f"{kind or of}: complete"),
        )
        for of, kind, where in complete
    ]


def _experts() -> list[Entry]:
    fields = (("geohazard", "地质"), ("hazmat", "危化"), ("forest_fire", "森林火灾"))
    return [
        Expert(
            id=_id(f"expert-{field}"),
            place="qijiang",
            visibility="internal",
            fields=[field],
            available="yes",
            contact="演示，无号码",
            **_about(f"{zh}专家", f"Expert in {field}"),
        )
        for field, zh in fields
    ]
