import { Marker } from 'maplibre-gl'
import { credential, Problem, request } from '../api'
import type { App } from '../app'
import { fill, h } from '../dom'
import type { LonLat } from '../geo'
import { coded, t } from '../i18n'
import type { Resource } from '../types'
import { KINDS, STATUS_VALUES } from '../vocab'
import { section, statusOf, why } from './common'

/** Moving, reporting a status and verifying, for those who may; what somebody else changed first is shown. */
export function editSection(app: App, resource: Resource): HTMLElement | null {
  if (app.store.state.as_of) return null
  if (!credential.get()) return h('p', { class: 'note' }, t('detail.signin'))
  const out = h('div', { role: 'status', id: 'edit-answer' })
  return section('detail.status', status(app, resource, out), verify(app, resource, out), move(app, resource, out), out)
}

function status(app: App, resource: Resource, out: HTMLElement): HTMLElement | null {
  const { kind } = resource.properties
  const field = KINDS[kind].status
  if (!field) return null
  const select = h('select', { id: 'edit-status', 'aria-label': t('detail.edit.status') }, STATUS_VALUES[kind].map((value) => h('option', { value }, coded('status', value))))
  select.value = statusOf(resource.properties) ?? 'unknown'
  const save = () => void write(app, resource, out, () => amend(app, resource, { properties: { [field]: select.value } }), { [field]: select.value })
  return h('div', { class: 'field' }, select, h('button', { type: 'button', id: 'save-status', onclick: save }, t('detail.edit.status')))
}

function verify(app: App, resource: Resource, out: HTMLElement): HTMLElement {
  const how = h('input', { id: 'verify-how', placeholder: t('detail.edit.how'), 'aria-label': t('detail.edit.how') })
  const act = () =>
    void write(app, resource, out, () =>
      request('POST', `v1/resources/${resource.id}/verification`, { query: { exercise: app.store.state.exercise }, body: { how: how.value || 'map' } }), {})
  return h('div', { class: 'field' }, how, h('button', { type: 'button', id: 'save-verify', onclick: act }, t('detail.edit.verify')))
}

function move(app: App, resource: Resource, out: HTMLElement): HTMLElement {
  const begin = () => {
    const start = (resource.geometry?.coordinates ?? app.map.getCenter().toArray()) as LonLat
    const handle = h('button', { type: 'button', class: 'trial-marker', 'aria-label': t('detail.edit.move') }, '✥')
    const marker = new Marker({ element: handle, draggable: true }).setLngLat(start).addTo(app.map)
    handle.addEventListener('keydown', (event) => nudge(marker, event))
    const end = () => {
      marker.remove()
      app.hint(null)
      fill(out)
    }
    const save = () => {
      const { lng, lat } = marker.getLngLat()
      const location = { ...resource.properties.location, quality: 'surveyed', uncertainty_m: resource.properties.location.uncertainty_m ?? 30, candidate_places: [], datum: 'wgs84', source: 'map' }
      app.take(null)
      void write(app, resource, out, () => amend(app, resource, { geometry: { type: 'Point', coordinates: [+lng.toFixed(7), +lat.toFixed(7)] }, properties: { location } }), { geometry: [lng, lat] })
    }
    app.take({ click: (at) => marker.setLngLat(at), finish: save, cancel: end })
    app.hint(t('detail.edit.move.hint'))
    fill(out, h('div', { class: 'row' }, h('button', { type: 'button', class: 'main', id: 'save-move', onclick: save }, t('save')), h('button', { type: 'button', onclick: () => app.take(null) }, t('cancel'))))
  }
  return h('button', { type: 'button', id: 'start-move', onclick: begin }, t('detail.edit.move'))
}

/** Arrow keys move a marker by a pixel, ten with Shift. */
export function nudge(marker: Marker, event: KeyboardEvent): void {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
  if (!step) return
  event.preventDefault()
  event.stopPropagation()
  const map = marker._map
  const at = map.project(marker.getLngLat())
  const by = event.shiftKey ? 10 : 1
  marker.setLngLat(map.unproject([at.x + step[0]! * by, at.y + step[1]! * by]))
  marker.fire('dragend')
}

const amend = (app: App, resource: Resource, body: object) =>
  request<Resource>('PATCH', `v1/resources/${resource.id}`, {
    query: { exercise: app.store.state.exercise },
    body,
    headers: { 'Content-Type': 'application/merge-patch+json', 'If-Match': etags.get(resource) ?? `"${resource.properties.version}"` },
  })

const etags = new WeakMap<Resource, string>()

async function write(app: App, resource: Resource, out: HTMLElement, act: () => Promise<{ data: unknown; status: number }>, mine: Record<string, unknown>): Promise<void> {
  try {
    const { status } = await act()
    await app.records.refresh(resource.id, app.store.state)
    const version = app.records.all.get(resource.id)?.properties.version ?? 0
    app.redraw()
    app.panel()
    app.say(t('detail.saved', { version }))
    fill(document.getElementById('edit-answer') ?? out, h('p', {}, status === 202 ? t('detail.proposed') : t('detail.saved', { version })))
  } catch (error) {
    if (error instanceof Problem && (error.status === 412 || error.status === 409)) await conflict(app, resource, out, act, mine)
    else fill(out, h('p', { class: 'problem' }, t('failed', { why: why(error) })))
  }
}

/** Shows what is there now beside what was wanted; nothing is overwritten without a decision. */
async function conflict(app: App, resource: Resource, out: HTMLElement, act: () => Promise<{ data: unknown; status: number }>, mine: Record<string, unknown>): Promise<void> {
  await app.records.refresh(resource.id, app.store.state)
  const now = app.records.all.get(resource.id)
  app.redraw()
  const theirs = (field: string) => (field === 'geometry' ? now?.geometry?.coordinates : now?.properties[field])
  const table = h('table', {}, h('tr', {}, h('th', {}, ''), h('th', {}, t('detail.conflict.theirs')), h('th', {}, t('detail.conflict.yours'))),
    Object.entries(mine).map(([field, value]) => h('tr', {}, h('td', {}, field), h('td', {}, show(theirs(field))), h('td', {}, show(value)))))
  const retry = () => {
    if (now) resource.properties.version = now.properties.version
    void write(app, resource, out, act, mine)
  }
  fill(out, h('div', { class: 'conflict', role: 'alert', id: 'conflict' }, h('strong', {}, t('detail.conflict')), table,
    h('div', { class: 'row' },
      h('button', { type: 'button', id: 'conflict-take', onclick: () => app.panel() }, t('detail.conflict.take')),
      h('button', { type: 'button', id: 'conflict-again', onclick: retry }, t('detail.conflict.again')))))
}

const show = (value: unknown): string =>
  Array.isArray(value) ? value.map((n) => (typeof n === 'number' ? n.toFixed(5) : String(n))).join(', ') : coded('status', value)
