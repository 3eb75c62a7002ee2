"""The planner's twenty-two questions on the live seeds, each with its honest answer."""

from tests.questions.answers import YONGXIN, actions, names, not_held, totals

QIJIANG = {"kind": "fire_watch_point", "place": "qijiang"}
SCIENCE_CITY = {"kind": "fire_watch_point", "place": "science-city"}


async def test_p1_the_watched_share_is_not_known_and_what_would_settle_it_is_asked_for(check) -> None:
    found = await check("qj-forest-95")
    assert (found["verdict"], found["observed"]["lower"], found["observed"]["upper"]) == ("unknown", 0, 100)
    assert actions(found) == {"load", "list", "enter"}


async def test_p1_coverage_says_the_same_as_the_check(get) -> None:
    ratio = (await get("/v1/coverage", **QIJIANG))["ratio"]
    assert (ratio["lower"], ratio["upper"]) == (0, 1)


async def test_p2_no_ground_is_called_a_gap_for_certain(post) -> None:
    answer = await post("/v1/coverage/gaps", **QIJIANG)
    assert answer["completeness"]["state"] == "open"
    assert answer["certain_gaps"]["gaps"] == []
    assert {one["code"] for one in answer["without_extent"]} == {"500110002", "500110007"}


async def test_p3_what_fails_with_one_point_is_not_known(post) -> None:
    answer = await post("/v1/coverage/criticality", **SCIENCE_CITY)
    assert answer["completeness"]["placeholders"] == 9
    assert answer["undecided"]["count"] == 9
    assert {(one["sole_m2"]["lower"], one["sole_m2"]["upper"] > 0) for one in answer["resources"]} == {
        (0, True)
    }


async def test_p4_that_each_town_has_a_team_is_not_proven(check) -> None:
    found = await check("qj-teams-100")
    assert (found["verdict"], found["reason"]["en"]) == (
        "unknown",
        "21 of 21 were entered from a published total",
    )
    assert len(found["missing"]) == 21


async def test_p5_the_number_of_communities_is_not_printed(check) -> None:
    found = await check("qj-community-stations-100")
    assert (found["verdict"], actions(found)) == ("cannot_evaluate", {"load"})


async def test_p6_the_rivers_are_not_listed(check) -> None:
    found = await check("qj-rivers-85")
    assert (found["verdict"], actions(found)) == ("cannot_evaluate", {"load"})


async def test_p7_the_hazard_points_are_not_listed(check) -> None:
    found = await check("qj-geo-100")
    assert (found["verdict"], actions(found)) == ("cannot_evaluate", {"load"})


async def test_p8_the_district_store_states_no_number_and_no_town_is_flagged(check) -> None:
    district = await check("qj-cap-3000")
    assert (district["verdict"], district["observed"]) == (
        "unknown",
        {"lower": 0, "upper": None, "unit": "person"},
    )
    assert actions(district) == {"state"}
    towns = await check("qj-cap-200")
    assert (towns["verdict"], actions(towns), towns["missing_count"]) == ("unknown", {"flag"}, 21)


async def test_p9_no_town_store_is_listed_and_none_is_denied(check) -> None:
    found = await check("qj-town-depots")
    assert (found["verdict"], found["observed"]["lower"], found["observed"]["upper"]) == ("unknown", 0, 100)
    assert found["missing_count"] == 21
    assert (await check("qj-three-tier"))["verdict"] == "unknown"


async def test_p9_towns_without_a_listed_store_are_possible_members(post) -> None:
    members = await post("/v1/coverage/members", kind="supply_depot", place="qijiang", level="town")
    assert members["completeness"]["state"] == "open"
    assert (members["without"], len(members["possible"])) == ([], 21)


async def test_p10_the_shore_is_not_drawn_so_the_project_is_not_decided(post) -> None:
    spot = {"type": "Point", "coordinates": [106.65, 29.0]}
    answer = await post("/v1/rules/check", geometry=spot, facility_kind="chemical_project", action="build")
    found = {finding["rule"]: finding["outcome"] for finding in answer["findings"]}
    assert found["river-chemical"] == "cannot_evaluate"
    far = {"type": "Point", "coordinates": [106.57, 29.556]}
    answer = await post("/v1/rules/check", geometry=far, facility_kind="chemical_project", action="build")
    assert answer["outcome"] == "not_in_force"


async def test_p11_no_road_is_drawn_so_the_site_is_not_decided(post) -> None:
    spot = {"type": "Point", "coordinates": [106.65, 29.0]}
    answer = await post("/v1/rules/check", geometry=spot, facility_kind="shelter", action="build")
    assert answer["outcome"] == "cannot_evaluate"
    assert {finding["rule"] for finding in answer["findings"]} == {
        "road-control-30",
        "road-land",
        "road-ramp-50",
    }


async def test_p12_a_trial_point_is_counted_beside_what_is_listed(post) -> None:
    tower = {
        "type": "Feature",
        "id": "00000000-0000-7000-8000-000000000001",
        "geometry": {"type": "Point", "coordinates": [106.55, 28.95]},
        "properties": {"kind": "fire_watch_point", "name": {"en": "trial"}, "place": "500110113",
                       "watch_radius_m": 5000, "location": {"quality": "surveyed", "uncertainty_m": 10}},
    }  # fmt: skip
    answer = await post("/v1/coverage/scenario", **QIJIANG, scenario={"add": [tower]})
    assert answer["after"]["ratio"]["lower"] > answer["before"]["ratio"]["lower"] == 0


async def test_p13_the_hazard_points_to_drill_are_not_listed(check) -> None:
    found = await check("qj-drill-geopoint")
    assert (found["verdict"], actions(found)) == ("cannot_evaluate", {"load"})


async def test_p14_no_inspection_is_recorded_and_none_is_denied(check) -> None:
    found = await check("qj-forest-2-a-year")
    assert (found["verdict"], found["observed"]["lower"], found["observed"]["upper"]) == ("unknown", 0, 100)
    assert len(found["details"]["short"]) == 21


async def test_p15_no_team_states_a_specialty(check) -> None:
    seven = await check("qj-team-specialties")
    assert (seven["verdict"], len(seven["details"]["without_record"])) == ("unknown", 7)
    assert (await check("qj-team-layout"))["details"]["teams"] == {"registry:power": 0, "registry:gas": 0}


async def test_p16_no_park_with_toxic_gas_is_listed(check) -> None:
    found = await check("qj-gas-station")
    assert (found["verdict"], actions(found)) == ("cannot_evaluate", {"load"})


async def test_p17_an_earlier_number_is_that_of_the_record_then(check) -> None:
    found = await check("qj-teams-21", as_of="2022-06-01T00:00:00Z")
    assert (found["verdict"], found["details"]["recorded"]) == ("unknown", 0)


async def test_p18_totals_stand_beside_what_was_itemised(get) -> None:
    lines = {line["provision"]: line for line in (await get("/v1/reconciliation", place="500000"))["lines"]}
    held = {code: (line["published"], line["recorded"], line["placeholders"]) for code, line in lines.items()}
    assert held == {
        "sc-firewatch-count": (9, 9, 9),
        "qj-shelters-54": (54, 0, 0),
        "qj-teams-23": (23, 0, 0),
        "qj-teams-21": (21, 21, 21),
        "qj-stations-79": (79, 0, 0),
        "qj-depot-district": (1, 1, 0),
        "yx-checkpoints-14": (14, 14, 14),
    }
    assert {line["verdict"] for code, line in lines.items() if code != "qj-depot-district"} == {"unknown"}


async def test_p19_the_patrolled_ground_is_not_held_and_said_so(check) -> None:
    assert not_held(await check("yx-area-9000"))
    patrols = await check("yx-patrols-18")
    assert (patrols["verdict"], patrols["observed"]["lower"]) == ("unknown", 0)


async def test_p20_the_distance_to_the_nearest_team_is_not_known(post) -> None:
    answer = await post("/v1/coverage/distance", kind="rescue_team", place="qijiang")
    assert answer["completeness"]["located"] == 0
    assert answer["completeness"]["placeholders"] == 21
    assert (answer["mean_m"]["lower"], answer["mean_m"]["nominal"]) == (0, None)


async def test_p21_indicators_have_their_baseline_and_ask_for_their_value(check) -> None:
    for code, baseline in (("qj-kpi1-deaths", -29.7), ("qj-kpi2-major", -63.6), ("qj-kpi4-loss", 0.7)):
        found = await check(code)
        assert (found["verdict"], actions(found)) == ("cannot_evaluate", {"enter"})
        assert found["baseline"]["value"] == baseline


async def test_p22_what_partners_can_lend_is_not_listed(get) -> None:
    answer = await get("/v1/proximity/nearest", **YONGXIN, kind="rescue_team", partners="only")
    assert answer["features"] == []
    assert answer["completeness"]["state"] == "open"
    assert totals(answer) == set()
    assert len(names((await get("/v1/registers/agreement", place="qijiang"))["entries"])) == 6
