import { upload } from '../../api'
import type { App } from '../../app'
import { byId, fill, h } from '../../dom'
import { jurisdiction } from '../../jurisdiction'
import { coded, instant, number, t, type Word } from '../../i18n'
import { KIND_LIST } from '../../vocab'
import { dropZone, saveFile, section, sendingLine, why } from '../common'
import { LIST_KINDS } from './lists'
import { DATUMS, intakes, type Intake } from './model'

const FORMATS = '.xlsx,.xls,.xlsb,.ods,.csv,.geojson,.json,.gpkg,.zip,.kml,.kmz'
const MOST_BYTES = 32 * 1024 * 1024
const LISTED = 20

/** Where a list is brought, and the files that were brought before. */
export async function bringPage(app: App, signal: AbortSignal): Promise<HTMLElement> {
  const { data } = await intakes.send<{ intakes: Intake[] }>(app, 'GET', `?limit=${LISTED}`)
  signal.throwIfAborted()
  return h('div', {}, form(app), section('intake.earlier', earlier(app, data.intakes)))
}

function form(app: App): HTMLElement {
  const kind = h('select', { id: 'intake-kind' },
    h('optgroup', { label: t('intake.resources') }, KIND_LIST.map((code) => h('option', { value: code }, t(`kind.${code}` as Word)))),
    h('optgroup', { label: t('intake.lists') }, LIST_KINDS.map((code) => h('option', { value: code }, t(`kind.${code}` as Word)))))
  const datum = h('select', { id: 'intake-datum' }, h('option', { value: '' }, t('intake.datum.none')), DATUMS.map((code) => h('option', { value: code }, coded('datum', code))))
  const said = h('div', { role: 'status', id: 'intake-progress' })
  const bring = (file: File | undefined) => file && void send(app, file, { kind: kind.value, datum: datum.value || null }, said)
  const input = h('input', { type: 'file', id: 'intake-input', accept: FORMATS, class: 'unseen', tabindex: -1, 'aria-hidden': 'true', onchange: () => bring(input.files?.[0]) })
  return h('div', {},
    h('p', { class: 'note' }, t('intake.hint')),
    h('div', { class: 'row fields' }, h('label', { class: 'field' }, t('intake.kind'), kind), h('label', { class: 'field' }, t('intake.datum'), datum)),
    dropZone('intake-drop', t('intake.drop'), bring, h('button', { type: 'button', class: 'main', id: 'intake-choose', onclick: () => input.click() }, t('intake.choose'))),
    input, said,
    h('p', { class: 'small' }, t('intake.template.hint'), ' ', h('button', { type: 'button', id: 'intake-template', onclick: () => void template(app, kind.value, said, null) }, t('intake.template')), ' ', recorded(app, kind, said)))
}

/** What is recorded of the whole jurisdiction, to be corrected and brought back; nothing before somebody says whose registry this is. */
function recorded(app: App, kind: HTMLSelectElement, said: HTMLElement): HTMLElement | null {
  const root = jurisdiction()?.root
  return root ? h('button', { type: 'button', id: 'intake-recorded', onclick: () => void template(app, kind.value, said, root) }, t('intake.recorded')) : null
}

async function template(app: App, kind: string, line: HTMLElement, place: string | null): Promise<void> {
  try {
    await saveFile(`v1/templates/${kind}`, { place, exercise: app.store.state.exercise })
  } catch (error) {
    fill(line, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
  }
}

async function send(app: App, file: File, said: { kind: string; datum: string | null }, line: HTMLElement): Promise<void> {
  if (file.size > MOST_BYTES) return fill(line, h('p', { class: 'problem', role: 'alert' }, t('intake.too_large', { mb: number(file.size / 1024 / 1024, 1) })))
  const query = { ...said, name: file.name.slice(0, 200), exercise: app.store.state.exercise }
  try {
    const { id } = await upload<Intake>('v1/intakes', file, query, sendingLine(line, (share) => t('intake.uploading', { share })))
    app.store.set({ intake: id })
    byId('panel').scrollTop = 0
  } catch (error) {
    fill(line, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
  }
}

function earlier(app: App, list: Intake[]): HTMLElement {
  if (!list.length) return h('p', { class: 'quiet' }, t('intake.earlier.none'))
  return h('ul', { class: 'list', id: 'intake-list' }, list.map((one) =>
    h('li', { class: 'hot' },
      h('button', { type: 'button', class: 'name', onclick: () => app.store.set({ intake: one.id }) }, one.file_name),
      h('div', { class: 'figures' }, h('span', { class: `tag state-${one.state}` }, coded('intake.state', one.state)), h('span', {}, t(`kind.${one.kind}` as Word)), h('span', { class: 'quiet' }, instant(one.created_at))))))
}
