import { h } from '../../dom'
import { coded, nameOf, t, type Word } from '../../i18n'
import { section } from '../common'
import type { FileView } from './file'
import { FIELDS } from './fields'
import { isList } from './lists'
import { DATUMS, intakes, type Answers, type Column, type Question } from './model'

/** How the file was read, what has to be asked, and what may be corrected; every answer is given at once. */
export function columnsSection(view: FileView): HTMLElement | null {
  const { report, answers, state } = view.intake
  if (!report || state === 'undone') return null
  const given = new Map<keyof Answers, () => unknown>()
  const asks = report.questions.length > 0
  const parts = [
    ...report.questions.map((question) => asked(question)),
    report.questions.some(({ about }) => about === 'header') && opening(report.questions),
    encoding(view, given), sheet(view, given), headerRow(view, given),
    report.columns.length > 0 && mapping(view, given),
    datum(view, given), system(answers, given), wholeList(view, given),
    again(view, given),
  ]
  return section('intake.columns', h('p', { class: 'small', id: 'intake-read' }, readAs(view)),
    report.remembered && h('p', { class: 'note', id: 'intake-remembered' }, t('intake.remembered')),
    h('details', { id: 'intake-columns', open: asks }, h('summary', {}, asks ? t('intake.asks') : t('intake.correct')), parts))
}

type Given = Map<keyof Answers, () => unknown>

function readAs({ intake: { report }, table: { headerRow } }: FileView): string {
  const { format, encoding, sheet, sheets_not_read, datum } = report!
  const left = sheets_not_read.length ? t('intake.sheets_left', { names: sheets_not_read.join('、') }) : ''
  return [format, encoding, sheet && t('intake.sheet.read', { name: sheet }), headerRow && t('intake.header.read', { n: headerRow }), datum && coded('datum', datum), left].filter(Boolean).join(' · ')
}

const asked = (question: Question): HTMLElement =>
  h('p', { class: question.blocking ? 'problem question' : 'warn question', 'data-about': question.about }, nameOf(question))

/** The first rows as they were read, so that somebody can say which of them is the header. */
function opening(questions: Question[]): HTMLElement {
  const rows = questions.find(({ about }) => about === 'header')!.choices as { row: number; cells: string[] }[]
  return h('div', { class: 'sheet', tabindex: 0, role: 'region', 'aria-label': t('intake.opening') },
    h('table', { id: 'intake-opening' }, rows.map(({ row, cells }) => h('tr', {}, h('th', { scope: 'row' }, row), cells.map((cell) => h('td', {}, cell))))))
}

function select(id: string, options: [string, string][], value: string | null): HTMLSelectElement {
  const element = h('select', { id }, options.map(([code, label]) => h('option', { value: code }, label)))
  element.value = value ?? ''
  return element
}

const field = (word: Word, control: HTMLElement): HTMLElement => h('label', { class: 'field' }, t(word), control)

function encoding({ intake }: FileView, given: Given): HTMLElement | null {
  const question = intake.report!.questions.find(({ about }) => about === 'encoding')
  const choices = (question?.choices ?? []) as { encoding: string; lines: string[] }[]
  if (!choices.length && !intake.report!.encoding) return null
  const codes = new Set([...choices.map((one) => one.encoding), intake.report!.encoding ?? '', 'utf-8', 'gb18030', 'big5hkscs', 'cp932', 'cp949'].filter(Boolean))
  const control = select('intake-encoding', [...codes].map((code) => [code, code]), intake.report!.encoding)
  given.set('encoding', () => control.value || null)
  return h('div', {}, field('intake.encoding', control), choices.map((one) => h('p', { class: 'small' }, h('b', {}, one.encoding), ' ', one.lines.join(' ⏎ '))))
}

function sheet({ intake }: FileView, given: Given): HTMLElement | null {
  const { sheet: read, sheets_not_read } = intake.report!
  if (!read || !sheets_not_read.length) return null
  const control = select('intake-sheet', [read, ...sheets_not_read].map((name) => [name, name]), read)
  given.set('sheet', () => (control.value === read && !intake.answers.sheet ? null : control.value))
  return field('intake.sheet', control)
}

function headerRow(view: FileView, given: Given): HTMLElement {
  const { header_row } = view.intake.answers
  const control = h('input', { id: 'intake-header', type: 'number', min: 1, max: 200_000, value: header_row ?? '', placeholder: String(view.table.headerRow ?? '') })
  given.set('header_row', () => Number(control.value) || null)
  return field('intake.header_row', control)
}

/** The word for a field; the registry says those of lists in Chinese, and their names are English. */
function named({ app, intake }: FileView, name: string): string {
  const title = intake.report?.fields[name]
  if (title === undefined) return coded('column', name)
  return app.store.state.lang === 'zh' ? title : name.replaceAll('_', ' ')
}

function mapping(view: FileView, given: Given): HTMLElement {
  const { report, answers, kind } = view.intake
  const options: [string, string][] = [['', t('intake.not_read')], ...(isList(kind) ? Object.keys(report!.fields) : FIELDS(kind)).map((name): [string, string] => [name, named(view, name)])]
  const controls = report!.columns.map((column): [Column, HTMLSelectElement] => [column, select(`intake-column-${column.column}`, options, column.field)])
  given.set('columns', () => {
    const changed = controls.filter(([column, control]) => control.value !== (column.field ?? ''))
    return { ...answers.columns, ...Object.fromEntries(changed.map(([column, control]) => [column.column, control.value || null])) }
  })
  return h('table', { class: 'mapping' }, h('tr', {}, h('th', {}, t('intake.column')), h('th', {}, t('intake.field'))),
    controls.map(([column, control]) => {
      control.setAttribute('aria-label', `${column.column} ${column.title}`)
      const near = !column.field && column.nearest ? t('intake.nearest', { field: named(view, column.nearest) }) : ''
      return h('tr', { class: column.field ? '' : 'unread' }, h('td', {}, h('b', {}, column.column), ' ', column.title), h('td', {}, control, near && h('small', {}, near)))
    }))
}

function datum({ intake }: FileView, given: Given): HTMLElement {
  const found = intake.report!.datum
  const control = select('intake-datum-answer', [['', found && !intake.answers.datum ? t('intake.datum.found', { datum: coded('datum', found) }) : t('intake.datum.none')], ...DATUMS.map((code): [string, string] => [code, coded('datum', code)])], intake.answers.datum)
  given.set('datum', () => control.value || null)
  return field('intake.datum', control)
}

function system(answers: Answers, given: Given): HTMLElement {
  const control = h('input', { id: 'intake-system', maxlength: 100, value: answers.system })
  given.set('system', () => control.value.trim() || 'office')
  return field('intake.system', control)
}

function wholeList({ app, intake }: FileView, given: Given): HTMLElement {
  const places = app.places.all().sort((one, other) => one.code.localeCompare(other.code))
  const chosen = intake.answers.whole_list_of
  if (chosen && !places.some(({ code }) => code === chosen)) places.unshift({ code: chosen, name: {}, level: '', parent: null })
  const control = select('intake-whole', [['', t('intake.whole.no')], ...places.map((place): [string, string] => [place.code, `${nameOf(place.name)} · ${place.code}`])], chosen)
  given.set('whole_list_of', () => control.value || null)
  return field('intake.whole', control)
}

function again(view: FileView, given: Given): HTMLElement {
  const remember = h('input', { type: 'checkbox', id: 'intake-remember', checked: true })
  const send = () => void view.act(async () => {
    const body = { ...Object.fromEntries([...given].map(([name, value]) => [name, value()])), remember: remember.checked }
    await intakes.send(view.app, 'PATCH', `/${view.intake.id}`, body, { 'If-Match': view.etag ?? '*' })
    await view.load()
    view.tell(t('intake.checked_again'))
  })
  return h('div', { class: 'row' }, h('label', { class: 'check' }, remember, t('intake.remember')), h('button', { type: 'button', id: 'intake-recheck', class: 'main', onclick: send }, t('intake.recheck')))
}
