"""Write seeds/resources.geojson, the itemised resources of the plan documents.

`python -m seeds.build_resources` from the project root. An identity is UUID version 5 of the seed's own key
in SEED_NAMESPACE, so that seeding twice meets the same record.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

HERE = Path(__file__).parent
SEED_NAMESPACE = UUID("2f0b3c8e-6f0e-5c7e-9d58-5d6f1a7c5b10")
PLAN = "qijiang-plan-2021-2025"
NOT_NUMBERED = "编号由登记系统给出，文件没有编号。 Numbered by the registry, not by the document."
ONE_EACH = (
    "文件只给出总数 21；每个街镇一支是推断。 21 teams are published; one in each of the 21 towns is inferred."
)
BISHAN = "500120"


def resource(
    key: str, kind: str, name: tuple[str, str], place: str, location: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """One seeded resource as a Feature; the documents give no coordinate of any."""
    return {
        "type": "Feature",
        "id": str(uuid5(SEED_NAMESPACE, key)),
        "geometry": None,
        "properties": {
            "kind": kind,
            "name": {"zh": name[0], "en": name[1]},
            "place": place,
            "location": location,
            **more,
        },
    }


def source(
    document: str, locator: str, as_of: str, confidence: str = "stated", note: str | None = None
) -> Any:
    """One statement of a document."""
    found = {"kind": "document", "reference": document, "locator": locator, "as_of": as_of}
    return [found | {"confidence": confidence} | ({"note": note} if note else {})]


def watch_points() -> list[dict[str, Any]]:
    """The nine infrared points of the Science City command centre, somewhere in four towns."""
    towns = ["500106108", "500107103", "500107104", "500106016"]
    where = {
        "quality": "candidate_places",
        "candidate_places": towns,
        "source": "000:27-29: mainly in four towns, which one holds which point is not given",
    }
    return [
        resource(
            f"science-city-watch-{n}",
            "fire_watch_point",
            (f"科学城红外火情监测点{n}", f"Science City infrared fire-watch point {n}"),
            "science-city",
            where,
            form="infrared_camera",
            watch_radius_m=5000.0,
            note=NOT_NUMBERED,
            sources=source("chongqing-daily-2021-01", "000:27-30", "2021-01-14", "placeholder"),
        )
        for n in range(1, 10)
    ]


def town_teams(places: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The 21 comprehensive town teams, one somewhere in each town: where a team has its base is not given."""
    return [
        resource(
            f"qijiang-town-team-{code}",
            "rescue_team",
            (f"{name['zh']}综合应急救援队", f"{name['en']} comprehensive rescue team"),
            code,
            {
                "quality": "candidate_places",
                "candidate_places": [code],
                "source": "003:160: teams of the towns; no base is given",
            },
            force="standing",
            level="town",
            specialties=[{"scheme": "registry", "code": "comprehensive"}],
            note=ONE_EACH,
            sources=source(PLAN, "003:160", "2022-04-11", "placeholder"),
        )
        for code in places["qijiang"]["properties"]["members"]
        for name in [places[code]["properties"]["name"]]
    ]


def district_depot() -> dict[str, Any]:
    """The district depot: in use, its place and stock not given."""
    return resource(
        "qijiang-district-depot",
        "supply_depot",
        ("綦江区区级应急物资储备库", "Qijiang district supply depot"),
        "qijiang",
        {"quality": "unknown", "source": "003:160 gives no place"},
        tier="district",
        ownership="government",
        sources=source(
            PLAN, "003:160", "2022-04-11", "inferred", "in use is stated; that it is one is inferred"
        ),
    )


def checkpoints() -> list[dict[str, Any]]:
    """Yongxin's 14 forest checkpoints; they watch no area of their own."""
    where = {
        "quality": "candidate_places",
        "candidate_places": ["500110113"],
        "source": "003:914: at entrances to woods and scenic areas, not named",
    }
    return [
        resource(
            f"yongxin-checkpoint-{n}",
            "fire_watch_point",
            (f"永新镇森林防火检查点{n}", f"Yongxin forest checkpoint {n}"),
            "500110113",
            where,
            form="checkpoint",
            note=NOT_NUMBERED,
            sources=source("yongxin-forest-2022", "003:914", "2022-06-10", "placeholder"),
        )
        for n in range(1, 15)
    ]


def warm_station() -> dict[str, Any]:
    """The one refuge that the documents name, and what stations of its kind have."""
    amenities = ("air_conditioning", "drinking_water", "microwave", "first_aid")
    document, on = "chongqing-daily-2025-08", "2025-08-26"
    kind = "what the stations of this kind in Bishan have; the list is open"
    return resource(
        "bishan-warm-station-xiuhu",
        "shelter",
        ("璧山区秀湖社区南门唐城暖心驿站", "Warm station Nanmen Tangcheng, Xiuhu community, Bishan"),
        BISHAN,
        {
            "quality": "candidate_places",
            "candidate_places": [BISHAN],
            "source": "004:298: in Xiuhu community of Bishan, whose extent is not on record",
        },
        hazards=[{"scheme": "registry", "code": "heat"}],
        amenities=[{"scheme": "registry", "code": code} for code in amenities],
        sources=[
            *source(document, "004:298-300", on),
            *source(document, "004:302-306", on, "inferred", kind),
        ],
    )


def build() -> dict[str, Any]:
    """Every itemised resource of the documents."""
    features = json.loads((HERE / "places.geojson").read_text("utf-8"))["features"]
    places = {feature["id"]: feature for feature in features}
    items = [
        *watch_points(),
        *town_teams(places),
        district_depot(),
        *checkpoints(),
        warm_station(),
    ]
    return {"type": "FeatureCollection", "features": items}


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in build()["features"])
    (HERE / "resources.geojson").write_text(
        f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', "utf-8"
    )
