import { get, headers, post, url } from '../api'
import type { App } from '../app'
import { h } from '../dom'
import { coded, instant, nameOf, number, t } from '../i18n'
import { jurisdiction } from '../jurisdiction'
import type { Name } from '../types'
import { download, into, section } from './common'

type Said = Name | string | null

interface Check {
  provision: string
  locator: string
  title: Said
  statement: Said
  verdict: string
  verdict_label: Said
  observed: { lower: number; upper: number | null; unit: string } | null
  requirement_label: Said
  method: Said
  denominator: { name: Said; number: number | null; source: Said; chosen_by: string } | null
  reason: Said
  missing: { what: Said; place: string | null; record: string | null }[]
  missing_count: number
  records: { href: string; count: number | null }[]
}

interface Line {
  provision: string
  title: Said
  published: number
  recorded: number
  placeholders: number
  located: number
  verified: number
  reason: Said | null
}

interface Visit {
  place: string | null
  name: Said
  settles: number
  what: Said[]
  records: string[]
}

const LISTED = 100
let chosen: string | null = null

/** What the plans promised beside what is recorded: checks, reconciliation, and what to visit next. */
export function planPanel(app: App): HTMLElement {
  const slot = h('div', { id: 'plan' })
  void into(slot, async (signal) => {
    const { documents } = await get<{ documents: { id: string; title: Said }[] }>('v1/documents', {}, signal)
    chosen ??= documents.find(({ id }) => id === jurisdiction()?.document)?.id ?? documents[0]?.id ?? null
    const select = h('select', { id: 'plan-document' }, documents.map(({ id, title }) => h('option', { value: id }, nameOf(title))))
    select.value = chosen ?? ''
    select.addEventListener('change', () => ((chosen = select.value), app.panel()))
    return [h('label', { class: 'field' }, t('plan.document'), select), checks(app), reconciliation(app), survey(app)]
  })
  return slot
}

const query = (app: App) => ({ exercise: app.store.state.exercise, as_of: app.store.state.as_of })

function checks(app: App): HTMLElement {
  const slot = h('div', { id: 'checks' })
  void into(slot, async (signal) => {
    const found = await post<{ as_of: string | null; counts: Record<string, number>; checks: Check[] }>('v1/checks', { document: chosen }, query(app), signal)
    const counts = Object.entries(found.counts).map(([verdict, n]) => h('span', { class: `tag ${verdict}` }, `${coded('verdict', verdict)} ${n}`))
    return [h('div', { class: 'row' }, counts), found.as_of ? h('p', { class: 'note' }, t('data.age', { at: instant(found.as_of) })) : null,
      h('ul', { class: 'list' }, found.checks.map((check) => item(app, check)))]
  })
  return section('plan.checks', slot)
}

function item(app: App, check: Check): HTMLElement {
  return h('li', { 'data-provision': check.provision, 'data-verdict': check.verdict },
    h('div', { class: 'row' }, h('span', { class: `tag ${check.verdict}` }, nameOf(check.verdict_label)), h('strong', {}, nameOf(check.title))),
    h('details', {}, h('summary', {}, t('plan.reasons')), h('dl', {}, reasons(app, check))))
}

function reasons(app: App, check: Check): HTMLElement[] {
  const { observed, denominator } = check
  const range = observed && `${between(observed.lower, observed.upper)} ${coded('unit', observed.unit)}`
  const basis = denominator && [nameOf(denominator.name), denominator.number, denominator.source && nameOf(denominator.source)].filter(Boolean).join(' · ')
  const row = (word: 'plan.statement' | 'plan.observed' | 'plan.requirement' | 'plan.method' | 'plan.denominator' | 'plan.reason', said: string | null) =>
    said && said !== '—' ? [h('dt', {}, t(word)), h('dd', {}, said)] : []
  return [
    ...row('plan.statement', `${nameOf(check.statement)} (${check.locator})`),
    ...row('plan.observed', range),
    ...row('plan.requirement', nameOf(check.requirement_label)),
    ...row('plan.method', nameOf(check.method)),
    ...row('plan.denominator', basis || null),
    ...row('plan.reason', nameOf(check.reason)),
    ...(check.missing_count ? [h('dt', {}, t('plan.missing')), h('dd', {}, missing(app, check))] : []),
  ]
}

/** From least to most; a most that is not known leaves “at least”. */
function between(lower: number, upper: number | null): string {
  if (upper === null) return `≥ ${number(lower, 2)}`
  return upper === lower ? number(lower, 2) : `${number(lower, 2)} – ${number(upper, 2)}`
}

function missing(app: App, { missing, missing_count }: Check): HTMLElement {
  const one = ({ what, place, record }: Check['missing'][number]) =>
    h('li', {}, record ? h('button', { type: 'button', class: 'name', onclick: () => app.store.set({ selected: record, panel: 'detail' }) }, nameOf(what)) : nameOf(what), place ? ` · ${app.places.name(place)}` : '')
  return h('div', {}, String(missing_count), h('ul', {}, missing.slice(0, 12).map(one)))
}

function reconciliation(app: App): HTMLElement {
  const slot = h('div', { id: 'reconciliation' })
  void into(slot, async (signal) => {
    const { lines } = await get<{ lines: Line[] }>('v1/reconciliation', { document: chosen, ...query(app) }, signal)
    const cell = (value: number) => h('td', { class: 'n' }, number(value))
    const head = [t('plan.published'), t('plan.recorded'), t('plan.placeholders'), t('plan.located'), t('plan.verified')].map((text) => h('th', { class: 'n' }, text))
    return [h('table', {}, h('tr', {}, h('td', {}), head),
      lines.map((line) => h('tr', { 'data-provision': line.provision }, h('th', {}, nameOf(line.title), line.reason && h('div', { class: 'small quiet' }, nameOf(line.reason))),
        [line.published, line.recorded, line.placeholders, line.located, line.verified].map(cell))))]
  })
  return section('plan.reconciliation', slot)
}

function survey(app: App): HTMLElement {
  const slot = h('div', { id: 'survey' })
  const asked = { document: chosen, ...query(app) }
  void into(slot, async (signal) => {
    const { visits } = await get<{ visits: Visit[] }>('v1/survey-list', asked, signal)
    const save = async () => download('survey-list.csv', 'text/csv', await (await fetch(url('v1/survey-list', { ...asked, f: 'csv' }), { headers: headers() })).blob())
    return [h('button', { type: 'button', id: 'survey-csv', onclick: () => void save() }, t('plan.csv')),
      h('ol', { class: 'list' }, visits.slice(0, LISTED).map((visit) => h('li', {}, target(app, visit), h('span', { class: 'quiet' }, t('plan.settles', { n: visit.settles })),
        h('span', { class: 'small' }, (visit.name ? visit.what : visit.what.slice(1)).slice(0, 4).map(nameOf).join('；')))))]
  })
  return section('plan.survey', slot)
}

/** Where to go: a place on the map, or a task for the desk. */
function target(app: App, { place, name, what }: Visit): HTMLElement {
  const box = place && app.places.box(place)
  if (!box) return h('strong', {}, name ? nameOf(name) : `${t('plan.desk')}: ${nameOf(what[0] ?? null)}`)
  return h('button', { type: 'button', class: 'name', onclick: () => app.map.fitBounds(box, { padding: 60, maxZoom: 12 }) }, nameOf(name))
}
