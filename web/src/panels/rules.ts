import { get, post } from '../api'
import type { App } from '../app'
import { fill, h } from '../dom'
import { feature, type LonLat } from '../geo'
import { coded, length, nameOf, t } from '../i18n'
import { show } from '../map/overlays'
import type { Name } from '../types'
import { section, why } from './common'

const FACILITIES = ['shelter', 'supply_depot', 'fire_watch_point', 'rescue_station', 'chemical_park', 'chemical_project', 'tailings_pond', 'construction', 'housing', 'factory', 'road', 'pipeline']
const ACTIONS = ['build', 'expand', 'rebuild']

interface Zone {
  zone: { id: string; kind: string; name: Name }
  has_geometry: boolean
}

/** Draws the zones that rules measure from, those whose geometry is loaded; answers how many are not. */
export async function drawZones(app: App): Promise<number> {
  const { zones } = await get<{ zones: Zone[] }>('v1/zones')
  const drawn = zones.filter(({ has_geometry }) => has_geometry)
  const read = async ({ zone }: Zone) => {
    const { geometry } = await get<{ geometry: GeoJSON.Geometry }>(`v1/zones/${zone.id}`)
    return feature(geometry, { id: zone.id, kind: zone.kind })
  }
  show(app.map, 'zones', { type: 'FeatureCollection', features: await Promise.all(drawn.map(read)) })
  return zones.length - drawn.length
}

interface Finding {
  rule: string
  name: Name | string
  outcome: string
  outcome_label: Name | string
  zone_name: Name | string | null
  distance_m: number | null
  limit_m: number
  reason?: Name | string | null
}

/** Whether something may be built at the spot, rule by rule. */
export function mayBuild(spot: LonLat): HTMLElement {
  const facility = h('select', { id: 'rule-facility', 'aria-label': t('rules.facility') }, FACILITIES.map((code) => h('option', { value: code }, coded('facility', code))))
  const action = h('select', { id: 'rule-action', 'aria-label': t('rules.action') }, ACTIONS.map((code) => h('option', { value: code }, coded('action', code))))
  const out = h('div', { id: 'rule-answer', role: 'status' })
  const ask = async () => {
    try {
      const site = { geometry: { type: 'Point', coordinates: spot }, facility_kind: facility.value, action: action.value }
      const { outcome, outcome_label, findings } = await post<{ outcome: string; outcome_label: Name | string; findings: Finding[] }>('v1/rules/check', site)
      fill(out, h('p', {}, h('span', { class: `tag ${outcome}` }, nameOf(outcome_label))), h('ul', { class: 'list' }, findings.map(line)))
    } catch (error) {
      fill(out, h('p', { class: 'problem' }, t('failed', { why: why(error) })))
    }
  }
  return section('rules.title', h('div', { class: 'row' }, action, facility, h('button', { type: 'button', id: 'rule-ask', onclick: () => void ask() }, t('rules.ask'))), out)
}

const line = ({ name, outcome, outcome_label, zone_name, distance_m, limit_m, reason }: Finding): HTMLElement =>
  h('li', {}, h('div', { class: 'row' }, h('span', { class: `tag ${outcome}` }, nameOf(outcome_label)), h('span', {}, nameOf(name))),
    h('span', { class: 'small quiet' }, [zone_name && nameOf(zone_name), distance_m !== null ? `${length(distance_m)} / ${length(limit_m)}` : null, reason && nameOf(reason)].filter(Boolean).join(' · ')))
