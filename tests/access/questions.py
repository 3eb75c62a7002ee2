"""Every question that can be asked by reading, made from the routes, so that a new route is asked too."""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import urlencode

from litestar import Litestar
from litestar.routes import HTTPRoute

from registry.api.ogc.processes.catalogue import PROCESSES
from registry.domain.ogc.catalogue import COLLECTIONS
from registry.domain.plans.entry import REGISTERS
from tests.access.worlds import EXACT, PICTURE, TOWNS, identity_of

SPOT = (round(TOWNS["T1"][0] + EXACT[0], 5), round(TOWNS["T1"][1] + EXACT[1], 5))
"""Where an internal record is, to a metre; not its very figures, which must not appear in an answer."""
FAR = (TOWNS["T2"][0] + 0.09, TOWNS["T2"][1] + 0.09)
BOX = f"{SPOT[0] - 0.0001},{SPOT[1] - 0.0001},{SPOT[0] + 0.0001},{SPOT[1] + 0.0001}"
AREA = {"type": "Polygon", "coordinates": [[[106.6, 29.0], [106.7, 29.0], [106.7, 29.1], [106.6, 29.0]]]}
QUERY: dict[str, list[str]] = {
    "kind": ["fire_watch_point", "rescue_team", "shelter", "supply_depot"],
    "place": ["D", "T1", "T2"],
    "q": ["Xanadu"],
    "bbox": [BOX, "106,28,108,30"],
    "limit": ["1", "1000"],
    "k": ["1", "50"],
    "radius_m": ["10", "4000", "60000"],
    "max_m": ["3", "5000"],
    "exercise": ["drill"],
    "as_of": ["2026-01-01T12:00:00Z", "2027-01-01T00:00:00Z"],
    "lifecycle": ["in_service"],
    "persons": ["5"],
    "registers": ["true"],
    "force": ["in_force"],
    "open_now": ["true"],
    "state": ["reported"],
    "quality": ["surveyed", "approximate"],
    "level": ["town"],
    "under": ["D"],
    "lon": [str(SPOT[0]), str(FAR[0])],
    "lat": [str(SPOT[1])],
    "f": ["json", "html", "csv", "fgb", "gpkg", "kml", "geojsonseq", "jsonseq", "mvt", "xlsx", "docx"],
    "lang": ["en"],
    "specialty": ["registry:mine"],
    "filter": ["name_en LIKE '%zq%'", "manager LIKE '%zqres%'", "visibility = 'restricted'"],
    "sortby": ["name_en", "-manager"],
    "format": ["json", "csv", "kml", "geojson"],
    "readiness": ["available"],
    "hazards_any": ["registry:flood"],
    "specialties_all": ["registry:mine"],
    "opening": ["open"],
    "near_place": ["T1"],
    "kinds": ["shelter,rescue_team"],
    "extents": ["true"],
    "hazard": ["registry:flood"],
    "bucket": ["0"],
    "km": ["1"],
    "road": ["G75"],
    "ended": ["true"],
    "scheme": ["registry"],
    "subject": ["hazard"],
    "name": ["list.csv"],
    "action": ["create"],
    "severity": ["warn"],
    "code": ["likely_double"],
    "since": ["2026-01-01T12:00:00Z"],
    "text": [f"{SPOT[0]}, {SPOT[1]}"],
    "smoke_height_m": ["20"],
}
"""Values for query parameters by name; a route is asked with each one beside what it demands."""


def tiles(zoom: int) -> tuple[str, str]:
    """Row and column of the web-mercator tile that holds the exact spot."""
    count = 2**zoom
    column = int((SPOT[0] + 180) / 360 * count)
    row = int((1 - math.asinh(math.tan(math.radians(SPOT[1]))) / math.pi) / 2 * count)
    return str(row), str(column)


IDENTITIES = [
    str(identity_of(visibility, town, "shelter", None))
    for visibility, town in product(("public", "internal", "restricted"), TOWNS)
]
PATHS: dict[str, list[str]] = {
    "identity": IDENTITIES,
    "feature_id": IDENTITIES,
    "code": ["D", "T1"],
    "collection_id": sorted(COLLECTIONS),
    "matrix_set": ["WebMercatorQuad"],
    "n": ["1"],
    "kind": ["shelter"],
    "register": sorted(REGISTERS),
    "style_id": ["registry", "shelters"],
    "commitment": IDENTITIES[:1],
    "sha256": [PICTURE["sha256"].hex()],
}
HERE = {"lon": SPOT[0], "lat": SPOT[1]}
FIRE = {"kind": "fire_watch_point", "place": "D"}
POLYGON = "29.0,106.6 29.0,106.7 29.1,106.7 29.1,106.6 29.0,106.6"
BODIES: dict[str, list[dict[str, Any]]] = {
    "/v1/coverage": [
        FIRE,
        FIRE | {"place": "T1"},
        FIRE | {"sight": "terrain", "smoke_height_m": 20.0},
        {"kind": "fire_watch_point", "area": AREA},
        {"kind": "shelter", "place": "D", "radius_m": 900.0, "reason": "a test"},
    ],
    "/v1/coverage/gaps": [FIRE],
    "/v1/coverage/depth": [FIRE],
    "/v1/coverage/criticality": [FIRE],
    "/v1/coverage/members": [{"kind": "shelter", "place": "D", "level": "town"}],
    "/v1/coverage/distance": [{"kind": "shelter", "place": "D"}],
    "/v1/coverage/minutes": [
        {"kind": "rescue_team", "place": "D", "max_minutes": 3.0, "search_minutes": 30.0}
    ],
    "/v1/coverage/siting": [FIRE | {"siting": {"radius_m": 5000, "grid_m": 5000}}],
    "/v1/coverage/scenario": [
        FIRE | {"scenario": {"remove": [str(identity_of(visibility, "T1", "fire_watch_point", None))]}}
        for visibility in ("public", "internal", "restricted")
    ],
    "/v1/checks": [{"place": "D"}],
    "/v1/proximity/alert-area": [{"info": [{"area": [{"polygon": [POLYGON]}]}]}],
    "/v1/proximity/batch": [
        {"origins": [HERE, {"lon": FAR[0], "lat": FAR[1]}], "k": 50},
        {"origins": [HERE], "k": 3, "by": "minutes"},
    ],
    "/v1/proximity/covering": [
        {"origin": HERE},
        {"origin": {"area": AREA}},
        {"origin": HERE, "sight": "terrain", "smoke_height_m": 20.0},
    ],
    "/v1/proximity/nearest": [
        *({"origin": origin, "k": 50} for origin in (HERE, {"place": "T2"}, {"area": AREA})),
        {"origin": HERE, "k": 50, "by": "minutes"},
        {"origin": {"area": AREA}, "k": 2, "by": "minutes"},
    ],
    "/v1/proximity/within": [
        *({"origin": HERE, "radius_m": radius_m} for radius_m in (10, 3000, 60000)),
        {"origin": HERE, "by": "minutes", "max_minutes": 5},
    ],
    "/v1/proximity/situation": [{"origin": HERE, "k": 50}],
    "/v1/proximity/supplies": [{"origin": HERE, "items": [{"code": "tents", "quantity": 3}]}],
    "/v1/rules/check": [
        {
            "geometry": {"type": "Point", "coordinates": list(SPOT)},
            "facility_kind": "shelter",
            "action": "build",
        }
    ],
}
"""Questions that are asked by POST; a POST route that stores something is not here."""
AT_TOWNS = {"type": "places", "level": "town"}
QUICK = {"siting": {"demand": AT_TOWNS, "candidates": AT_TOWNS}}
"""Inputs beside those of /v1 with which a process answers at once, without a job to be waited for."""
EXECUTIONS = {
    f"/ogc/processes/{one.id}/execution": [
        {"inputs": body | QUICK.get(one.id, {})} for body in BODIES[one.twin]
    ]
    for one in PROCESSES.values()
    if one.twin in BODIES
}
"""The same questions as processes."""
BODIES |= {path: bodies[:1] for path, bodies in EXECUTIONS.items()}


THOROUGH = 3
"""Of so many paths of one route, one is asked with every parameter and the others with what is demanded."""


BESIDE: dict[str, dict[str, str]] = {
    f"/v1/proximity/{name}": {"lon": str(SPOT[0]), "lat": str(SPOT[1])}
    for name in ("nearest", "within", "covering", "shelter-need")
} | {
    "/v1/service-points": {"lon": str(SPOT[0]), "lat": str(SPOT[1])},
    "/v1/call-list": {"lon": str(SPOT[0]), "lat": str(SPOT[1])},
    "/v1/coverage": {"place": "D"},
    "/v1/reconciliation": {"place": "D"},
    "/v1/survey-list": {"place": "D"},
}
"""What a route needs although each parameter is optional."""
STREAMS = ("/v1/changes/stream",)
"""Answers without an end, which are asked by `tests.access.streams`."""
PASSED = ("/docs", "/assets", "/guide", "/health", "/metrics", *STREAMS)


OF_ENTRIES = "/v1/registers/{register:str}/{identity:uuid}/attachments"
"""These worlds have no entries: tests/api/test_attachments.py asks about what is attached to one."""


class Question(NamedTuple):
    """One request that changes nothing."""

    method: str
    template: str
    url: str
    body: dict[str, Any] | None = None


def questions(app: Litestar) -> Iterator[Question]:
    """Every question for every route that reads."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith(
            ("/docs", "/assets", "/guide", "/health", "/metrics", OF_ENTRIES, *STREAMS)
        ):
            continue
        for method, (handler, model) in route.route_handler_map.items():
            parameters = {parameter.field_alias: parameter for parameter in model.expected_query_params}
            if method == "GET":
                for number, (path, given) in enumerate(_paths(route.path)):
                    extra = handler.opt["parameters"](given) if "parameters" in handler.opt else frozenset()
                    known = frozenset(parameters) | extra if number % THOROUGH == 0 else frozenset()
                    for query in _queries(parameters, known, BESIDE.get(route.path, {})):
                        yield Question("GET", route.path, path + query)
            elif method == "POST":
                for body in BODIES.get(route.path, ()):
                    yield Question("POST", route.path, route.path, body)


def _paths(template: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The template with each combination of known values, and those values."""
    names = [part[1:-1].partition(":")[0] for part in template.split("/") if part.startswith("{")]
    plain = [name for name in names if name not in ("z", "row", "col")]
    for values in product(*(PATHS.get(name, ["D"]) for name in plain)):
        chosen = dict(zip(plain, values, strict=True))
        for zoom in (8, 13, 18) if "z" in names else (0,):
            row, column = tiles(zoom)
            given = chosen | {"z": str(zoom), "row": row, "col": column}
            parts = [
                given[p[1:-1].partition(":")[0]] if p.startswith("{") else p for p in template.split("/")
            ]
            yield "/".join(parts), {name: given[name] for name in names}


def _queries(parameters: dict[str, Any], allowed: frozenset[str], beside: dict[str, str]) -> Iterator[str]:
    """What is demanded, alone and beside each other parameter that is known here."""
    demanded = [name for name, parameter in parameters.items() if parameter.is_required]
    for values in product(*(QUERY[name][:2] for name in sorted(demanded))):
        base = beside | dict(zip(sorted(demanded), values, strict=True))
        yield _query(base)
        for name in sorted(allowed - set(demanded)):
            for value in QUERY.get(name, ()):
                yield _query(base | {name: value})


def _query(given: dict[str, str]) -> str:
    return f"?{urlencode(given)}" if given else ""
