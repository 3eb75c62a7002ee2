import type { ListKind } from './lists'
import { get, request, type Answer } from '../../api'
import type { App } from '../../app'
import type { LonLat } from '../../geo'
import type { Resource } from '../../types'
import type { Kind } from '../../vocab'

export const ACTIONS = ['create', 'update', 'unchanged', 'confirm', 'refused', 'retire', 'skip', 'stored', 'aside'] as const
export type Action = (typeof ACTIONS)[number]
export const SEVERITIES = ['refuse', 'warn', 'note'] as const
export type Severity = (typeof SEVERITIES)[number]
export const DATUMS = ['wgs84', 'cgcs2000', 'gcj02', 'bd09', 'unknown'] as const

type Said = { zh: string; en: string }

export interface Finding {
  severity: Severity
  code: string
  field?: string
  row?: number
  column?: string
  value?: unknown
  message: Said
  proposal?: unknown
}

/** What a person decided about a row. */
export interface Decision {
  same_as?: string
  take?: 'new' | 'skip' | 'retire'
}

export interface Row {
  n: number
  row: number | null
  action: Action
  name: string
  cells: Record<string, string>
  corrections: Record<string, unknown>
  decision: Decision
  record: Resource | null
  target: string | null
  changed: string[]
  severity: Severity | null
  findings: Finding[]
  codes: string[]
}

export interface Column {
  column: string
  title: string
  field: string | null
  nearest: string | null
}

export interface Question extends Said {
  about: 'encoding' | 'sheet' | 'header' | 'column' | 'name_column' | 'datum'
  blocking: boolean
  choices: unknown[]
}

/** What the office said about its file. */
export interface Answers {
  encoding: string | null
  sheet: string | null
  header_row: number | null
  columns: Record<string, string | null>
  datum: string | null
  system: string
  whole_list_of: string | null
}

export interface Receipt {
  by: string
  at: string
  created: number
  updated: number
  retired: number
  waiting: number
  closed?: string
}

export interface Intake {
  id: string
  kind: Kind | ListKind
  exercise: string | null
  owner: string
  file_name: string
  state: 'received' | 'asks' | 'checked' | 'committed' | 'undone' | 'refused'
  version: number
  answers: Answers
  report: {
    format: string
    encoding: string | null
    sheet: string | null
    sheets_not_read: string[]
    columns: Column[]
    fields: Record<string, string>
    datum: string | null
    remembered: boolean
    questions: Question[]
    findings: Finding[]
    codes: Record<string, number>
  } | null
  problem: (Said & { code: string }) | null
  receipt: { commits?: Receipt[]; undone?: { by: string; at: string; records: number }; left?: { id: string; name: string }[] } | null
  job: { status: string; progress: number; message: string | null } | null
  counts: Partial<Record<Action | 'storing' | 'waiting' | 'removals' | 'warned', number>>
  created_at: string
  expires_at: string
}

/** Which rows are listed; it never changes what is stored. */
export interface RowFilter {
  action: Action | ''
  severity: Severity | ''
  code: string
}

const FIRST_MS = 250
const MOST_MS = 2000

export const isOpen = ({ job }: Intake): boolean => job?.status === 'accepted' || job?.status === 'running'

/** Requests about one intake, each in the exercise of the view. */
export const intakes = {
  send: <T>(app: App, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>> =>
    request<T>(method, `v1/intakes${path}`, { query: { exercise: app.store.state.exercise }, body, headers }),

  read: (app: App, id: string, signal?: AbortSignal): Promise<Answer<Intake>> =>
    request<Intake>('GET', `v1/intakes/${id}`, { query: { exercise: app.store.state.exercise }, signal }),

  rows: (app: App, id: string, filter: RowFilter, limit: number, cursor?: string | null) =>
    get<{ rows: Row[]; links: { rel: string; href: string }[] }>(`v1/intakes/${id}/rows`, { ...filter, limit, cursor, exercise: app.store.state.exercise }),

  /** Reads the intake until its job has ended; `tell` hears how far it is. */
  async rested(app: App, id: string, tell: (now: Intake) => void, signal?: AbortSignal): Promise<Answer<Intake>> {
    for (let wait_ms = FIRST_MS; ; wait_ms = Math.min(MOST_MS, wait_ms * 1.4)) {
      const answer = await this.read(app, id, signal)
      if (!isOpen(answer.data)) return answer
      tell(answer.data)
      await new Promise((done) => setTimeout(done, wait_ms))
    }
  },
}

/** The cursor of the next page; null at the end. */
export function nextCursor(links: { rel: string; href: string }[]): string | null {
  const next = links.find(({ rel }) => rel === 'next')
  return next ? new URL(next.href, document.baseURI).searchParams.get('cursor') : null
}

export const positionOf = ({ record }: Row): LonLat | null => (record?.geometry?.coordinates as LonLat | undefined) ?? null
