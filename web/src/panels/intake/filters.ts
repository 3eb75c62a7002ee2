import { h } from '../../dom'
import { coded, number, t } from '../../i18n'
import { ACTIONS, intakes, nextCursor, SEVERITIES, type Action, type Intake, type Row, type RowFilter } from './model'
import { proposalsFor, type Proposal } from './proposals'
import type { RowTable } from './table'

const AT_ONCE = 200

/** How many rows would do what, each a button that lists them, and the same by severity and by finding. */
export function filters(table: RowTable): HTMLElement {
  const { counts, report } = table.view.intake
  const choose = (change: Partial<RowFilter>) => void table.view.act(async () => {
    table.filter = { ...table.filter, ...change }
    await table.list()
  })
  const chip = (label: string, action: Action | '') =>
    h('button', { type: 'button', class: `chip ${action}`, 'data-action': action, 'aria-pressed': String(table.filter.action === action), onclick: () => choose({ action, severity: '', code: '' }) }, label)
  const severity = h('select', { id: 'intake-severity', onchange: () => choose({ severity: severity.value as RowFilter['severity'] }) },
    h('option', { value: '' }, t('intake.any')), SEVERITIES.map((one) => h('option', { value: one }, coded('severity', one))))
  severity.value = table.filter.severity
  const codes = Object.entries(report?.codes ?? {}).sort(([, one], [, other]) => other - one)
  const code = h('select', { id: 'intake-code', onchange: () => choose({ code: code.value }) },
    h('option', { value: '' }, t('intake.any')), codes.map(([name, n]) => h('option', { value: name }, `${coded('finding', name)} · ${number(n)}`)))
  code.value = table.filter.code
  return h('div', {},
    h('div', { class: 'row', role: 'group', 'aria-label': t('intake.does') }, chip(t('intake.all'), ''), ACTIONS.filter((one) => counts[one]).map((one) => chip(`${coded('action', one)} ${number(counts[one]!)}`, one))),
    h('div', { class: 'row fields' }, h('label', { class: 'field' }, t('intake.severity'), severity), h('label', { class: 'field' }, t('intake.found'), code)))
}

/** Settles one finding in all rows that have it: takes what is proposed, or decides all that may be doubles. */
export function takeAll(table: RowTable): HTMLElement | null {
  const { code, action } = table.filter
  if (!code || table.view.intake.state === 'undone') return null
  const listed = table.rows.filter((row) => row.findings.some((one) => one.code === code))
  const proposed = listed.some((row) => single(table, row) !== null)
  const asks = action === 'confirm' || listed.some((row) => row.action === 'confirm')
  const decide = (take: 'new' | 'skip' | 'none') =>
    h('button', { type: 'button', id: `intake-all-${take}`, onclick: () => void table.view.act(() => decideAll(table, code, take)) }, t(`intake.all.${take}`))
  if (!proposed && !asks) return null
  return h('div', { class: 'row', id: 'intake-take-all' },
    proposed && h('button', { type: 'button', class: 'main', id: 'intake-take', onclick: () => void table.view.act(() => correctAll(table, code)) }, t('intake.all.take', { code: coded('finding', code) })),
    asks && [decide('new'), decide('skip'), decide('none')])
}

/** The one way to settle the chosen finding in a row; null where there is none or a choice. */
function single(table: RowTable, row: Row): Proposal | null {
  const ways = row.findings.filter((one) => one.code === table.filter.code).map((one) => proposalsFor(one, row, table.columns))
  if (!ways.length || ways.some((one) => one.length !== 1)) return null
  return { label: '', corrections: Object.assign({}, ...ways.map(([one]) => one!.corrections)) }
}

async function decideAll(table: RowTable, code: string, take: 'new' | 'skip' | 'none'): Promise<void> {
  const { app, intake } = table.view
  const action = take === 'none' ? 'skip' : 'confirm'
  await intakes.send<Intake>(app, 'POST', `/${intake.id}/decisions`, { version: intake.version, action: table.filter.action || action, code, take })
  await table.view.load()
  table.view.tell(t('intake.checked_again'))
}

/** Corrects the rows one after the other; each is compared again with the registry. */
async function correctAll(table: RowTable, code: string): Promise<void> {
  const { app, intake } = table.view
  let done = 0
  for (const row of await every(table, code)) {
    const way = single(table, row)
    if (!way) continue
    await intakes.send(app, 'PATCH', `/${intake.id}/rows/${row.n}`, { corrections: way.corrections })
    table.view.tell(t('intake.taken', { n: number(++done) }))
  }
  table.filter = { ...table.filter, code: '' }
  await table.view.load()
  table.view.tell(t('intake.taken', { n: number(done) }))
}

async function every(table: RowTable, code: string): Promise<Row[]> {
  const { app, intake } = table.view
  const rows: Row[] = []
  for (let cursor: string | null = null, first = true; first || cursor; first = false) {
    const page = await intakes.rows(app, intake.id, { ...table.filter, code }, AT_ONCE, cursor)
    rows.push(...page.rows)
    cursor = nextCursor(page.links)
  }
  return rows
}
