import type { Resource, ResourceProperties } from '../types'
import type { Operation } from './queue'

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
  return { ...record, properties }
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
