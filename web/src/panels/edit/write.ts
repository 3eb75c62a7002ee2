import { Problem, request } from '../../api'
import type { App } from '../../app'
import { fill, h } from '../../dom'
import { coded, t } from '../../i18n'
import type { Resource } from '../../types'
import { why } from '../common'

/** One change of a record: what it was, where the answer is shown, what is wanted, and how it is sent. */
export interface Edit {
  resource: Resource
  out: HTMLElement
  mine: Record<string, unknown>
  act(): Promise<{ status: number }>
  /** What is done once it is stored. */
  done?(): void
}

export const send = (app: App, resource: Resource, what: string, body: object) =>
  request('POST', `v1/resources/${resource.id}/${what}`, { query: { exercise: app.store.state.exercise }, body })

const SAID_MS = 10_000
let last = { id: '', text: '', until_ms: 0 }

/** What was said of the last change of a record: a panel that the feed draws again goes on saying it for a while. */
export const lastSaid = (id: string): string | null => (last.id === id && Date.now() < last.until_ms ? last.text : null)

/** Sends a change unless somebody else was first; then both versions are shown, and nothing is overwritten without a decision. */
export async function write(app: App, edit: Edit): Promise<void> {
  const { resource, out } = edit
  try {
    if (await changedMeanwhile(app, resource)) return await conflict(app, edit)
    const { status } = await edit.act()
    await app.records.refresh(resource.id, app.store.state)
    const version = app.records.all.get(resource.id)?.properties.version ?? 0
    const said = status === 202 ? t('detail.proposed') : t('detail.saved', { version })
    last = { id: resource.id, text: said, until_ms: Date.now() + SAID_MS }
    app.redraw()
    app.panel()
    app.say(said)
    fill(document.getElementById('edit-answer') ?? out, h('p', {}, said))
    if (status !== 202) edit.done?.()
  } catch (error) {
    if (error instanceof Problem && (error.status === 412 || error.status === 409)) await conflict(app, edit)
    else fill(out, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
  }
}

async function changedMeanwhile(app: App, resource: Resource): Promise<boolean> {
  await app.records.refresh(resource.id, app.store.state)
  return app.records.all.get(resource.id)?.properties.version !== resource.properties.version
}

async function conflict(app: App, edit: Edit): Promise<void> {
  const { resource, out, mine } = edit
  await app.records.refresh(resource.id, app.store.state)
  const now = app.records.all.get(resource.id)
  app.redraw()
  const theirs = (field: string) => (field === 'geometry' ? now?.geometry?.coordinates : now?.properties[field])
  const row = (...cells: string[]) => h('tr', {}, cells.map((cell) => h('td', {}, cell)))
  const table = h('table', {}, h('tr', {}, [t('detail.conflict.field'), t('detail.conflict.theirs'), t('detail.conflict.yours')].map((text) => h('th', {}, text))),
    Object.entries(mine).map(([field, value]) => row(coded('field', field), shown(theirs(field)), shown(value))),
    row(t('detail.version'), String(now?.properties.version ?? '—'), String(resource.properties.version)))
  const again = () => {
    if (now) resource.properties.version = now.properties.version
    void write(app, edit)
  }
  fill(out, h('div', { class: 'conflict', role: 'alert', id: 'conflict' }, h('strong', {}, t('detail.conflict')), table,
    h('div', { class: 'row' },
      h('button', { type: 'button', id: 'conflict-take', onclick: () => app.panel() }, t('detail.conflict.take')),
      h('button', { type: 'button', id: 'conflict-again', onclick: again }, t('detail.conflict.again')))))
  out.scrollIntoView({ block: 'nearest' })
}

/** A value of a record in words. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '—'
  if (Array.isArray(value)) return value.map((one) => (typeof one === 'number' ? one.toFixed(5) : shown(one))).join(', ')
  if (typeof value === 'object') return Object.values(value).filter((one) => one !== null).map(shown).join(' · ')
  return coded('status', value)
}
