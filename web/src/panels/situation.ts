import { get, post, Problem } from '../api'
import type { App } from '../app'
import { h } from '../dom'
import { empty, feature, type LonLat } from '../geo'
import { coded, length, nameOf, t, type Word } from '../i18n'
import { show } from '../map/overlays'
import type { Name, Page, Resource } from '../types'
import { hit, into, list, names, section } from './common'

const HAZARDS = ['any', 'forest_fire', 'flood', 'geohazard', 'hazmat', 'earthquake']
let hazard = 'any'
let asked = ''
let slot = h('div', { id: 'situation-answer' })

/** Who covers this spot, who is near, who answers for it, and what could not be tested. */
export function situationPanel(app: App): HTMLElement {
  const { spot } = app.store.state
  const lon = h('input', { id: 'spot-lon', type: 'number', step: 'any', min: -180, max: 180, value: spot ? spot[0].toFixed(5) : '' })
  const lat = h('input', { id: 'spot-lat', type: 'number', step: 'any', min: -90, max: 90, value: spot ? spot[1].toFixed(5) : '' })
  const choose = h('select', { id: 'hazard' }, HAZARDS.map((code) => h('option', { value: code }, t(`hazard.${code}` as Word))))
  choose.value = hazard
  choose.addEventListener('change', () => ((hazard = choose.value), app.panel()))
  const ask = (event: Event) => {
    event.preventDefault()
    if (lon.value && lat.value) app.store.set({ spot: [Number(lon.value), Number(lat.value)] })
  }
  if (spot) answer(app, spot)
  return h('div', {}, h('p', { class: 'note' }, t('situation.hint')),
    h('form', { onsubmit: ask }, h('div', { class: 'row' },
      h('label', { class: 'field' }, t('situation.lon'), lon), h('label', { class: 'field' }, t('situation.lat'), lat),
      h('label', { class: 'field' }, t('situation.hazard'), choose), h('button', { type: 'submit', class: 'main' }, t('situation.ask')))),
    spot && slot)
}

function answer(app: App, spot: LonLat): void {
  const { exercise, as_of, lang } = app.store.state
  const question = JSON.stringify([spot, hazard, exercise, as_of, lang, app.records.at])
  if (question === asked) return
  if (asked.split(']')[0] !== question.split(']')[0]) slot = h('div', { id: 'situation-answer' })
  asked = question
  show(app.map, 'spot', { type: 'FeatureCollection', features: [feature({ type: 'Point', coordinates: spot })] })
  void into(slot, async (signal) => describe(app, spot, await situation(app, spot, signal)))
}

interface Untested {
  count: number
  resources: { name: Name; reason: string; distance_min_m: number | null }[]
}

export interface Situation {
  places: { properties: { code: string; name: Name; assumed_extent?: boolean } }[]
  covering: Resource[]
  untested: Untested
  teams: Resource[]
  shelters: Resource[]
  depots: Resource[]
  checkpoints: Resource[]
  unlocated: number
  responsible: unknown[] | null
  rules: unknown[] | null
}

async function situation(app: App, [lon, lat]: LonLat, signal: AbortSignal): Promise<Situation> {
  const { exercise, as_of } = app.store.state
  const query = { lon, lat, exercise, as_of }
  const near = (kind: string, k = 5) => get<Page>('v1/proximity/nearest', { ...query, kind, k }, signal)
  void post
  void Problem
  const [places, covering, teams, shelters, depots] = await Promise.all([
    get<Page>('v1/places/containing', { lon, lat }, signal),
    get<Page & { untested: Untested }>('v1/proximity/covering', query, signal),
    near('rescue_team'),
    near('shelter'),
    near('supply_depot'),
  ])
  const count = (page: Page) => Number(page.unlocated ?? 0)
  return {
    places: places.features as unknown as Situation['places'],
    covering: covering.features,
    untested: covering.untested,
    teams: teams.features,
    shelters: shelters.features,
    depots: depots.features,
    checkpoints: [],
    unlocated: count(teams) + count(shelters) + count(depots),
    responsible: null,
    rules: null,
  }
}

function describe(app: App, spot: LonLat, found: Situation): HTMLElement[] {
  mark(app, spot, found)
  const untested = found.untested
  return [
    section('situation.where', h('p', { id: 'situation-where' }, found.places.map(({ properties: p }) => `${nameOf(p.name)}${p.assumed_extent ? ` (${t('situation.assumed')})` : ''}`).join(' › ') || t('unknown'))),
    section('situation.covering',
      found.covering.length ? list(found.covering.map((resource) => hit(app, resource))) : h('p', {}, t('situation.covering.none')),
      untested.count > 0 && h('details', { open: true }, h('summary', { class: 'warn' }, t('situation.untestable', { n: untested.count })), h('ul', {}, h('li', {}, names(untested.resources))))),
    section('situation.teams', list(found.teams.map((resource) => hit(app, resource)))),
    section('situation.shelters', list(found.shelters.map((resource) => hit(app, resource, [room(resource)])))),
    section('situation.depots', list(found.depots.map((resource) => hit(app, resource, [h('span', {}, coded('level', resource.properties.tier))])))),
    found.unlocated > 0 ? h('p', { class: 'warn', id: 'situation-unlocated' }, t('situation.unlocated', { n: found.unlocated })) : h('span'),
    h('p', { class: 'note' }, t('legend.distances')),
  ]
}

function room({ properties: p }: Resource): HTMLElement {
  const capacity = p.capacity_persons as number | null
  const taken = (p.occupancy_persons as number | null) ?? 0
  return h('span', {}, capacity === null || capacity === undefined ? t('room.unknown') : t('room', { n: Math.max(0, capacity - taken) }))
}

function mark(app: App, spot: LonLat, found: Situation): void {
  const lines = [...found.covering.slice(0, 3), ...found.teams.slice(0, 3)].flatMap((resource) =>
    resource.geometry
      ? [feature({ type: 'LineString', coordinates: [spot, resource.geometry.coordinates] }), feature(resource.geometry, { role: 'hit' })]
      : [],
  )
  show(app.map, 'spot', { ...empty(), features: [...lines, feature({ type: 'Point', coordinates: spot })] })
}
void length
