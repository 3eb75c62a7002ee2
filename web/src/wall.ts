import { lookAt } from './alarm'
import type { App } from './app'
import { now } from './clock'
import { byId, fill, h } from './dom'
import { bounds, type LonLat } from './geo'
import { age, coded, instant, nameOf, t } from './i18n'
import { home } from './jurisdiction'
import { openIncidents, type Incident } from './panels/incident/model'

const TURN_MS = 20_000
const TICK_MS = 1000

let incidents: Incident[] = []
let turn = 0
let timers: number[] = []

/** The map for a wall: a clock, the open incidents one after another, and how old what is shown is. */
export function drawWall(app: App): void {
  for (const timer of timers) clearInterval(timer)
  timers = []
  const { wall } = app.store.state
  document.body.classList.toggle('wall', wall)
  app.map.resize()
  byId('wall').hidden = !wall
  if (!wall) return
  timers = [setInterval(() => tick(app), TICK_MS), setInterval(() => void next(app), TURN_MS)]
  void next(app)
}

async function next(app: App): Promise<void> {
  incidents = await openIncidents(app).catch(() => incidents)
  const one = incidents.length ? incidents[turn++ % incidents.length]! : null
  const box = one && bounds(one.extent ?? one.geometry)
  if (box) lookAt(app, [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] as LonLat)
  else app.map.fitBounds(home(), { padding: 40 })
  tick(app, one)
}

let shown: Incident | null = null

function tick(app: App, one: Incident | null = shown): void {
  shown = one
  const { exercise, as_of } = app.store.state
  const contact = new Date(app.live.last_contact)
  const item = (incident: Incident) => h('li', { class: incident.id === one?.id ? 'now' : '' },
    h('b', {}, incident.name ? nameOf(incident.name) : coded('hazard', incident.hazard)), ` ${incident.place ? app.places.name(incident.place) : ''} `,
    h('span', { class: 'tag' }, coded('incident.state', incident.state)), ` ${age(incident.reported_at)}`)
  fill(byId('wall'),
    h('div', { id: 'wall-clock' }, (as_of ? new Date(as_of) : now()).toLocaleTimeString('zh-CN', { hour12: false })),
    h('div', {}, instant(as_of ?? now()).split(/[ ,]/)[0]!),
    exercise && h('div', { class: 'drill-mark' }, t('exercise.frame', { name: exercise })),
    h('ul', { id: 'wall-incidents' }, incidents.length ? incidents.map(item) : h('li', {}, t('incident.none'))),
    h('div', { id: 'wall-link', class: app.live.link === 'lost' ? 'lost' : '' }, app.live.link === 'lost' ? t('connection.lost', { age: age(contact) }) : t('wall.contact', { age: age(contact) })),
    h('button', { type: 'button', id: 'wall-leave', onclick: () => app.store.set({ wall: false }) }, t('wall.leave')))
}
