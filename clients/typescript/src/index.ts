/** A typed client of the registry; `schema.d.ts` is generated from its OpenAPI document. */
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type ConflictProblem = Schemas["ConflictProblem"];
export type Registry = Client<paths>;

export interface Options {
  /** The key of an office or a device; without one what is public is read. */
  key?: string;
  /** Language of words and errors: zh or en. */
  language?: "zh" | "en";
  fetch?: (request: Request) => Promise<Response>;
}

/** The registry refused a request; `problem.errors` names each parameter or member. */
export class RegistryProblem extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.title}: ${problem.detail}`);
    this.name = "RegistryProblem";
  }
}

/** Somebody changed the same members; `problem.conflict` is where a person decides. */
export class EditConflict extends RegistryProblem {
  constructor(override readonly problem: ConflictProblem) {
    super(problem);
    this.name = "EditConflict";
  }
}

/** A client of the registry at `url`. */
export function connect(url: string, options: Options = {}): Registry {
  const headers: Record<string, string> = {};
  if (options.key !== undefined) headers["Authorization"] = `Bearer ${options.key}`;
  if (options.language !== undefined) headers["Accept-Language"] = options.language;
  return createClient<paths>({ baseUrl: url.replace(/\/$/, ""), headers, fetch: options.fetch });
}

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The typed body of a response; throws RegistryProblem when the registry refused the request. */
export async function answer<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (error !== undefined) throw asError(error, response);
  return data as T;
}

function asError(error: unknown, response: Response): Error {
  if (typeof error !== "object" || error === null || !("detail" in error)) {
    return new Error(`${response.status}: no answer of the registry`);
  }
  return "conflict" in error ? new EditConflict(error as ConflictProblem) : new RegistryProblem(error as Problem);
}

interface Page {
  links?: { [name: string]: string }[];
}

/** Every page of a list: `for await (const page of pages((cursor) => registry.GET(…)))`. */
export async function* pages<T extends Page>(
  ask: (cursor: string | undefined) => Promise<Answered<T>>,
): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await answer(ask(cursor));
    yield page;
    const following = page.links?.find((link) => link["rel"] === "next")?.["href"];
    cursor = following === undefined ? undefined : (new URL(following).searchParams.get("cursor") ?? undefined);
  } while (cursor !== undefined);
}
