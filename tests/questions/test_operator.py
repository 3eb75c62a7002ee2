"""The command centre's eighteen questions on the live seeds, each with its honest answer."""

import pytest

from tests.questions.answers import YONGXIN, ZENGJIA, names, not_held, totals

SPECIALTIES = ("mine", "hazmat", "water", "bridge_tunnel", "pipeline", "geohazard", "flood_drought")
RING = [[106.5, 28.9], [106.6, 28.9], [106.6, 29.0], [106.5, 29.0], [106.5, 28.9]]
AREA = {"type": "Polygon", "coordinates": [RING]}


async def test_o1_no_point_covers_the_spot_for_certain_and_nine_may(get) -> None:
    answer = await get("/v1/proximity/covering", **ZENGJIA)
    assert answer["features"] == []
    assert answer["undecided"]["count"] == 9
    assert all(one["distance_min_m"] < 5000 for one in answer["undecided"]["resources"])


async def test_o2_an_alarm_says_where_whom_to_call_and_what_is_not_known(post) -> None:
    answer = await post("/v1/proximity/situation", origin=YONGXIN, hazard="forest_fire")
    assert answer["places"][0]["code"] == "500110113"
    call = answer["responsible"]
    assert names(call["organisations"])[:2] == ["森林草原防灭火指挥部", "自然灾害应急总指挥部"]
    assert {person["role"] for person in call["persons"]} >= {"administrative_head"}
    assert call["hotlines"] == []
    missing = " ".join(words["en"] for words in call["missing"])
    assert "no hotline" in missing
    assert "published telephone" in missing
    assert len(answer["rules"]["cannot_evaluate"]) > 0


async def test_o2_help_without_a_position_is_named(post) -> None:
    answer = await post("/v1/proximity/situation", origin=YONGXIN, hazard="forest_fire")
    teams = answer["teams"]
    assert teams["features"] == []
    assert "永新镇综合应急救援队" in names(teams["undecided"]["resources"])
    assert answer["checkpoints"]["undecided"]["count"] == 14


async def test_o3_teams_near_an_area_are_not_located_and_said_to_exist(post, get) -> None:
    answer = await post("/v1/proximity/nearest", origin={"area": AREA}, where={"kind": "rescue_team"})
    assert answer["features"] == []
    assert {23, 21, 79} <= totals(answer)
    assert answer["undecided"]["count"] > 0
    assert (await get("/v1/places", q="中梁山"))["features"] == []


async def test_o4_a_window_lists_what_has_a_position_and_a_place_lists_the_rest(get) -> None:
    points = {"kind": "fire_watch_point"}
    assert (await get("/v1/resources", bbox="106,28,107,30", **points))["features"] == []
    nine = (await get("/v1/resources", place="science-city", **points))["features"]
    assert {one["properties"]["location"]["quality"] for one in nine} == {"candidate_places"}
    assert len(nine) == 9


async def test_o5_a_spot_belongs_to_its_town_and_district(get) -> None:
    chain = (await get("/v1/places/containing", **YONGXIN))["features"]
    assert [place["id"] for place in chain] == ["500110113", "qijiang", "500110", "500000"]


@pytest.mark.parametrize("specialty", SPECIALTIES)
async def test_o6_no_team_states_a_specialty_and_the_published_ones_are_named(get, specialty) -> None:
    answer = await get("/v1/proximity/nearest", **YONGXIN, kind="rescue_team", specialties_any=specialty)
    assert answer["features"] == []
    assert 23 in totals(answer)
    assert answer["completeness"]["state"] == "open"


async def test_o7_arrival_needs_a_stated_speed(plan_client, get) -> None:
    question = YONGXIN | {"kind": "rescue_team", "rank": "arrival"}
    refused = await plan_client.get("/v1/proximity/nearest", params=question)
    assert (refused.status_code, "REGISTRY_PACES" in refused.json()["detail"]) == (400, True)
    pace = {"speed_kmh": 40, "detour": 1.4, "pace_source": "test"}
    assert (await get("/v1/proximity/nearest", **question, **pace))["features"] == []


async def test_o8_no_shelter_is_listed_of_the_54_that_exist(get) -> None:
    question = {"kind": "shelter", "opening": "open", "hazards_any": "flood", "free_persons": 200}
    answer = await get("/v1/proximity/nearest", **YONGXIN, **question)
    assert answer["features"] == []
    assert 54 in totals(answer)


async def test_o9_the_district_store_was_never_counted(post) -> None:
    items = [{"code": "2010101", "quantity": 200}]
    answer = await post("/v1/proximity/supplies", origin=YONGXIN, items=items)
    assert answer["satisfied"] is not True
    assert answer["undecided"]["count"] >= 1


async def test_o10_six_partner_counties_have_an_agreement_and_no_listed_resource(get) -> None:
    agreements = (await get("/v1/registers/agreement", place="qijiang"))["entries"]
    assert len(agreements) == 6
    assert (await get("/v1/proximity/nearest", **YONGXIN, partners="only"))["features"] == []


async def test_o11_who_is_on_duty_for_a_place_and_topic(get) -> None:
    science_city = await get("/v1/responsible", place="science-city", hazard="fire")
    assert names(science_city["persons"]) == ["科学城应急信息员队伍"]
    lift = await get("/v1/responsible", place="500110113", hazard="lift")
    assert {person["role"] for person in lift["persons"]} >= {"rescue", "coordination", "supervision"}
    assert [line["telephone"] for line in lift["hotlines"]] == ["96333"]
    assert "特种设备安全委员会" in names(lift["organisations"])


@pytest.mark.parametrize(
    ("hazard", "first"),
    [
        ("forest_fire", "森林草原防灭火指挥部"),
        ("flood", "防汛抗旱指挥部"),
        ("drought", "防汛抗旱指挥部"),
        ("earthquake", "抗震救灾和地质灾害防治救援指挥部"),
        ("geohazard", "抗震救灾和地质灾害防治救援指挥部"),
        ("rainstorm", "气象灾害防御指挥部"),
        ("heat", "气象灾害防御指挥部"),
        ("hazmat", "危险化学品安全委员会"),
        ("mine", "矿山安全委员会"),
    ],
)
async def test_o12_which_command_owns_a_hazard(get, hazard, first) -> None:
    bodies = (await get("/v1/responsible", place="500110113", hazard=hazard))["organisations"]
    assert names(bodies)[0] == first
    general = "区安全生产委员会" if hazard in ("hazmat", "mine") else "自然灾害应急总指挥部"
    assert general in names(bodies)


async def test_o13_cordons_are_not_held_and_said_so(check) -> None:
    assert not_held(await check("yz-three-cordons"))


async def test_o14_a_warning_area_names_what_may_lie_in_it(post, plan_client) -> None:
    corners = " ".join(f"{lat},{lon}" for lon, lat in RING)
    alert = {
        "identifier": "t", "sender": "t", "sent": "2026-01-01T00:00:00+08:00", "status": "Actual",
        "msgType": "Alert", "scope": "Public",
        "info": [{"event": "暴雨", "urgency": "Immediate", "severity": "Severe", "certainty": "Observed",
                  "area": [{"areaDesc": "永新", "polygon": [corners]}]}],
    }  # fmt: skip
    answer = await post("/v1/proximity/alert-area", **alert)
    assert answer["features"] == []
    assert answer["undecided"]["count"] >= 14


async def test_o15_the_state_of_what_was_sent_is_not_held_and_said_so(check) -> None:
    assert not_held(await check("h-states"))


async def test_o16_no_expert_is_listed_and_the_plan_gives_no_number(get, check) -> None:
    assert (await get("/v1/registers/expert", place="qijiang"))["entries"] == []
    assert not_held(await check("qj-expert-db"))


async def test_o17_a_drill_never_appears_in_a_live_answer(get) -> None:
    live = (await get("/v1/resources", limit=1000))["features"]
    assert {one["properties"]["exercise"] for one in live} == {None}
    drill = (await get("/v1/resources", limit=1000, exercise="demo"))["features"]
    assert {one["properties"]["exercise"] for one in drill} == {"demo"}


async def test_o18_where_the_drones_are_is_not_held_and_said_so(get, check) -> None:
    teams = (await get("/v1/resources", kind="rescue_team", limit=1000))["features"]
    assert {team["properties"]["last_seen"] for team in teams} == {None}
    assert not_held(await check("sc-sensors"))
