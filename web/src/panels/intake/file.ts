import type { App } from '../../app'
import { fill, h } from '../../dom'
import { coded, instant, nameOf, number, t, type Word } from '../../i18n'
import { why } from '../common'
import { columnsSection } from './columns'
import { commitSection } from './commit'
import { drawRows } from './drawn'
import { intakes, isOpen, type Intake } from './model'
import { RowTable } from './table'

/** One file on the page: how it is read, what its rows would do, and what was stored of it. */
export class FileView {
  readonly element = h('div', { class: 'intake' })
  readonly table: RowTable
  intake!: Intake
  etag: string | null = null
  private doing: Promise<void> = Promise.resolve()
  private waiting = 0
  private head = h('div')
  private answer = h('div', { id: 'intake-answer', role: 'status' })
  private columns = h('div')
  private commit = h('div')

  constructor(
    readonly app: App,
    private id: string,
  ) {
    this.table = new RowTable(this)
    fill(this.element, this.head, this.answer, this.columns, this.table.element, this.commit)
  }

  /** Reads the file, waits for its job, and draws all of the page. */
  async load(signal?: AbortSignal): Promise<void> {
    const answer = await intakes.rested(this.app, this.id, (now) => this.progress(now), signal)
    this.take(answer.data, answer.etag)
    this.describe()
    await this.table.load()
    this.table.fit()
    fill(this.columns, columnsSection(this))
  }

  /** Reads the file again after a row of it was changed, which leaves the table as it is. */
  async refresh(): Promise<void> {
    const answer = await intakes.read(this.app, this.id)
    this.take(answer.data, answer.etag)
    this.describe()
    this.table.drawFilters()
  }

  /** Puts the listed rows back on the map after the page was away. */
  redraw(): void {
    drawRows(this.app, this.table.rows, (n) => this.table.show(n))
  }

  /** Does what a button says, after what the buttons before it said; a failure is told. */
  act(work: () => Promise<void>): Promise<void> {
    this.waiting++
    this.element.setAttribute('aria-busy', 'true')
    this.doing = this.doing.then(() => this.perform(work))
    return this.doing
  }

  private async perform(work: () => Promise<void>): Promise<void> {
    fill(this.answer)
    try {
      await work()
    } catch (error) {
      fill(this.answer, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
      this.answer.scrollIntoView({ block: 'nearest' })
    }
    if (!--this.waiting) this.element.removeAttribute('aria-busy')
  }

  tell(text: string): void {
    fill(this.answer, h('p', {}, text))
    this.app.say(text)
  }

  private take(intake: Intake, etag: string | null): void {
    this.intake = intake
    this.etag = etag
  }

  private progress(now: Intake): void {
    this.take(now, null)
    this.describe()
  }

  private describe(): void {
    const { intake } = this
    fill(this.head,
      h('h3', { id: 'intake-name' }, intake.file_name),
      h('div', { class: 'figures' }, h('span', { class: `tag state-${intake.state}`, id: 'intake-state', 'data-state': intake.state }, coded('intake.state', intake.state)),
        h('span', {}, t(`kind.${intake.kind}` as Word)), h('span', { class: 'quiet' }, t('intake.until', { at: instant(intake.expires_at) }))),
      isOpen(intake) && working(intake),
      intake.job?.status === 'failed' && intake.state !== 'refused' && h('p', { class: 'problem', role: 'alert' }, t('failed', { why: intake.job.message ?? '' })),
      intake.problem && h('p', { class: 'problem', role: 'alert', id: 'intake-problem' }, nameOf(intake.problem)),
      intake.state === 'refused' && h('p', { class: 'note' }, t('intake.refused.hint')))
    fill(this.commit, isOpen(intake) ? null : commitSection(this))
  }
}

function working({ job }: Intake): HTMLElement {
  const share = job?.progress ?? 0
  const doing = t('intake.working', { share: number(share) })
  return h('div', { id: 'intake-working' }, h('p', { class: 'quiet' }, doing), h('progress', { max: 100, value: share, 'aria-label': doing }))
}
