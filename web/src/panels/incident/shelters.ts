import { get } from '../../api'
import type { App } from '../../app'
import { fill, h } from '../../dom'
import type { LonLat } from '../../geo'
import { number, t } from '../../i18n'
import type { Name, Resource, SetAnswer } from '../../types'
import { hit, into, section } from '../common'
import { beside, members } from '../honest'

interface ShelterNeed extends SetAnswer {
  plan: { persons: number; enough: 'yes' | 'no' | 'unknown'; free_min_persons: number; free_max_persons: number | null; missing_min_persons: number; missing_max_persons: number }
  features: Resource[]
  complete: boolean
  none?: Name
}

/** What was asked for survives a panel that is drawn again. */
let persons = 800
let radius_km = 5

/** Shelters that together hold so many within so far, with their sums as intervals. */
export function shelterNeed(app: App, spot: LonLat, uncertainty_m: number): HTMLElement {
  const out = h('div', { id: 'need-answer', role: 'status' })
  const n = h('input', { id: 'need-persons', type: 'number', min: 1, max: 10_000_000, value: persons })
  const r = h('input', { id: 'need-radius', type: 'number', min: 0.1, max: 500, step: 'any', value: radius_km })
  const ask = (event: Event) => {
    event.preventDefault()
    persons = Number(n.value) || persons
    radius_km = Number(r.value) || radius_km
    const { exercise, as_of, hazard } = app.store.state
    const query = { lon: spot[0], lat: spot[1], spot_radius_m: uncertainty_m || null, persons, radius_m: radius_km * 1000, hazard: hazard === 'any' ? null : hazard, exercise, as_of }
    fill(out)
    void into(out, async (signal) => described(app, await get<ShelterNeed>('v1/proximity/shelter-need', query, signal)))
  }
  return section('need.title', h('form', { class: 'row fields', id: 'need', onsubmit: ask },
    h('label', { class: 'field' }, t('need.persons'), n), h('label', { class: 'field' }, t('need.radius'), r),
    h('button', { type: 'submit', class: 'main', id: 'need-ask' }, t('need.ask'))), out)
}

function described(app: App, need: ShelterNeed): (HTMLElement | null)[] {
  const { plan, features } = need
  const most = plan.free_max_persons === null ? t('need.unbounded', { n: number(plan.free_min_persons) }) : t('situation.between', { min: number(plan.free_min_persons), max: number(plan.free_max_persons) })
  const missing = plan.missing_max_persons > 0 && t('need.missing', { min: number(plan.missing_min_persons), max: number(plan.missing_max_persons) })
  const takes = ({ properties: p }: Resource) => h('span', {}, t('need.takes', { min: number(Number(p.takes_min_persons)), max: number(Number(p.takes_persons)) }))
  return [
    h('p', { id: 'need-sum' }, h('span', { class: `tag ${{ yes: 'met', no: 'not_met', unknown: 'unknown' }[plan.enough]}` }, t(`need.enough.${plan.enough}`)), ' ',
      h('b', {}, t('need.sum', { persons: number(plan.persons), free: most })), missing && ` · ${missing}`),
    members(features.map((resource) => hit(app, resource, [takes(resource)])), need.none),
    ...beside(app, need),
  ]
}
