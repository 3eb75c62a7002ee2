"""The landing page, the conformance classes and the API definition."""

import msgspec
from litestar import Response

from registry.api.http.request import HttpRequest
from registry.api.ogc import openapi
from registry.api.ogc.links import REL, Links
from registry.api.ogc.negotiation import HTML, JSON, OPENAPI, PLAIN, negotiate
from registry.api.ogc.pages import page
from registry.api.ogc.response import negotiated_response, respond
from registry.api.ogc.routes import plain

_FEATURES = "http://www.opengis.net/spec/ogcapi-features-"
_COMMON = "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
_PROCESSES = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
CONFORMS_TO = [
    *(f"{_FEATURES}1/1.0/conf/{name}" for name in ("core", "geojson", "oas30", "html")),
    f"{_FEATURES}2/1.0/conf/crs",
    *(
        f"{_FEATURES}3/1.0/conf/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(f"{_FEATURES}4/1.0/conf/{name}" for name in ("create-replace-delete", "update", "features")),
    f"{_FEATURES}5/1.0/conf/schemas",
    *(f"{_FEATURES}8/1.0/conf/{name}" for name in ("sorting", "sortables", "features-sorting")),
    *(f"{_COMMON}{name}" for name in ("schemas", "queryables", "sortables")),
    *(
        f"{_CQL2}{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "array-functions",
            "property-property",
            "arithmetic",
            "functions",
            "basic-spatial-operators",
        )
    ),
    *(
        f"{_TILES}{name}"
        for name in (
            "core",
            "tileset",
            "tilesets-list",
            "dataset-tilesets",
            "geodata-tilesets",
            "collections-selection",
            "mvt",
            "oas30",
        )
    ),
    *(f"{_PROCESSES}{name}" for name in ("ogc-process-description", "json", "oas30", "job-list", "dismiss")),
]
"""`core` of Processes is not here: it wants inputs by reference, and nothing is fetched for a caller."""
TITLE = "Emergency resources · 应急资源"
ABOUT = (
    "Rescue teams, shelters, fire-watch points and supply depots as OGC API Features and Tiles; "
    "what is near, covered and missing as Processes. "
    "以 OGC API 要素、瓦片与处理标准提供应急资源，可直接接入地图软件。"
)


@plain("/")
async def read_landing(request: HttpRequest) -> Response[bytes]:
    """The landing page."""
    links = Links(request)
    listed = [
        links.to("service-desc", "/api", OPENAPI, "The definition of this API · 接口定义"),
        links.to("service-doc", "/api", HTML, "Documentation · 接口文档", f="html"),
        links.to("conformance", "/conformance", JSON, "What this server conforms to · 符合的标准"),
        links.to("data", "/collections", JSON, "Collections · 数据集"),
        links.to(REL + "functions", "/functions", JSON, "Functions of filters · 过滤函数"),
        links.to(REL + "tilesets-vector", "/tiles", JSON, "Vector tiles · 矢量瓦片"),
        links.to(REL + "styles", "/styles", JSON, "Styles · 样式"),
        links.to(REL + "processes", "/processes", JSON, "Processes · 处理"),
        links.to(REL + "job-list", "/jobs", JSON, "Jobs · 任务"),
        links.to(REL + "tiling-schemes", "/tileMatrixSets", JSON, "Tile matrix sets · 瓦片矩阵集"),
    ]
    content = {"title": TITLE, "description": ABOUT, "links": listed}
    return await negotiated_response(request, PLAIN, content, TITLE)


@plain("/conformance")
async def read_conformance(request: HttpRequest) -> Response[bytes]:
    """The conformance classes."""
    return await negotiated_response(request, PLAIN, {"conformsTo": CONFORMS_TO}, "Conformance · 符合性")


@plain("/api")
async def read_api(request: HttpRequest) -> Response[bytes]:
    """The OpenAPI 3.0 document, or a page of it."""
    form = negotiate(request, {"json": OPENAPI, "html": HTML})
    root = Links(request).root
    if form == "html":
        return respond(request, await page(openapi.outline(root), f"API · {TITLE}"), HTML)
    return respond(request, msgspec.json.encode(openapi.document(root)), OPENAPI)


GEOMETRY = {"title": "geometry", "type": ["geometry"], "description": "The property geometry · 要素的几何"}
PLACE = {"title": "place", "type": ["geometry"], "description": "Such as POINT(106.65 29.03) · 起算位置"}
FUNCTIONS = [
    {
        "name": "distance_m",
        "description": "Metres between the feature and a geometry on the WGS 84 ellipsoid · 椭球面距离（米）",
        "returns": ["number"],
        "arguments": [GEOMETRY, PLACE],
    },
    {
        "name": "within_m",
        "description": "Whether it lies at most so many metres away, the bound included · 是否在若干米之内",
        "returns": ["boolean"],
        "arguments": [GEOMETRY, PLACE, {"title": "metres", "type": ["number"]}],
    },
]


@plain("/functions")
async def read_functions(request: HttpRequest) -> Response[bytes]:
    """The functions that a filter may call beside those of CQL2."""
    return await negotiated_response(request, PLAIN, {"functions": FUNCTIONS}, "Functions · 函数")


HANDLERS = [read_landing, read_conformance, read_functions, read_api]
