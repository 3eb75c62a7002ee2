import { get, post } from '../api'
import type { App } from '../app'
import { now } from '../clock'
import { fill, h } from '../dom'
import { age, coded, nameOf, number, t, type Word } from '../i18n'
import { may } from '../me'
import { passes } from '../map/resources'
import type { Page, Resource } from '../types'
import { KINDS, STATUS_VALUES, type Kind } from '../vocab'
import { csv, download, into, open, statusOf, why } from './common'
import { newRecord } from './edit/record'
import { named } from './exports'

const LISTED = 300
type Column = 'name' | 'kind' | 'status' | 'place' | 'quality' | 'verified'
const COLUMNS: Column[] = ['name', 'kind', 'status', 'place', 'quality', 'verified']

let sorted: { by: Column; down: boolean } = { by: 'name', down: false }
let words = ''
const chosen = new Set<string>()

/** The records in view as a table: sorted, searched, chosen for one act on many. */
export function listPanel(app: App): HTMLElement {
  const slot = h('div', { id: 'records' })
  const draw = () => void into(slot, async () => table(app, await inView(app), draw))
  const filter = h('input', { id: 'records-filter', type: 'search', value: words, placeholder: t('list.filter'), 'aria-label': t('list.filter'), oninput: () => ((words = filter.value), draw()) })
  draw()
  app.map.once('moveend', () => app.store.state.panel === 'list' && slot.isConnected && draw())
  return h('div', {}, may('field') && !app.store.state.as_of && newRecord(app), filter, slot)
}

/** What lies in the view and passes the filters of the map. */
async function inView(app: App): Promise<Resource[]> {
  const { map, records, store: { state } } = app
  const bounds = map.getBounds()
  if (!records.tiled) return [...records.all.values()].filter((one) => one.geometry && bounds.contains(one.geometry.coordinates as [number, number]) && passes(one, state))
  const page = await get<Page>('v1/resources', { bbox: bounds.toArray().flat().map((side) => side.toFixed(5)).join(','), limit: LISTED, exercise: state.exercise, as_of: state.as_of })
  return page.features.filter((one) => passes(one, state))
}

function cell(app: App, { properties: p }: Resource, column: Column): string {
  if (column === 'name') return nameOf(p.name)
  if (column === 'kind') return t(`kind.${p.kind}` as Word)
  if (column === 'status') return coded('status', statusOf({ ...p }) ?? '—')
  if (column === 'place') return p.place ? app.places.name(p.place) : '—'
  if (column === 'quality') return coded('quality', p.location.quality)
  return p.verified_at ? age(p.verified_at) : t('age.never')
}

function ordered(app: App, all: Resource[]): Resource[] {
  const value = (one: Resource) => (sorted.by === 'verified' ? (one.properties.verified_at ?? '') : cell(app, one, sorted.by))
  const wanted = words.trim().toLowerCase()
  const found = wanted ? all.filter((one) => COLUMNS.some((column) => cell(app, one, column).toLowerCase().includes(wanted))) : all
  return [...found].sort((a, b) => value(a).localeCompare(value(b), 'zh-CN') * (sorted.down ? -1 : 1))
}

function table(app: App, all: Resource[], draw: () => void): (HTMLElement | null)[] {
  const rows = ordered(app, all)
  for (const id of chosen) if (!rows.some((one) => one.id === id)) chosen.delete(id)
  const heading = (column: Column) => h('th', { scope: 'col', 'aria-sort': sorted.by !== column ? 'none' : sorted.down ? 'descending' : 'ascending' },
    h('button', { type: 'button', class: 'sort', 'data-sort': column, onclick: () => ((sorted = { by: column, down: sorted.by === column && !sorted.down }), draw()) }, t(`list.${column}`), sorted.by === column ? (sorted.down ? ' ▾' : ' ▴') : ''))
  const foot = h('div', { id: 'records-acts' })
  const acts = () => fill(foot, ...actions(app, rows.filter(({ id }) => chosen.has(id)), draw))
  const tick = (id: string, box: HTMLInputElement) => (box.checked ? chosen.add(id) : chosen.delete(id), acts())
  const every = h('input', { type: 'checkbox', id: 'records-all', 'aria-label': t('list.all'), checked: rows.length > 0 && chosen.size === rows.length,
    onchange: () => (every.checked ? rows.forEach(({ id }) => chosen.add(id)) : chosen.clear(), draw()) })
  const row = (one: Resource) => {
    const box: HTMLInputElement = h('input', { type: 'checkbox', checked: chosen.has(one.id), 'aria-label': nameOf(one.properties.name), onchange: () => tick(one.id, box) })
    const name = h('button', { type: 'button', class: 'name', onclick: () => open(app, one) }, nameOf(one.properties.name))
    return h('tr', { 'data-id': one.id }, h('td', {}, box), h('td', {}, name), COLUMNS.slice(1).map((column) => h('td', {}, cell(app, one, column))))
  }
  acts()
  return [
    h('p', { class: 'small', id: 'records-count', 'data-count': rows.length }, t('list.count', { n: number(rows.length) }), rows.length > LISTED ? ` · ${t('area.more', { n: LISTED })}` : ''),
    foot,
    h('div', { class: 'sheet' }, h('table', {}, h('thead', {}, h('tr', {}, h('th', {}, every), COLUMNS.map(heading))), h('tbody', {}, rows.slice(0, LISTED).map(row)))),
  ]
}

/** What can be done with the chosen ones; a status only where they are of one kind. */
function actions(app: App, some: Resource[], draw: () => void): (HTMLElement | false)[] {
  const out = h('div', { role: 'status', id: 'records-said' })
  const kinds = new Set(some.map(({ properties }) => properties.kind))
  const [kind] = [...kinds] as [Kind | undefined]
  const field = kinds.size === 1 && kind ? KINDS[kind].status : null
  const writes = may('field') && !app.store.state.as_of && some.length > 0
  const each = async (act: (id: string) => Promise<unknown>) => {
    const failed: string[] = []
    for (const { id, properties } of some) await act(id).catch((error) => failed.push(`${nameOf(properties.name)}: ${why(error)}`))
    await app.reload()
    draw()
    app.hint(t('list.done', { n: number(some.length - failed.length), failed: number(failed.length) }) + (failed.length ? ` · ${failed[0]}` : ''))
    setTimeout(() => app.hint(null), 4000)
  }
  const query = { exercise: app.store.state.exercise }
  const status = field && h('select', { id: 'records-status', 'aria-label': t('detail.edit.status') }, STATUS_VALUES[kind!].map((value) => h('option', { value }, coded('status', value))))
  return [
    h('div', { class: 'row' }, h('span', { class: 'small' }, t('list.chosen', { n: number(some.length) })),
      writes && !!status && h('span', { class: 'row' }, status, h('button', { type: 'button', id: 'records-set', onclick: () => void each((id) => post(`v1/resources/${id}/status`, { observed_at: now().toISOString(), [field]: status.value }, query)) }, t('detail.edit.status'))),
      writes && h('button', { type: 'button', id: 'records-verify', onclick: () => void each((id) => post(`v1/resources/${id}/verification`, { how: t('detail.edit.verify') }, query)) }, t('detail.edit.verify')),
      some.length > 0 && h('button', { type: 'button', id: 'records-csv', onclick: () => download(named(app, 'records', 'csv'), 'text/csv', asCsv(app, some)) }, t('list.csv'))),
    out,
  ]
}

function asCsv(app: App, some: Resource[]): string {
  const { exercise, as_of } = app.store.state
  const head = ['exercise', 'as_of', 'id', ...COLUMNS.map((column) => t(`list.${column}`)), 'lon', 'lat']
  return csv([head, ...some.map((one) => [exercise ?? 'live', as_of ?? app.records.at.toISOString(), one.id, ...COLUMNS.map((column) => cell(app, one, column)), one.geometry?.coordinates[0] ?? null, one.geometry?.coordinates[1] ?? null])])
}
