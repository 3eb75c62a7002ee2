import type { Name, Resource, ResourceProperties } from '../types'
import type { Operation } from './queue'

/** What a report may say of a stock line to tell it from the others. */
const NAMES_A_LINE = ['item_code', 'scheme', 'unit', 'lot', 'expires_on'] as const

/** A line of a depot's stock. */
export type StockLine = Record<(typeof NAMES_A_LINE)[number], string | null | undefined> & { name: Name | null; quantity: number | null }

/** The members of a stock line that tell it from the others. */
export const nameOfLine = (line: StockLine) => Object.fromEntries(NAMES_A_LINE.flatMap((name) => (line[name] ? [[name, line[name]]] : [])))

const STATUS = ['readiness', 'opening', 'operational', 'occupancy_persons']

/** A record with the operations of this phone laid over it, without those that were refused. */
export function overlaid(record: Resource, operations: Operation[]): Resource {
  return operations.filter(({ result }) => result !== 'conflict' && result !== 'rejected').reduce(applied, record)
}

function applied(record: Resource, { kind, body, made_at_ms }: Operation): Resource {
  const properties = { ...record.properties }
  if (kind === 'patch') return { ...record, properties: merged(properties, body.properties as object) as ResourceProperties }
  if (kind === 'verification') properties.verified_at = new Date(made_at_ms).toISOString()
  if (kind === 'status') for (const name of STATUS) if (name in body) properties[name] = body[name]
  if (kind === 'stock') properties.stock = counted((properties.stock ?? []) as StockLine[], body.counts as StockLine[])
  return { ...record, properties }
}

function counted(lines: StockLine[], counts: StockLine[]): StockLine[] {
  const isOf = (line: StockLine, count: StockLine) => Object.entries(nameOfLine(count)).every(([name, value]) => line[name as 'unit'] === value)
  return lines.map((line) => ({ ...line, quantity: counts.find((count) => isOf(line, count))?.quantity ?? line.quantity }))
}

/** A JSON merge patch (RFC 7396): null removes a member. */
function merged(target: unknown, patch: object): object {
  const members = { ...(isObject(target) ? target : {}) } as Record<string, unknown>
  for (const [name, value] of Object.entries(patch))
    if (value === null) delete members[name]
    else members[name] = isObject(value) ? merged(members[name], value) : value
  return members
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
