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

/** Whether somebody is in the middle of an edit that a redrawn panel would throw away. */
export function isEditing(): boolean {
  const status = document.getElementById('edit-status') as HTMLSelectElement | null
  const how = document.getElementById('verify-how') as HTMLInputElement | null
  return !!document.querySelector('#save-move, #conflict') || (!!status && status.value !== status.dataset.was) || !!how?.value
}

function status(app: App, resource: Resource, out: HTMLElement): HTMLElement | null {
  const { kind } = resource.properties
  const field = KINDS[kind].status
  if (!field) return null
  const select = h('select', { id: 'edit-status', 'aria-label': t('detail.edit.status') }, STATUS_VALUES[kind].map((value) => h('option', { value }, coded('status', value))))
  select.value = statusOf(resource.properties) ?? 'unknown'
  select.dataset.was = select.value
  const save = () => {
    const report = { observed_at: new Date().toISOString(), [field]: select.value }
    void write(app, { resource, out, mine: { [field]: select.value }, act: () => send(app, resource, 'status', report) })
  }
  return h('div', { class: 'field' }, select, h('button', { type: 'button', id: 'save-status', onclick: save }, t('detail.edit.status')))
}

function verify(app: App, resource: Resource, out: HTMLElement): HTMLElement {
  const how = h('input', { id: 'verify-how', placeholder: t('detail.edit.how'), 'aria-label': t('detail.edit.how') })
  const save = () => void write(app, { resource, out, mine: {}, act: () => send(app, resource, 'verification', { how: how.value || t('detail.edit.verify') }) })
  return h('div', { class: 'field' }, how, h('button', { type: 'button', id: 'save-verify', onclick: save }, t('detail.edit.verify')))
}

function move(app: App, resource: Resource, out: HTMLElement): HTMLElement {
  const begin = () => {
    const start = (resource.geometry?.coordinates ?? app.map.getCenter().toArray()) as LonLat
    const handle = h('button', { type: 'button', class: 'trial-marker', 'aria-label': t('detail.edit.move') }, '✥')
    const marker = new Marker({ element: handle, draggable: true }).setLngLat(start).addTo(app.map)
    handle.addEventListener('keydown', (event) => nudge(marker, event))
    const accuracy = h('input', { id: 'move-accuracy', type: 'number', min: 0, max: 100_000, value: 30 })
    const evidence = h('input', { id: 'move-evidence', maxlength: 400, placeholder: t('detail.edit.reason'), 'aria-label': t('detail.edit.reason') })
    const save = () => {
      const { lng, lat } = marker.getLngLat()
      const coordinates = [+lng.toFixed(7), +lat.toFixed(7)]
      const said = { coordinates, datum: 'wgs84', accuracy_m: Number(accuracy.value) || 0, evidence: evidence.value || t('detail.edit.on_map') }
      app.take(null)
      void write(app, { resource, out, mine: { geometry: coordinates }, act: () => send(app, resource, 'location', { ...said, base_version: resource.properties.version }) })
    }
    app.take({
      click: (at) => marker.setLngLat(at),
      finish: save,
      cancel: () => {
        marker.remove()
        fill(out)
      },
    })
    app.hint(t('detail.edit.move.hint'))
    fill(out, h('label', { class: 'field' }, t('detail.edit.accuracy'), accuracy), evidence,
      h('div', { class: 'row' }, h('button', { type: 'button', class: 'main', id: 'save-move', onclick: save }, t('save')), h('button', { type: 'button', onclick: () => app.take(null) }, t('cancel'))))
  }
  return h('button', { type: 'button', id: 'start-move', onclick: begin }, t('detail.edit.move'))
}

const send = (app: App, resource: Resource, what: string, body: object) =>
  request('POST', `v1/resources/${resource.id}/${what}`, { query: { exercise: app.store.state.exercise }, body })

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

interface Edit {
  resource: Resource
  out: HTMLElement
  mine: Record<string, unknown>
  act(): Promise<{ status: number }>
}

async function write(app: App, edit: Edit): Promise<void> {
  const { resource, out } = edit
  try {
    if (await changedMeanwhile(app, resource)) return conflict(app, edit)
    const { status } = await edit.act()
    await app.records.refresh(resource.id, app.store.state)
    const version = app.records.all.get(resource.id)?.properties.version ?? 0
    app.redraw()
    app.panel()
    const said = status === 202 ? t('detail.proposed') : t('detail.saved', { version })
    app.say(said)
    fill(document.getElementById('edit-answer') ?? out, h('p', {}, said))
  } catch (error) {
    if (error instanceof Problem && (error.status === 412 || error.status === 409)) await conflict(app, edit)
    else fill(out, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
  }
}

async function changedMeanwhile(app: App, resource: Resource): Promise<boolean> {
  await app.records.refresh(resource.id, app.store.state)
  return app.records.all.get(resource.id)?.properties.version !== resource.properties.version
}

/** Shows what is there now beside what was wanted; nothing is overwritten without a decision. */
async function conflict(app: App, edit: Edit): Promise<void> {
  const { resource, out, mine } = edit
  await app.records.refresh(resource.id, app.store.state)
  const now = app.records.all.get(resource.id)
  app.redraw()
  const theirs = (field: string) => (field === 'geometry' ? now?.geometry?.coordinates : now?.properties[field])
  const row = (...cells: string[]) => h('tr', {}, cells.map((cell) => h('td', {}, cell)))
  const table = h('table', {}, h('tr', {}, [t('detail.conflict.field'), t('detail.conflict.theirs'), t('detail.conflict.yours')].map((text) => h('th', {}, text))),
    Object.entries(mine).map(([field, value]) => row(coded('field', field), show(theirs(field)), show(value))),
    row(t('detail.version'), String(now?.properties.version ?? '—'), String(resource.properties.version)))
  const again = () => {
    if (now) resource.properties.version = now.properties.version
    void write(app, edit)
  }
  fill(out, h('div', { class: 'conflict', role: 'alert', id: 'conflict' }, h('strong', {}, t('detail.conflict')), table,
    h('div', { class: 'row' },
      h('button', { type: 'button', id: 'conflict-take', onclick: () => app.panel() }, t('detail.conflict.take')),
      h('button', { type: 'button', id: 'conflict-again', onclick: again }, t('detail.conflict.again')))))
  out.scrollIntoView({ block: 'nearest' })
}

const show = (value: unknown): string =>
  Array.isArray(value) ? value.map((n) => (typeof n === 'number' ? n.toFixed(5) : String(n))).join(', ') : coded('status', value)
