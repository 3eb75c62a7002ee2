"""An example of each parameter and body of /v1, for a registry with the seeds and the demonstration.

A test sends all of them, in the order of the document, to a fresh one. Identities that only a person's own
registry has answer 404 there.
"""

from typing import Any

Schema = dict[str, Any]
RECORD = "019b76da-0000-7000-8000-00000000e001"
DEPOT = "019b76da-0000-7000-8000-00000000e002"
CAMERA = "019b76da-0000-7000-8000-00000000e003"
TEAM = "019b76da-0000-7000-8000-00000000e004"
ENTRY = "019b76da-0000-7000-8000-00000000e005"
INCIDENT = "019b76da-0000-7000-8000-00000000e006"
OTHER_INCIDENT = "019b76da-0000-7000-8000-00000000e007"
OF_ONES_OWN = "019b76da-0000-7000-8000-00000000e0ff"
"""An identity that the reader puts another in place of."""
MOMENT = "2026-11-01T08:00:00+08:00"
SPOT = {"lon": 106.65, "lat": 29.03}
TOWN = "500110110"
AREA: Schema = {
    "type": "Polygon",
    "coordinates": [[[106.6, 28.9], [106.75, 28.9], [106.75, 29.05], [106.6, 29.05], [106.6, 28.9]]],
}
TOWER: Schema = {"lon": 106.651, "lat": 29.031}

PARAMETERS: dict[str, Any] = {
    "exercise": "demo",
    "as_of": MOMENT,
    "kind": "shelter",
    "kinds": "shelter,rescue_team",
    "place": "500110",
    "lifecycle": "in_service",
    "quality": "surveyed",
    "force": "professional",
    "level": "district",
    "tier": "district",
    "ownership": "government",
    "form": "infrared_camera",
    "specialties_any": "forest_fire,flood_drought",
    "specialties_all": "forest_fire",
    "hazards_any": "forest_fire,flood",
    "hazards_all": "flood",
    "readiness": "available",
    "opening": "open",
    "operational": "yes",
    "free_persons": 50,
    "item": "1",
    "quantity": 100,
    "verified_since": MOMENT,
    "partners": "include",
    "max_age_days": 365,
    "q": "赶水",
    "bbox": "106.5,28.8,106.8,29.1",
    "limit": 20,
    "strict": False,
    "Idempotency-Key": "9e6c0d34",
    "reason": "seen on a visit",
    "If-None-Match": '"1-p"',
    "If-Match": "*",
    "base_version": 1,
    "state": "open",
    "subject": "location",
    "resource": RECORD,
    "registers": True,
    "wait_s": 0,
    "bucket": 7,
    "lon": SPOT["lon"],
    "lat": SPOT["lat"],
    "spot_radius_m": 50,
    "datum": "wgs84",
    "near_place": "500110110",
    "road": "jiangqi",
    "chainage_km": 30.5,
    "k": 5,
    "max_m": 20000,
    "rank": "distance",
    "speed_kmh": 40,
    "detour": 1.4,
    "pace_source": "drill of May 2026",
    "radius_m": 5000,
    "parent": "500110",
    "under": "qijiang",
    "extents": False,
    "ended": False,
    "code": "500110110",
    "ended_on": "2026-11-30",
    "successors": "500110111",
    "area": '{"type":"Polygon","coordinates":[[[106.6,28.9],[106.7,28.9],[106.7,29],[106.6,28.9]]]}',
    "actor": "duty-desk",
    "action": "change",
    "since": MOMENT,
    "until": "2027-01-01T00:00:00+08:00",
    "document": "qijiang-plan-2021-2025",
    "f": "json",
    "register": "organisation",
    "type": "command",
    "about": "forest_fire",
    "topic": "water",
    "hazard": "forest_fire",
    "open": True,
    "amenities": "drinking_water",
    "open_now": False,
    "personnel": 10,
    "persons": 200,
    "km": 30,
    "scheme": "registry",
    "name": "shelters.csv",
    "severity": "warn",
    "whole_list_of": "500110110",
    "n": 1,
    "lang": "zh",
    "text": "106.65, 29.03",
    "identity": RECORD,
    "contact": OF_ONES_OWN,
    "commitment": OF_ONES_OWN,
    "sha256": "a1abfd410973b0111c215baa879b9edcd739e601659ba44168269767cc2e9108",
    "denominator": "qijiang-towns",
    "sight": "terrain",
    "smoke_height_m": 20,
    "max_minutes": 30,
}
"""By the name of the parameter, unless OF_OPERATION has another."""

OF_OPERATION: dict[str, dict[str, Any]] = {
    "reportStock": {"identity": DEPOT},
    "readSeenGround": {"identity": CAMERA},
    "readDocument": {"identity": "qijiang-plan-2021-2025"},
    "putDocument": {"identity": "our-plan-2027"},
    "readProvision": {"identity": "qj-shelters-54"},
    "putProvision": {"identity": "our-plan-teams"},
    "checkProvision": {"identity": "qj-shelters-54"},
    "listProvisions": {"kind": "published_total", "subject": "resources"},
    "readEntry": {"identity": ENTRY},
    "putEntry": {"identity": ENTRY},
    "retireEntry": {"identity": ENTRY},
    "readEntryHistory": {"identity": ENTRY},
    "listPlaces": {"level": "town"},
    "listIncidents": {"state": "reported"},
    "listWarnings": {"force": "in_force"},
    "readOne": {"identity": INCIDENT},
    "changeOne": {"identity": INCIDENT},
    "readLog": {"identity": INCIDENT},
    "writeNote": {"identity": INCIDENT},
    "joinReports": {"identity": INCIDENT},
    "readIncidentHistory": {"identity": INCIDENT},
    "readCallList": {"identity": INCIDENT},
    "proposeUnits": {"identity": INCIDENT},
    "commitUnits": {"identity": INCIDENT},
    "advanceUnit": {"identity": INCIDENT},
    "findShelters": {"identity": INCIDENT},
    "listCordons": {"identity": INCIDENT},
    "readHandover": {"identity": INCIDENT},
    **{
        f"{act}Of{subject}": {"identity": identity}
        for act in ("listAttachments", "attachPicture", "detachPicture", "readPicture", "readThumbnail")
        for subject, identity in (("Incident", INCIDENT), ("Entry", ENTRY))
    },
    "readZone": {"identity": "jiangqi-land"},
    "locateKm": {"identity": "jiangqi-land"},
    "putZone": {"identity": "our-river"},
    "drawZone": {"identity": "our-river"},
    "putRule": {"identity": "our-rule"},
    "putCode": {"scheme": "registry", "code": "snow_removal"},
    "listCodes": {"subject": "hazard"},
    "listFindings": {"code": "outside_place"},
    "listRows": {"action": "confirm", "code": "likely_double", "state": "open"},
    "putPlace": {"code": "500110200"},
    "retirePlace": {"code": "500110200"},
    "measureCoverage": {"kind": "fire_watch_point", "place": "science-city"},
    "readTemplate": {"kind": "shelter"},
}
OF_WORK_UNDER_WAY = (
    "decideCorrection grantApproval readJob readResults dismissJob readScenario forgetScenario"
    " readSubscription endSubscription listDeliveries replay readFile discardFile answerQuestions listRows"
    " patchRow patchRows decideRows commitFile undoFile readOwnFile settleFinding readWarning listInside"
)
"""Operations on what a fresh registry has none of: a job, a file, a correction."""
NEEDED: dict[str, tuple[str, ...]] = {
    "measureCoverage": ("place",),
    "reconcileTotals": ("document",),
    "listVisits": ("document",),
    "retireResource": ("reason", "If-Match"),
    **dict.fromkeys(
        ("replaceResource", "patchResource", "changeOne", "putEntry", "retireEntry"), ("If-Match",)
    ),
    **dict.fromkeys(("putPlace", "retirePlace"), ("If-Match",)),
}
"""Optional parameters without which a question or a change is refused."""


def _point(lon: float, lat: float) -> Schema:
    return {"type": "Point", "coordinates": [lon, lat]}


SHELTER: Schema = {
    "type": "Feature",
    "id": RECORD,
    "geometry": _point(106.6785, 28.7561),
    "properties": {
        "kind": "shelter",
        "name": {"zh": "赶水中学操场", "en": "Ganshui school yard"},
        "place": TOWN,
        "location": {"quality": "surveyed", "uncertainty_m": 10},
        "level": "town",
        "capacity_persons": 800,
        "hazards": [{"code": "flood"}],
        "sources": [{"kind": "person", "reference": "visit of the duty desk", "as_of": "2026-11-01"}],
    },
}
AREA_QUESTION: Schema = {"kind": "fire_watch_point", "place": "science-city"}
STATUS: Schema = {"observed_at": MOMENT, "opening": "open", "occupancy_persons": 120}
ALERT: Schema = {
    "identifier": "500000-20261101-0001",
    "sender": "met@example.org",
    "sent": MOMENT,
    "status": "Actual",
    "msgType": "Alert",
    "scope": "Public",
    "info": [
        {
            "event": "rainstorm",
            "urgency": "Expected",
            "severity": "Severe",
            "certainty": "Likely",
            "headline": "暴雨橙色预警",
            "area": [{"areaDesc": "綦江区", "circle": ["28.95,106.65 10"]}],
        }
    ],
}
BODIES: dict[str, Any] = {
    "createResource": SHELTER,
    "replaceResource": SHELTER,
    "patchResource": {"properties": {"capacity_persons": 850}},
    "verifyResource": {"how": "telephoned the warden"},
    "reportStatus": STATUS,
    "reportStock": {
        "observed_at": MOMENT,
        "counts": [{"item_code": "1", "unit": "件", "quantity": 300}],
        "movements": [{"item_code": "1", "unit": "件", "change": -20}],
    },
    "relocateResource": {
        "coordinates": [106.6786, 28.7562],
        "datum": "wgs84",
        "accuracy_m": 5,
        "evidence": "stood at the gate with a receiver",
    },
    "decideCorrection": {"accept": True, "reason": "the warden confirmed it"},
    "pushOperations": {
        "device": "phone-7",
        "sent_at": MOMENT,
        "operations": [
            {
                "op_id": "019b76da-0000-7000-8000-00000000e101",
                "kind": "status",
                "resource_id": RECORD,
                "body": STATUS,
                "device_at": MOMENT,
            }
        ],
    },
    "askNearest": {"origin": SPOT, "where": {"kind": "shelter"}, "k": 5},
    "askWithin": {"origin": {"area": AREA}, "where": {"kind": "rescue_team"}, "radius_m": 0},
    "askCovering": {"origin": SPOT},
    "askBatch": {"origins": [SPOT, {"lon": 106.7, "lat": 29.0}], "where": {"kind": "rescue_team"}, "k": 3},
    "askSituation": {"origin": SPOT, "hazard": "forest_fire", "k": 3, "persons": 50},
    "askSupplies": {"origin": SPOT, "items": [{"code": "1", "quantity": 500}]},
    "askAlertArea": ALERT,
    "putPlace": {
        "type": "Feature",
        "properties": {
            "name": {"zh": "新设镇", "en": "New Town"},
            "level": "town",
            "parent": "500110",
            "list_version": "NBS-2023",
        },
    },
    "flagPlace": {"prone_or_remote": "yes"},
    "askCoverage": AREA_QUESTION,
    "findGaps": AREA_QUESTION | {"bound": "nominal", "limit": 20},
    "findDepth": AREA_QUESTION | {"levels": 3, "draw": False},
    "findCriticality": AREA_QUESTION,
    "tryScenario": AREA_QUESTION
    | {
        "scenario": {
            "add": [
                {
                    "type": "Feature",
                    "geometry": _point(106.36, 29.53),
                    "properties": {
                        "kind": "fire_watch_point",
                        "name": {"zh": "拟建瞭望塔", "en": "planned tower"},
                        "watch_radius_m": 3000,
                        "location": {"quality": "surveyed", "uncertainty_m": 0},
                    },
                }
            ]
        }
    },
    "findSites": {
        "kind": "fire_watch_point",
        "area": AREA,
        "demand": {"type": "places", "level": "town"},
        "siting": {"model": "mclp", "sites": 2, "radius_m": 5000, "time_limit_s": 5},
    },
    "measureTravel": {
        "kind": "rescue_team",
        "place": "qijiang",
        "demand": {"type": "places", "level": "town"},
        "max_minutes": 30,
    },
    "measureDistance": {"kind": "shelter", "place": "qijiang", "demand": {"type": "places", "level": "town"}},
    "compareScenarios": AREA_QUESTION | {"scenarios": [OF_ONES_OWN]},
    "findMembers": {"place": "qijiang", "level": "town", "kind": "shelter"},
    "saveScenario": {"name": {"zh": "关闭一所", "en": "One closed"}, "changes": {"remove": [RECORD]}},
    "askApproval": {"changes": 500, "reason": "retire what the merger doubled"},
    **{
        f"attachPictureOf{subject}": {"role": "photo", "caption": "北墙裂缝", "taken_at": MOMENT}
        for subject in ("Resource", "Incident", "Entry")
    },
    "putContact": {"role": "warden", "name": "值班室", "phone": "023-00000000", "published": False},
    "putDocument": {
        "id": "our-plan-2027",
        "kind": "plan",
        "title": {"zh": "本区应急预案（2027）", "en": "District plan 2027"},
        "issued_on": "2026-11-01",
        "place": "500110",
    },
    "putProvision": {
        "id": "our-plan-teams",
        "document": "our-plan-2027",
        "locator": "3.2",
        "kind": "published_total",
        "title": {"zh": "队伍总数", "en": "Number of teams"},
        "text": {"zh": "全区有救援队伍不少于二十支", "en": "The district has at least twenty rescue teams"},
        "subject": {"kind": "rescue_team"},
        "requirement": {"value": 20, "unit": "team", "operator": "ge", "per": "total"},
        "method": "count_items",
        "place": "500110",
    },
    "runChecks": {"document": "qijiang-plan-2021-2025"},
    "putEntry": {
        "register": "organisation",
        "id": ENTRY,
        "name": {"zh": "赶水镇应急办", "en": "Ganshui emergency office"},
        "place": TOWN,
        "type": "command",
        "hazards": ["forest_fire"],
        "contact": "023-00000000",
    },
    "reportIncident": {
        "id": INCIDENT,
        "hazard": "forest_fire",
        "name": {"zh": "山火", "en": "Forest fire"},
        "reported_at": MOMENT,
        "geometry": _point(106.67, 28.75),
    },
    "reportDetection": {
        "camera": CAMERA,
        "observed_at": MOMENT,
        "bearing_deg": 42.5,
        "bearing_error_deg": 1,
        "range_m": 1800,
        "range_error_m": 200,
        "hazard": "forest_fire",
    },
    "changeOne": {"level": "III"},
    "writeNote": {"text": "wind has turned to the north-east", "observed_at": MOMENT},
    "joinReports": {"other": OTHER_INCIDENT, "why": "the same smoke"},
    "commitUnits": {"resources": [TEAM], "task": "hold the eastern ridge"},
    "advanceUnit": {"state": "en_route"},
    "receiveWarning": ALERT,
    "subscribe": {
        "url": "https://example.org/hooks/registry",
        "events": ["incident.opened"],
        "place": "500110",
    },
    "replay": {"since": MOMENT},
    "putZone": {
        "id": "our-river",
        "kind": "river_shore",
        "name": {"zh": "赶水河岸", "en": "Shore of the Ganshui"},
    },
    "drawZone": {
        "geometry": {"type": "LineString", "coordinates": [[106.67, 28.74], [106.68, 28.76]]},
        "represents": "shore",
        "uncertainty_m": 5,
        "source": {"kind": "document", "reference": "survey of 2026"},
    },
    "putRule": {
        "id": "our-rule",
        "provision": "qj-river-1km-chem",
        "name": {"zh": "河岸一公里", "en": "One kilometre from the shore"},
        "zone_kind": "river_shore",
        "facility_kinds": ["chemical_project"],
        "actions": ["build"],
        "distance_m": 1000,
        "outcome": "forbidden",
        "measured_from": {"zh": "岸线", "en": "the shoreline"},
        "territory": "qijiang",
    },
    "checkSite": {"geometry": _point(106.67, 28.75), "facility_kind": "chemical_project", "action": "build"},
    "putCode": {"subject": "specialty", "label": {"zh": "除雪", "en": "Snow removal"}},
    "checkRecord": SHELTER,
    "settleFinding": {"reason": "the shelter is meant for that town"},
    "answerQuestions": {"encoding": "gb18030", "datum": "gcj02", "remember": True},
    "patchRows": {"version": 3, "rows": [{"n": 1, "corrections": {"C": "800"}}]},
    "patchRow": {"corrections": {"C": "800"}},
    "decideRows": {"version": 3, "action": "confirm", "code": "likely_double", "take": "new"},
    "commitFile": {"version": 3, "policy": "clean"},
    "undoFile": {"leave_edited": True},
}
"""The JSON body by operation."""
UPLOAD = "名称,经度,纬度,容量\n赶水中学操场,106.6785,28.7561,800\n"

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
"""A picture of one pixel, in base64; its digest is the example of `sha256`."""


def state_examples(operation: Schema) -> None:
    """Give each parameter and the JSON body of an operation its example.

    Pages that send what they are given fill in the `example` of a parameter. What may be left out has its
    own among those of its schema, so that a question is not sent with all conditions at once.
    """
    identity = operation["operationId"]
    for item in operation.get("parameters", ()):
        name = item["name"]
        example = example_of(identity, name)
        if example is None:  # a choice or a default is its own example
            example = item["schema"].get("enum", [item["schema"].get("default")])[0]
        if example is None:
            continue
        if item.get("required") or name in ("lon", "lat", *NEEDED.get(identity, ())):
            item["example"] = example
        else:
            item["schema"] = item["schema"] | {"examples": [example]}
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content and identity in BODIES:
        content["application/json"]["example"] = BODIES[identity]
    elif "application/octet-stream" in content:
        content["application/octet-stream"]["example"] = UPLOAD
    elif "image/png" in content:
        content["image/png"]["example"] = PICTURE


def example_of(operation: str, parameter: str) -> Any:
    """The example of a parameter; None for those that only an earlier answer tells."""
    own = OF_OPERATION.get(operation, {})
    if parameter == "identity" and operation in OF_WORK_UNDER_WAY.split():
        return OF_ONES_OWN
    return own.get(parameter, PARAMETERS.get(parameter))
