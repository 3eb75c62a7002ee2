// What the tests ask of the registry, and the web-mercator arithmetic that they hold against it.
import assert from "node:assert/strict";

export const HALF = Math.PI * 6378137;

// Of the demonstration, whose records have positions: the plan documents give none.
export const EXERCISE = "demo";

export function at(path, exercise = EXERCISE) {
  const url = new URL(process.env.REGISTRY_ADDRESS + path);
  if (exercise) url.searchParams.set("exercise", exercise);
  return url.href;
}

export async function json(path, exercise = EXERCISE) {
  const answer = await fetch(at(path, exercise), { headers: { Accept: "application/json" } });
  assert.equal(answer.status, 200, path);
  return answer.json();
}

export const items = (collection, asked = {}, exercise = EXERCISE) =>
  json(`/ogc/collections/${collection}/items?${new URLSearchParams({ limit: 1000, f: "json", ...asked })}`, exercise);

export function mercator([lon, lat]) {
  return [(lon * HALF) / 180, 6378137 * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360))];
}

// The tile of a zoom that holds a spot: its bytes, its number, its sides in metres.
export async function tile(base, spot, z) {
  const side = (2 * HALF) / 2 ** z;
  const [east, north] = mercator(spot);
  const [x, y] = [Math.floor((east + HALF) / side), Math.floor((HALF - north) / side)];
  const answer = await fetch(at(`${base}/${z}/${y}/${x}`));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/vnd.mapbox-vector-tile");
  const [west, top] = [x * side - HALF, HALF - y * side];
  return { data: await answer.arrayBuffer(), extent: [west, top - side, west + side, top], x, y, z };
}

export function near(found, wanted, tolerance) {
  assert.equal(found.length, wanted.length);
  found.forEach((value, index) => assert.ok(Math.abs(value - wanted[index]) <= tolerance, `${found} ${wanted}`));
}
