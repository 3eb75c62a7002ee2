import { Problem } from '../../api'
import { h } from '../../dom'
import { coded, instant, number, t, type Word } from '../../i18n'
import { ask } from '../../shell'
import { csv, download, saveFile, section } from '../common'
import type { FileView } from './file'
import { intakes, nextCursor, type Intake, type Receipt, type Row } from './model'

const AT_ONCE = 1000

/** What storing would do, in numbers; what was stored; and the ways back. */
export function commitSection(view: FileView): HTMLElement | null {
  const { intake } = view
  if (intake.state === 'received') return null
  return h('div', {},
    ['checked', 'committed'].includes(intake.state) && section('intake.commit', ...storing(view)),
    receipts(view),
    section('intake.own', h('p', { class: 'small' }, t('intake.own.hint')), h('div', { class: 'row' }, ownFile(view), problemList(view), discard(view))))
}

/** The sentence that says what storing would do; nothing else is stored. */
function sentence({ counts, kind }: Intake): string {
  const n = (name: keyof Intake['counts']) => number(counts[name] ?? 0)
  const retiring = (counts.storing ?? 0) - (counts.create ?? 0) - (counts.update ?? 0)
  return t('intake.commit.does', { kind: t(`kind.${kind}` as Word), create: n('create'), update: n('update'), retire: number(Math.max(0, retiring)) })
}

function storing(view: FileView): (HTMLElement | null | false)[] {
  const { counts, report, answers } = view.intake
  const n = (name: keyof Intake['counts']) => number(counts[name] ?? 0)
  const asks = report!.questions.length > 0
  const waiting = counts.waiting ?? 0
  const place = answers.whole_list_of
  const close = h('input', { type: 'checkbox', id: 'intake-close', disabled: waiting > 0 })
  const send = () => ask(t('intake.commit'), [h('p', {}, sentence(view.intake)), close.checked && place ? h('p', {}, t('intake.close', { place: view.app.places.name(place) })) : null], () => commit(view, close.checked))
  const nothing = !counts.storing && !(place && !waiting)
  return [
    h('p', { id: 'intake-does' }, sentence(view.intake)),
    h('p', { class: 'small' }, t('intake.commit.rest', { unchanged: n('unchanged'), waiting: n('waiting'), skip: n('skip'), aside: n('aside') })),
    !!counts.warned && h('p', { class: 'small warn' }, t('intake.commit.warned', { n: n('warned') })),
    !!counts.removals && h('p', { class: 'small warn' }, t('intake.commit.removals', { n: n('removals') })),
    !!place && gone(view),
    !!place && h('label', { class: 'check' }, close, t('intake.close', { place: view.app.places.name(place) })),
    !!place && waiting > 0 && h('p', { class: 'note' }, t('intake.close.waiting', { n: number(waiting) })),
    asks && h('p', { class: 'problem' }, t('intake.commit.asks')),
    h('button', { type: 'button', class: 'main', id: 'intake-commit', disabled: asks || nothing, onclick: send }, t('intake.commit.do', { n: n('storing') })),
  ]
}

/** Records that the whole list lacks: proposed, and retired only where somebody ticks them. */
function gone({ intake: { counts } }: FileView): HTMLElement | null {
  return counts.retire ? h('p', { class: 'small warn', id: 'intake-gone' }, t('intake.gone', { n: number(counts.retire) })) : null
}

/** Stores, and compares the rows again: those that were stored are unchanged then. */
function commit(view: FileView, close: boolean): void {
  void view.act(async () => {
    const { app, intake } = view
    await intakes.send(app, 'POST', `/${intake.id}/commit`, { version: intake.version, policy: 'clean', close })
    await view.load()
    if (view.intake.job?.status === 'failed') return
    await app.reload()
    await intakes.send(app, 'PATCH', `/${intake.id}`, {}, { 'If-Match': view.etag ?? '*' })
    await view.load()
    view.tell(t('intake.stored'))
  })
}

function receipts(view: FileView): HTMLElement | null {
  const { receipt, state } = view.intake
  if (!receipt) return null
  const line = (one: Receipt) => h('li', {}, t('intake.receipt', { at: instant(one.at), by: one.by, created: number(one.created), updated: number(one.updated), retired: number(one.retired) }), one.closed && ` ${t('intake.closed')}`)
  const { undone, left } = receipt
  return section('intake.done', h('ul', { class: 'list', id: 'intake-receipts' }, (receipt.commits ?? []).map(line), undone && h('li', {}, t('intake.undone', { at: instant(undone.at), by: undone.by, n: number(undone.records) }))),
    left && left.length > 0 && h('p', { class: 'warn' }, t('intake.left', { names: left.map(({ name }) => name).join('、') })),
    state === 'committed' && h('button', { type: 'button', id: 'intake-undo', onclick: () => ask(t('intake.undo'), [h('p', {}, t('intake.undo.does', { n: number(stored(receipt.commits ?? [])) }))], () => undo(view, false)) }, t('intake.undo')))
}

const stored = (commits: Receipt[]): number => commits.reduce((sum, one) => sum + one.created + one.updated + one.retired, 0)

/** Undoes; where records were edited since it says which, and offers to undo the others. */
function undo(view: FileView, leaveEdited: boolean): void {
  void view.act(async () => {
    const { app, intake } = view
    try {
      await intakes.send(app, 'POST', `/${intake.id}/undo`, { leave_edited: leaveEdited })
    } catch (error) {
      if (!(error instanceof Problem && error.status === 409 && !leaveEdited)) throw error
      ask(t('intake.undo'), [h('p', { class: 'problem' }, error.message)], () => undo(view, true))
      return
    }
    await view.load()
    if (view.intake.job?.status === 'failed') return
    view.tell(t('intake.undone.said'))
    await app.reload()
  })
}

/** The office's own file with what became of each row and what is wrong with it. */
function ownFile(view: FileView): HTMLElement | null {
  const { app, intake } = view
  if (!intake.report?.columns.length) return null
  const save = () => void view.act(() => saveFile(`v1/intakes/${intake.id}/file`, { exercise: app.store.state.exercise }))
  return h('button', { type: 'button', id: 'intake-own', onclick: save }, t('intake.own.file'))
}

/** The findings as a list by row and column, for whoever corrects the office's own file. */
function problemList(view: FileView): HTMLElement | null {
  if (!view.intake.report?.columns.length) return null
  const save = () => void view.act(async () => {
    const { file_name, exercise } = view.intake
    const titles = ['intake.row', 'intake.column', 'intake.does', 'intake.severity', 'intake.value', 'intake.found', 'intake.proposal'] as const
    const name = `${exercise ? `演练-${exercise}-` : ''}${file_name}-${t('intake.own.name')}.csv`
    download(name, 'text/csv', csv([titles.map((title) => t(title)), ...(await problems(view))]))
  })
  return h('button', { type: 'button', id: 'intake-problems', onclick: save }, t('intake.own.problems'))
}

async function problems({ app, intake }: FileView): Promise<(string | number | null)[][]> {
  const lines: (string | number | null)[][] = []
  const lang = app.store.state.lang
  for (let cursor: string | null = null, first = true; first || cursor; first = false) {
    const page: { rows: Row[]; links: { rel: string; href: string }[] } = await intakes.rows(app, intake.id, { action: '', severity: '', code: '' }, AT_ONCE, cursor)
    for (const row of page.rows)
      for (const one of row.findings)
        lines.push([row.row, one.column ?? null, coded('action', row.action), coded('severity', one.severity), plain(one.value), one.message[lang], plain(one.proposal)])
    cursor = nextCursor(page.links)
  }
  return lines
}

const plain = (value: unknown): string | null => (value === null || value === undefined ? null : typeof value === 'object' ? JSON.stringify(value) : String(value))

function discard(view: FileView): HTMLElement | null {
  const { app, intake } = view
  if (intake.state === 'committed') return null
  const remove = () => ask(t('intake.discard'), [h('p', {}, t('intake.discard.does', { name: intake.file_name }))], () =>
    void view.act(async () => {
      await intakes.send(app, 'DELETE', `/${intake.id}`)
      app.store.set({ intake: null })
    }))
  return h('button', { type: 'button', id: 'intake-discard', onclick: remove }, t('intake.discard'))
}
