/** Lists, asks what is near, records and meets a conflict, each with its types, against a server that runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, connect, EditConflict, pages, RegistryProblem, type components } from "../index.js";

const url = process.env["REGISTRY_URL"] ?? "";
const registry = connect(url, { key: process.env["REGISTRY_KEY"], language: "zh" });
const draft: components["schemas"]["Draft"] = {
  type: "Feature",
  geometry: { type: "Point", coordinates: [106.66, 28.77] },
  properties: {
    kind: "shelter",
    name: { zh: "测试避难所", en: "Test shelter" },
    place: "500110110",
    capacity_persons: 100,
    location: { quality: "surveyed", uncertainty_m: 5 },
    sources: [{ kind: "person", reference: "test" }],
  },
};

test("a list is read page by page", async () => {
  const names: (string | null | undefined)[] = [];
  const query = { kind: "shelter", exercise: "demo", limit: 20 } as const;
  for await (const page of pages((cursor) => registry.GET("/v1/resources", { params: { query: { ...query, cursor } } }))) {
    for (const record of page.features) {
      assert.equal(record.properties.kind, "shelter");
      if (record.properties.kind === "shelter") assert.ok(record.properties.capacity_persons !== undefined);
      names.push(typeof record.properties.name === "string" ? record.properties.name : record.properties.name.zh);
    }
  }
  assert.equal(names.length, 54);
});

test("the nearest have their distances", async () => {
  const query = { lon: 106.65, lat: 29.03, kind: "shelter", exercise: "demo", k: 3 } as const;
  const near = await answer(registry.GET("/v1/proximity/nearest", { params: { query } }));
  const distances = near.features.map((hit) => hit.properties.distance_m ?? Infinity);
  assert.equal(distances.length, 3);
  assert.deepEqual(distances, distances.toSorted((a, b) => a - b));
  assert.equal(near.completeness.state, "open");
});

test("an edit that meets another one is a conflict with its address", async () => {
  const made = await answer(registry.POST("/v1/resources", { body: draft }));
  const path = { identity: made.id };
  const edit = (capacity_persons: number, base_version: number) =>
    answer(
      registry.PATCH("/v1/resources/{identity}", {
        params: { path, query: { base_version } },
        body: { properties: { capacity_persons } },
      }),
    );
  await edit(200, 1);
  await assert.rejects(edit(300, 1), (error: unknown) => {
    assert.ok(error instanceof EditConflict);
    assert.deepEqual(error.problem.overlapping, ["capacity_persons"]);
    assert.match(error.problem.conflict, /^\/v1\/corrections\//);
    return true;
  });
});

test("a refusal names what is wrong", async () => {
  const body = { ...draft, geometry: { type: "Point", coordinates: [29.03, 106.65] } } as typeof draft;
  await assert.rejects(answer(registry.POST("/v1/resources", { body })), (error: unknown) => {
    assert.ok(error instanceof RegistryProblem && !(error instanceof EditConflict));
    assert.ok(error.problem.errors?.length);
    return true;
  });
});
