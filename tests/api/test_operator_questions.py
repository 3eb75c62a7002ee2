"""The questions a command centre and the field ask about nearness, each with a test of its name."""

import pytest

from registry.domain.access.sight import PUBLIC
from registry.domain.identity import new_id
from registry.domain.plans.entry import Responsibility
from registry.domain.records.contact import Contact
from registry.services.proximity import situation
from registry.store.database.pool import Writer
from registry.store.plans import entries
from registry.store.records import changes, contacts
from tests.api.near import AGREEMENT, AT, GEOD, a_place, ask, box, east, ids, seen, tell, there
from tests.builders import A_CHANGE, NOW, make


async def test_o1_which_watch_points_cover_this_spot(client, stored) -> None:
    near = there("fire_watch_point", 4999, watch_radius_m=5000)
    edge = there("fire_watch_point", 3000, watch_radius_m=5000)
    short = there("fire_watch_point", 2000, watch_radius_m=1000)
    broken = there("fire_watch_point", 100, watch_radius_m=5000, operational="no")
    adrift = make("fire_watch_point", None, watch_radius_m=5000)
    await changes.load(stored, [near, edge, short, broken, adrift], A_CHANGE)
    answer = await ask(client, "covering")
    assert ids(answer) == [str(edge.id), str(near.id)]
    (doubtful,) = answer["undecided"]["resources"]
    assert (doubtful["id"], doubtful["reason"]) == (str(adrift.id), "no_position")
    assert doubtful["watch_radius_m"] == 5000
    assert answer["excluded"]["operational"]["otherwise"] == 1
    assert answer["excluded"]["operational"]["nearest"]["id"] == str(broken.id)
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
    belt = {"type": "Polygon", "coordinates": [[[-90, 0], [90, 0], [90, 1], [-90, 1], [-90, 0]]]}
    odd = there("fire_watch_point", 3000, watch_radius_m=10, footprint=belt)
    await changes.load(stored, [whole, middle, perhaps, never, drawn, odd], A_CHANGE)
    for origin in ({"area": area}, {"line": {"type": "LineString", "coordinates": area["coordinates"][0]}}):
        answer = await tell(client, "covering", origin=origin)
        assert ids(answer) == [str(record.id) for record in sorted((whole, middle), key=lambda r: r.id)]
        assert [seen(answer, record)["certain"] for record in (whole, middle)] == [True, False]
        untested = {one["id"]: one["reason"] for one in answer["undecided"]["resources"]}
        assert untested == dict.fromkeys([str(perhaps.id), str(drawn.id)], "uncertainty")
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
    answer = await ask(client, "covering", operational="yes")
    assert ids(answer) == [str(works.id)]
    assert answer["excluded"]["operational"]["not_stated"] == 1
    (doubtful,) = answer["undecided"]["resources"]
    assert (doubtful["id"], doubtful["unknown"]) == (str(silent.id), ["operational"])


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
    assert found["teams"]["excluded"]["specialties_any"] == {
        "not_stated": 1,
        "otherwise": 1,
        "nearest": {"id": str(records["other_team"].id), "distance_m": pytest.approx(100, abs=0.01)},
    }
    drill = await client.post(
        "/v1/proximity/situation",
        json={"origin": origin, "hazard": "forest_fire"},
        params={"exercise": "drill"},
    )
    assert [known[i] for i in ids(drill.json()["teams"])] == ["drill"]


async def test_o2_teams_are_named_by_fitness_with_their_published_telephones(client, stored) -> None:
    fire, general = [{"code": "forest_fire"}], [{"code": "comprehensive"}]
    busy = there("rescue_team", 100, specialties=fire, readiness="committed")
    silent = there("rescue_team", 200, specialties=fire)
    town = there("rescue_team", 300, specialties=general, readiness="available")
    ready = there("rescue_team", 4000, specialties=fire, readiness="available")
    far = there("rescue_team", 9000, specialties=fire, readiness="available")
    await changes.load(stored, [busy, silent, town, ready, far], A_CHANGE)
    for phone, published in (("023-48660001", True), ("13800000000", False)):
        number = Contact(role="captain", phone=phone, published=published)
        await contacts.put(stored, PUBLIC, ready.id, new_id(1), number)

    async def teams(**more) -> list[str]:
        found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1]}, **more)
        return found["teams"]["features"]

    listed = await teams(hazard="forest_fire")
    assert [one["id"] for one in listed] == [str(one.id) for one in (ready, far, town)]
    assert [one["properties"]["fitness"] for one in listed] == [
        {"readiness": "available", "specialty": "specialist"},
        {"readiness": "available", "specialty": "specialist"},
        {"readiness": "available", "specialty": "comprehensive"},
    ]
    assert [[number["phone"] for number in one["properties"]["telephones"]] for one in listed] == [
        ["023-48660001"],
        [],
        [],
    ]
    every = await teams(hazard="forest_fire", k=5)
    assert [one["id"] for one in every[3:]] == [str(one.id) for one in (silent, busy)]
    assert [one["properties"]["fitness"]["specialty"] for one in await teams()] == ["any"] * 3


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
    assert all_of["undecided"]["count"] == 0
    assert any_of["excluded"]["readiness"]["not_stated"] == 1
    assert any_of["excluded"]["readiness"]["nearest"]["id"] == str(busy.id)
    doubtful = {one["id"]: (one["reason"], one.get("unknown")) for one in any_of["undecided"]["resources"]}
    assert doubtful == {
        str(silent.id): ("unknown_value", ["readiness"]),
        str(lost.id): ("no_position", None),
    }
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
    assert [seen(answer, record)["certain"] for record in (roomy, empty)] == [True, False]
    excluded = answer["excluded"]
    assert {name: (one["not_stated"], one["otherwise"]) for name, one in excluded.items()} == {
        "free_persons": (1, 1),
        "hazards_any": (0, 1),
        "opening": (0, 1),
    }
    assert excluded["hazards_any"]["nearest"]["id"] == str(fire.id)
    assert [one["id"] for one in answer["undecided"]["resources"]] == [str(unknown.id)]


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
    assert found["satisfied"] == "unknown"
    assert (missing["missing_min"], missing["missing_max"]) == (0, 3)
    assert [one["unknown"] for one in found["undecided"]["resources"]] == [["items"]]
    nearest = await ask(client, "nearest", item="tent", quantity=40)
    assert ids(nearest) == [str(district.id), str(partner.id)]
    assert seen(nearest, district)["quantity"] == 50


async def test_o9_what_is_counted_in_another_unit_is_not_added_up_in_silence(client, stored) -> None:
    single = there("supply_depot", 1000, tier="town", stock=[stock("rice", 30)])
    boxed = there("supply_depot", 2000, tier="town", stock=[stock("rice", 20) | {"unit": "箱"}])
    await with_stock(stored, single, boxed)
    origin = {"lon": AT[0], "lat": AT[1]}
    loose = await tell(client, "supplies", origin=origin, items=[{"code": "rice", "quantity": 40}])
    assert (loose["satisfied"], loose["mixed_units"]) == ("yes", ["gbt38565:rice"])
    stated = await tell(
        client, "supplies", origin=origin, items=[{"code": "rice", "quantity": 40, "unit": "箱"}]
    )
    assert [depot["id"] for depot in stated["depots"]] == [str(boxed.id)]
    assert (stated["satisfied"], stated["mixed_units"]) == ("unknown", [])
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
    assert answer["excluded"]["item"]["not_stated"] == 1
    assert answer["excluded"]["item"]["nearest"]["id"] == str(out.id)


async def test_f8_which_grid_am_i_in_and_who_is_above_it(client, stored) -> None:
    await a_place(stored, "d", extent=box(106, 29, 1), level="district")
    await a_place(stored, "t", extent=box(106.6, 29, 0.1), parent="d")
    await a_place(stored, "g", extent=box(106.645, 29.025, 0.01), level="grid", parent="t")
    found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1]})
    assert [place["level"] for place in found["places"]] == ["grid", "town", "district"]


async def test_f9_from_each_hazard_point_the_way_to_a_shelter(client, stored) -> None:
    near, far = there("shelter", 500), there("shelter", 9000)
    adrift = make("shelter", None)
    await changes.load(stored, [near, far, adrift], A_CHANGE)
    spots = [{"lon": AT[0], "lat": AT[1]}, dict(zip(("lon", "lat"), east(8800), strict=True))]
    found = await tell(client, "batch", origins=spots, where={"kind": "shelter"})
    assert [answer["hits"][0]["id"] for answer in found["answers"]] == [str(near.id), str(far.id)]
    assert found["answers"][1]["hits"][0]["distance_m"] == pytest.approx(200, abs=0.02)
    assert [one["reason"] for one in found["undecided"]["resources"]] == ["no_position"]
    assert [answer["undecided"] for answer in found["answers"]] == [[str(adrift.id)]] * 2
    assert sorted(feature["id"] for feature in found["features"]) == sorted(map(str, [near.id, far.id]))


async def test_f13_a_chainage_without_road_geometry_says_so(client) -> None:
    response = await client.get("/v1/proximity/nearest", params={"road": "G75", "chainage_km": 1060})
    assert response.status_code == 422
    assert response.json()["type"].endswith("no-geometry")


async def test_o2_a_depot_whose_tier_nobody_stated_is_counted(client, stored) -> None:
    await changes.load(stored, [there("supply_depot", 500), there("fire_watch_point", 600)], A_CHANGE)
    found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1]})
    for tier in ("community", "town", "district"):
        assert found["depots"][tier]["excluded"]["tier"]["not_stated"] == 1
    assert found["checkpoints"]["excluded"]["form"]["not_stated"] == 1


async def test_f5_who_is_responsible_here(client, stored) -> None:
    await a_place(stored, "d", extent=box(106, 29, 1), level="district")
    await a_place(stored, "t", extent=box(106.6, 29, 0.1), parent="d")
    for role, hazards in (("patrol", ["flood"]), ("technical", []), ("ranger", ["forest_fire"])):
        times = {"visibility": "public", "version": 1, "created_at": NOW, "updated_at": NOW}
        made = Responsibility(id=new_id(1), place="d", role=role, hazards=hazards, **times)
        await entries.insert_many(stored, [made], "test")
    for hazard in ("flood", "registry:flood"):
        found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1]}, hazard=hazard)
        persons = found["responsible"]["persons"]
        assert [(one["role"], one["for"], one["relation"]) for one in persons] == [
            ("patrol", ["flood"], "named"),
            ("technical", [], "general"),
        ]


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


async def test_o5_of_many_places_those_that_hold_all_are_told(client, stored, monkeypatch) -> None:
    """However many small places a large origin has in it, who answers for all of it is among them."""
    monkeypatch.setattr(situation, "MOST_PLACES", 2)
    await a_place(stored, "d", extent=box(106, 29, 1), level="district")
    for n in range(5):
        await a_place(stored, f"t{n}", extent=box(106 + n / 5, 29, 0.1 + n / 100), parent="d")
    times = {"visibility": "public", "version": 1, "created_at": NOW, "updated_at": NOW}
    await entries.insert_many(
        stored, [Responsibility(id=new_id(1), place="d", role="patrol", **times)], "test"
    )
    whole = [("t0", False), ("t1", False), ("d", True)]
    vague = {"lon": 106.5, "lat": 29.5, "radius_m": 50_000}
    for origin, told in (({"place": "d"}, whole), ({"area": box(106, 29, 0.9)}, whole), (vague, None)):
        found = await tell(client, "situation", origin=origin)
        assert found["more_places"]
        persons = [entry["role"] for entry in found["responsible"]["persons"]]
        assert persons == (["patrol"] if told else [])
        assert told is None or [(one["code"], one["holds_all"]) for one in found["places"]] == told
    assert not (await tell(client, "situation", origin={"lon": 106.01, "lat": 29.01}))["more_places"]


async def test_o5_a_vague_incident_belongs_for_sure_to_what_holds_every_spot_of_it(client, stored) -> None:
    await a_place(stored, "d", extent=box(106, 28.5, 1), level="district")
    await a_place(stored, "t", extent=box(106.6, 29, 0.1), parent="d")
    await a_place(stored, "beside", extent=box(106.7, 29, 0.05), parent="d")
    for radius_m, told in ((100, {"t": True, "d": True}), (6000, {"beside": False, "t": False, "d": True})):
        found = await tell(client, "situation", origin={"lon": AT[0], "lat": AT[1], "radius_m": radius_m})
        assert {place["code"]: place["holds_all"] for place in found["places"]} == told
