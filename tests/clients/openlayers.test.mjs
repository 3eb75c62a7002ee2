// OpenLayers reads the features, the tilesets and the tiles.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./xhr.mjs";
import GeoJSON from "ol/format/GeoJSON.js";
import MVT from "ol/format/MVT.js";
import { getTileSetInfo } from "ol/source/ogcTileUtil.js";
import { get as projection } from "ol/proj.js";

import { at, HALF, items, json, mercator, near, tile } from "./served.mjs";

test("a list of features is read, in web-mercator for the map", async () => {
  const served = await items("rescue-teams");
  const read = new GeoJSON().readFeatures(served, { featureProjection: "EPSG:3857" });
  assert.equal(read.length, served.numberReturned);
  assert.ok(read.length >= 10);
  for (const [index, feature] of read.entries()) {
    const source = served.features[index];
    assert.equal(feature.getId(), source.id);
    near(feature.getGeometry().getCoordinates(), mercator(source.geometry.coordinates), 0.01);
    assert.equal(feature.get("kind"), "rescue_team");
  }
});

test("what the server projects is what OpenLayers projects", async () => {
  const degrees = new GeoJSON().readFeatures(await items("rescue-teams"), { featureProjection: "EPSG:3857" });
  const crs = "http://www.opengis.net/def/crs/EPSG/0/3857";
  const metres = new GeoJSON().readFeatures(await items("rescue-teams", { crs }), {
    dataProjection: "EPSG:3857",
    featureProjection: "EPSG:3857",
  });
  const of = new Map(metres.map((feature) => [feature.getId(), feature.getGeometry().getCoordinates()]));
  assert.equal(of.size, degrees.length);
  for (const feature of degrees) near(feature.getGeometry().getCoordinates(), of.get(feature.getId()), 0.02);
});

test("polygons and records without a geometry are read", async () => {
  const places = new GeoJSON().readFeatures(await items("places", { filter: "extent_basis='boundary'" }));
  assert.ok(places.length > 0);
  for (const feature of places) {
    assert.ok(["Polygon", "MultiPolygon"].includes(feature.getGeometry().getType()));
    assert.ok(feature.getGeometry().getArea() > 0);
  }
  const loose = new GeoJSON().readFeatures(await items("unlocated-resources", {}, null));
  assert.ok(loose.length > 0);
  assert.ok(loose.every((feature) => feature.getGeometry() === null));
});

for (const path of ["/ogc/tiles/WebMercatorQuad", "/ogc/collections/rescue-teams/tiles/WebMercatorQuad"]) {
  test(`the tileset ${path} is understood, and its tiles are where it says`, async () => {
    const told = await getTileSetInfo({
      url: at(path),
      mediaType: "application/vnd.mapbox-vector-tile",
      supportedMediaTypes: ["application/vnd.mapbox-vector-tile"],
      projection: projection("EPSG:3857"),
    });
    assert.deepEqual(told.grid.getOrigin(0), [-HALF, HALF]);
    assert.deepEqual(told.grid.getTileSize(0), [256, 256]);
    const [team] = (await items("rescue-teams")).features;
    const spot = mercator(team.geometry.coordinates);
    const coordinate = told.grid.getTileCoordForCoordAndZ(spot, 16);
    const url = new URL(told.urlFunction(coordinate, 1, projection("EPSG:3857")), at("/ogc/"));
    const answer = await fetch(url);
    assert.equal(answer.status, 200);
    const extent = told.grid.getTileCoordExtent(coordinate);
    const read = new MVT().readFeatures(await answer.arrayBuffer(), { extent, featureProjection: "EPSG:3857" });
    const [found] = read.filter((feature) => feature.get("name_zh") === team.properties.name_zh);
    near(found.getFlatCoordinates(), spot, (extent[2] - extent[0]) / 4096);
  });
}

test("a tile of few zooms holds clusters that count everything", async () => {
  const { data, extent } = await tile("/ogc/collections/rescue-teams/tiles/WebMercatorQuad", [106.6, 29], 6);
  const read = new MVT().readFeatures(data, { extent, featureProjection: "EPSG:3857" });
  const counted = read.reduce((sum, feature) => sum + (feature.get("point_count") ?? 1), 0);
  assert.equal(counted, (await items("rescue-teams")).numberMatched);
  assert.ok(read.some((feature) => feature.get("layer") === "clusters"));
});

test("the tileset's limits hold every feature", async () => {
  const { tileMatrixSetLimits } = await json("/ogc/collections/rescue-teams/tiles/WebMercatorQuad");
  const limits = tileMatrixSetLimits.find(({ tileMatrix }) => tileMatrix === "14");
  for (const feature of (await items("rescue-teams")).features) {
    const [x, y] = mercator(feature.geometry.coordinates).map((side, axis) =>
      Math.floor(((axis ? HALF - side : side + HALF) / (2 * HALF)) * 2 ** 14),
    );
    assert.ok(limits.minTileCol <= x && x <= limits.maxTileCol);
    assert.ok(limits.minTileRow <= y && y <= limits.maxTileRow);
  }
});
