"""Bad input is a 4xx that names what is wrong; the worker lives on and grows no fatter."""

import msgspec
import pytest

from tests.faults.conftest import Server

SPOT = "lon=106.6&lat=29.0"
NEAREST, WITHIN = "/v1/proximity/nearest", "/v1/proximity/within"
QUESTIONS = [
    (f"{NEAREST}?lon=106.6&lat=95&k=3", "lat"),
    (f"{NEAREST}?lon=106.6&lat=-90.0001&k=3", "lat"),
    (f"{NEAREST}?lon=181&lat=29&k=3", "lon"),
    (f"{NEAREST}?lon=106.6&lat=NaN&k=3", "lat"),
    (f"{NEAREST}?lon=106.6&lat=inf&k=3", "lat"),
    (f"{NEAREST}?lon=-inf&lat=29&k=3", "lon"),
    (f"{NEAREST}?lon=106.6&lat=1e400&k=3", "lat"),
    (f"{NEAREST}?lon=east&lat=29&k=3", "lon"),
    (f"{NEAREST}?lon=&lat=29&k=3", "lon"),
    (f"{NEAREST}?lat=29&k=3", "lon"),
    (f"{NEAREST}?{SPOT}&k=0", "k"),
    (f"{NEAREST}?{SPOT}&k=-1", "k"),
    (f"{NEAREST}?{SPOT}&k=1000000000", "k"),
    (f"{NEAREST}?{SPOT}&k=99999999999999999999999999", "k"),
    (f"{NEAREST}?{SPOT}&k=ten", "k"),
    (f"{NEAREST}?{SPOT}&k=3&max_m=-1", "max_m"),
    (f"{NEAREST}?{SPOT}&k=3&kind=dragon", "kind"),
    (f"{NEAREST}?{SPOT}&k=3&colour=red", "colour"),
    (f"{NEAREST}?{SPOT}&k=3&lon=106.7", "lon"),
    (f"{NEAREST}?{SPOT}&k=3&place=%00", "place"),
    (f"{WITHIN}?{SPOT}&radius_m=-1", "radius_m"),
    (f"{WITHIN}?{SPOT}&radius_m=1e9", "radius_m"),
    (f"{WITHIN}?{SPOT}&radius_m=nan", "radius_m"),
    (f"{WITHIN}?{SPOT}", "radius_m"),
    ("/v1/proximity/covering?lon=106.6&lat=91", "lat"),
    ("/v1/places/containing?lon=200&lat=29", "lon"),
    ("/v1/resources?limit=0", "limit"),
    ("/v1/resources?limit=1000000000", "limit"),
    ("/v1/resources?kind=", "kind"),
    ("/v1/resources?q=%00", "q"),
    (f"/v1/resources?q={'a' * 101}", "q"),
    ("/v1/resources?bbox=1,2,3", "bbox"),
    ("/v1/resources?bbox=nan,1,2,3", "bbox"),
    ("/v1/resources?bbox=0,40,10,30", "bbox"),
    ("/v1/resources?cursor=nonsense", "cursor"),
    ("/v1/resources?exercise=Live", "exercise"),
    ("/v1/resources?limt=5", "limt"),
    ("/v1/coverage?kind=dragon", "kind"),
]


@pytest.mark.parametrize(("question", "parameter"), QUESTIONS)
def test_a_bad_parameter_is_400_and_named(served: Server, question: str, parameter: str) -> None:
    answer = served.ask(question)
    problem = answer.problem()
    assert answer.status == 400
    assert parameter in [fault.get("parameter") for fault in problem["errors"]], problem


@pytest.mark.parametrize("question", ["/v1/resources?q=%ff", "/v1/resources?q=%ed%a0%80"])
def test_a_query_that_is_not_utf8_is_400(served: Server, question: str) -> None:
    assert served.ask(question).problem()["status"] == 400


@pytest.mark.parametrize("identity", ["1", "not-a-uuid", "0" * 400, "%00"])
def test_an_identity_that_is_no_uuid_is_404(served: Server, identity: str) -> None:
    assert served.ask(f"/v1/resources/{identity}").problem()["status"] == 404


def draft(**given: object) -> bytes:
    """The body of a shelter with one thing changed."""
    location = {"quality": "surveyed", "source": "test"}
    properties = {"kind": "shelter", "name": {"en": "A"}, "location": location, "lifecycle": "in_service"}
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.6, 29.0]}}
    return msgspec.json.encode(feature | {"properties": properties | given})


def with_geometry(text: str) -> bytes:
    """The same with its geometry put in as it stands."""
    return draft().replace(b'{"type":"Point","coordinates":[106.6,29.0]}', text.encode())


BODIES = {
    "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "deep list": b"[" * 5000 + b"]" * 5000,
    "deep in an ignored member": draft(note="x")[:-1] + b',"extra":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "never closed": b"[" * 100_000,
    "not utf-8": draft(note="here").replace(b"here", b"\xff\xfe"),
    "a lone surrogate": draft(note="here").replace(b"here", b"\\ud800"),
    "nul in text": draft(name={"en": "A\0B"}),
    "control characters": draft(name={"en": "A\x1bB"}),
    "text for a number": draft(capacity_persons="many"),
    "a numeral for a number": draft(capacity_persons="12"),
    "a negative number": draft(capacity_persons=-1),
    "a number too large": draft(capacity_persons=10**30),
    "NaN": with_geometry('{"type":"Point","coordinates":[NaN,29.0]}'),
    "infinity": with_geometry('{"type":"Point","coordinates":[1e400,29.0]}'),
    "text coordinates": with_geometry('{"type":"Point","coordinates":["nan","inf"]}'),
    "latitude 95": with_geometry('{"type":"Point","coordinates":[106.6,95]}'),
    "one coordinate": with_geometry('{"type":"Point","coordinates":[106.6]}'),
    "a collection": with_geometry('{"type":"GeometryCollection","geometries":[]}'),
    "an unknown kind": draft(kind="dragon"),
    "an unknown member": draft(colour="red"),
    "nothing": b"",
    "not json": b"{",
    "a list": b"[]",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_4xx_and_says_why(served: Server, name: str) -> None:
    answer = served.create(BODIES[name])
    problem = answer.problem()
    assert answer.status in (400, 422), problem
    assert problem["detail"]
    assert served.ask("/health/live").status == 200


def test_a_good_body_is_taken(served: Server) -> None:
    assert served.create(draft()).status == 201


def test_a_body_of_ten_megabytes_is_413(served: Server) -> None:
    assert served.create(b'{"a":"' + b"x" * 10_000_000 + b'"}').status == 413


def test_another_media_type_is_415(served: Server) -> None:
    assert served.create(draft(), **{"content-type": "text/plain"}).problem()["status"] == 415


def test_the_worker_lives_on_and_its_memory_stays_flat(served: Server) -> None:
    def everything() -> None:
        for question, _ in QUESTIONS:
            served.ask(question)
        for body in BODIES.values():
            served.create(body)
        served.create(b'{"a":"' + b"x" * 10_000_000 + b'"}')

    everything()
    workers, before_mib = served.workers(), served.memory_mib()
    for _ in range(5):
        everything()
    assert served.workers() == workers
    assert served.memory_mib() - before_mib <= 20
