import { analyse } from '../api'
import type { App } from '../app'
import type { LonLat } from '../geo'
import { t } from '../i18n'
import type { Trial } from '../state'
import type { Coverage } from './coverage'

/** What is asked about coverage; `key` tells two questions apart. */
export interface Question {
  key: string
  body: Record<string, unknown>
  query: { exercise: string | null; as_of: string | null }
}

const ring = (corners: LonLat[]): GeoJSON.Polygon => ({ type: 'Polygon', coordinates: [[...corners, corners[0]!]] })

/** The question the view stands for, or null while it names no area. */
export function ask(app: App): Question | null {
  const { place, area, covers, radius_m, reason, exercise, as_of } = app.store.state
  if (!place && !area) return null
  const body: Record<string, unknown> = { kind: covers, ...(place ? { place } : { area: ring(area!) }) }
  if (radius_m) Object.assign(body, { radius_m, reason: reason.length >= 3 ? reason : t('planner.reason.trial') })
  return { key: JSON.stringify([body, exercise, as_of, app.records.at.getTime()]), body, query: { exercise, as_of } }
}

/** The same question with the trial points of the view standing. */
export function tried(app: App, question: Question): Question {
  const { covers, trials } = app.store.state
  if (!trials.length) return question
  return { ...question, key: `${question.key} ${JSON.stringify(trials)}`, body: { ...question.body, scenario: { add: added(covers, trials) } } }
}

const answers = new Map<string, Promise<unknown>>()

/** Asks once per question: a panel that is drawn again shows the answer it has. */
export async function once<T>(question: Question, path: string, more: Record<string, unknown> = {}): Promise<T> {
  const key = `${path} ${question.key} ${JSON.stringify(more)}`
  if (answers.size > 60) answers.clear()
  if (!answers.has(key)) {
    const asked = analyse<T>(path, { ...question.body, ...more }, () => undefined, new AbortController().signal, question.query)
    answers.set(key, asked)
    asked.catch(() => answers.delete(key))
  }
  return answers.get(key) as Promise<T>
}

export const present = (_: App, question: Question, __: AbortSignal): Promise<Coverage> => once<Coverage>(question, 'v1/coverage')

/** Trial points as the features a scenario adds. */
export const added = (kind: string, trials: Trial[]): object[] =>
  trials.map(({ at, radius_m }, i) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: at },
    properties: { kind, name: { zh: `试点 ${i + 1}`, en: `Trial ${i + 1}` }, ...(kind === 'fire_watch_point' ? { watch_radius_m: radius_m } : {}) },
  }))
