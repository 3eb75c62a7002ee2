import { get } from '../api'

/** The parts of JSON Schema that the registry's own document uses. */
export interface Schema {
  type?: string
  enum?: string[]
  format?: string
  description?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minLength?: number
  maxLength?: number
  default?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  $ref?: string
}

let asked: Promise<Record<string, Schema>> | null = null

/** The types of the registry's bodies, from its own document; asked for once. */
export function schemas(): Promise<Record<string, Schema>> {
  asked ??= get<{ components: { schemas: Record<string, Schema> } }>('docs/openapi.json').then(({ components }) => components.schemas)
  asked.catch(() => (asked = null))
  return asked
}

/** The schema behind a reference, and whether null is allowed beside it. */
export function resolved(schema: Schema, all: Record<string, Schema>): { schema: Schema; name: string | null; nullable: boolean } {
  const choices = schema.anyOf?.filter(({ type }) => type !== 'null')
  const nullable = !!schema.anyOf && schema.anyOf.length !== choices?.length
  const one = choices ? choices[0]! : schema
  if (!one.$ref) return { schema: one, name: null, nullable }
  const name = one.$ref.split('/').at(-1)!
  return { schema: all[name] ?? {}, name, nullable }
}

/** The type whose member `tag` has this value: a kind of resource, a register. */
export function tagged(all: Record<string, Schema>, tag: string, value: string): Schema | null {
  const found = Object.entries(all).find(([name, { properties }]) => properties?.[tag]?.enum?.length === 1 && properties[tag]!.enum![0] === value && !/(Record|Hit)$/.test(name))
  return found?.[1] ?? null
}
