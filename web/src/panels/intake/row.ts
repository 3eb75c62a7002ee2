import { fill, h } from '../../dom'
import { coded, nameOf, t } from '../../i18n'
import type { Name } from '../../types'
import { isDoubtful } from './drawn'
import { intakes, positionOf, type Column, type Finding, type Row } from './model'
import { proposalsFor, recordOf } from './proposals'
import type { RowTable } from './table'

/** A row: its number, what it would do, and its cells with what was found in each. */
export function rowLine(table: RowTable, row: Row): HTMLElement {
  const { columns } = table
  const loose = row.findings.filter(({ column }) => !columns.some((one) => one.column === column))
  return h('tr', { id: `intake-row-${row.n}`, class: `does ${row.action}`, 'data-n': row.n },
    h('th', { scope: 'row' }, row.row ?? '—', where(table, row), mayCorrect(table, row) && opener(table, row)),
    h('td', {}, h('span', { class: `tag does-${row.action}` }, coded('action', row.action)), about(row), loose.map((one) => finding(table, row, one)), deciders(table, row)),
    isOneText(row) ? h('td', { colspan: Math.max(1, columns.length) }, row.name) : columns.map((column) => cell(table, row, column)))
}

/** A record that the list lacks, and a title or a note above or below the table, have no cells of their own. */
const isOneText = ({ row, action, cells }: Row): boolean => row === null || (action === 'aside' && Object.keys(cells).length <= 2)

const mayCorrect = ({ view }: RowTable, { action }: Row): boolean => action !== 'aside' && action !== 'retire' && view.intake.state !== 'undone'

function where(table: RowTable, row: Row): HTMLElement | null {
  const at = positionOf(row)
  if (!at) return null
  const label = isDoubtful(row) ? t('intake.where.doubtful') : t('intake.where')
  const go = () => table.view.app.map.easeTo({ center: at, zoom: Math.max(14, table.view.app.map.getZoom()) })
  return h('button', { type: 'button', class: `where ${isDoubtful(row) ? 'doubtful' : ''}`, title: label, 'aria-label': `${label}: ${row.n} ${row.name}`, onclick: go }, isDoubtful(row) ? '◎?' : '◎')
}

/** Why a row was set aside, or what an update changes. */
function about(row: Row): HTMLElement | null {
  if (row.action === 'aside') return h('small', {}, row.codes.map((code) => coded('aside', code)).join(t('list.comma')))
  const changed = row.changed.filter((name) => name !== 'sources')
  return changed.length ? h('small', {}, t('intake.changes', { names: changed.map(member).join(t('list.comma')) })) : null
}

/** What a member of a record is called: as in the panel of a resource, or as the column that it comes from. */
const member = (name: string): string => {
  const said = coded('field', name)
  return said === name ? coded('column', name) : said
}

function cell(table: RowTable, row: Row, { column }: Column): HTMLElement {
  const found = row.findings.filter((one) => one.column === column)
  const corrected = column in row.corrections
  const came = row.cells[column] ?? ''
  const worst = (['refuse', 'warn', 'note'] as const).find((one) => found.some(({ severity }) => severity === one))
  const text = corrected ? [h('ins', {}, String(row.corrections[column] ?? '')), ' ', h('del', {}, came)] : [came]
  return h('td', { class: worst ? `found ${worst}` : '', 'data-column': column }, ...text, found.map((one) => finding(table, row, one)))
}

const MARKS = { refuse: '✕', warn: '▲', note: '·' }

function finding(table: RowTable, row: Row, one: Finding): HTMLElement {
  const { view } = table
  const ways = mayCorrect(table, row) ? proposalsFor(one, row, table.columns) : []
  return h('div', { class: `finding ${one.severity}`, 'data-code': one.code },
    h('span', { role: 'img', 'aria-label': coded('severity', one.severity) }, MARKS[one.severity]), ' ', nameOf(one.message),
    ways.map(({ label, corrections }) => h('button', { type: 'button', class: 'take', onclick: () => correct(table, row, { corrections }) }, t('intake.take', { value: coded('place', label) === label ? view.app.places.has(label) ? view.app.places.name(label) : label : label }))))
}

/** Sends a correction or a decision; the row comes back compared again. */
export function correct(table: RowTable, row: Row, body: object): void {
  const { view } = table
  void view.act(async () => {
    const { data } = await intakes.send<Row>(view.app, 'PATCH', `/${view.intake.id}/rows/${row.n}`, body)
    table.replace(data)
    await view.refresh()
    view.tell(t('intake.corrected', { n: row.n, action: coded('action', data.action) }))
  })
}

/** What a person has to say of a row: which record it is, or whether one that the list lacks is to be retired. */
function deciders(table: RowTable, row: Row): HTMLElement | null {
  if (row.action === 'aside' || table.view.intake.state === 'undone') return null
  if (row.action === 'retire') {
    const retire = h('input', { type: 'checkbox', checked: row.decision.take === 'retire', onchange: () => correct(table, row, { decision: retire.checked ? { take: 'retire' } : {} }) })
    return h('label', { class: 'check' }, retire, t('intake.retire'))
  }
  const decided = row.decision.take ?? row.decision.same_as
  const decide = (label: string, decision: object, name: string) =>
    h('button', { type: 'button', 'data-decide': name, onclick: () => correct(table, row, { decision }) }, label)
  if (decided) return decide(t('intake.undecide'), {}, 'none')
  if (row.action !== 'confirm') return null
  const records = row.findings.map(recordOf).filter((one) => one !== null)
  return h('div', { class: 'deciders' }, records.map(({ id, name }) => decide(t('intake.same', { name: nameOf(name as Name) }), { same_as: id }, 'same')),
    decide(t('intake.new'), { take: 'new' }, 'new'), decide(t('intake.skip'), { take: 'skip' }, 'skip'))
}

function opener(table: RowTable, row: Row): HTMLElement {
  const button = h('button', { type: 'button', class: 'where', 'aria-expanded': 'false', 'aria-label': t('intake.correct.row', { n: row.n }), title: t('intake.correct.row', { n: row.n }) }, '✎')
  button.addEventListener('click', () => {
    const line = button.closest('tr')!
    const open = line.nextElementSibling?.matches('.correcting') ? line.nextElementSibling : null
    button.setAttribute('aria-expanded', String(!open))
    if (open) return open.remove()
    const form = correctionForm(table, row)
    line.after(form)
    form.querySelector('input')?.focus()
  })
  return button
}

/** The cells of a row as a form; only what was changed is sent. */
function correctionForm(table: RowTable, row: Row): HTMLElement {
  const was = (column: string) => String(row.corrections[column] ?? row.cells[column] ?? '')
  const inputs = table.columns.filter(({ field }) => field).map(({ column, title }) => {
    const input = h('input', { value: was(column), maxlength: 2000 })
    const found = row.findings.filter((one) => one.column === column)
    return { column, input, label: h('label', { class: 'field' }, `${column} ${title}`, input, found.map((one) => h('small', { class: one.severity }, nameOf(one.message)))) }
  })
  const send = (event: Event) => {
    event.preventDefault()
    const changed = inputs.filter(({ column, input }) => input.value !== was(column))
    if (changed.length) correct(table, row, { corrections: Object.fromEntries(changed.map(({ column, input }) => [column, input.value || null])) })
  }
  const buttons = h('div', { class: 'row' })
  fill(buttons, h('button', { type: 'submit', class: 'main' }, t('intake.check.row')),
    Object.keys(row.corrections).length > 0 && h('button', { type: 'button', onclick: () => correct(table, row, { corrections: {} }) }, t('intake.uncorrect')),
    row.action !== 'skip' && h('button', { type: 'button', onclick: () => correct(table, row, { decision: { take: 'skip' } }) }, t('intake.skip')))
  return h('tr', { class: 'correcting' }, h('td', { colspan: table.columns.length + 2 }, h('form', { onsubmit: send }, h('div', { class: 'row fields' }, inputs.map(({ label }) => label)), buttons)))
}
