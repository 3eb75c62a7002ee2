import type { App } from '../app'
import { h } from '../dom'
import { empty, feature, type LonLat } from '../geo'
import { coded, length, nameOf, number, t, type Word } from '../i18n'
import { show } from '../map/overlays'
import type { Name, Resource, SetAnswer } from '../types'
import { hit, list, section } from './common'
import { beside, members } from './honest'
import { strength } from './incident/dispatch'
import { shelterNeed } from './incident/shelters'
import { mayBuild } from './rules'

const TIERS = ['community', 'town', 'district']
const MARKED = 3

/** One kind of help, in the order of use, with what could not be decided; `none` says why there is nothing. */
export interface Help extends SetAnswer {
  features: Resource[]
  none?: Name
}

export interface Situation {
  places: { code: string; name: Name; assumed_extent: boolean; partner: unknown }[]
  rules: { reach_here: { rule: string; name: Name; outcome: string; limit_m: number; distance_m: number | null }[]; cannot_evaluate: string[] }
  covering: Help
  teams: Help
  shelters: Help
  depots: Record<string, Help>
  checkpoints: Help
  partners: Help
}

/** Everything around a spot: where it is first, then what helps there; `teams` in place of the nearest ones. */
export function around(app: App, spot: LonLat, uncertainty_m: number, found: Situation, teams?: HTMLElement): HTMLElement[] {
  mark(app, spot, found)
  const listed = (help: Help, extra: (resource: Resource) => (HTMLElement | null)[] = () => []) =>
    [members(help.features.map((resource) => hit(app, resource, extra(resource))), help.none), ...beside(app, help)]
  const help = (word: Word, answer: Help, extra?: (resource: Resource) => (HTMLElement | null)[]) => section(word, ...listed(answer, extra))
  return [
    section('situation.where', h('p', { id: 'situation-where' }, located(found), ` · ${spot[0].toFixed(5)}, ${spot[1].toFixed(5)}${uncertainty_m ? ` (${t('detail.uncertainty', { m: length(uncertainty_m) })})` : ''}`)),
    teams ?? help('situation.teams', found.teams, (team) => [fitness(team), ...strength(team.properties)]),
    watched(app, found.covering),
    help('situation.shelters', found.shelters, (shelter) => [room(shelter)]),
    shelterNeed(app, spot, uncertainty_m),
    section('situation.depots', ...TIERS.filter((tier) => found.depots[tier]).map((tier) => {
      return h('div', {}, h('h4', {}, coded('level', tier)), listed(found.depots[tier]!))
    })),
    help('situation.checkpoints', found.checkpoints),
    help('situation.partners', found.partners),
    section('situation.rules', ...reaching(found.rules)),
    mayBuild(spot),
    h('p', { class: 'note' }, t(app.basemap ? 'legend.straight' : 'legend.distances')),
  ]
}

/** The chain of places that hold the spot. */
export const located = ({ places }: Situation): string =>
  places.map(({ name, assumed_extent }) => `${nameOf(name)}${assumed_extent ? ` (${t('situation.assumed')})` : ''}`).join(' › ') || t('unknown')

function watched(app: App, answer: Help): HTMLElement {
  const { features, none } = answer
  return section('situation.covering',
    features.length ? list(features.map((resource) => hit(app, resource))) : h('p', {}, none ? nameOf(none) : t('situation.covering.none')),
    ...beside(app, answer))
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
