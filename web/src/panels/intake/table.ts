import { fill, h } from '../../dom'
import { bounds } from '../../geo'
import { coded, nameOf, number, t } from '../../i18n'
import { section } from '../common'
import { drawRows } from './drawn'
import type { FileView } from './file'
import { filters, takeAll } from './filters'
import { intakes, nextCursor, positionOf, type Column, type Row, type RowFilter } from './model'
import { rowLine } from './row'

const AT_ONCE = 50
const HEADER_ROWS = 20

/** The rows of a file with what was found beside their cells; filters choose what is listed, never what is stored. */
export class RowTable {
  readonly element = h('div')
  rows: Row[] = []
  filter: RowFilter = { action: '', severity: '', code: '' }
  /** The last row of the header, where one was found. */
  headerRow: number | null = null
  private bar = h('div', { id: 'intake-filters' })
  private body = h('tbody')
  private foot = h('div', { class: 'row' })
  private cursor: string | null = null

  constructor(readonly view: FileView) {}

  get columns(): Column[] {
    return this.view.intake.report?.columns ?? []
  }

  async load(): Promise<void> {
    const { state } = this.view.intake
    if (!this.columns.length || !['checked', 'committed', 'undone'].includes(state)) {
      this.rows = []
      fill(this.element)
      this.drawMap()
      return
    }
    const header = await intakes.rows(this.view.app, this.view.intake.id, { action: 'aside', severity: '', code: 'header' }, HEADER_ROWS)
    this.headerRow = header.rows.at(-1)?.n ?? null
    fill(this.element, section('intake.rows', this.findings(), this.bar, this.frame(), this.foot))
    await this.list()
  }

  /** Lists the rows that pass the filter, from the first. */
  async list(): Promise<void> {
    this.rows = []
    this.cursor = null
    fill(this.body)
    this.drawFilters()
    await this.more()
  }

  async more(): Promise<void> {
    const { view } = this
    const page = await intakes.rows(view.app, view.intake.id, this.filter, AT_ONCE, this.cursor)
    this.cursor = nextCursor(page.links)
    this.rows.push(...page.rows)
    this.body.append(...page.rows.map((row) => rowLine(this, row)))
    const located = this.drawMap()
    fill(this.foot,
      h('span', { class: 'quiet', id: 'intake-listed' }, t(this.rows.length ? 'intake.listed' : 'none', { n: number(this.rows.length), located: number(located) })),
      this.cursor && h('button', { type: 'button', id: 'intake-more', onclick: () => void view.act(() => this.more()) }, t('more')))
  }

  drawFilters(): void {
    fill(this.bar, filters(this), takeAll(this))
  }

  /** Puts a row that was corrected in the place of what was listed; the other rows that it has to do with are read again with the next list. */
  replace(row: Row): void {
    this.rows = this.rows.map((one) => (one.n === row.n ? row : one))
    const line = rowLine(this, row)
    const old = this.body.querySelector(`#intake-row-${row.n}`)
    if (old?.nextElementSibling?.matches('.correcting')) old.nextElementSibling.remove()
    old?.replaceWith(line)
    line.querySelector('button')?.focus()
    this.drawMap()
  }

  /** Moves the map to the listed rows where it shows none of them. */
  fit(): void {
    const box = bounds({ type: 'MultiPoint', coordinates: this.rows.flatMap((row) => [positionOf(row) ?? []].filter((at) => at.length)) })
    if (!box) return
    const { map } = this.view.app
    const shown = map.getBounds()
    if (!shown.contains([box[0], box[1]]) || !shown.contains([box[2], box[3]])) map.fitBounds(box, { padding: Math.min(50, map.getContainer().clientHeight / 6), maxZoom: 14, duration: 400 })
  }

  /** Shows a row that was picked on the map. */
  show(n: number): void {
    const line = this.body.querySelector<HTMLElement>(`#intake-row-${n}`)
    line?.scrollIntoView({ block: 'center' })
    line?.querySelector('button')?.focus()
  }

  private drawMap(): number {
    return drawRows(this.view.app, this.rows, (n) => this.show(n))
  }

  private findings(): HTMLElement | null {
    const found = this.view.intake.report?.findings ?? []
    if (!found.length) return null
    const lines = found.map(({ row, column, message }) => h('li', { class: 'warn' }, `${column ?? ''}${row ?? ''} `, nameOf(message)))
    return h('ul', { class: 'small', id: 'intake-file-findings' }, lines)
  }

  private frame(): HTMLElement {
    const head = h('tr', {}, h('th', { scope: 'col' }, t('intake.row')), h('th', { scope: 'col' }, t('intake.does')),
      this.columns.map(({ column, title, field }) => h('th', { scope: 'col', class: field ? '' : 'unread' }, h('b', {}, column), ' ', title, h('small', {}, field ? coded('column', field) : t('intake.not_read')))))
    return h('div', { class: 'sheet', tabindex: 0, role: 'region', 'aria-label': t('intake.rows') }, h('table', { id: 'intake-rows' }, h('thead', {}, head), this.body))
  }
}
