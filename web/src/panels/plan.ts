import { get, post } from '../api'
import type { App } from '../app'
import { h } from '../dom'
import { coded, nameOf, number, t } from '../i18n'
import type { Name } from '../types'
import { csv, download, into, section } from './common'

interface Document {
  id: string
  title: Name | string
}

interface Check {
  provision: string | { id: string; text?: Name }
  text?: Name
  verdict: string
  observed?: unknown
  requirement?: unknown
  method?: string | null
  denominator?: unknown
  missing?: unknown[]
  reasons?: unknown[]
  [field: string]: unknown
}

interface Line {
  provision?: string
  subject?: Name | string
  text?: Name
  published: number | null
  recorded: number
  located: number
  verified: number
  [field: string]: unknown
}

let chosen: string | null = null

/** What the plans promised beside what is recorded: checks, reconciliation, and what to visit next. */
export function planPanel(app: App): HTMLElement {
  const slot = h('div', { id: 'plan' })
  void into(slot, async () => {
    const documents = items<Document>(await get('v1/documents'))
    chosen ??= documents.find(({ id }) => id.includes('qijiang'))?.id ?? documents[0]?.id ?? null
    const select = h('select', { id: 'plan-document' }, documents.map(({ id, title }) => h('option', { value: id }, nameOf(title))))
    select.value = chosen ?? ''
    select.addEventListener('change', () => ((chosen = select.value), app.panel()))
    return [h('label', { class: 'field' }, t('plan.document'), select), checks(app), reconciliation(app), survey(app)]
  })
  return slot
}

/** Lists come bare or under one of a few names. */
function items<T>(answer: unknown): T[] {
  if (Array.isArray(answer)) return answer as T[]
  const lists = Object.values(answer as object).filter(Array.isArray)
  return (lists[0] ?? []) as T[]
}

const query = (app: App) => ({ exercise: app.store.state.exercise, as_of: app.store.state.as_of })

function checks(app: App): HTMLElement {
  const slot = h('div', { id: 'checks' })
  void into(slot, async () => {
    const found = items<Check>(await post('v1/checks', { document: chosen }, query(app)))
    return [h('ul', { class: 'list' }, found.map((check) => h('li', {},
      h('div', { class: 'row' }, h('span', { class: `tag ${check.verdict}` }, coded('verdict', check.verdict)), h('span', {}, textOf(check))),
      h('details', {}, h('summary', {}, t('situation.why')), reasons(check)))))]
  })
  return section('plan.checks', slot)
}

const textOf = ({ text, provision }: { text?: Name; provision?: unknown }): string =>
  text ? nameOf(text) : typeof provision === 'object' && provision ? nameOf((provision as { text?: Name }).text) : String(provision ?? '')

function reasons(check: Check): HTMLElement {
  const facts = ['observed', 'requirement', 'method', 'denominator', 'missing', 'reasons'].filter((name) => check[name] !== null && check[name] !== undefined)
  return h('dl', {}, facts.flatMap((name) => [h('dt', {}, coded('plan', name)), h('dd', {}, readable(check[name]))]))
}

function readable(value: unknown): string {
  if (value === null || value === undefined) return t('unknown')
  if (typeof value === 'number') return number(value, 4)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return value.map(readable).join('；')
  if ('zh' in value || 'en' in value) return nameOf(value as Name)
  return Object.entries(value).filter(([, part]) => part !== null).map(([name, part]) => `${coded('plan', name)}: ${readable(part)}`).join(' · ')
}

function reconciliation(app: App): HTMLElement {
  const slot = h('div', { id: 'reconciliation' })
  void into(slot, async () => {
    const lines = items<Line>(await get('v1/reconciliation', { document: chosen, ...query(app) }))
    const cell = (value: number | null) => h('td', { class: 'n' }, value === null ? '—' : number(value))
    const head = ['', t('plan.published'), t('plan.recorded'), t('plan.located'), t('plan.verified')].map((text) => h('th', { class: 'n' }, text))
    return [h('table', {}, h('tr', {}, head), lines.map((line) => h('tr', {}, h('td', {}, line.subject ? nameOf(line.subject) : textOf(line)), cell(line.published), cell(line.recorded), cell(line.located), cell(line.verified))))]
  })
  return section('plan.reconciliation', slot)
}

interface Visit {
  id: string
  name: Name | string
  reason?: unknown
  settles?: number | unknown[]
  [field: string]: unknown
}

function survey(app: App): HTMLElement {
  const slot = h('div', { id: 'survey' })
  void into(slot, async () => {
    const visits = items<Visit>(await get('v1/survey-list', { document: chosen, ...query(app) }))
    const count = ({ settles }: Visit) => (Array.isArray(settles) ? settles.length : (settles ?? 0))
    const save = () => download('survey.csv', 'text/csv', csv([['id', 'name', 'settles'], ...visits.map((visit) => [visit.id, nameOf(visit.name), count(visit)])]))
    const go = (id: string) => app.store.set({ selected: id, panel: 'detail' })
    return [h('button', { type: 'button', id: 'survey-csv', onclick: save }, t('plan.csv')),
      h('ol', { class: 'list' }, visits.slice(0, 100).map((visit) => h('li', {}, h('button', { type: 'button', class: 'name', onclick: () => go(visit.id) }, nameOf(visit.name)), h('span', { class: 'quiet' }, t('plan.settles', { n: count(visit) })))))]
  })
  return section('plan.survey', slot)
}
