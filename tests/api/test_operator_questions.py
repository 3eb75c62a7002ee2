"""The questions a command centre and the field ask about nearness, each with a test of its name."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from pyproj import Geod

from registry.domain.datum import gcj02_of
from registry.domain.entry import Responsibility
from registry.domain.identity import new_id
from registry.store import changes, entries, places
from registry.store.pool import Writer
from registry.store.query import Query
from tests.builders import A_CHANGE, NOW, make

GEOD = Geod(ellps="WGS84")
AT = (106.65, 29.03)
PLACE = {"list_version": "test", "level": "town", "parent": None, "name_zh": "镇", "name_en": "Town"}
PLACE |= {"extent": None, "extent_basis": "none", "extent_radius_m": None, "point": None}
PLACE |= {"point_uncertainty_m": None, "partner": None, "flags": {}, "valid_from": None, "valid_to": None}
PLACE |= {"source": None}
AGREEMENT = {"agreement": "district-level rescue linkage", "with": "qijiang"}


def east(metres: float, at=AT) -> tuple[float, float]:
    """The point so many metres east, by geodesic."""
    lon, lat, _ = GEOD.fwd(*at, 90, metres)
    return lon, lat


def there(kind: str, metres: float, **given):
    """A record so many metres east of the incident."""
    return make(kind, *east(metres), **given)


def box(lon: float, lat: float, side: float) -> dict:
    ring = [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


async def a_place(writer: Writer, code: str, **given) -> None:
    extent = given.pop("extent", None)
    drawn = {} if extent is None else {"extent": json.dumps(extent), "extent_basis": "boundary"}
    await places.upsert(writer, [PLACE | {"code": code} | given | drawn])
    await places.derive(writer)


async def ask(client, question: str, **params) -> dict:
    response = await client.get(f"/v1/proximity/{question}", params={"lon": AT[0], "lat": AT[1]} | params)
    assert response.status_code == 200, response.text
    return response.json()


async def tell(client, question: str, status: int = 200, **body) -> dict:
    response = await client.post(f"/v1/proximity/{question}", json=body)
    assert response.status_code == status, response.text
    return response.json()


def ids(answer: dict) -> list[str]:
    return [feature["id"] for feature in answer["features"]]


def seen(answer: dict, record) -> dict:
    return next(f["properties"] for f in answer["features"] if f["id"] == str(record.id))


async def test_o1_which_watch_points_cover_this_spot(client, stored) -> None:
    near = there("fire_watch_point", 4999, watch_radius_m=5000)
    edge = there("fire_watch_point", 3000, watch_radius_m=5000)
    short = there("fire_watch_point", 2000, watch_radius_m=1000)
    broken = there("fire_watch_point", 100, watch_radius_m=5000, operational="no")
    adrift = make("fire_watch_point", None, watch_radius_m=5000)
    await changes.load(stored, [near, edge, short, broken, adrift], A_CHANGE)
    answer = await ask(client, "covering")
    assert ids(answer) == [str(edge.id), str(near.id)]
    assert answer["untested"]["count"] == 1
    assert answer["untested"]["resources"][0]["id"] == str(adrift.id)
    nothing = await ask(client, "covering", lon=100.0)
    assert nothing["features"] == []
    doubt = await ask(client, "covering", spot_radius_m=500)
    assert seen(doubt, near)["certain"] is False
    assert seen(doubt, edge)["certain"] is True


async def test_o1_which_watch_points_see_an_area(client, stored) -> None:
    """An area is somewhere in the disc that holds it: seen whole, seen from its middle, or perhaps."""
    area = box(106.64, 29.02, 0.02)
    whole = there("fire_watch_point", 3000, watch_radius_m=9000)
    middle = there("fire_watch_point", 3000, watch_radius_m=3500)
    perhaps = there("fire_watch_point", 3000, watch_radius_m=2500)
    never = there("fire_watch_point", 9000, watch_radius_m=2500)
    hood = {"type": "Polygon", "coordinates": box(106.652, 29.032, 0.001)["coordinates"]}
    drawn = there("fire_watch_point", 3000, watch_radius_m=10, footprint=hood)
    await changes.load(stored, [whole, middle, perhaps, never, drawn], A_CHANGE)
    for origin in ({"area": area}, {"line": {"type": "LineString", "coordinates": area["coordinates"][0]}}):
        answer = await tell(client, "covering", origin=origin)
        assert ids(answer) == [str(record.id) for record in sorted((whole, middle), key=lambda r: r.id)]
        assert [seen(answer, record)["certain"] for record in (whole, middle)] == [True, False]
        untested = {one["id"]: one["reason"] for one in answer["untested"]["resources"]}
        assert untested == dict.fromkeys([str(perhaps.id), str(drawn.id)], "uncertain_position")
    disc = answer["origin"]["disc"]
    corner = GEOD.inv(106.64, 29.02, disc["lon"], disc["lat"])[2]
    assert disc["radius_m"] == pytest.approx(corner, rel=0.02)
    situation = await tell(client, "situation", origin={"area": area})
    assert ids(situation["covering"]) == ids(answer)
    assert situation["covering"]["disc"] == disc


async def test_o1_what_an_unknown_state_keeps_out_is_counted(client, stored) -> None:
    silent = there("fire_watch_point", 100, watch_radius_m=5000)
    works = there("fire_watch_point", 200, watch_radius_m=5000, operational="yes")
    await changes.load(stored, [silent, works], A_CHANGE)
    answer = await ask(client, "covering", operational="yes", explain=True)
    assert ids(answer) == [str(works.id)]
    assert answer["left_out"]["unknown_operational"] == 1
    assert [one["id"] for one in answer["left_out"]["listed"]] == [str(silent.id)]


async def test_o2_the_situation_at_an_alarm_in_one_call(client, stored) -> None:
    await a_place(stored, "town-a", extent=box(106.5, 28.9, 0.3))
    await a_place(stored, "county-b", extent=box(107, 29, 0.3), level="district", partner=AGREEMENT)
    fire = [{"code": "forest_fire"}]
    records = {
        "watch": there("fire_watch_point", 3000, watch_radius_m=5000),
        "post": there("fire_watch_point", 1200, form="checkpoint"),
        "team": there("rescue_team", 2000, specialties=fire),
        "other_team": there("rescue_team", 100, specialties=[{"code": "lift"}]),
        "silent_team": there("rescue_team", 900),
        "shelter": there(
            "shelter", 700, opening="open", capacity_persons=300, occupancy_persons=10, hazards=fire
        ),
        "full": there("shelter", 50, opening="open", capacity_persons=10, occupancy_persons=10, hazards=fire),
        "town": there("supply_depot", 800, tier="town"),
        "district": there("supply_depot", 500, tier="district"),
        "partner": make("rescue_team", 107.1, 29.1, specialties=fire, place="county-b"),
        "drill": there("rescue_team", 10, specialties=fire, exercise="drill"),
    }
    await changes.load(stored, list(records.values()), A_CHANGE)
    origin = {"lon": AT[0], "lat": AT[1]}
    found = await tell(client, "situation", origin=origin, hazard="forest_fire", persons=20)
    assert [place["code"] for place in found["places"]] == ["town-a"]
    known = {str(record.id): name for name, record in records.items()}
    listed = {name: [known[i] for i in ids(found[name])] for name in ("teams", "shelters", "checkpoints")}
    assert listed == {"teams": ["team", "partner"], "shelters": ["shelter"], "checkpoints": ["post"]}
    assert [known[i] for i in ids(found["covering"])] == ["watch"]
    assert [known[i] for i in ids(found["depots"]["town"])] == ["town"]
    assert [known[i] for i in ids(found["depots"]["district"])] == ["district"]
    assert [known[i] for i in ids(found["partners"])] == ["partner"]
    assert found["teams"]["left_out"]["unknown_specialties"] == 1
    drill = await client.post(
        "/v1/proximity/situation",
        json={"origin": origin, "hazard": "forest_fire"},
        params={"exercise": "drill"},
    )
    assert [known[i] for i in ids(drill.json()["teams"])] == ["drill"]


async def test_o3_nearest_teams_to_an_area_not_a_point(client, stored) -> None:
    area = box(106.6, 29.0, 0.1)
    inside = make("rescue_team", 106.65, 29.05)
    lon, lat, _ = GEOD.fwd(106.7, 29.05, 90, 1500)
    beside = make("rescue_team", lon, lat)
    far = make("rescue_team", 107.5, 29.05)
    await changes.load(stored, [far, beside, inside], A_CHANGE)
    answer = await tell(client, "nearest", origin={"area": area}, k=2)
    assert ids(answer) == [str(inside.id), str(beside.id)]
    assert seen(answer, inside)["distance_m"] == 0
    assert seen(answer, beside)["distance_m"] == pytest.approx(1500, abs=0.02)
    vague = await tell(client, "nearest", origin={"lon": 106.65, "lat": 29.05, "radius_m": 2000}, k=2)
    assert seen(vague, inside)["distance_m"] == 0
    assert seen(vague, inside)["distance_max_m"] == pytest.approx(2000)
    await a_place(stored, "hill", extent=area)
    by_code = (await client.get("/v1/proximity/nearest", params={"near_place": "hill", "k": 2})).json()
    assert ids(by_code) == ids(answer)
    assert by_code["origin"] == {"place": "hill"}


async def test_o4_everything_of_these_layers_in_this_window(client, stored) -> None:
    wanted = [make("shelter", 106.61, 29.01), make("supply_depot", 106.69, 29.09)]
    other = [make("rescue_team", 106.65, 29.05), make("shelter", 106.75, 29.05)]
    await changes.load(stored, [*wanted, *other], A_CHANGE)
    where = {"kinds": ["shelter", "supply_depot"]}
    answer = await tell(client, "within", origin={"area": box(106.6, 29.0, 0.1)}, where=where)
    assert sorted(ids(answer)) == sorted(str(record.id) for record in wanted)
    assert answer["complete"]


async def test_o5_which_town_holds_the_spot(client, stored) -> None:
    await a_place(stored, "district", extent=box(106, 29, 1), level="district")
    await a_place(stored, "town", extent=box(106.6, 29, 0.1), parent="district")
    await a_place(stored, "park", extent=box(106.64, 29.02, 0.02), level="management_area")
    found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1]})
    assert [place["code"] for place in found["places"]] == ["park", "town", "district"]


async def test_o6_nearest_available_team_with_a_specialty(client, stored) -> None:
    mine, water = {"code": "mine"}, {"code": "water"}
    both = there("rescue_team", 3000, specialties=[mine, water], readiness="available")
    single = there("rescue_team", 2000, specialties=[water], readiness="available")
    busy = there("rescue_team", 1000, specialties=[mine], readiness="committed")
    silent = there("rescue_team", 1500, specialties=[mine])
    lost = make("rescue_team", None, specialties=[mine], readiness="available")
    await changes.load(stored, [both, single, busy, silent, lost], A_CHANGE)
    any_of = await ask(client, "nearest", specialties_any="mine,water", readiness="available")
    assert ids(any_of) == [str(single.id), str(both.id)]
    all_of = await ask(client, "nearest", specialties_all="mine,water", readiness="available")
    assert ids(all_of) == [str(both.id)]
    assert all_of["unlocated"] == 0
    assert any_of["unlocated"] == 1
    assert any_of["left_out"]["unknown_readiness"] == 1
    explained = await ask(client, "nearest", specialties_any="mine", readiness="available", explain=True)
    reasons = {listed["id"]: listed["reasons"] for listed in explained["left_out"]["listed"]}
    assert reasons == {str(silent.id): ["unknown_readiness"], str(lost.id): ["no_location"]}
    assert seen(any_of, both)["why"]["readiness"] == "available"
    met = [seen(any_of, team)["why"]["specialties_any"] for team in (both, single)]
    assert met == [["registry:mine", "registry:water"], ["registry:water"]]


async def test_o7_who_can_be_there_in_thirty_minutes(client, stored) -> None:
    team = there("rescue_team", 20_000)
    await changes.load(stored, [team], A_CHANGE)
    pace = {"speed_kmh": 60, "detour": 1.5, "pace_source": "duty officer"}
    answer = await ask(client, "nearest", kind="rescue_team", rank="arrival", **pace)
    arrival = seen(answer, team)["arrival"]
    assert arrival["minutes"] == pytest.approx(20 * 1.5, abs=0.01)
    assert (arrival["method"], arrival["source"]) == ("straight_line_estimate", "duty officer")
    refused = await client.get(
        "/v1/proximity/nearest", params={"lon": AT[0], "lat": AT[1], "rank": "arrival", "kind": "shelter"}
    )
    assert refused.status_code == 400
    assert "REGISTRY_PACES" in refused.json()["detail"]


async def test_o8_nearest_open_shelter_for_a_hazard_with_room(client, stored) -> None:
    flood = [{"code": "flood"}]
    roomy = there("shelter", 3000, opening="open", hazards=flood, capacity_persons=300, occupancy_persons=50)
    empty = there("shelter", 4000, opening="open", hazards=flood, capacity_persons=250)
    crowded = there(
        "shelter", 1000, opening="open", hazards=flood, capacity_persons=300, occupancy_persons=150
    )
    closed = there("shelter", 500, opening="closed", hazards=flood, capacity_persons=500)
    unknown = there("shelter", 800, opening="open", hazards=flood)
    fire = there("shelter", 200, opening="open", hazards=[{"code": "fire"}], capacity_persons=900)
    await changes.load(stored, [roomy, empty, crowded, closed, unknown, fire], A_CHANGE)
    answer = await ask(
        client, "nearest", kind="shelter", opening="open", hazards_any="flood", free_persons=200
    )
    assert ids(answer) == [str(roomy.id), str(empty.id)]
    assert seen(answer, roomy)["free_persons"] == {"at_most": 250, "known": 250}
    assert seen(answer, empty)["free_persons"] == {"at_most": 250, "known": None}
    assert answer["left_out"]["unknown_capacity"] == 1


def stock(code: str, quantity: float | None, **more) -> dict:
    return {"item_code": code, "name": {"zh": "物资"}, "quantity": quantity, "unit": "件", **more}


async def with_stock(writer: Writer, *records) -> None:
    for record in records:
        await changes.insert(writer, record, A_CHANGE)


async def test_o9_which_store_has_the_item_up_the_tiers(client, stored) -> None:
    await a_place(stored, "neighbour", extent=box(107, 29, 0.3), level="district", partner=AGREEMENT)
    town = there("supply_depot", 5000, tier="town", stock=[stock("tent", 30)])
    district = there("supply_depot", 1000, tier="district", stock=[stock("tent", 50), stock("bed", 5)])
    partner = make("supply_depot", 107.1, 29.1, tier="town", place="neighbour", stock=[stock("tent", 500)])
    uncounted = there("supply_depot", 10, tier="town", stock=[stock("bed", None)])
    await with_stock(stored, town, district, partner, uncounted)
    origin = {"lon": AT[0], "lat": AT[1]}
    items = [{"code": "tent", "quantity": 100}, {"code": "bed", "quantity": 8}]
    found = await tell(client, "supplies", origin=origin, items=items)
    taken = {d["id"]: {t["code"]: t["take"] for t in d["properties"]["takes"]} for d in found["depots"]}
    assert taken == {
        str(town.id): {"tent": 30},
        str(district.id): {"tent": 50, "bed": 5},
        str(partner.id): {"tent": 20},
    }
    assert [d["id"] for d in found["depots"]] == [str(town.id), str(district.id), str(partner.id)]
    (missing,) = found["shortfall"]
    assert {name: missing[name] for name in ("code", "missing", "uncounted_depots", "other_unit_depots")} == {
        "code": "bed",
        "missing": 3,
        "uncounted_depots": 1,
        "other_unit_depots": 0,
    }
    assert found["satisfied"] is False
    nearest = await ask(client, "nearest", item="tent", quantity=40)
    assert ids(nearest) == [str(district.id), str(partner.id)]
    assert seen(nearest, district)["quantity"] == 50


async def test_o9_what_is_counted_in_another_unit_is_not_added_up_in_silence(client, stored) -> None:
    single = there("supply_depot", 1000, tier="town", stock=[stock("rice", 30)])
    boxed = there("supply_depot", 2000, tier="town", stock=[stock("rice", 20) | {"unit": "箱"}])
    await with_stock(stored, single, boxed)
    origin = {"lon": AT[0], "lat": AT[1]}
    loose = await tell(client, "supplies", origin=origin, items=[{"code": "rice", "quantity": 40}])
    assert (loose["satisfied"], loose["mixed_units"]) == (True, ["gbt38565:rice"])
    stated = await tell(
        client, "supplies", origin=origin, items=[{"code": "rice", "quantity": 40, "unit": "箱"}]
    )
    assert [depot["id"] for depot in stated["depots"]] == [str(boxed.id)]
    assert (stated["satisfied"], stated["mixed_units"]) == (False, [])
    (missing,) = stated["shortfall"]
    assert (missing["missing"], missing["unit"], missing["other_unit_depots"]) == (20, "箱", 1)
    both = [{"code": "rice", "quantity": 10, "unit": "箱"}, {"code": "rice", "quantity": 35, "unit": "件"}]
    found = await tell(client, "supplies", origin=origin, items=both)
    assert {t["unit"]: t["take"] for d in found["depots"] for t in d["properties"]["takes"]} == {
        "件": 30,
        "箱": 10,
    }
    assert [(s["unit"], s["missing"]) for s in found["shortfall"]] == [("件", 5)]
    twice = await tell(client, "supplies", origin=origin, items=[{"code": "rice", "quantity": 30}] * 2)
    assert [s["missing"] for s in twice["shortfall"]] == [10]


async def test_o10_near_the_border_a_partner_county_may_be_nearer(client, stored) -> None:
    await a_place(stored, "tongzi", extent=box(106.6, 28.9, 0.1), level="district", partner=AGREEMENT)
    await a_place(stored, "tongzi-town", parent="tongzi")
    theirs = there("rescue_team", 1000, place="tongzi-town")
    ours = there("rescue_team", 9000)
    await changes.load(stored, [theirs, ours], A_CHANGE)
    answer = await ask(client, "nearest", kind="rescue_team")
    assert ids(answer) == [str(theirs.id), str(ours.id)]
    assert seen(answer, theirs)["partner"]["agreement"] == AGREEMENT
    assert seen(answer, theirs)["partner"]["place"] == "tongzi"
    assert "partner" not in seen(answer, ours)
    assert ids(await ask(client, "nearest", partners="exclude")) == [str(ours.id)]
    assert ids(await ask(client, "nearest", partners="only")) == [str(theirs.id)]


CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>T-1</identifier>
<sent>2026-07-01T08:00:00+08:00</sent>
<info><event>Rainstorm</event><severity>Severe</severity><area><areaDesc>hill</areaDesc>
<polygon>29.0,106.6 29.0,106.7 29.1,106.7 29.1,106.6 29.0,106.6</polygon>
<circle>29.5,106.5 2</circle></area><area><areaDesc>elsewhere</areaDesc></area></info></alert>"""


async def test_o14_resources_inside_a_warning_polygon(client, stored) -> None:
    inside = make("shelter", 106.65, 29.05)
    edge = make("shelter", 106.7, 29.05)
    lon, lat, _ = GEOD.fwd(106.5, 29.5, 0, 1999)
    in_circle = make("rescue_team", lon, lat)
    lon, lat, _ = GEOD.fwd(106.5, 29.5, 0, 2001)
    outside = make("rescue_team", lon, lat)
    swapped = make("shelter", 29.05, 75.0)
    await changes.load(stored, [inside, edge, in_circle, outside, swapped], A_CHANGE)
    headers = {"content-type": "application/cap+xml"}
    response = await client.post("/v1/proximity/alert-area", content=CAP, headers=headers)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert sorted(ids(answer)) == sorted(map(str, [inside.id, edge.id, in_circle.id]))
    assert answer["counts"] == {"shelter": 2, "rescue_team": 1}
    assert answer["undrawn"] == ["elsewhere"]
    assert answer["alert"]["event"] == "Rainstorm"
    polygon = "29.0,106.6 29.0,106.7 29.1,106.7 29.1,106.6 29.0,106.6"
    as_json = await tell(client, "alert-area", info=[{"area": [{"polygon": [polygon]}]}])
    assert sorted(ids(as_json)) == sorted(map(str, [inside.id, edge.id]))


async def alert(client, content: bytes | str, kind="application/cap+xml", status=200, **params) -> dict:
    headers = {"content-type": kind}
    path = "/v1/proximity/alert-area"
    response = await client.post(path, content=content, headers=headers, params=params)
    assert response.status_code == status, response.text
    return response.json()


async def test_o14_an_alert_in_a_chinese_encoding_is_read(client, stored) -> None:
    inside = make("shelter", 106.65, 29.05)
    await changes.load(stored, [inside], A_CHANGE)
    for name, codec in (("GB2312", "gb2312"), ("gbk", "gbk"), ("GB18030", "gb18030")):
        text = CAP.replace("UTF-8", name).replace("Rainstorm", "暴雨")
        answer = await alert(client, text.encode(codec))
        assert ids(answer) == [str(inside.id)]
        assert answer["alert"]["event"] == "暴雨"


async def test_o14_a_polygon_across_180_is_taken_on_its_short_side(client, stored) -> None:
    east, west, far = make("shelter", 179.5, -17), make("shelter", -179.5, -17), make("shelter", 0, -17)
    await changes.load(stored, [east, west, far], A_CHANGE)
    ring = "-18,179 -16,179 -16,-179 -18,-179 -18,179"
    text = CAP.replace("29.0,106.6 29.0,106.7 29.1,106.7 29.1,106.6 29.0,106.6", ring)
    assert sorted(ids(await alert(client, text))) == sorted([str(east.id), str(west.id)])
    around_the_pole = text.replace(ring, "80,0 80,120 80,-120 80,0")
    assert "polygon" in str(await alert(client, around_the_pole, status=422))


async def test_o14_what_is_unknown_inside_an_alert_is_counted(client, stored) -> None:
    is_open, silent = make("shelter", 106.65, 29.05, opening="open"), make("shelter", 106.64, 29.05)
    elsewhere = make("shelter", 106.9, 29.05)
    await changes.load(stored, [is_open, silent, elsewhere], A_CHANGE)
    answer = await alert(client, CAP, opening="open")
    assert ids(answer) == [str(is_open.id)]
    assert answer["left_out"] == {"unknown_opening": 1}
    await alert(client, '{"info": []}', kind="text/plain", status=415)


@pytest.mark.parametrize(
    "body",
    [
        CAP.replace("<alert", '<!DOCTYPE alert [<!ENTITY a "b">]><alert'),
        CAP.replace("cap:1.2", "cap:1.1"),
        CAP.replace("29.0,106.6 29.0,106.7", "106.6,29.0 106.7,29.0"),
        CAP.replace("2</circle>", "nan</circle>"),
        "<alert",
        "",
    ],
)
async def test_o14_an_alert_that_cannot_be_read_is_refused(client, body) -> None:
    headers = {"content-type": "application/xml"}
    response = await client.post("/v1/proximity/alert-area", content=body, headers=headers)
    assert response.status_code == 422, response.text


async def test_f1_nearest_open_shelter_and_what_it_has(client, stored) -> None:
    warm = there("shelter", 900, opening="open", amenities=[{"code": "water"}], hours="08:00-20:00")
    await changes.load(stored, [warm, there("shelter", 100, opening="closed")], A_CHANGE)
    answer = await ask(client, "nearest", kind="shelter", opening="open", k=1)
    assert ids(answer) == [str(warm.id)]
    assert seen(answer, warm)["hours"] == "08:00-20:00"
    assert seen(answer, warm)["compass"] == "E"


async def test_f3_nearest_store_with_the_item(client, stored) -> None:
    has = there("supply_depot", 3000, stock=[stock("tent", 3, counted_at=NOW.isoformat())])
    out = there("supply_depot", 1000, stock=[stock("tent", 0)])
    silent = there("supply_depot", 2000)
    await with_stock(stored, has, out, silent)
    answer = await ask(client, "nearest", item="gbt38565:tent")
    assert ids(answer) == [str(has.id)]
    assert answer["left_out"]["unknown_stock"] == 1


async def test_f8_which_grid_am_i_in_and_who_is_above_it(client, stored) -> None:
    await a_place(stored, "d", extent=box(106, 29, 1), level="district")
    await a_place(stored, "t", extent=box(106.6, 29, 0.1), parent="d")
    await a_place(stored, "g", extent=box(106.645, 29.025, 0.01), level="grid", parent="t")
    found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1]})
    assert [place["level"] for place in found["places"]] == ["grid", "town", "district"]


async def test_f9_from_each_hazard_point_the_way_to_a_shelter(client, stored) -> None:
    near, far = there("shelter", 500), there("shelter", 9000)
    await changes.load(stored, [near, far, make("shelter", None)], A_CHANGE)
    spots = [{"lon": AT[0], "lat": AT[1]}, dict(zip(("lon", "lat"), east(8800), strict=True))]
    found = await tell(client, "batch", origins=spots, where={"kind": "shelter"})
    assert [answer["hits"][0]["id"] for answer in found["answers"]] == [str(near.id), str(far.id)]
    assert found["answers"][1]["hits"][0]["distance_m"] == pytest.approx(200, abs=0.02)
    assert (found["unlocated"], found["more_unlocated"]) == (1, False)
    assert sorted(feature["id"] for feature in found["features"]) == sorted(map(str, [near.id, far.id]))


async def test_f13_a_chainage_without_road_geometry_says_so(client) -> None:
    response = await client.get("/v1/proximity/nearest", params={"road": "G75", "chainage_km": 1060})
    assert response.status_code == 422
    assert response.json()["type"].endswith("no-geometry")


async def test_a_corridor_is_measured_from_its_edge(client, stored) -> None:
    line = {"type": "LineString", "coordinates": [[106.6, 29.03], [106.7, 29.03]]}
    lon, lat, _ = GEOD.fwd(106.7, 29.03, 90, 120)
    beyond = make("shelter", lon, lat)
    on_it = make("shelter", 106.7, 29.03)
    await changes.load(stored, [beyond, on_it], A_CHANGE)
    inside = await tell(client, "within", origin={"line": line, "width_m": 200})
    assert ids(inside) == [str(on_it.id)]
    near = await tell(client, "within", origin={"line": line, "width_m": 200}, radius_m=21)
    assert seen(near, beyond)["distance_m"] == pytest.approx(20, abs=0.02)


async def test_a_phone_map_position_is_converted_and_said(client, stored) -> None:
    record = there("shelter", 0)
    await changes.load(stored, [record], A_CHANGE)
    lon, lat = gcj02_of(AT)
    answer = await ask(client, "nearest", lon=lon, lat=lat, datum="gcj02")
    assert seen(answer, record)["distance_m"] < 0.01
    assert answer["origin"]["datum"] == "gcj02"
    assert answer["origin"]["converted_to"] == "wgs84"
    plain = await ask(client, "nearest", lon=lon, lat=lat)
    assert 450 < seen(plain, record)["distance_m"] < 520


async def test_the_cautious_order_puts_the_vague_record_last(client, stored) -> None:
    vague = there("shelter", 1000, quality="approximate", uncertainty_m=5000.0)
    firm = there("shelter", 2000)
    await changes.load(stored, [vague, firm], A_CHANGE)
    assert ids(await ask(client, "nearest")) == [str(vague.id), str(firm.id)]
    cautious = await ask(client, "nearest", rank="distance_max", k=1)
    assert ids(cautious) == [str(firm.id)]


UNKNOWNS = [
    ("rescue_team", {"force": "standing"}, "unknown_force"),
    ("rescue_team", {"level": "town"}, "unknown_level"),
    ("shelter", {"level": "town"}, "unknown_level"),
    ("rescue_team", {"readiness": "available"}, "unknown_readiness"),
    ("shelter", {"opening": "open"}, "unknown_opening"),
    ("shelter", {"free_persons": 5}, "unknown_capacity"),
    ("fire_watch_point", {"form": "checkpoint"}, "unknown_form"),
    ("fire_watch_point", {"operational": "yes"}, "unknown_operational"),
    ("supply_depot", {"tier": "town"}, "unknown_tier"),
    ("supply_depot", {"item": "tent"}, "unknown_stock"),
    ("rescue_team", {"specialties_any": "mine"}, "unknown_specialties"),
    ("rescue_team", {"specialties_all": "mine"}, "unknown_specialties"),
    ("shelter", {"hazards_any": "flood"}, "unknown_hazards"),
    ("shelter", {"hazards_all": "flood"}, "unknown_hazards"),
    ("shelter", {"max_age_days": 9}, "never_verified"),
]


@pytest.mark.parametrize(("kind", "condition", "case"), UNKNOWNS)
async def test_what_only_an_unknown_value_keeps_out_is_counted(client, stored, kind, condition, case) -> None:
    silent = there(kind, 500)
    elsewhere = there(kind, 90_000)
    await changes.load(stored, [silent, elsewhere], A_CHANGE)
    for question, bound in (("nearest", {}), ("within", {"radius_m": 1000})):
        answer = await ask(client, question, kind=kind, explain=True, **condition, **bound)
        assert ids(answer) == []
        assert answer["left_out"][case] == 1
        assert [one["id"] for one in answer["left_out"]["listed"]] == [str(silent.id)]


async def test_inside_an_area_the_unknown_are_those_inside(client, stored) -> None:
    """When all that was asked for lies inside, what lies beyond is not as near."""
    inside, silent = make("shelter", 106.65, 29.05, opening="open"), make("shelter", 106.66, 29.05)
    outside = make("shelter", 106.75, 29.05)
    await changes.load(stored, [inside, silent, outside], A_CHANGE)
    question = {"origin": {"area": box(106.6, 29.0, 0.1)}, "where": {"opening": "open"}, "explain": True}
    for name, more in (("nearest", {"k": 1}), ("within", {})):
        answer = await tell(client, name, **question, **more)
        assert ids(answer) == [str(inside.id)]
        assert [one["id"] for one in answer["left_out"]["listed"]] == [str(silent.id)]
    wider = await tell(client, "within", **question, radius_m=6000)
    assert {one["id"] for one in wider["left_out"]["listed"]} == {str(silent.id), str(outside.id)}


async def test_o2_a_depot_whose_tier_nobody_stated_is_counted(client, stored) -> None:
    await changes.load(stored, [there("supply_depot", 500), there("fire_watch_point", 600)], A_CHANGE)
    found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1]})
    assert found["depots"]["district"]["left_out"]["unknown_tier"] == 1
    assert found["checkpoints"]["left_out"]["unknown_form"] == 1


@pytest.mark.parametrize("visibility", ["public", "internal"])
async def test_what_moves_is_measured_from_where_it_was_last_seen(client, stored, signed, visibility) -> None:
    """The public has the cell of an internal record's home, and no word of when it was seen."""
    team = there("rescue_team", 30_000, visibility=visibility)
    await changes.load(stored, [team], A_CHANGE)
    headers = await signed("planner")
    lon, lat = east(400)
    seen_at = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    report = {"observed_at": seen_at, "coordinates": [lon, lat], "accuracy_m": 50}
    path = f"/v1/resources/{team.id}/status"
    assert (await client.post(path, json=report, headers=headers)).status_code == 201
    spot = {"lon": AT[0], "lat": AT[1]}
    answer = (await client.get("/v1/proximity/nearest", params=spot, headers=headers)).json()
    told = seen(answer, team)
    assert told["distance_m"] == pytest.approx(400, abs=0.02)
    assert told["distance_max_m"] == pytest.approx(450, abs=0.02)
    assert told["position_age_s"] == pytest.approx(7200, abs=60)
    theirs = seen(await ask(client, "nearest"), team)
    assert ("position_age_s" in theirs) == (visibility == "public")
    assert (theirs["distance_m"] < 500) == (visibility == "public")


async def test_a_record_out_of_its_dates_is_not_there(client, stored) -> None:
    day = timedelta(days=1)
    past = there("shelter", 10, valid_to=(NOW - day).isoformat())
    coming = there("shelter", 20, valid_from="2099-01-01T00:00:00Z")
    await changes.load(stored, [past, coming], A_CHANGE)
    assert ids(await ask(client, "nearest")) == []


async def test_freshness_is_told_and_asked(client, stored) -> None:
    fresh, old, never = there("shelter", 10), there("shelter", 20), there("shelter", 30)
    await changes.load(stored, [fresh, old, never], A_CHANGE)
    verified = Query(sa.text("UPDATE resource SET verified_at = :at WHERE id = :id"))
    for record, year in ((fresh, 2099), (old, 2001)):
        await stored.run(verified, {"at": datetime(year, 1, 1, tzinfo=UTC), "id": record.id})
    answer = await ask(client, "nearest")
    assert [seen(answer, r)["stale"] for r in (fresh, old, never)] == [False, True, None]
    recent = await ask(client, "nearest", max_age_days=100)
    assert ids(recent) == [str(fresh.id)]
    assert recent["left_out"]["never_verified"] == 1


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"lat": 1}, "lon"),
        ({"lon": 1}, "lat"),
        ({"lon": 1, "lat": 1, "near_place": "x"}, "origin"),
        ({"lon": 1, "lat": 1, "quantity": 3}, "quantity"),
        ({"lon": 1, "lat": 1, "kinds": "shelter,inn"}, "kinds"),
        ({"lon": 1, "lat": 1, "kind": "shelter", "kinds": "shelter"}, "kinds"),
        ({"lon": 1, "lat": 1, "specialties_any": "a b"}, "specialties_any"),
        ({"lon": 1, "lat": 1, "verified_since": "2026-01-01T00:00:00"}, "verified_since"),
        ({"lon": 1, "lat": 1, "speed_kmh": 30}, "speed_kmh"),
        ({"lon": 1, "lat": 1, "datum": "mars"}, "datum"),
    ],
)
async def test_a_question_that_contradicts_itself_names_the_parameter(client, params, name) -> None:
    response = await client.get("/v1/proximity/nearest", params=params)
    assert response.status_code == 400, response.text
    assert any(name in str(error.values()) for error in response.json()["errors"]), response.text


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("within", {"rank": "distance_max"}),
        ("within", {"k": 3}),
        ("nearest", {"radius_m": 100}),
        ("nearest", {"rank": "arrival", "speed_kmh": 0, "detour": 1, "pace_source": "x"}),
        ("nearest", {"rank": "arrival", "speed_kmh": 40, "detour": 0.5, "pace_source": "x"}),
    ],
)
async def test_a_body_that_means_nothing_here_is_refused(client, question, more) -> None:
    await tell(client, question, 400, origin={"lon": AT[0], "lat": AT[1]}, **more)


async def test_an_invalid_area_is_refused_with_its_reason(client) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    problem = await tell(client, "nearest", 422, origin={"area": bow})
    assert "Self-intersection" in problem["detail"]


async def test_f5_who_is_responsible_here(client, stored) -> None:
    await a_place(stored, "d", extent=box(106, 29, 1), level="district")
    await a_place(stored, "t", extent=box(106.6, 29, 0.1), parent="d")
    for role, hazards in (("patrol", ["flood"]), ("technical", []), ("ranger", ["forest_fire"])):
        times = {"version": 1, "created_at": NOW, "updated_at": NOW}
        made = Responsibility(id=new_id(1), place="d", role=role, hazards=hazards, **times)
        await entries.insert_many(stored, [made], "test")
    for hazard in ("flood", "registry:flood"):
        found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1]}, hazard=hazard)
        assert [entry["role"] for entry in found["responsible"]] == ["patrol", "technical"]


async def test_o5_a_drawn_incident_belongs_to_the_place_that_holds_all_of_it(client, stored) -> None:
    await a_place(stored, "d", extent=box(106, 29, 1), level="district")
    await a_place(stored, "t", extent=box(106.6, 29, 0.1), parent="d")
    await a_place(stored, "beside", extent=box(106.7, 29, 0.05), parent="d")
    found = await tell(client, "situation", origin={"place": "t"})
    assert [(place["code"], place["holds_all"]) for place in found["places"]] == [("t", True), ("d", True)]
    across = await tell(client, "situation", origin={"area": box(106.68, 29.01, 0.03)})
    assert [(place["code"], place["holds_all"]) for place in across["places"]] == [
        ("beside", False),
        ("t", False),
        ("d", True),
    ]


async def test_o5_a_vague_incident_belongs_for_sure_to_what_holds_every_spot_of_it(client, stored) -> None:
    await a_place(stored, "d", extent=box(106, 28.5, 1), level="district")
    await a_place(stored, "t", extent=box(106.6, 29, 0.1), parent="d")
    await a_place(stored, "beside", extent=box(106.7, 29, 0.05), parent="d")
    for radius_m, told in ((100, {"t": True, "d": True}), (6000, {"beside": False, "t": False, "d": True})):
        found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1], "radius_m": radius_m})
        assert {place["code"]: place["holds_all"] for place in found["places"]} == told
