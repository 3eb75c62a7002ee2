"""What every answer about nearness states, what it leaves out, and what it refuses."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from registry.domain.datum import gcj02_of
from registry.services.proximity import undecided as doubt
from registry.store.database.query import Query
from registry.store.records import changes
from tests.api.near import AT, GEOD, a_place, ask, box, east, ids, seen, tell, there
from tests.builders import A_CHANGE, NOW, make


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
    ("rescue_team", {"force": "standing"}),
    ("rescue_team", {"level": "town"}),
    ("shelter", {"level": "town"}),
    ("rescue_team", {"readiness": "available"}),
    ("shelter", {"opening": "open"}),
    ("shelter", {"free_persons": 5}),
    ("fire_watch_point", {"form": "checkpoint"}),
    ("fire_watch_point", {"operational": "yes"}),
    ("supply_depot", {"tier": "town"}),
    ("supply_depot", {"item": "tent"}),
    ("rescue_team", {"specialties_any": "mine"}),
    ("rescue_team", {"specialties_all": "mine"}),
    ("shelter", {"hazards_any": "flood"}),
    ("shelter", {"hazards_all": "flood"}),
    ("shelter", {"max_age_days": 9}),
]


@pytest.mark.parametrize(("kind", "condition"), UNKNOWNS)
async def test_what_only_an_unknown_value_keeps_out_is_counted(client, stored, kind, condition) -> None:
    silent = there(kind, 500)
    elsewhere = there(kind, 90_000)
    await changes.load(stored, [silent, elsewhere], A_CHANGE)
    (name,) = ("verified_since" if "max_age_days" in condition else next(iter(condition)),)
    for question, bound in (("nearest", {"max_m": 1000}), ("within", {"radius_m": 1000})):
        answer = await ask(client, question, kind=kind, **condition, **bound)
        assert ids(answer) == []
        assert answer["excluded"] == {name: {"not_stated": 1, "otherwise": 0, "nearest": None}}
        (doubtful,) = answer["undecided"]["resources"]
        assert (doubtful["id"], doubtful["reason"]) == (str(silent.id), "unknown_value")
        assert doubtful["unknown"] == [name]
        assert "1 not stated" in answer["none"]["en"]
    anywhere = await ask(client, "nearest", kind=kind, **condition)
    assert anywhere["excluded"][name]["not_stated"] == 2


async def test_inside_an_area_the_unknown_are_those_inside(client, stored) -> None:
    """When all that was asked for lies inside, what lies beyond is not as near."""
    inside, silent = make("shelter", 106.65, 29.05, opening="open"), make("shelter", 106.66, 29.05)
    outside = make("shelter", 106.75, 29.05)
    await changes.load(stored, [inside, silent, outside], A_CHANGE)
    question = {"origin": {"area": box(106.6, 29.0, 0.1)}, "where": {"opening": "open"}}
    for name, more in (("nearest", {"k": 1}), ("within", {})):
        answer = await tell(client, name, **question, **more)
        assert ids(answer) == [str(inside.id)]
        assert [one["id"] for one in answer["undecided"]["resources"]] == [str(silent.id)]
    wider = await tell(client, "within", **question, radius_m=6000)
    assert {one["id"] for one in wider["undecided"]["resources"]} == {str(silent.id), str(outside.id)}


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
    assert recent["excluded"]["verified_since"]["not_stated"] == 1


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"lat": 1}, "lon"),
        ({"lon": 1}, "lat"),
        ({"lon": 1, "lat": 1, "road": "x", "chainage_km": 3}, "origin"),
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


async def test_a_ring_that_is_open_is_refused(client) -> None:
    ring = [[106.6, 29.0], [106.7, 29.0], [106.7, 29.1], [106.6, 29.1]]
    for area in (
        {"type": "Polygon", "coordinates": [ring]},
        {"type": "MultiPolygon", "coordinates": [[ring]]},
    ):
        problem = await tell(client, "nearest", 422, origin={"area": area})
        assert "end where it began" in problem["detail"]


async def test_a_place_that_nobody_knows_is_not_answered_with_nothing(client, stored) -> None:
    await a_place(stored, "empty", extent=box(100, 20, 0.1))
    spot = {"lon": AT[0], "lat": AT[1]}
    for place, status, by_query in (("empty", 200, 200), ("emtpy", 422, 400)):
        where = {"place": place}
        await tell(client, "nearest", status, origin=spot, where=where)
        await tell(client, "within", status, origin=spot, where=where, radius_m=10)
        await tell(client, "covering", status, origin=spot, where=where)
        await tell(client, "batch", status, origins=[spot], where=where)
        items = [{"code": "tent", "quantity": 1}]
        await tell(client, "supplies", status, origin=spot, where=where, items=items)
        for path in (f"nearest?lon=1&lat=2&place={place}", f"covering?lon=1&lat=2&place={place}"):
            assert (await client.get(f"/v1/proximity/{path}")).status_code == by_query
        alert = {"info": [{"area": [{"circle": ["29,106 1"]}]}]}
        answer = await client.post(f"/v1/proximity/alert-area?place={place}", json=alert)
        assert answer.status_code == by_query, answer.text


@pytest.mark.parametrize("question", ["nearest", "within"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_hits_and_what_is_left_out_are_of_one_instant(
    client, stored, monkeypatch, question, method
) -> None:
    """A team that is changed while the answer is made is either a hit or left out, never both."""
    team = there("rescue_team", 100, readiness="available")
    await changes.load(stored, [team], A_CHANGE)
    find_undecided = doubt.find_undecided

    async def after_a_change(*args):
        await stored.run(Query(sa.text("UPDATE resource SET readiness = 'unknown'")), {})
        return await find_undecided(*args)

    monkeypatch.setattr(doubt, "find_undecided", after_a_change)
    origin, reach = {"lon": AT[0], "lat": AT[1]}, {"radius_m": 500} if question == "within" else {}
    if method == "GET":
        answer = await ask(client, question, readiness="available", **reach)
    else:
        answer = await tell(client, question, origin=origin, where={"readiness": "available"}, **reach)
    assert ids(answer) == [str(team.id)]
    assert answer["excluded"] == {}
    assert answer["undecided"]["count"] == 0


async def undecided_of_nearest(client, **more) -> dict:
    return (await ask(client, "nearest", **more))["undecided"]


async def test_a_record_that_loses_its_position_is_named_by_the_next_answer(client, stored) -> None:
    """What is kept of records without a position does not outlive a change of one."""
    await changes.load(stored, [there("shelter", 100), there("shelter", 200)], A_CHANGE)
    for _ in range(2):
        assert (await undecided_of_nearest(client))["count"] == 0
    lost = make("shelter", None)
    await changes.load(stored, [lost], A_CHANGE)
    for _ in range(2):
        assert [one["id"] for one in (await undecided_of_nearest(client))["resources"]] == [str(lost.id)]
    await stored.run(Query(sa.text("DELETE FROM resource WHERE geom IS NULL")), {})
    assert (await undecided_of_nearest(client))["count"] == 0


async def test_some_of_a_crowd_without_any_place_are_named_until_it_is_none(client, stored) -> None:
    crowd = [make("shelter", None) for _ in range(60)]
    await changes.load(stored, [there("shelter", 100), *crowd], A_CHANGE)
    for _ in range(2):
        undecided = await undecided_of_nearest(client, kind="shelter")
        assert undecided["more"]
        assert {one["id"] for one in undecided["resources"]} <= {str(record.id) for record in crowd}
    assert (await undecided_of_nearest(client, kind="rescue_team"))["count"] == 0
    gone = ", ".join(f"'{record.id}'" for record in crowd[2:])
    await stored.run(Query(sa.text(f"DELETE FROM resource WHERE id IN ({gone})")), {})
    undecided = await undecided_of_nearest(client, kind="shelter")
    assert {one["id"] for one in undecided["resources"]} == {str(record.id) for record in crowd[:2]}
    assert not undecided["more"]
