"""The field worker's fourteen questions on the live seeds, each with its honest answer."""

from tests.api.conftest import signing
from tests.questions.answers import YONGXIN, actions, names, not_held


async def test_f1_the_named_warm_station_is_held_somewhere_in_bishan(get) -> None:
    (station,) = (await get("/v1/resources", kind="shelter"))["features"]
    assert "暖心驿站" in station["properties"]["name"]["zh"]
    amenities = {code["code"] for code in station["properties"]["amenities"]}
    assert amenities == {"air_conditioning", "drinking_water", "microwave", "first_aid"}
    assert (station["properties"]["opening"], station["properties"]["hours"]) == ("unknown", None)


async def test_f1_the_warm_station_may_be_the_nearest_for_heat(get) -> None:
    answer = await get("/v1/proximity/nearest", lon=106.23, lat=29.59, kind="shelter", hazards_any="heat")
    assert answer["features"] == []
    assert any("暖心驿站" in name for name in names(answer["undecided"]["resources"]))


async def test_f2_checkpoints_have_no_code_on_record_and_their_counts_are_a_total(get) -> None:
    posts = (await get("/v1/resources", form="checkpoint"))["features"]
    assert {tuple(post["properties"]["external_ids"]) for post in posts} == {()}
    events = (await get("/v1/registers/event", place="500110113"))["entries"]
    counts = next(event["counts"] for event in events if event["type"] == "checkpoint_register")
    assert counts == {"person_times": 2352, "vehicle_times": 786, "ignition_sources": 22}


async def test_f3_no_stock_is_counted_near_here(get) -> None:
    answer = await get("/v1/proximity/nearest", **YONGXIN, item="2010101", quantity=1)
    assert answer["features"] == []
    assert answer["undecided"]["count"] >= 1


async def test_f4_reports_of_dangers_are_not_held_and_said_so(check) -> None:
    assert not_held(await check("qj-direct-report"))


async def test_f5_no_reservoir_is_listed_and_its_commands_are_named(get, check) -> None:
    persons = await check("qj-three-responsible")
    assert (persons["verdict"], actions(persons)) == ("cannot_evaluate", {"load"})
    flood = await get("/v1/responsible", place="500110113", hazard="flood")
    assert names(flood["organisations"])[0] == "防汛抗旱指挥部"
    assert any("telephone" in words["en"] for words in flood["missing"])


async def test_f6_all_changes_since_a_cursor(get) -> None:
    page = await get("/v1/changes", limit=10)
    assert len(page["changes"]) == 10
    assert page["more"]
    rest = await get("/v1/changes", limit=10, cursor=page["cursor"])
    assert rest["changes"][0] != page["changes"][0]


async def test_f7_a_correction_is_proposed_and_the_old_place_kept(plan_client, plan_url, get) -> None:
    (station,) = (await get("/v1/resources", kind="shelter"))["features"]
    seen = {"coordinates": [106.2, 29.6], "datum": "wgs84", "accuracy_m": 20, "evidence": "at the door"}
    path = f"/v1/resources/{station['id']}/location"
    assert (await plan_client.post(path, json=seen)).status_code in (401, 403)
    proposed = await plan_client.post(path, json=seen, headers=await signing(plan_url)("field", "500120"))
    assert proposed.status_code == 202
    after = (await get("/v1/resources", kind="shelter"))["features"]
    assert after[0]["geometry"] is None


async def test_f8_the_smallest_place_on_record_is_the_town(get) -> None:
    chain = (await get("/v1/places/containing", **YONGXIN))["features"]
    assert chain[0]["properties"]["level"] == "town"
    assert (await get("/v1/places", level="grid"))["features"] == []


async def test_f9_no_hazard_point_is_listed(get, check) -> None:
    assert (await get("/v1/registers/hazard_point", place="qijiang"))["entries"] == []
    assert actions(await check("qj-drill-geopoint")) == {"load"}


async def test_f10_which_number_to_call(get) -> None:
    for place, topic, number in (
        ("500110113", "lift", "96333"),
        ("500103", "water", "966886"),
        ("500103", "gas", "966777"),
        ("science-city", "work_safety", "12350"),
        ("500103", "consumer", "12315"),
    ):
        lines = (await get("/v1/hotlines", place=place, topic=topic))["hotlines"]
        assert [line["number"] for line in lines] == [number]
    assert (await get("/v1/hotlines", place="500110113", topic="water"))["hotlines"] == []


async def test_f11_hospitals_are_not_held_and_the_kind_is_refused(plan_client) -> None:
    answer = await plan_client.get("/v1/proximity/nearest", params=YONGXIN | {"kind": "hospital"})
    assert answer.status_code == 400
    assert "hospital" in answer.json()["detail"]


async def test_f12_rules_here_cannot_be_applied_and_the_response_level_is_not_held(post, check) -> None:
    rules = (await post("/v1/proximity/situation", origin=YONGXIN))["rules"]
    assert rules["reach_here"] == []
    assert "road-control-30" in rules["cannot_evaluate"]
    assert not_held(await check("yz-level2"))


async def test_f13_a_kilometre_has_its_range_and_no_geometry_yet(get) -> None:
    zones = (await get("/v1/zones", road="yuqian", km=1060))["zones"]
    assert [zone["zone"]["id"] for zone in zones] == ["yuqian-land", "yuqian-ramps"]
    assert (await get("/v1/zones/yuqian-land/position", km=1060))["outcome"] == "cannot_evaluate"


async def test_f14_entrances_are_not_named_and_said_so(get) -> None:
    posts = (await get("/v1/resources", form="checkpoint"))["features"]
    assert len(posts) == 14
    assert {post["properties"]["operational"] for post in posts} == {"unknown"}
    assert all("not named" in post["properties"]["location"]["source"] for post in posts)
