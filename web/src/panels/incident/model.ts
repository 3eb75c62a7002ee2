import { get, post, request } from '../../api'
import type { App } from '../../app'
import type { Name, Resource, SetAnswer } from '../../types'

export type IncidentState = 'reported' | 'confirmed' | 'responding' | 'contained' | 'closed'

/** The states that may follow each: a contained fire may flare up again, a closed incident be reopened. */
export const FOLLOWING: Record<IncidentState, IncidentState[]> = {
  reported: ['confirmed', 'responding', 'closed'],
  confirmed: ['responding', 'contained', 'closed'],
  responding: ['contained', 'closed'],
  contained: ['responding', 'closed'],
  closed: ['responding'],
}
export const LEVELS = ['I', 'II', 'III', 'IV']

export interface Incident {
  id: string
  name: Name | null
  place: string | null
  exercise: string | null
  visibility: string
  retired: boolean
  version: number
  geometry: GeoJSON.Geometry | null
  location: { quality: string; uncertainty_m: number | null; candidate_places: string[]; source: string | null }
  hazard: string
  reported_at: string
  reported_via: string
  state: IncidentState
  level: string | null
  extent: GeoJSON.Geometry | null
  note: string | null
}

export interface CallLine {
  id: string
  register: string
  name: Name | null
  place: string | null
  what_for: string[]
  task: Name | null
  role: string | null
  telephone: string | null
  tel: string | null
  hours: string | null
  fitness: { readiness: string; specialty: string } | null
  distance_m: number | null
  committed_to: object | null
}

export interface CallList {
  territory: { code: string; name: Name }[]
  sections: { name: string; label: Name; lines: CallLine[] }[]
  missing: Name[]
}

export interface Commitment {
  id: string
  resource: string
  name: Name | null
  state: 'committed' | 'en_route' | 'on_scene' | 'released'
  since: string
  committed_by: string
  task: string | null
}

export interface LogLine {
  seq: number
  at: string
  actor: string
  kind: string
  text: string | null
  body: Record<string, unknown>
}

export interface Log {
  log: LogLine[]
  commitments: Commitment[]
}

export interface Cordon {
  id: string
  name: Name | null
  kind: string
  order: number
  geometry: GeoJSON.Geometry | null
}

/** Teams for an incident in the order of fitness, with what could not be decided. */
export interface Proposal extends SetAnswer {
  order: Name
  features: Resource[]
  none?: Name
}

const query = ({ store: { state } }: App) => ({ exercise: state.exercise, as_of: state.as_of })

export const openIncidents = async (app: App): Promise<Incident[]> =>
  (await get<{ incidents: Incident[] }>('v1/incidents', { open: true, limit: 200, ...query(app) })).incidents.reverse()

/** One question about an incident; an empty path asks for the incident itself. */
export const about = <T>(app: App, id: string, path = '', more: Record<string, string | number> = {}, signal?: AbortSignal): Promise<T> =>
  get<T>(`v1/incidents/${id}${path && `/${path}`}`, { ...query(app), ...more }, signal)

export const act = <T>(app: App, id: string, path: string, body: object): Promise<T> =>
  post<T>(`v1/incidents/${id}/${path}`, body, { exercise: app.store.state.exercise })

/** Changes members of the version that is shown; a Problem with status 412 when somebody was first. */
export async function change(app: App, incident: Incident, members: object): Promise<void> {
  const query = { exercise: app.store.state.exercise }
  const { etag } = await request<Incident>('GET', `v1/incidents/${incident.id}`, { query })
  await request('PATCH', `v1/incidents/${incident.id}`, { query, body: members, headers: { 'If-Match': etag ?? '' } })
}

/** Opens an incident at a spot; the answer names the open ones that it may be another report of. */
export const report = (app: App, draft: object): Promise<{ incident: Incident; possible_doubles: { id: string; name: Name | null; hazard: string }[] }> =>
  post('v1/incidents', draft, { exercise: app.store.state.exercise })
