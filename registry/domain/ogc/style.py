"""How the collections look on a map: layers of a MapLibre style, in the colours of the registry's own map."""

from collections.abc import Iterable
from typing import Any

from registry.domain.ogc.catalogue import Collection
from registry.domain.records.resource import Kind

Layer = dict[str, Any]
SOURCE = "registry"
COLOURS: dict[Kind, str] = {
    "rescue_team": "#1b62c4",
    "shelter": "#0a7a4b",
    "fire_watch_point": "#b8360b",
    "supply_depot": "#6d3bbf",
}
"""As in `web/src/vocab.ts`."""
BORDER, HALO, RULE, WATCHED, GATHERED = "#8f8a7c", "#ffffff", "#00695c", "#d9480f", "#2b2a26"
POINTS = ["in", ["geometry-type"], ["literal", ["Point", "MultiPoint"]]]
AREAS = ["in", ["geometry-type"], ["literal", ["Polygon", "MultiPolygon"]]]


def style_layers(collections: Iterable[Collection], clusters: str) -> list[Layer]:
    """The layers of these collections, areas below lines below points, records that were gathered on top.

    `clusters` is the source layer of gathered records. There are no words: a style with words needs glyphs.
    """
    listed = list(collections)
    parts = [_layers(one) for one in listed]
    order = ("fill", "line", "circle")
    layers = [layer for kind in order for part in parts for layer in part if layer["type"] == kind]
    kinds = [one.kind for one in listed if one.kind is not None]
    return layers + ([_gathered(kinds, clusters)] if kinds else [])


def _layers(described: Collection) -> list[Layer]:
    if described.kind is not None and described.holds == "located":
        return [_circles(described.id, COLOURS[described.kind], 6.0)]
    if described.holds == "footprints":
        return [_fill(described.id, WATCHED, 0.05), _line(described.id, WATCHED, 1.0)]
    if described.holds == "places":
        return [_line(described.id, BORDER, 1.0), _circles(described.id, BORDER, 3.0)]
    return [
        _fill(described.id, RULE, 0.1),
        _line(described.id, RULE, 2.0),
        _circles(described.id, RULE, 4.0),
    ]


def _layer(kind: str, source_layer: str, paint: dict[str, Any], **more: Any) -> Layer:
    named = {"id": f"{source_layer}-{kind}", "type": kind, "source": SOURCE, "source-layer": source_layer}
    return named | more | {"paint": paint}


def _fill(source_layer: str, colour: str, opacity: float) -> Layer:
    return _layer("fill", source_layer, {"fill-color": colour, "fill-opacity": opacity}, filter=AREAS)


def _line(source_layer: str, colour: str, width: float) -> Layer:
    return _layer("line", source_layer, {"line-color": colour, "line-width": width})


def _circles(source_layer: str, colour: str, radius: float) -> Layer:
    paint = {
        "circle-color": colour,
        "circle-radius": radius,
        "circle-stroke-color": HALO,
        "circle-stroke-width": 1.5,
    }
    return _layer("circle", source_layer, paint, filter=POINTS)


def _gathered(kinds: list[Kind], clusters: str) -> Layer:
    """Records that share a cell of a tile, the larger the more there are; of one kind in its colour."""
    colour = COLOURS[kinds[0]] if len(kinds) == 1 else GATHERED
    radius = ["interpolate", ["linear"], ["log10", ["get", "point_count"]], 0.3, 9, 4, 26]
    paint = {
        "circle-color": colour,
        "circle-opacity": 0.75,
        "circle-radius": radius,
        "circle-stroke-color": HALO,
        "circle-stroke-width": 2,
    }
    return _layer("circle", clusters, paint)
