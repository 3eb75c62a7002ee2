import { analyse } from '../api'
import type { App } from '../app'
import { fill, h } from '../dom'
import type { LonLat } from '../geo'
import { number, percent, t } from '../i18n'
import type { Question } from './ask'
import { section, why } from './common'
import { change } from './trials'

interface Siting {
  status: string
  objective: number
  best_bound: number | null
  gap: number | null
  sites: GeoJSON.FeatureCollection
  before?: { ratio: number }
  after?: { ratio: number }
  [field: string]: unknown
}

/** Asks where k more would cover most; what is found becomes trial points that can be moved. */
export function siting(app: App, question: Question): HTMLElement {
  const k = h('input', { id: 'siting-k', type: 'number', min: 1, max: 20, value: 2 })
  const out = h('div', { id: 'siting-answer', role: 'status' })
  const run = h('button', { type: 'button', id: 'siting-run' }, t('planner.siting.run'))
  run.addEventListener('click', () => void find(app, question, Number(k.value) || 1, run, out))
  return section('planner.siting', h('div', { class: 'row' }, h('label', { class: 'field' }, t('planner.siting.k'), k), run), out)
}

async function find(app: App, question: Question, k: number, run: HTMLButtonElement, out: HTMLElement): Promise<void> {
  run.disabled = true
  const bar = h('progress', { max: 1, 'aria-label': t('loading') })
  fill(out, bar)
  const radius_m = app.store.state.radius_m ?? Number((document.getElementById('trial-radius') as HTMLInputElement | null)?.value ?? 5000)
  try {
    const body = { ...question.body, k, radius_m, reason: app.store.state.reason || t('planner.reason.trial') }
    const found = await analyse<Siting>('v1/coverage/siting', body, (share) => (bar.value = share), new AbortController().signal, question.query)
    fill(out, h('p', {}, t('planner.siting.result', { objective: number(found.objective, 2), bound: found.best_bound === null ? '—' : number(found.best_bound, 2), status: found.status })),
      found.before && found.after && h('p', {}, `${percent(found.before.ratio)} → ${percent(found.after.ratio)}`))
    change(app, found.sites.features.map(({ geometry }) => ({ at: (geometry as GeoJSON.Point).coordinates as LonLat, radius_m })))
  } catch (error) {
    fill(out, h('p', { class: 'problem' }, t('failed', { why: why(error) })))
  } finally {
    run.disabled = false
  }
}
