import type { App } from '../../app'
import { h } from '../../dom'
import { age, coded, nameOf, t, type Word } from '../../i18n'
import { may } from '../../me'
import type { Name, Resource, ResourceProperties } from '../../types'
import { hit, section } from '../common'
import { beside, members } from '../honest'
import { act, type Commitment, type Incident, type Proposal } from './model'

const NEXT: Record<Commitment['state'], Commitment['state'][]> = { committed: ['en_route', 'on_scene', 'released'], en_route: ['on_scene', 'released'], on_scene: ['released'], released: [] }

/** What is committed to an incident, each with the next states it can take. */
export function committed(app: App, incident: Incident, commitments: Commitment[], attempt: (work: () => Promise<unknown>) => void): HTMLElement {
  const active = commitments.filter(({ state }) => state !== 'released')
  const item = (one: Commitment) => h('li', { 'data-commitment': one.id },
    h('div', { class: 'row' },
      h('button', { type: 'button', class: 'name', onclick: () => app.store.set({ selected: one.resource, panel: 'detail' }) }, nameOf(one.name)),
      h('span', { class: 'tag limited' }, coded('dispatch', one.state)), h('span', { class: 'small quiet' }, age(one.since))),
    one.task && h('span', { class: 'small' }, one.task),
    may('field') && h('div', { class: 'row' }, NEXT[one.state].map((state) =>
      h('button', { type: 'button', class: 'small', 'data-state': state, onclick: () => attempt(() => act(app, incident.id, `commitments/${one.id}`, { state })) }, coded('dispatch', state)))))
  return section('incident.committed', active.length ? h('ul', { class: 'list', id: 'commitments' }, active.map(item)) : h('p', { class: 'quiet' }, t('incident.committed.none')))
}

/** The fittest teams for an incident; those who may send one do so here. */
export function proposed(app: App, incident: Incident, found: Proposal, attempt: (work: () => Promise<unknown>) => void): HTMLElement {
  const send = ({ id, properties: p }: Resource) => {
    if (p.committed_to) return h('span', { class: 'tag limited' }, t('incident.committed_elsewhere'))
    if (!may('field') || incident.state === 'closed') return null
    return h('button', { type: 'button', class: 'send', 'data-send': id, onclick: () => attempt(() => act(app, incident.id, 'commitments', { resources: [id] })) }, t('incident.send'))
  }
  return section('situation.teams', members(found.features.map((team) => hit(app, team, [...strength(team.properties), send(team)])), found.none), ...beside(app, found))
}

/** A team's vehicles, equipment, personnel and how old its status is. */
export function strength(p: ResourceProperties): (HTMLElement | null)[] {
  const things = (word: Word, given: unknown) => {
    const lines = ((given ?? []) as { name?: Name | null; code?: string | null; count?: number | null; quantity?: number | null }[])
      .map((one) => `${nameOf(one.name ?? one.code)}${one.count ?? one.quantity ? ` ${one.count ?? one.quantity}` : ''}`)
    return lines.length ? h('span', {}, `${t(word)} ${lines.join(t('comma'))}`) : null
  }
  const minutes = (p.arrival as { minutes_min: number; minutes_max: number } | null)
  return [
    p.personnel !== null && p.personnel !== undefined ? h('span', {}, t('incident.persons', { n: Number(p.personnel) })) : null,
    things('incident.vehicles', p.vehicles), things('incident.equipment', p.equipment),
    minutes ? h('span', {}, t('incident.arrival', { min: Math.round(minutes.minutes_min), max: Math.round(minutes.minutes_max) })) : null,
    h('span', { class: 'quiet' }, t('incident.status_age', { age: p.status_at ? age(String(p.status_at)) : t('incident.status_never') })),
  ]
}
