"""What the documents say of centres, warnings, events, cordons and service points, asked of the seeds."""

from tests.questions.answers import names

YUZHONG = {"lon": 106.574, "lat": 29.56}
YONGXIN = {"lon": 106.66, "lat": 28.98}


def listed(answer) -> list[str]:
    return [
        one["name"]["zh"] for one in answer["undecided"].get("entries", answer["undecided"].get("resources"))
    ]


async def test_the_centre_of_the_science_city_its_hotline_and_what_is_near(get, post) -> None:
    told = names((await get("/v1/responsible", place="science-city", hazard="forest_fire"))["organisations"])
    assert told
    hotlines = (await get("/v1/registers/hotline", about="work_safety"))["entries"]
    assert "12350" in [one["number"] for one in hotlines]
    alarm = await post("/v1/proximity/situation", origin={"place": "science-city"}, hazard="forest_fire")
    assert alarm["teams"]["completeness"]["state"] == "open"


async def test_the_nine_infrared_points_may_cover_a_spot_and_none_does_for_certain(get) -> None:
    answer = await get("/v1/proximity/covering", lon=106.30, lat=29.55)
    assert answer["features"] == []
    assert (answer["undecided"]["count"], len(listed(answer))) == (9, 9)


async def test_a_centre_has_its_functions_and_a_village_its_persons(get) -> None:
    bodies = (await get("/v1/registers/organisation", place="qijiang"))["entries"]
    assert {one["type"] for one in bodies} >= {"special_command"}
    asked = await get("/v1/responsible", place="500110113", hazard="forest_fire")
    assert names(asked["organisations"])[0] == "森林草原防灭火指挥部"
    assert asked["persons"] or asked["missing"]


async def test_a_warning_by_area_code_names_whom_to_call(post) -> None:
    alert = {
        "identifier": "t", "sender": "t", "sent": "2026-01-01T00:00:00+08:00", "status": "Actual",
        "msgType": "Alert", "scope": "Public",
        "info": [{"event": "森林火险", "urgency": "Immediate", "severity": "Severe", "certainty": "Observed",
                  "area": [{"areaDesc": "永新镇", "geocode": [{"valueName": "GB", "value": "500110113"}]}]}],
    }  # fmt: skip
    answer = await post("/v1/proximity/alert-area", **alert)
    assert answer["areas"][0]["matched_by"] == "geocode"
    assert answer["areas"][0]["places"] == ["500110113"]
    assert answer["undecided"]["count"] >= 14


async def test_a_spot_has_its_territory_and_its_dispatch_list(get) -> None:
    called = await get("/v1/call-list", **YONGXIN, hazard="forest_fire")
    assert [one["level"] for one in called["territory"]][-2:] == ["district", "province"]
    bodies = called["sections"][0]["lines"]
    assert bodies[0]["name"]["zh"] == "森林草原防灭火指挥部"
    assert called["missing"], "no duty number of the town is published, and that is said"


async def test_events_that_are_known_by_their_town_may_be_near(get) -> None:
    near = await get("/v1/registers/event/near", **YONGXIN, radius_m=20_000)
    assert near["entries"] == []
    assert listed(near) == ["永新镇检查点登记入山人员和车辆", "永新镇专项巡山护林 18 次"]


async def test_a_topic_has_its_number(get) -> None:
    for topic, number in {
        "labour": "12351",
        "government": "12345",
        "consumer": "12315",
        "lift": "96333",
    }.items():
        found = (await get("/v1/registers/hotline", about=topic))["entries"]
        assert number in [one["number"] for one in found], topic


async def test_the_warm_station_has_amenities_and_may_be_the_nearest(get) -> None:
    near = await get("/v1/proximity/nearest", lon=106.2, lat=29.59, kind="shelter", k=3)
    assert listed(near) == ["璧山区秀湖社区南门唐城暖心驿站"]
    station = near["undecided"]["resources"][0]["id"]
    held = (await get(f"/v1/resources/{station}"))["properties"]
    assert {one["code"] for one in held["amenities"]} >= {"air_conditioning", "drinking_water"}
    assert held["hours"] is None, "the document states none, and nothing is guessed"


async def test_three_cordons_have_their_order_and_hot_spots_are_places(get, check) -> None:
    cordons = (await get("/v1/registers/cordon", place="500103"))["entries"]
    ordered = sorted((one for one in cordons if one["kind"] == "cordon"), key=lambda one: one["order"])
    assert [(one["order"], one["active"], one["closes"][0]["what"]) for one in ordered] == [
        (1, False, "building"),
        (2, False, "road"),
        (3, False, "road"),
    ]
    spots = await get("/v1/registers/site/near", **YUZHONG, radius_m=5_000)
    assert sorted(listed(spots)) == ["朝天门广场", "洪崖洞", "解放碑"]
    assert "cordons" not in await get("/v1/proximity/nearest", **YUZHONG), "they stood at peak times only"


async def test_a_temporary_service_point_may_be_near_and_its_opening_is_not_known(get) -> None:
    answer = await get("/v1/service-points", **YUZHONG, radius_m=5_000)
    assert answer["service_points"] == []
    assert listed(answer) == ["龙湖重庆时代天街便民接种点"]
