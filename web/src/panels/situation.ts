import { post } from '../api'
import type { App } from '../app'
import { h } from '../dom'
import { empty, feature, type LonLat } from '../geo'
import { coded, length, nameOf, number, t, type Word } from '../i18n'
import { show } from '../map/overlays'
import type { Name, Resource, SetAnswer } from '../types'
import { call, hit, into, list, section } from './common'
import { beside, members } from './honest'
import { mayBuild } from './rules'

const HAZARDS = ['any', 'forest_fire', 'flood', 'geohazard', 'hazmat', 'mine', 'earthquake']
const TIERS = ['community', 'town', 'district']
const MARKED = 3
const LISTED = 5
/** Of whom to call so many are shown; beyond them, at first only those with a telephone. */
const CALLED = 6

let hazard = 'any'
let asked = ''
let slot = h('div', { id: 'situation-answer' })

/** One kind of help, in the order of use, with what could not be decided; `none` says why there is nothing. */
interface Help extends SetAnswer {
  features: Resource[]
  none?: Name
}

/** A body, person or number to call: what it is responsible for, and why it is on the list. */
interface Callee {
  name: Name
  for: string[]
  relation: string | null
  role: string | null
  telephone: string | null
  duty: string[]
  hours: string | null
}

interface CallList {
  organisations: Callee[]
  persons: Callee[]
  hotlines: Callee[]
  missing: { zh: string; en: string }[]
}

interface Situation {
  places: { code: string; name: Name; assumed_extent: boolean; partner: unknown }[]
  responsible: CallList
  rules: { reach_here: { rule: string; name: Name; outcome: string; limit_m: number; distance_m: number | null }[]; cannot_evaluate: string[] }
  covering: Help
  teams: Help
  shelters: Help
  depots: Record<string, Help>
  checkpoints: Help
  partners: Help
}

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
  else show(app.map, 'spot')
  return h('div', {}, h('p', { class: 'note' }, t('situation.hint')),
    h('form', { onsubmit: ask }, h('div', { class: 'row fields' },
      h('label', { class: 'field' }, t('situation.lon'), lon), h('label', { class: 'field' }, t('situation.lat'), lat),
      h('label', { class: 'field' }, t('situation.hazard'), choose), h('button', { type: 'submit', class: 'main' }, t('situation.ask')))),
    spot && slot)
}

/** Asks once for a spot, a hazard and a state of the records; a panel drawn again shows what it has. */
function answer(app: App, spot: LonLat): void {
  const { exercise, as_of, lang } = app.store.state
  const place = JSON.stringify([spot, hazard, exercise, as_of, lang])
  const question = `${place} ${app.records.at.getTime()}`
  if (question === asked) return
  if (!asked.startsWith(place)) slot = h('div', { id: 'situation-answer' })
  asked = question
  show(app.map, 'spot', { type: 'FeatureCollection', features: [feature({ type: 'Point', coordinates: spot })] })
  void into(slot, async (signal) => {
    const body = { origin: { lon: spot[0], lat: spot[1] }, k: LISTED, ...(hazard === 'any' ? {} : { hazard }) }
    return describe(app, spot, await post<Situation>('v1/proximity/situation', body, { exercise, as_of }, signal))
  })
}

function describe(app: App, spot: LonLat, found: Situation): HTMLElement[] {
  mark(app, spot, found)
  const listed = (help: Help, extra: (resource: Resource) => HTMLElement | null = () => null) =>
    [members(help.features.map((resource) => hit(app, resource, [extra(resource)])), help.none), ...beside(app, help)]
  const help = (word: Word, answer: Help, extra?: (resource: Resource) => HTMLElement | null) => section(word, ...listed(answer, extra))
  return [
    section('situation.where', h('p', { id: 'situation-where' }, found.places.map(({ name, assumed_extent }) => `${nameOf(name)}${assumed_extent ? ` (${t('situation.assumed')})` : ''}`).join(' › ') || t('unknown'))),
    section('situation.responsible', ...toCall(found.responsible)),
    watched(app, found.covering),
    help('situation.teams', found.teams, fitness),
    help('situation.shelters', found.shelters, room),
    section('situation.depots', ...TIERS.filter((tier) => found.depots[tier]).map((tier) => {
      return h('div', {}, h('h4', {}, coded('level', tier)), listed(found.depots[tier]!))
    })),
    help('situation.checkpoints', found.checkpoints),
    help('situation.partners', found.partners),
    section('situation.rules', ...reaching(found.rules)),
    mayBuild(spot),
    h('p', { class: 'note' }, t('legend.distances')),
  ]
}

function watched(app: App, answer: Help): HTMLElement {
  const { features, none } = answer
  return section('situation.covering',
    features.length ? list(features.map((resource) => hit(app, resource))) : h('p', {}, none ? nameOf(none) : t('situation.covering.none')),
    ...beside(app, answer))
}

/** Bodies first, then persons, then hotlines, and what nobody has recorded. */
function toCall({ organisations, persons, hotlines, missing }: CallList): HTMLElement[] {
  const why = ({ relation }: Callee) => (relation && relation !== 'named' && relation !== 'general' ? coded('relation', relation) : null)
  const subjects = ({ for: codes }: Callee) => codes.map((code) => coded('hazard', code)).join('、') || t('situation.general')
  const said = (one: Callee) => [subjects(one), why(one), one.role && coded('role', one.role), ...one.duty, one.hours].filter(Boolean).join(' · ')
  const line = (one: Callee) => h('li', {},
    h('div', { class: 'row' }, h('strong', {}, nameOf(one.name)), one.telephone && call(one.telephone)), h('span', { class: 'small quiet' }, said(one)))
  const all = [...organisations, ...persons, ...hotlines]
  const shown = all.filter((one, i) => i < CALLED || one.telephone)
  const rest = all.filter((one) => !shown.includes(one))
  return [
    h('ul', { class: 'list' }, shown.map(line)),
    ...(rest.length ? [h('details', {}, h('summary', {}, t('call.more', { n: rest.length })), h('ul', { class: 'list' }, rest.map(line)))] : []),
    ...missing.map((words) => h('p', { class: 'warn small' }, nameOf(words))),
  ]
}

/** The rules whose zone holds the spot, and how many nobody can tell about: unknown is never allowed. */
function reaching({ reach_here, cannot_evaluate }: Situation['rules']): (HTMLElement | null)[] {
  const line = ({ name, outcome, limit_m, distance_m }: Situation['rules']['reach_here'][number]) =>
    h('li', {}, h('div', { class: 'row' }, h('span', { class: `tag ${outcome}` }, coded('verdict', outcome)), h('span', {}, nameOf(name))),
      h('span', { class: 'small quiet' }, `${length(distance_m)} / ${length(limit_m)}`))
  return [
    reach_here.length ? h('ul', { class: 'list' }, reach_here.map(line)) : null,
    cannot_evaluate.length ? h('p', { class: 'warn small', id: 'rules-unknown' }, t('situation.rules.unknown', { n: cannot_evaluate.length })) : null,
    reach_here.length || cannot_evaluate.length ? null : h('p', { class: 'quiet' }, t('situation.rules.none')),
  ]
}

/** Whether a team is there for this hazard or for all. */
function fitness({ properties: p }: Resource): HTMLElement | null {
  const { specialty } = (p.fitness ?? {}) as { specialty?: string }
  return specialty && specialty !== 'any' ? h('span', { class: 'tag' }, coded('fitness', specialty)) : null
}

function room({ properties: p }: Resource): HTMLElement | null {
  const free = p.free_persons as { at_most: number; known: number | null } | undefined
  if (!free) return h('span', {}, t('room.unknown'))
  return h('span', {}, free.known === null ? t('room.at_most', { n: number(free.at_most) }) : t('room', { n: number(free.known) }))
}

function mark(app: App, spot: LonLat, found: Situation): void {
  const near = [found.covering, found.teams, found.shelters].flatMap(({ features }) => features.slice(0, MARKED))
  const lines = near.flatMap(({ geometry }) =>
    geometry ? [feature({ type: 'LineString', coordinates: [spot, geometry.coordinates] }), feature(geometry, { role: 'hit' })] : [],
  )
  show(app.map, 'spot', { ...empty(), features: [...lines, feature({ type: 'Point', coordinates: spot })] })
}
