import { analyse } from '../api'
import type { App } from '../app'
import { fill, h } from '../dom'
import type { LonLat } from '../geo'
import { coded, percent, t } from '../i18n'
import type { Question } from './ask'
import { section, why } from './common'
import type { Coverage } from './coverage'
import { share } from './honest'
import { change, short } from './trials'

interface Siting {
  status: string
  objective: number | null
  bound: number | null
  demand_weight: number
  unreachable_count: number
  sites: GeoJSON.FeatureCollection
  before: Coverage
  after: Coverage
}

/** Asks where k more would cover most; what is found becomes trial points that can be moved. */
export function siting(app: App, question: Question): HTMLElement {
  const k = h('input', { id: 'siting-k', type: 'number', min: 1, max: 20, value: 2 })
  const out = h('div', { id: 'siting-answer', role: 'status' })
  const run = h('button', { type: 'button', id: 'siting-run' }, t('planner.siting.run'))
  run.addEventListener('click', () => void find(app, question, Number(k.value) || 1, run, out))
  return section('planner.siting', h('div', { class: 'row fields' }, h('label', { class: 'field' }, t('planner.siting.k'), k), run), out)
}

async function find(app: App, question: Question, k: number, run: HTMLButtonElement, out: HTMLElement): Promise<void> {
  run.disabled = true
  const bar = h('progress', { max: 1, 'aria-label': t('loading') })
  fill(out, bar)
  const radius_m = app.store.state.radius_m ?? Number((document.getElementById('trial-radius') as HTMLInputElement | null)?.value ?? 5000)
  try {
    const body = { ...question.body, siting: { model: 'mclp', sites: k, radius_m } }
    const found = await analyse<Siting>('v1/coverage/siting', body, (share) => (bar.value = share), new AbortController().signal, question.query)
    const { before, after, demand_weight } = found
    const of_demand = (weight: number | null) => percent(weight === null ? null : weight / demand_weight)
    fill(out, h('p', {}, t('planner.siting.result', { objective: of_demand(found.objective), bound: of_demand(found.bound), status: coded('siting', found.status) })),
      found.unreachable_count > 0 && h('p', { class: 'warn small' }, t('planner.siting.unreachable', { n: found.unreachable_count })),
      h('p', { id: 'siting-change', 'data-before': before.ratio.nominal, 'data-after': after.ratio.nominal },
        `${t('planner.nominal')} ${percent(before.ratio.nominal)} → ${percent(after.ratio.nominal)} (${share(before.ratio)} → ${share(after.ratio)})`))
    change(app, found.sites.features.map(({ geometry }) => ({ at: short((geometry as GeoJSON.Point).coordinates as LonLat), radius_m })))
  } catch (error) {
    fill(out, h('p', { class: 'problem' }, t('failed', { why: why(error) })))
  } finally {
    run.disabled = false
  }
}
