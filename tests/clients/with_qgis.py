"""Has QGIS open a served registry: run by the Python that has QGIS, which is the system's and not ours."""

import json
import os
import unittest
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureRequest,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsMarkerSymbol,
    QgsNetworkAccessManager,
    QgsNetworkRequestParameters,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileBasicRenderer,
    QgsVectorTileBasicRendererStyle,
    QgsVectorTileLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QCoreApplication, QDate, QDateTime, QSize, QVariant
from qgis.PyQt.QtGui import QColor

ROOT = os.environ["REGISTRY_ADDRESS"] + "/ogc"
PAGE = 1000
"""QGIS asks for pages of so many features."""
SHAPES = {
    "rescue-teams": "Point",
    "shelters": "Point",
    "fire-watch-points": "Point",
    "supply-depots": "Point",
    "unlocated-resources": "NoGeometry",
    "places": "MultiPolygon",
    "coverage-footprints": "Polygon",
    "stock-lines": "Point",
    "zones": "NoGeometry",
}
"""What QGIS shall make of the collections; no zone of the generated records is drawn yet."""
BOX = QgsRectangle(106.2, 28.8, 106.9, 29.4)
SIDE = 512
REACH_PX = 8


def served(collection, **asked):
    """All features of a collection, by following `next` with nothing but the standard library."""
    path = f"{ROOT}/collections/{collection}/items?{urlencode({'limit': PAGE, 'f': 'json', **asked})}"
    found = []
    while path:
        with urlopen(path) as answer:
            page = json.load(answer)
        found += page["features"]
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    return found


def layer(collection, query="", **options):
    """A layer as a person adds it; the query of the address goes along with every request."""
    told = {"hideDownloadProgressDialog": "1", **options}
    words = " ".join(f"{name}='{value}'" for name, value in told.items())
    opened = QgsVectorLayer(f"url='{ROOT}{query}' typename='{collection}' {words}", collection, "OAPIF")
    assert opened.isValid(), collection
    return opened


def same(read, told):
    """Whether QGIS has the value that was served; a list it reads where its first sample shows one."""
    if isinstance(read, QVariant) and read.isNull():
        read = None
    if isinstance(read, QDateTime):
        return told is not None and read.toUTC().toString("yyyy-MM-ddTHH:mm:ss") == told[:19]
    if isinstance(read, QDate):
        return read.toString("yyyy-MM-dd") == told
    if isinstance(told, list):
        return read is None or list(read) == told
    if isinstance(told, float) and isinstance(read, str):
        return float(read) == told  # the first sample had no number, so that QGIS took it for a text
    return read == told or (read in (None, "") and told in (None, ""))


def identities(features):
    return sorted(feature["id"] for feature in features)


class Asked:
    """The requests that QGIS makes meanwhile."""

    def __enter__(self):
        QCoreApplication.processEvents()
        self.urls = []
        self._signal = QgsNetworkAccessManager.instance().requestAboutToBeCreated[QgsNetworkRequestParameters]
        self._signal.connect(self._heard)
        return self

    def _heard(self, made):
        self.urls.append(bytes(made.request().url().toEncoded()).decode())

    def __exit__(self, *_):
        QCoreApplication.processEvents()
        self._signal.disconnect(self._heard)

    def of_items(self):
        """The parameters of the requests for features, without the first look at ten of them."""
        asked = [parse_qs(urlsplit(url).query) for url in self.urls if "/items?" in url]
        return [each for each in asked if each["limit"] != ["10"]]


class Features(unittest.TestCase):
    def test_every_collection_opens_with_its_shape_its_number_and_all_its_features(self):
        for collection, shape in SHAPES.items():
            opened, wanted = layer(collection), served(collection)
            assert QgsWkbTypes.displayString(opened.wkbType()) == shape, collection
            assert opened.featureCount() == len(wanted), collection
            assert identities(opened.getFeatures()) == identities(wanted), collection
            assert wanted, collection

    def test_positions_are_longitude_and_latitude(self):
        opened = layer("shelters")
        assert opened.crs().authid() == "EPSG:4326"
        here = {each["id"]: each.geometry().asPoint() for each in opened.getFeatures()}
        for feature in served("shelters"):
            lon, lat = feature["geometry"]["coordinates"]
            assert (here[feature["id"]].x(), here[feature["id"]].y()) == (lon, lat)

    def test_every_value_is_read_the_first_time_and_again(self):
        """QGIS keeps what it has read in a file of its own, and reads that from then on."""
        for collection in SHAPES:
            opened, wanted = layer(collection), {one["id"]: one["properties"] for one in served(collection)}
            names = [field.name() for field in opened.fields() if field.name() != "id"]
            told = {name for properties in wanted.values() for name, value in properties.items() if value}
            assert told <= set(names), (collection, told - set(names))
            for turn in range(3):
                for feature in opened.getFeatures():
                    properties = wanted[feature["id"]]
                    for name in names:
                        told = properties.get(name)
                        assert same(feature[name], told), (collection, turn, name, feature[name], told)

    def test_the_next_pages_are_followed(self):
        pages = -(-len(served("shelters")) // PAGE)
        with Asked() as asked:
            list(layer("shelters").getFeatures())
        assert pages > 1
        assert ["cursor" in each for each in asked.of_items()] == [False] + [True] * (pages - 1)

    def test_a_window_is_left_to_the_server(self):
        west, south, east, north = BOX.xMinimum(), BOX.yMinimum(), BOX.xMaximum(), BOX.yMaximum()
        inside = [
            feature
            for feature in served("shelters")
            if west <= feature["geometry"]["coordinates"][0] <= east
            and south <= feature["geometry"]["coordinates"][1] <= north
        ]
        opened = layer("shelters", restrictToRequestBBOX="1")
        with Asked() as asked:
            found = list(opened.getFeatures(QgsFeatureRequest(BOX)))
        assert inside
        assert identities(found) == identities(inside)
        (only,) = asked.of_items()
        window = [round(float(side), 9) for side in only["bbox"][0].split(",")]
        assert window == [west, south, east, north]

    def test_a_period_is_left_to_the_server_and_means_validity(self):
        opened = layer("shelters")
        opened.setSubsetString("\"created_at\" <= '2001-01-01T00:00:00Z'")
        with Asked() as asked:
            found = list(opened.getFeatures())
        periods = {each["datetime"][0] for each in asked.of_items()}
        assert periods == {"0000-01-01T00:00:00Z/2001-01-01T00:00:00Z"}
        assert identities(found) == identities(served("shelters", datetime="../2001-01-01T00:00:00Z"))

    def test_other_conditions_give_the_same_here_as_there(self):
        opened = layer("shelters")
        opened.setSubsetString('"level" = \'district\' AND "capacity_persons" > 100')
        wanted = served("shelters", filter="level = 'district' AND capacity_persons > 100")
        assert wanted
        assert identities(opened.getFeatures()) == identities(wanted)

    def test_an_exercise_is_asked_for_by_the_address_and_an_unknown_one_refused(self):
        with Asked() as asked:
            opened = QgsVectorLayer(f"url='{ROOT}?exercise=spring' typename='shelters'", "shelters", "OAPIF")
        assert asked.urls
        assert all(parse_qs(urlsplit(url).query)["exercise"] == ["spring"] for url in asked.urls)
        assert not opened.isValid()


class Tiles(unittest.TestCase):
    def drawn(self, around, half_m, named):
        """An image of the tiles' layer in red on white, and where a position is in it."""
        there = QgsCoordinateTransform(
            QgsCoordinateReferenceSystem("EPSG:4326"),
            QgsCoordinateReferenceSystem("EPSG:3857"),
            QgsProject.instance(),
        )
        middle = there.transform(around)
        address = f"{ROOT}/collections/shelters/tiles/WebMercatorQuad/%7Bz%7D/%7By%7D/%7Bx%7D"
        tiles = QgsVectorTileLayer(f"type=xyz&url={address}&zmin=0&zmax=18", "tiles")
        assert tiles.isValid()
        style = QgsVectorTileBasicRendererStyle(named, named, QgsWkbTypes.PointGeometry)
        style.setSymbol(QgsMarkerSymbol.createSimple({"color": "red", "size": "3", "outline_style": "no"}))
        renderer = QgsVectorTileBasicRenderer()
        renderer.setStyles([style])
        tiles.setRenderer(renderer)
        view = QgsMapSettings()
        view.setLayers([tiles])
        view.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
        view.setOutputSize(QSize(SIDE, SIDE))
        view.setBackgroundColor(QColor("white"))
        west, south = middle.x() - half_m, middle.y() - half_m
        view.setExtent(QgsRectangle(west, south, west + 2 * half_m, south + 2 * half_m))
        job = QgsMapRendererSequentialJob(view)
        job.start()
        job.waitForFinished()

        def pixel(spot):
            at = there.transform(QgsPointXY(*spot))
            scale = SIDE / (2 * half_m)
            return (at.x() - west) * scale, SIDE - (at.y() - south) * scale

        return job.renderedImage(), pixel

    def test_shelters_are_drawn_where_they_are_and_nowhere_else(self):
        spots = [feature["geometry"]["coordinates"] for feature in served("shelters")]
        image, pixel = self.drawn(QgsPointXY(*spots[0]), 10_000, "shelters")
        at = [pixel(spot) for spot in spots]
        seen = [(x, y) for x, y in at if REACH_PX < x < SIDE - REACH_PX and REACH_PX < y < SIDE - REACH_PX]
        assert len(seen) > 1
        for x, y in seen:
            assert image.pixelColor(int(x), int(y)).name() == "#ff0000"
        for x in range(0, SIDE, 16):
            for y in range(0, SIDE, 16):
                if all(abs(x - there) > REACH_PX or abs(y - top) > REACH_PX for there, top in at):
                    assert image.pixelColor(x, y).name() == "#ffffff"

    def test_far_out_shelters_are_gathered(self):
        image, _ = self.drawn(QgsPointXY(107.6, 30), 400_000, "clusters")
        red = sum(image.pixelColor(x, y).name() == "#ff0000" for x in range(SIDE) for y in range(SIDE))
        assert red > 100


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    print(f"QGIS {Qgis.QGIS_VERSION}")
    unittest.main(verbosity=2)
