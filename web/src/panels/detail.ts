import { get } from '../api'
import type { App } from '../app'
import { h } from '../dom'
import { feature, type LonLat } from '../geo'
import { age, coded, instant, length, nameOf, number, t, type Word } from '../i18n'
import { may } from '../me'
import { show } from '../map/overlays'
import type { Name, Page, Resource, ResourceProperties } from '../types'
import { groupOf } from '../vocab'
import { hit, into, list, section, statusOf, statusTag } from './common'
import { contactSection } from './edit/contacts'
import { newRecord } from './edit/record'
import { editSection } from './edit/section'
import { picture } from './layers'
import { pictureSection } from './pictures/lazy'
import { seenSection } from './seen'

const FIELDS = ['form', 'force', 'level', 'tier', 'duration', 'space', 'personnel', 'vehicles', 'equipment', 'specialties', 'capacity_persons', 'capacities', 'occupancy_persons', 'hazards', 'amenities', 'hours', 'serves_persons', 'watch_radius_m', 'eye_height_m', 'stock', 'note'] as const
const LISTED = 500
const CODED: Record<string, string> = { form: 'form', force: 'force', level: 'level', tier: 'level', duration: 'duration', space: 'space', hazards: 'hazard', specialties: 'specialty', amenities: 'amenity' }

/** One resource whole, or the list of those without a position. */
export function detailPanel(app: App): HTMLElement {
  const { selected } = app.store.state
  if (!selected) return h('div', {}, h('p', { class: 'quiet' }, t('detail.none')), may('field') && !app.store.state.as_of && newRecord(app))
  if (selected === 'unlocated') return unlocated(app)
  const slot = h('div', { id: 'detail' })
  const held = app.records.all.get(selected)
  if (held) slot.append(card(app, held))
  else if (!app.records.loaded) slot.append(h('p', { class: 'quiet' }, t('loading')))
  else if (!app.records.tiled) slot.append(h('p', {}, t(app.store.state.as_of ? 'detail.not_yet' : 'detail.not_here')))
  else void into(slot, async () => [card(app, await read(app, selected))])
  return slot
}

async function read(app: App, id: string): Promise<Resource> {
  const { exercise, as_of } = app.store.state
  const resource = await get<Resource>(`v1/resources/${id}`, { exercise, as_of })
  app.records.all.set(id, resource)
  return resource
}

function card(app: App, resource: Resource): HTMLElement {
  const p = resource.properties
  if (resource.geometry) show(app.map, 'chosen', { type: 'FeatureCollection', features: [feature(resource.geometry)] })
  return h(
    'article',
    { 'data-id': resource.id, 'data-version': p.version },
    h('div', { class: 'row' }, picture(p.kind, p.location.quality, groupOf(statusOf(p))), h('strong', { id: 'detail-name' }, nameOf(p.name)), statusTag(p)),
    h('dl', {},
      row('detail.kind', t(`kind.${p.kind}` as Word)),
      row('filter.life', coded('lifecycle', p.lifecycle)),
      row('detail.place', p.place && app.places.name(p.place)),
      row('detail.manager', p.manager),
      row('detail.location', position(app, resource)),
      ...FIELDS.map((field) => row(`field.${field}` as Word, value(field, p))),
      p.status_at ? row('detail.status_at', `${instant(String(p.status_at))} · ${age(String(p.status_at))}`) : [],
      row('detail.verified', p.verified_at ? `${instant(p.verified_at)} · ${age(p.verified_at)}` : t('age.never')),
      row('detail.version', String(p.version))),
    pictureSection(app, { path: `v1/resources/${resource.id}`, place: p.place, visibility: p.visibility, version: p.version, created_at: p.created_at }),
    seenSection(app, resource),
    p.sources.length > 0 && section('detail.sources', h('ul', {}, p.sources.map(source))),
    editSection(app, resource),
    app.store.state.as_of ? null : contactSection(app, resource),
    history(app, resource),
  )
}

const row = (word: Word, content: string | HTMLElement | null): HTMLElement[] =>
  content === null || content === '' ? [] : [h('dt', {}, t(word)), h('dd', {}, content)]

function position(app: App, { geometry, properties: { location } }: Resource): HTMLElement {
  const at = geometry?.coordinates as LonLat | undefined
  const where = at ? `${at[0].toFixed(5)}, ${at[1].toFixed(5)}` : null
  const doubt = location.uncertainty_m ? t('detail.uncertainty', { m: length(location.uncertainty_m) }) : null
  const candidates = location.candidate_places.length
    ? t('unlocated.candidates', { places: location.candidate_places.map(app.places.name).join('、') })
    : null
  const parts = [where, coded('quality', location.quality), doubt, candidates, location.source]
  return h('span', {}, parts.filter(Boolean).join(' · '))
}

function value(field: string, p: ResourceProperties): string | null {
  const given = p[field]
  if (given === null || given === undefined) return null
  if (field === 'watch_radius_m' || field === 'eye_height_m') return length(given as number)
  if (field === 'stock') return (given as { name: { zh?: string; en?: string }; quantity: number | null; unit: string | null }[]).map((line) => `${nameOf(line.name)} ${line.quantity === null ? t('unknown') : number(line.quantity)}${line.unit ?? ''}`).join('；')
  if (field === 'vehicles' || field === 'equipment') return (given as { name?: Name | null; code?: { code: string } | null; count?: number | null }[]).map(({ name, code, count }) => `${nameOf(name ?? code?.code)}${count ? ` ${count}` : ''}`).join(t('comma'))
  if (field === 'capacities') return (given as { persons: number; space: string | null; hazard: { code: string } | null }[]).map(({ persons, space, hazard }) => `${[space && coded('space', space), hazard && coded('hazard', hazard.code)].filter(Boolean).join('·')} ${number(persons)}`).join(t('comma')) || null
  if (field === 'note' || field === 'hours') return String(given)
  const prefix = CODED[field] ?? field
  if (Array.isArray(given)) return given.map((one: { code: string }) => coded(prefix, one.code)).join('、')
  return typeof given === 'number' ? number(given) : coded(prefix, given)
}

const source = (from: ResourceProperties['sources'][number]): HTMLElement =>
  h('li', {}, [from.reference, from.locator, from.as_of, from.confidence && coded('confidence', from.confidence)].filter(Boolean).join(' · '))

interface Entry {
  version?: number
  at?: string
  recorded_at?: string
  actor?: string
  action?: string
  op?: string
  reason?: string | null
}

function history(app: App, resource: Resource): HTMLElement {
  const slot = h('div')
  const toggle = (event: Event) => {
    if (!(event.target as HTMLDetailsElement).open) return
    void into(slot, async () => {
      const answer = await get<{ entries?: Entry[]; changes?: Entry[]; items?: Entry[] } | Entry[]>(`v1/resources/${resource.id}/history`, { exercise: app.store.state.exercise })
      const entries = Array.isArray(answer) ? answer : (answer.entries ?? answer.changes ?? answer.items ?? [])
      return [h('ul', { class: 'list' }, entries.map((entry) => h('li', {}, [entry.version, entry.action ?? entry.op, entry.actor, entry.reason, instant(entry.at ?? entry.recorded_at ?? '')].filter(Boolean).join(' · '))))]
    })
  }
  return h('details', { ontoggle: toggle }, h('summary', {}, t('detail.history')), slot)
}

function unlocated(app: App): HTMLElement {
  const without = [...app.records.all.values()].filter((resource) => !resource.geometry)
  const all = app.records.unlocated()
  const where = ({ properties: { location } }: Resource) =>
    location.candidate_places.length
      ? t('unlocated.candidates', { places: location.candidate_places.map(app.places.name).join('、') })
      : t('unlocated.nothing')
  return h('div', { id: 'unlocated' }, h('h3', {}, t('unlocated.title')), h('p', { class: 'note' }, t('unlocated.why')),
    list(without.slice(0, LISTED).map((resource) => hit(app, resource, [h('span', {}, where(resource))]))),
    all === null ? h('p', { class: 'quiet' }, t('loading')) : all > LISTED && h('p', { class: 'note' }, t('unlocated.more', { n: number(all), listed: LISTED })))
}

export type { Page }
