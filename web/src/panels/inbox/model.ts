import { get, post } from '../../api'
import type { App } from '../../app'
import type { Change } from '../../live'
import type { Name, Resource } from '../../types'

/** A change that waits for a person: a proposed position, or an edit that met another. */
export interface Correction {
  id: string
  resource_id: string
  base_version: number
  subject: 'location' | 'conflict'
  members: Record<string, unknown>
  overlapping: string[]
  evidence: { text?: string | null } | null
  actor: string
  at: string
  place: string | null
}

/** A warning of the gate that nobody has settled. */
export interface OpenFinding {
  id: string
  about: string
  resource: string | null
  code: string | null
  name: Name
  place: string | null
  finding: { code: string; severity: string; field?: string; message: Name; proposal?: unknown }
  found_at: string
  actor: string
}

export interface Approval {
  id: string
  changes: number
  reason: string
  actor: string
  places: string[]
  asked_at: string
  approved_at: string | null
}

export interface Told extends Change {
  at: string
  verb?: string
}

const query = ({ store: { state } }: App) => ({ exercise: state.exercise })

export const corrections = async (app: App): Promise<Correction[]> => (await get<{ corrections: Correction[] }>('v1/corrections', { ...query(app), limit: 200 })).corrections
export const findings = async (app: App): Promise<OpenFinding[]> => (await get<{ findings: OpenFinding[] }>('v1/findings', { ...query(app), limit: 200 })).findings
export const approvals = async (): Promise<Approval[]> => (await get<{ approvals: Approval[] }>('v1/approvals')).approvals.filter(({ approved_at }) => !approved_at)

export const decide = (app: App, id: string, accept: boolean, reason: string) => post(`v1/corrections/${id}/decision`, { accept, reason }, query(app))
export const settle = (app: App, id: string, reason: string) => post(`v1/findings/${id}/settlement`, { reason }, query(app))
export const grant = (id: string) => post(`v1/approvals/${id}/grant`, {})

const PAGE = 500

/** What changed since an instant, the newest first, and whether there was more than a page. */
export async function changesSince(app: App, since: string): Promise<{ changes: Told[]; more: boolean }> {
  const { changes, more } = await get<{ changes: Told[]; more: boolean }>('v1/changes', { ...query(app), since, registers: true, limit: PAGE })
  return { changes: changes.reverse(), more }
}

export const resourceOf = async (app: App, id: string): Promise<Resource> => app.records.all.get(id) ?? (await get<Resource>(`v1/resources/${id}`, query(app)))
