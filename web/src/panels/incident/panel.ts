import { post, Problem } from '../../api'
import { lookAt } from '../../alarm'
import type { App } from '../../app'
import { fill, h } from '../../dom'
import { bounds, type LonLat } from '../../geo'
import { age, coded, instant, nameOf, t } from '../../i18n'
import { may } from '../../me'
import { onEntry } from '../../registers'
import { around, type Situation } from '../around'
import { into, section, why } from '../common'
import { pictureSection } from '../pictures/lazy'
import { keepForSheet } from '../sheet'
import { callSection } from './calls'
import { committed, proposed } from './dispatch'
import { drawIncidents } from './drawn'
import { logSection } from './log'
import { about, change, FOLLOWING, LEVELS, openIncidents, type CallList, type Cordon, type Incident, type Log, type Proposal } from './model'

const LISTED = 10
const POLL_MS = 15_000
const SOON_MS = 300

let shown = ''
let slot = h('div')
let timer = 0

/** The open incidents, or one of them whole: state, who is sent, whom to call, what is around, log. */
export function incidentPanel(app: App): HTMLElement {
  const { incident, exercise, as_of, lang } = app.store.state
  const key = JSON.stringify([incident, exercise, as_of, lang, may('field')])
  if (key !== shown) slot = h('div', { id: incident ? 'incident' : 'incidents' })
  const fresh = key !== shown
  shown = key
  if (fresh) looked = null
  if (fresh || app.records.at.getTime() !== read_at) refresh(app)
  onEntry('incident-panel', () => soon(app))
  clearInterval(timer)
  timer = setInterval(() => app.store.state.panel === 'incident' && !app.store.state.as_of && soon(app), POLL_MS)
  return slot
}

let read_at = 0
/** The incident that the view has gone to: it goes there once. */
let looked: string | null = null
let waiting = 0

function soon(app: App): void {
  if (app.store.state.panel !== 'incident' || isTyping()) return
  clearTimeout(waiting)
  waiting = setTimeout(() => refresh(app), SOON_MS)
}

/** A line that is being typed, or a question that is open, is not drawn over. */
const isTyping = (): boolean => !!slot.querySelector('input:focus, select:focus')

function refresh(app: App): void {
  read_at = app.records.at.getTime()
  const { incident } = app.store.state
  void into(slot, (signal) => (incident ? one(app, incident, signal).catch(unseen) : listed(app)))
}

/** An incident that a link names may be hidden from whoever opens it: then that is said. */
function unseen(error: unknown): HTMLElement[] {
  if (error instanceof Problem && error.status === 404) return [h('p', { class: 'warn', id: 'incident-unseen' }, t(may('viewer') ? 'incident.unseen' : 'incident.unseen.public'))]
  throw error
}

async function listed(app: App): Promise<HTMLElement[]> {
  const open = await openIncidents(app)
  drawIncidents(app, open)
  const item = (incident: Incident) => h('li', { class: 'hot', 'data-incident': incident.id },
    h('button', { type: 'button', class: 'name', onclick: () => app.store.set({ incident: incident.id }) }, titleOf(app, incident)),
    h('div', { class: 'figures' }, stateTag(incident), h('span', {}, age(incident.reported_at)), incident.place && h('span', {}, app.places.name(incident.place))))
  return [
    h('div', { class: 'row' }, h('button', { type: 'button', class: 'main', id: 'alarm-new', onclick: () => app.store.set({ panel: 'situation' }) }, t('incident.new'))),
    ...(open.length ? [h('ul', { class: 'list', id: 'incident-list' }, open.map(item))] : []),
    ...unlisted(open.length > 0),
  ]
}

/** What the list does not say by itself: that it is empty, and that there may be more for who signs in. */
function unlisted(some: boolean): HTMLElement[] {
  if (may('viewer')) return some ? [] : [h('p', { id: 'incident-none' }, t('incident.none'))]
  return [h('p', { id: 'incident-none' }, t(some ? 'incident.some.public' : 'incident.none.public'))]
}

/** What an incident is called: its name, or its hazard. */
export const titleOf = (app: App, { name, hazard, place }: Incident): string => (name ? nameOf(name) : `${coded('hazard', hazard)}${place ? ` · ${app.places.name(place)}` : ''}`)

export const stateTag = ({ state, level }: Incident): HTMLElement =>
  h('span', { class: `tag ${{ reported: 'limited', confirmed: 'out', responding: 'out', contained: 'ready', closed: 'unknown' }[state]}` },
    `${coded('incident.state', state)}${level ? ` · ${t('incident.level.of', { level })}` : ''}`)

/** The part of the question of a situation that says where an incident is. */
function originOf({ geometry, extent, location, place }: Incident): { origin: object; spot: LonLat } | null {
  const box = bounds(extent ?? geometry)
  const spot: LonLat | null = box && [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
  if (geometry?.type === 'Point' && !extent) return { origin: { lon: spot![0], lat: spot![1], radius_m: location.uncertainty_m ?? 0 }, spot: spot! }
  if (spot && /Polygon/.test((extent ?? geometry)!.type)) return { origin: { area: extent ?? geometry }, spot }
  return spot && place ? { origin: { place }, spot } : null
}

async function one(app: App, id: string, signal: AbortSignal): Promise<(HTMLElement | null)[]> {
  const { exercise, as_of } = app.store.state
  const incident = await about<Incident>(app, id, '', {}, signal)
  const where = originOf(incident)
  const ask = <T>(path: string, more = {}) => about<T>(app, id, path, more, signal)
  const nothing = (error: unknown) => {
    if (error instanceof Problem && [401, 403, 404, 422].includes(error.status)) return null
    throw error
  }
  const [found, calls, teams, log, cordons, open] = await Promise.all([
    where && post<Situation>('v1/proximity/situation', { origin: where.origin, k: 5, hazard: incident.hazard }, { exercise, as_of }, signal),
    ask<CallList>('call-list').catch(nothing), ask<Proposal>('proposals', { k: LISTED }).catch(nothing),
    ask<Log>('log').catch(nothing), ask<{ cordons: Cordon[] }>('cordons').catch(nothing), openIncidents(app),
  ])
  drawIncidents(app, [incident, ...open.filter((other) => other.id !== id)], cordons?.cordons ?? [])
  if (looked !== id && where) lookAt(app, where.spot)
  looked = id
  app.store.set({ hazard: incident.hazard })
  const attempt = (work: () => Promise<unknown>) => void tried(app, work)
  keepForSheet({ incident, spot: where?.spot ?? null, uncertainty_m: incident.location.uncertainty_m ?? 0, hazard: incident.hazard, found, calls, log, teams })
  const [place, ...rest] = where && found ? around(app, where.spot, incident.location.uncertainty_m ?? 0, found, teams ? proposed(app, incident, teams, attempt) : undefined) : [null]
  return [
    head(app, incident, attempt), h('div', { id: 'incident-said', role: 'status' }), place,
    pictureSection(app, { path: `v1/incidents/${id}`, place: incident.place, visibility: incident.visibility, version: incident.version }),
    log && committed(app, incident, log.commitments, attempt),
    calls && callSection(app, calls),
    ...rest,
    cordons && cordons.cordons.length > 0 ? section('incident.cordons', h('ul', { class: 'list' }, cordons.cordons.map((cordon) => h('li', {}, `${coded('cordon', cordon.kind)} · ${t('incident.order', { n: cordon.order })} · ${nameOf(cordon.name)}`)))) : null,
    log && logSection(app, id, log.log, attempt),
  ]
}

function head(app: App, incident: Incident, attempt: (work: () => Promise<unknown>) => void): HTMLElement {
  const set = (members: object) => attempt(() => change(app, incident, members))
  const level = h('select', { id: 'incident-level', 'aria-label': t('incident.level'), onchange: () => set({ level: level.value }) },
    [...(incident.level ? [] : ['']), ...LEVELS].map((value) => h('option', { value }, value ? t('incident.level.of', { level: value }) : t('incident.level.none'))))
  level.value = incident.level ?? ''
  const acts = may('field') && !app.store.state.as_of && h('div', { class: 'row', id: 'incident-acts' }, FOLLOWING[incident.state].map((state) =>
    h('button', { type: 'button', 'data-next': state, onclick: () => set({ state }) }, coded('incident.state', state))), level)
  return h('div', { 'data-id': incident.id, 'data-state': incident.state, id: 'incident-head' },
    h('div', { class: 'row' }, h('button', { type: 'button', class: 'small', id: 'incident-back', onclick: () => app.store.set({ incident: null }) }, `‹ ${t('incident.all')}`), h('strong', { id: 'incident-title' }, titleOf(app, incident)), stateTag(incident)),
    h('p', { class: 'small' }, [t('incident.reported', { at: instant(incident.reported_at), age: age(incident.reported_at) }), coded('via', incident.reported_via), incident.note].filter(Boolean).join(' · ')),
    acts)
}

/** Does something about the incident and draws it again; why it could not be done is said at the top. */
async function tried(app: App, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
    app.say(t('incident.done'))
    ;(document.activeElement as HTMLElement | null)?.blur()
    refresh(app)
  } catch (error) {
    const out = document.getElementById('incident-said')
    if (out) fill(out, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
  }
}
