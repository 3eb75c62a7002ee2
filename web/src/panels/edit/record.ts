import { post, request } from '../../api'
import { readPosition } from '../../alarm'
import type { App } from '../../app'
import { fill, h } from '../../dom'
import { findingsOf, schemaForm, type Finding, type Form } from '../../forms/form'
import { schemas, tagged, type Schema } from '../../forms/schema'
import type { LonLat } from '../../geo'
import { t, type Word } from '../../i18n'
import type { Resource } from '../../types'
import { KIND_LIST, type Kind } from '../../vocab'
import { why } from '../common'
import { fingerError_m } from './move'
import { shown, write } from './write'

/** Members that have their own way in, or that the registry sets. */
const OWN_WAY = ['kind', 'location', 'verified_at', 'verified_by', 'exercise', 'version', 'created_at', 'updated_at', 'status_at', 'last_seen', 'stock', 'external_ids', 'sources', 'readiness', 'opening', 'operational', 'occupancy_at']

/** Opens a form of all members of a record that can be typed. */
export function recordButton(app: App, resource: Resource, out: HTMLElement): HTMLElement {
  return h('button', { type: 'button', id: 'start-edit', onclick: () => void edit(app, resource, out) }, t('form.edit'))
}

async function formFor(app: App, kind: Kind, value: Record<string, unknown>, out: HTMLElement): Promise<Form | null> {
  fill(out, h('p', { class: 'quiet' }, t('loading')))
  try {
    const all = await schemas()
    return schemaForm(app, tagged(all, 'kind', kind) as Schema, value, all, OWN_WAY)
  } catch (error) {
    fill(out, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
    return null
  }
}

async function edit(app: App, resource: Resource, out: HTMLElement): Promise<void> {
  const form = await formFor(app, resource.properties.kind, resource.properties, out)
  if (!form) return
  let warned = ''
  const save = async (event: Event) => {
    event.preventDefault()
    const changed = form.changed()
    if (!Object.keys(changed).length) return fill(out)
    const draft = { type: 'Feature', geometry: resource.geometry, properties: { ...resource.properties, ...changed } }
    if (await stopped(app, form, draft, JSON.stringify(changed) === warned, resource.id)) return void (warned = JSON.stringify(changed))
    const query = { exercise: app.store.state.exercise, base_version: resource.properties.version }
    const mine = Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, shown(value)]))
    fill(out)
    await write(app, { resource, out, mine, act: () => request('PATCH', `v1/resources/${resource.id}`, { query, body: { properties: changed }, headers: { 'Content-Type': 'application/merge-patch+json' } }) })
  }
  fill(out, h('form', { id: 'record-form', novalidate: true, onsubmit: (event: Event) => void save(event) }, form.element, buttons(() => app.panel())))
}

const buttons = (cancel: () => void): HTMLElement =>
  h('div', { class: 'row' }, h('button', { type: 'submit', class: 'main', id: 'form-save' }, t('save')), h('button', { type: 'button', id: 'form-cancel', onclick: cancel }, t('cancel')))

/** Whether the gate stops a draft: a refusal always does, a warning until it was seen once. */
async function stopped(app: App, form: Form, draft: object, seen: boolean, id?: string): Promise<boolean> {
  try {
    const { findings } = await post<{ findings: Finding[] }>('v1/intakes/check', { ...draft, ...(id ? { id } : {}) }, { exercise: app.store.state.exercise })
    const told = findings.filter(({ severity }) => severity !== 'note')
    const refused = form.show(told)
    if (refused || !told.length) return refused
    if (!seen) app.hint(t('form.warned'))
    return !seen
  } catch (error) {
    const findings = findingsOf(error) ?? [{ severity: 'refuse' as const, detail: why(error) }]
    form.show(findings)
    return true
  }
}

/** What was chosen survives a panel that is drawn again. */
let chosen: Kind = 'rescue_team'

/** A form for a new record of a kind: its place on the map is pointed at, typed, or left open. */
export function newRecord(app: App): HTMLElement {
  const out = h('div', { id: 'new-record' })
  const kind = h('select', { id: 'new-kind', 'aria-label': t('detail.kind') }, KIND_LIST.map((code) => h('option', { value: code }, t(`kind.${code}` as Word))))
  kind.value = chosen
  kind.addEventListener('change', () => (chosen = kind.value as Kind))
  const open = () => void create(app, chosen, out)
  return h('div', {}, h('div', { class: 'row' }, kind, h('button', { type: 'button', id: 'new-open', onclick: open }, t('form.new'))), out)
}

async function create(app: App, kind: Kind, out: HTMLElement): Promise<void> {
  const form = await formFor(app, kind, {}, out)
  if (!form) return
  let warned = ''
  const where = position(app)
  const save = async (event: Event) => {
    event.preventDefault()
    try {
      const draft = { type: 'Feature', ...(await where.read()), properties: { ...present(form.all()), kind, ...where.location() } }
      if (await stopped(app, form, draft, JSON.stringify(draft) === warned)) return void (warned = JSON.stringify(draft))
      const made = await post<Resource>('v1/resources', draft, { exercise: app.store.state.exercise })
      app.take(null)
      app.records.all.set(made.id, made)
      app.redraw()
      app.store.set({ selected: made.id, panel: 'detail' })
      app.hint(t('form.created'))
    } catch (error) {
      form.show(findingsOf(error) ?? [{ severity: 'refuse', detail: why(error) }])
    }
  }
  fill(out, h('form', { id: 'record-form', novalidate: true, onsubmit: (event: Event) => void save(event) }, where.element, form.element, buttons(() => (app.take(null), app.panel()))))
}

const present = (members: Record<string, unknown>) => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && !(Array.isArray(value) && !value.length)))

/** Where a new record stands: pointed at with an error that follows from the zoom, or typed; or nowhere yet. */
function position(app: App) {
  const text = h('input', { id: 'new-where', placeholder: t('alarm.example'), oninput: () => (pointed_m = 0) })
  let pointed_m = 0
  let at: LonLat | null = null
  const point = () => {
    app.take({ click: (spot) => ((pointed_m = fingerError_m(app)), (text.value = spot.map((value) => value.toFixed(6)).join(', ')), app.take(null)), cancel: () => undefined })
    app.hint(t('form.point'))
  }
  return {
    element: h('div', { class: 'form-line' }, h('label', { for: 'new-where' }, t('alarm.where')), h('span', { class: 'pair' }, text, h('button', { type: 'button', id: 'new-point', onclick: point }, t('form.on_map')))),
    async read() {
      at = text.value.trim() ? (await readPosition(text.value.trim(), 'wgs84')).at : null
      return { geometry: at && { type: 'Point', coordinates: at } }
    },
    location: () => (at ? { location: { quality: pointed_m ? 'approximate' : 'surveyed', uncertainty_m: pointed_m || 30, datum: 'wgs84', source: pointed_m ? t('detail.edit.on_map') : text.value.trim() } } : {}),
  }
}
