// MapLibre's own reading: the style, the TileJSON it points to, the tiles, and expressions over their features.
import assert from "node:assert/strict";
import { test } from "node:test";

import { VectorTile } from "@mapbox/vector-tile";
import { featureFilter, validateStyleMin } from "@maplibre/maplibre-gl-style-spec";
import Pbf from "pbf";

import { at, items, json, near, tile } from "./served.mjs";

const TILEJSON = "/ogc/tiles/WebMercatorQuad?f=tilejson";
const TEAMS = "/ogc/collections/rescue-teams/tiles/WebMercatorQuad";

const style = (layers) => ({
  version: 8,
  sources: { registry: { type: "vector", url: at(TILEJSON) } },
  layers: layers.map((id) => ({ id, type: "circle", source: "registry", "source-layer": id })),
});

const layersOf = ({ data }) => new VectorTile(new Pbf(new Uint8Array(data))).layers;

function* featuresOf(layer) {
  for (let index = 0; index < layer.length; index++) yield layer.feature(index);
}

test("the TileJSON is one, and a style over its layers is valid", async () => {
  const told = await json(TILEJSON);
  assert.equal(told.tilejson, "3.0.0");
  const names = told.vector_layers.map(({ id }) => id);
  assert.deepEqual(validateStyleMin(style(names)), []);
  assert.ok(told.minzoom < told.maxzoom);
  const [west, south, east, north] = told.bounds;
  for (const { geometry } of (await items("rescue-teams")).features) {
    const [lon, lat] = geometry.coordinates;
    assert.ok(west <= lon && lon <= east && south <= lat && lat <= north);
  }
});

test("the styles are valid, draw layers that there are, and each is led to", async () => {
  const { styles } = await json("/ogc/styles");
  const layers = new Set((await json(TILEJSON)).vector_layers.map(({ id }) => id));
  assert.ok(styles.length > 5);
  for (const { links } of styles) {
    const style = await (await fetch(links.find(({ rel }) => rel === "stylesheet").href)).json();
    assert.deepEqual(validateStyleMin(style), []);
    assert.ok(style.layers.length > 0);
    for (const layer of style.layers) assert.ok(layers.has(layer["source-layer"]), layer.id);
  }
});

test("a tile has the layers and the members that the TileJSON says", async () => {
  const told = await json(TILEJSON);
  const fields = new Map(told.vector_layers.map(({ id, fields }) => [id, fields]));
  const url = told.tiles[0].replace("{z}", 8).replace("{x}", 203).replace("{y}", 106);
  const layers = layersOf({ data: await (await fetch(url)).arrayBuffer() });
  assert.ok(Object.keys(layers).length >= 2);
  for (const [name, layer] of Object.entries(layers)) {
    assert.ok(fields.has(name), name);
    assert.equal(layer.version, 2);
    for (const feature of featuresOf(layer))
      for (const member of Object.keys(feature.properties)) assert.ok(member in fields.get(name), member);
  }
});

test("features are where their records are, to a step of the tile's grid", async () => {
  const [team] = (await items("rescue-teams")).features;
  const found = await tile(TEAMS, team.geometry.coordinates, 16);
  const drawn = [...featuresOf(layersOf(found)["rescue-teams"])]
    .map((feature) => feature.toGeoJSON(found.x, found.y, found.z))
    .find(({ properties }) => properties.name_zh === team.properties.name_zh);
  near(drawn.geometry.coordinates, team.geometry.coordinates, 360 / 2 ** 16 / 4096);
});

test("clusters count every feature once", async () => {
  const layers = layersOf(await tile(TEAMS, [106.6, 29], 6));
  let counted = layers["rescue-teams"]?.length ?? 0;
  for (const { properties } of featuresOf(layers.clusters)) {
    counted += properties.point_count;
    assert.ok(properties.point_count > 1);
  }
  assert.equal(counted, (await items("rescue-teams")).numberMatched);
});

test("an expression chooses what a condition of the same meaning chooses", async () => {
  const level = "town";
  const wanted = (await items("rescue-teams", { level })).features.map(({ properties }) => properties.name_zh);
  const { filter } = featureFilter(["==", ["get", "level"], level]);
  const chosen = new Set();
  for (const { geometry } of (await items("rescue-teams")).features)
    for (const feature of featuresOf(layersOf(await tile(TEAMS, geometry.coordinates, 16))["rescue-teams"]))
      if (filter({ zoom: 14 }, feature)) chosen.add(feature.properties.name_zh);
  assert.deepEqual([...chosen].sort(), [...new Set(wanted)].sort());
  assert.ok(chosen.size > 0);
});

test("polygons come as rings that close, wound as the specification says", async () => {
  const { data, x, y, z } = await tile("/ogc/collections/places/tiles/WebMercatorQuad", [106.65, 28.9], 10);
  let polygons = 0;
  for (const feature of featuresOf(layersOf({ data }).places)) {
    if (feature.type !== 3) continue;
    polygons++;
    const { geometry } = feature.toGeoJSON(x, y, z);
    const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    for (const [outer] of parts) assert.deepEqual(outer[0], outer.at(-1));
  }
  assert.ok(polygons > 0);
});
