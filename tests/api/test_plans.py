"""Documents, provisions, checks and registers over HTTP, on the seeded plans."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest

from registry.domain.plans.provision import Provision
from registry.domain.records.change import Change, new_version
from registry.services.seeding import seed
from registry.services.seeding.plans import read
from registry.store.plans import facts
from registry.store.records import changes
from tests.api.conftest import signing
from tests.builders import NOW, a_resource, make

PLAN = "qijiang-plan-2021-2025"
BOW = {"type": "Polygon", "coordinates": [[[106, 29], [107, 30], [107, 29], [106, 30], [106, 29]]]}


@pytest.fixture
def client(plan_client):
    """These tests ask an application over the seeded plans."""
    return plan_client


@pytest.fixture
def signed(plan_url):
    """Keys for it."""
    return signing(plan_url)


async def get(client, path: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
    answer = await client.get(path, params=params or None, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_documents_and_their_provisions(client, seeded) -> None:
    documents = (await get(client, "/v1/documents"))["documents"]
    assert len(documents) == 10
    found = await get(client, f"/v1/documents/{PLAN}")
    assert found["document"]["number"] == "綦江府发〔2022〕6号"
    lines = [int(p["locator"].split(":")[1].split("-")[0]) for p in found["provisions"]]
    assert lines == sorted(lines)
    assert len(lines) > 60
    totals = (await get(client, "/v1/provisions", document=PLAN, kind="published_total"))["provisions"]
    assert {54, 23, 21, 79} <= {p["requirement"]["value"] for p in totals}
    yongxin = (await get(client, "/v1/provisions", place="500110113"))["provisions"]
    assert {p["document"] for p in yongxin} == {"yongxin-forest-2022"}
    shelters = (await get(client, "/v1/provisions", subject="shelter"))["provisions"]
    assert {p["subject"]["kind"] for p in shelters} == {"shelter"}


async def test_resources_can_be_listed_by_what_a_provision_names(client, seeded) -> None:
    demo = {"place": "qijiang", "exercise": "demo", "limit": 1000}
    for narrowed, count in (({"level": "community"}, 79), ({"level": "town", "kind": "rescue_team"}, 21)):
        assert len((await get(client, "/v1/resources", **demo, **narrowed))["features"]) == count
    assert len((await get(client, "/v1/resources", form="checkpoint"))["features"]) == 14
    assert len((await get(client, "/v1/resources", tier="district"))["features"]) == 1
    assert (await client.get("/v1/resources", params={"tier": "county"})).status_code == 400


@pytest.mark.parametrize(
    ("accept", "language", "label"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh", "不确定"),
        ("en-GB", "en", "unknown"),
        ("fr, en;q=0.3", "en", "unknown"),
        (None, None, {"zh": "不确定", "en": "unknown"}),
        ("fr", None, {"zh": "不确定", "en": "unknown"}),
    ],
)
async def test_labels_follow_accept_language(client, seeded, accept, language, label) -> None:
    headers = {"Accept-Language": accept} if accept else {"Accept-Language": ""}
    answer = await client.get("/v1/provisions/qj-shelters-54/check", headers=headers)
    assert answer.headers.get("content-language") == language
    assert "accept-language" in answer.headers["vary"].lower()
    assert answer.json()["verdict_label"] == label


async def test_a_check_shows_what_it_rests_on(client, seeded) -> None:
    found = await get(client, "/v1/provisions/qj-teams-100/check")
    assert (found["verdict"], found["denominator"]["number"]) == ("unknown", 21)
    assert found["reason"]["en"] == "21 of 21 were entered from a published total"
    assert {need["place"] for need in found["missing"]} == {
        town["place"] for town in found["details"]["unknown"]
    }
    assert found["denominator"]["chosen_by"] == "registry"
    listed = await get(client, found["records"][0]["href"])
    assert len(listed["features"]) == found["records"][0]["count"] == 21
    depot = await get(client, "/v1/provisions/qj-cap-3000/check")
    assert depot["verdict"] == "unknown"
    assert depot["observed"] == {"lower": 0, "upper": None, "unit": "person"}
    assert [need["action"] for need in depot["missing"]] == ["state"]


async def test_the_demonstration_reaches_every_verdict(client, seeded) -> None:
    answer = await client.post("/v1/checks", json={"document": PLAN}, params={"exercise": "demo"})
    assert answer.status_code == 200
    counts = answer.json()["counts"]
    assert set(counts) == {"met", "not_met", "unknown", "cannot_evaluate"}
    live = (await client.post("/v1/checks", json={"document": PLAN})).json()["counts"]
    assert "not_met" not in live


async def test_checks_of_a_place_take_in_what_lies_under_it(client, seeded) -> None:
    answer = (await client.post("/v1/checks", json={"place": "500000"})).json()
    documents = {check["document"] for check in answer["checks"]}
    assert {PLAN, "chongqing-daily-2021-01", "yongxin-forest-2022"} <= documents


async def test_all_places_of_a_request_are_read_at_one_instant(client, seeded, monkeypatch) -> None:
    read_facts, places_read = facts.of_place, []
    await a_resource(seeded, "shelter", exercise="late")

    async def read_then_write(reader, sight, place):
        found = await read_facts(reader, sight, place)
        if not places_read:
            late = make("fire_watch_point", form="checkpoint", place="500110113", exercise="late")
            change = Change(verb="create", actor="test", at=NOW)
            await changes.insert(seeded, new_version(late, NOW), change)
        places_read.append(place)
        return found

    monkeypatch.setattr(facts, "of_place", read_then_write)
    for recorded in (0, 1):
        places_read[:] = places_read[:1]
        asked = await client.post("/v1/checks", json={"place": "500000"}, params={"exercise": "late"})
        answer = asked.json()
        assert places_read.index("500110113") > 0
        counted = next(check for check in answer["checks"] if check["provision"] == "yx-checkpoints-14")
        assert counted["details"]["recorded"] == recorded


async def test_the_science_city_radius_never_reaches_qijiangs_target(client, seeded) -> None:
    found = await get(client, "/v1/provisions/qj-forest-95/check")
    assert found["verdict"] == "unknown"
    assert found["details"]["recorded_percent"]["nominal"] == 0
    assert [need["action"] for need in found["missing"]] == ["load", "list", "enter"]
    asked = (await get(client, "/v1/survey-list", document=PLAN))["visits"]
    assert any("qj-forest-95" in visit["checks"] for visit in asked)


async def test_every_published_total_is_filled_in_the_demonstration(client, seeded) -> None:
    answer = await client.post("/v1/checks", json={"place": "500000"}, params={"exercise": "demo"})
    seeded_totals = read(seed.SEEDS, "provisions.json", Provision)
    totals = [item.id for item in seeded_totals if item.kind == "published_total"]
    verdicts = {check["provision"]: check["verdict"] for check in answer.json()["checks"]}
    assert {code: verdicts[code] for code in totals} == dict.fromkeys(totals, "met")


@pytest.mark.parametrize("params", [{}, {"exercise": "demo"}], ids=["live", "demo"])
async def test_a_check_says_of_its_ground_what_coverage_says(client, seeded, params) -> None:
    check = await get(client, "/v1/provisions/qj-forest-95/check", **params)
    place = (await get(client, "/v1/provisions/qj-forest-95"))["place"]
    coverage = await get(client, "/v1/coverage", kind="fire_watch_point", place=place, **params)
    assert check["details"]["recorded_percent"] == coverage["ratio"]
    error = 100 * coverage["error_bound_m2"] / coverage["area_m2"]
    assert check["observed"]["lower"] == pytest.approx(max(0.0, 100 * coverage["ratio"]["lower"] - error))
    assert check["observed"]["upper"] == pytest.approx(min(100.0, 100 * coverage["ratio"]["upper"] + error))
    assert check["details"]["completeness"] == coverage["completeness"]
    assert check["details"]["without_extent"] == coverage["without_extent"]


async def test_a_check_can_be_asked_of_the_past(client, seeded, signed) -> None:
    before = await get(client, "/v1/provisions/qj-hotline-12345/check")
    assert before["verdict"] == "met"
    past = await get(client, "/v1/provisions/qj-hotline-12345/check", as_of="2020-01-01T00:00:00Z")
    assert past["verdict"] == "unknown"
    teams = await get(client, "/v1/provisions/qj-teams-21/check", as_of="2020-01-01T00:00:00Z")
    assert teams["details"]["recorded"] == 0


async def test_reconciliation_as_json_and_csv(client, seeded) -> None:
    lines = (await get(client, "/v1/reconciliation", place="500000"))["lines"]
    names = ("published", "recorded", "placeholders", "located", "difference", "verdict")
    held = {line["provision"]: tuple(line[name] for name in names) for line in lines}
    assert held["qj-shelters-54"] == (54, 0, 0, 0, 54, "unknown")
    assert held["qj-teams-23"] == (23, 0, 0, 0, 23, "unknown")
    assert held["qj-teams-21"] == (21, 21, 21, 0, 21, "unknown")
    assert held["qj-stations-79"] == (79, 0, 0, 0, 79, "unknown")
    assert held["sc-firewatch-count"] == (9, 9, 9, 0, 9, "unknown")
    assert held["yx-checkpoints-14"] == (14, 14, 14, 0, 14, "unknown")
    reasons = {line["provision"]: line["reason"] and line["reason"]["en"] for line in lines}
    assert reasons["qj-teams-21"] == "21 of 21 were entered from this very total"
    assert reasons["qj-shelters-54"] is None
    answer = await client.get("/v1/reconciliation", params={"place": "500000", "f": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["provision"]: row["published"] for row in rows}["qj-shelters-54"] == "54"


async def test_records_that_may_be_of_a_total_are_named_beside_it(client, seeded) -> None:
    """Those with candidate places, of the district that holds the jurisdiction, and of unknown level."""
    inside = await a_resource(seeded, "rescue_team", place="500110113", level="town")
    above = await a_resource(seeded, "rescue_team", place="500110", level="town")
    unsure = await a_resource(
        seeded, "rescue_team", None, candidate_places=["500110", "500109"], level="town"
    )
    silent = await a_resource(seeded, "rescue_team", place="500110113")
    gone = await a_resource(seeded, "rescue_team", None, candidate_places=["500110"], lifecycle="retired")
    answer = await get(client, "/v1/reconciliation", place="500110")
    (line,) = [line for line in answer["lines"] if line["provision"] == "qj-teams-21"]
    named = {one["id"]: one.get("unknown") for one in line["undecided"]["resources"]}
    assert str(inside) not in named
    assert str(gone) not in named
    assert {str(unsure), str(above), str(silent)} <= named.keys()
    assert named[str(silent)] == ["level"]
    assert line["excluded"]["level"]["not_stated"] >= 1
    assert {"completeness", "undecided", "excluded"} <= answer.keys()
    survey = await get(client, "/v1/survey-list", place="500110")
    assert str(unsure) in {one["id"] for one in survey["undecided"]["resources"]}


async def test_the_survey_list_is_ordered_and_exportable(client, seeded) -> None:
    visits = (await get(client, "/v1/survey-list", document=PLAN))["visits"]
    placed = [visit["settles"] for visit in visits if visit["place"]]
    assert placed == sorted(placed, reverse=True)
    assert placed[0] > 1
    answer = await client.get("/v1/survey-list", params={"document": PLAN, "f": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(visits)


async def test_a_csv_cell_is_never_a_formula(client, seeded, signed) -> None:
    provision = await get(client, "/v1/provisions/qj-shelters-54")
    provision |= {"id": "evil", "title": {"zh": "=HYPERLINK(0)", "en": "@SUM(1)"}}
    headers = await signed("planner")
    assert (await client.put("/v1/provisions/evil", json=provision, headers=headers)).status_code == 200
    text = (await client.get("/v1/reconciliation", params={"document": PLAN, "f": "csv"})).text
    assert ",'=HYPERLINK(0)," in text
    assert ",=HYPERLINK" not in text


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"locator": "003:999"}, 422, "locator"),
        ({"locator": "somewhere"}, 422, "locator"),
        ({"requirement": {"value": 3, "unit": "furlong", "operator": "ge"}}, 422, "requirement.unit"),
        ({"requirement": {"value": 3, "unit": "item", "operator": "roughly"}}, 422, "requirement.operator"),
        ({"requirement": {"value": 1e300, "unit": "item"}}, 422, "requirement.value"),
        ({"document": "no-such-document"}, 404, None),
        ({"as_of_from": "2022-01-01", "as_of_to": "2021-01-01"}, 422, "as_of_to"),
        ({"surprise": 1}, 422, "surprise"),
    ],
)
async def test_a_provision_that_could_not_be_checked_is_refused(
    client, seeded, signed, change, status, field
) -> None:
    provision = await get(client, "/v1/provisions/qj-shelters-54") | change
    headers = await signed("planner")
    answer = await client.put("/v1/provisions/qj-shelters-54", json=provision, headers=headers)
    assert answer.status_code == status, answer.text
    if field:
        assert answer.json()["errors"][0]["pointer"] == "/" + field.replace(".", "/")


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/v1/provisions/none/check", {}, 404),
        ("/v1/documents/none", {}, 404),
        ("/v1/reconciliation", {}, 400),
        ("/v1/reconciliation", {"document": "none"}, 404),
        ("/v1/survey-list", {"place": "qijiang", "f": "xlsx"}, 400),
        ("/v1/provisions", {"kind": "wish"}, 400),
        ("/v1/provisions/qj-forest-95/check", {"denominator": "none"}, 400),
        ("/v1/provisions/qj-forest-95/check", {"as_of": "yesterday"}, 400),
        ("/v1/registers/wishes", {}, 400),
        ("/v1/hotlines", {}, 400),
    ],
)
async def test_a_question_that_cannot_be_asked(client, seeded, path, params, status) -> None:
    answer = await client.get(path, params=params)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def hazard_point(**given: Any) -> dict[str, Any]:
    entry = {"register": "hazard_point", "id": str(uuid4()), "type": "geohazard", "place": "500110113"}
    return entry | {"name": {"zh": "测试隐患点", "en": "test"}, "monitored": "yes"} | given


async def put(client, entry: dict[str, Any], headers: dict[str, str], **more: str) -> Any:
    path = f"/v1/registers/{entry['register']}/{entry['id']}"
    return await client.put(path, json=entry, headers=headers | more)


async def test_an_entry_settles_a_check_and_its_past_is_kept(client, seeded, signed) -> None:
    headers = await signed("field", "500110113")
    assert (await get(client, "/v1/provisions/qj-geo-100/check"))["verdict"] == "cannot_evaluate"
    point = hazard_point()
    created = await put(client, point, headers)
    assert created.status_code == 201
    assert (await get(client, "/v1/provisions/qj-geo-100/check"))["verdict"] == "met"
    instant = created.json()["updated_at"]
    assert (await put(client, point | {"monitored": "no"}, headers)).status_code == 428
    stale = {"If-Match": '"9-i"'}
    assert (await put(client, point | {"monitored": "no"}, headers, **stale)).status_code == 412
    amended = await put(client, point | {"monitored": "no"}, headers, **{"If-Match": created.headers["etag"]})
    assert (amended.status_code, amended.json()["version"]) == (200, 2)
    assert (await get(client, "/v1/provisions/qj-geo-100/check"))["verdict"] == "not_met"
    then = await get(client, "/v1/provisions/qj-geo-100/check", as_of=instant)
    assert then["verdict"] == "met"
    path = f"/v1/registers/hazard_point/{point['id']}"
    history = (await get(client, f"{path}/history", headers=headers))["versions"]
    assert [item["body"]["monitored"] for item in history] == ["yes"]
    gone = await client.delete(path, headers=headers | {"If-Match": amended.headers["etag"]})
    assert gone.status_code == 200
    assert (await get(client, "/v1/registers/hazard_point", place="500110113"))["entries"] == []


async def test_what_you_get_you_can_put(client, seeded, signed) -> None:
    headers = await signed("planner")
    for register in ("organisation", "hotline", "agreement", "denominator", "responsibility"):
        entries = (await get(client, f"/v1/registers/{register}"))["entries"]
        path = f"/v1/registers/{register}/{entries[0]['id']}"
        read = await client.get(path, headers=headers)
        written = await put(client, read.json(), headers, **{"If-Match": read.headers["etag"]})
        assert written.status_code == 200, written.text


async def test_registers_are_found_by_type_and_subject(client, seeded, signed) -> None:
    commands = await get(client, "/v1/registers/organisation", type="special_command")
    assert len(commands["entries"]) == 4
    floods = await get(client, "/v1/registers/organisation", type="special_command", about="flood")
    assert [entry["name"]["en"] for entry in floods["entries"]] == ["Flood and Drought Command"]
    experts = {"exercise": "demo", "about": "hazmat"}
    assert (await get(client, "/v1/registers/expert", **experts))["entries"] == []
    seen = await get(client, "/v1/registers/expert", headers=await signed("viewer"), **experts)
    assert [entry["fields"] for entry in seen["entries"]] == [["hazmat"]]


async def test_registers_page_by_identity(client, seeded) -> None:
    seen: list[str] = []
    path: str | None = "/v1/registers/organisation?limit=5"
    while path:
        page = (await client.get(path)).json()
        seen += [entry["id"] for entry in page["entries"]]
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert len(seen) == len(set(seen)) == 36
    assert seen == sorted(seen)


async def test_a_writer_stays_in_its_places(client, seeded, signed) -> None:
    elsewhere = await signed("field", "500110108")
    assert (await put(client, hazard_point(), elsewhere)).status_code == 403
    assert (await put(client, hazard_point(), await signed("viewer"))).status_code == 403
    assert (await put(client, hazard_point(place=None), elsewhere)).status_code == 403
    mine = await signed("field", "qijiang")
    assert (await put(client, hazard_point(), mine)).status_code == 201


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"register": "denominator", "code": "c", "what": "x", "number": 0}, 422),
        ({"register": "denominator", "code": "c", "what": "x"}, 422),
        ({"register": "denominator", "code": "c", "what": "x", "ground": BOW}, 422),
        ({"register": "indicator", "indicator": "i", "value": 1, "unit": "ell", "on": "2025-01-01"}, 422),
        ({"register": "event", "type": "drill", "on": "2025-02-30"}, 422),
        ({"register": "event", "type": "drill", "on": "2025-02-01", "exercise": "demo"}, 422),
        ({"register": "hotline", "number": "bad\u0000"}, 422),
        ({"register": "hotline", "number": "1", "place": "nowhere"}, 422),
    ],
)
async def test_an_entry_that_no_check_could_use_is_refused(client, seeded, signed, change, status) -> None:
    entry = {"id": str(uuid4()), "place": "qijiang"} | change
    answer = await put(client, entry, await signed("admin"))
    assert answer.status_code == status, answer.text


async def test_restricted_and_internal_entries_are_not_for_the_public(client, seeded, signed) -> None:
    admin = await signed("admin")
    canary = {"zh": "CANARY-金丝雀", "en": "CANARY"}
    for visibility in ("internal", "restricted"):
        assert (await put(client, hazard_point(name=canary, visibility=visibility), admin)).status_code == 201
    contact = {"register": "responsibility", "id": str(uuid4()), "place": "qijiang", "role": "patrol"}
    contact |= {"hazards": ["flood"], "contact": "CANARY-13800000000"}
    assert (await put(client, contact, admin)).status_code == 201
    paths = ["/v1/registers/hazard_point", "/v1/registers/responsibility", f"/v1/survey-list?document={PLAN}"]
    paths += ["/v1/responsible?place=500110113&hazard=flood", "/v1/provisions/qj-geo-100/check"]
    for path in paths:
        assert "CANARY" not in (await client.get(path)).text, path
    seen = (await client.get("/v1/registers/hazard_point", headers=await signed("viewer"))).json()["entries"]
    assert [entry["visibility"] for entry in seen] == ["internal"]
    everything = (await client.get("/v1/registers/hazard_point", headers=admin)).json()["entries"]
    assert {entry["visibility"] for entry in everything} == {"internal", "restricted"}


async def test_restricted_resources_are_not_counted_for_the_public(client, seeded, signed) -> None:
    shelter = make("shelter", visibility="restricted", place="500110113", level="town")
    await changes.insert(seeded, new_version(shelter, NOW), Change(verb="create", actor="test", at=NOW))
    path = "/v1/provisions/qj-shelters-54/check"
    assert (await get(client, path))["details"]["recorded"] == 0
    assert (await get(client, path, headers=await signed("admin")))["details"]["recorded"] == 1


async def test_a_complete_list_proves_nothing_to_the_public_where_places_are_internal(
    client, seeded, signed
) -> None:
    admin = await signed("admin")
    declared = {"register": "inventory", "id": str(uuid4()), "place": "qijiang", "of": "resources"}
    declared |= {"kind": "shelter", "on": "2026-01-01", "visibility": "public"}
    assert (await put(client, declared, admin)).status_code == 201
    path = "/v1/provisions/qj-shelters-54/check"
    assert (await get(client, path))["verdict"] == "not_met"
    shelter = make("shelter", visibility="internal", place="500110113", level="town")
    await changes.insert(seeded, new_version(shelter, NOW), Change(verb="create", actor="test", at=NOW))
    told = await get(client, path)
    assert (told["verdict"], told["observed"]["upper"]) == ("unknown", None)
    assert "1 such records whose place is not public" in told["reason"]["en"]
    known = await get(client, path, headers=admin)
    assert known["verdict"] == "not_met"
    assert known["observed"]["upper"] == known["details"]["recorded"] > 0


async def test_who_answers_and_which_number_to_call(client, seeded) -> None:
    found = await get(client, "/v1/responsible", place="500110113", hazard="forest_fire")
    names = {body["name"]["en"] for body in found["organisations"]}
    assert "Forest and Grassland Fire Command" in names
    alarm = {"origin": {"lon": 106.55, "lat": 28.95}, "hazard": "forest_fire"}
    assert (await client.post("/v1/proximity/situation", json=alarm)).json()["responsible"] == found
    lines = (await get(client, "/v1/hotlines", place="500110113"))["hotlines"]
    assert {"96333", "12345", "12351"} == {line["number"] for line in lines}
    lift = (await get(client, "/v1/hotlines", place="500110113", topic="lift"))["hotlines"]
    assert [line["number"] for line in lift] == ["96333"]


async def test_flags_of_a_town_change_the_check_and_survive_seeding(client, seeded, signed) -> None:
    planner = await signed("planner")
    answer = await client.patch(
        "/v1/places/500110113/flags", json={"prone_or_remote": "yes"}, headers=planner
    )
    assert answer.json()["flags"]["prone_or_remote"] == "yes"
    await seed.seed(seeded)
    towns = (await get(client, "/v1/provisions/qj-cap-200/check"))["details"]["towns"]
    assert {town["flag"] for town in towns if town["place"] == "500110113"} == {"yes"}
    refused = await client.patch("/v1/places/500110113/flags", json={"prone_or_remote": 1}, headers=planner)
    assert refused.status_code == 400
    assert (await client.patch("/v1/places/x/flags", json={}, headers=planner)).status_code == 404


async def test_a_loaded_forest_becomes_the_denominator_that_the_planner_chooses(
    client, seeded, signed
) -> None:
    demo = {"exercise": "demo"}
    watch = make("fire_watch_point", 106.65, 28.9, watch_radius_m=5000, place="500110113", exercise="demo")
    await changes.insert(seeded, new_version(watch, NOW), Change(verb="create", actor="test", at=NOW))
    ring = [[106.64, 28.89], [106.66, 28.89], [106.66, 28.91], [106.64, 28.91], [106.64, 28.89]]
    forest = {
        "register": "denominator",
        "id": str(uuid4()),
        "place": "qijiang",
        "code": "forest",
        "what": "forest",
    }
    forest |= {"ground": {"type": "Polygon", "coordinates": [ring]}, "exercise": "demo"}
    path = f"/v1/registers/denominator/{forest['id']}"
    answer = await client.put(path, json=forest, params=demo, headers=await signed("planner"))
    assert answer.status_code == 201, answer.text
    found = await get(client, "/v1/provisions/qj-forest-95/check", denominator="forest", **demo)
    assert (found["verdict"], found["denominator"]["chosen_by"]) == ("met", "planner")
    assert found["denominator"]["code"] == "forest"
    whole = await get(client, "/v1/provisions/qj-forest-95/check", **demo)
    assert (whole["verdict"], whole["denominator"]["code"]) == ("unknown", "area")
