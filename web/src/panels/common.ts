import { attachment, Problem, type Query } from '../api'
import type { App } from '../app'
import { fill, h } from '../dom'
import type { LonLat } from '../geo'
import { age, coded, instant, length, nameOf, percent, t, type Word } from '../i18n'
import type { Name, Resource, ResourceProperties } from '../types'
import { groupOf, KINDS } from '../vocab'

/** A reason why something was refused, in words a duty officer can use. */
export function why(error: unknown): string {
  if (!(error instanceof Problem)) return String(error)
  if (error.status === 0) return t('unreachable')
  if (error.status === 404 || error.status === 405 || error.status === 501) return error.detail || t('not_available')
  if (error.status === 401 || error.status === 403) return `${t('forbidden')} ${error.detail}`
  return error.message
}

/** Fills `slot` with what `work` finds; shows that it is running, and the reason when it fails. */
export async function into(slot: HTMLElement, work: (signal: AbortSignal) => Promise<(Node | string | null | false)[]>): Promise<void> {
  aborters.get(slot)?.abort()
  const abort = new AbortController()
  aborters.set(slot, abort)
  slot.setAttribute('aria-busy', 'true')
  if (!slot.childElementCount) fill(slot, h('p', { class: 'quiet' }, t('loading')))
  try {
    const content = await work(abort.signal)
    if (!abort.signal.aborted) fill(slot, content)
  } catch (error) {
    if (!abort.signal.aborted) fill(slot, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
  }
  if (!abort.signal.aborted) slot.removeAttribute('aria-busy')
}
const aborters = new WeakMap<HTMLElement, AbortController>()

export const statusOf = (p: ResourceProperties): string | null => {
  const field = KINDS[p.kind].status
  return field && String(p[field] ?? 'unknown')
}

/** A resource's status as a small labelled tag. */
export function statusTag(p: ResourceProperties): HTMLElement | null {
  const status = statusOf(p)
  return status === null ? null : h('span', { class: `tag ${groupOf(status)}` }, coded('status', status))
}

/** The distance with its interval where the position is uncertain. */
export function distance(p: ResourceProperties): string {
  if (p.distance_m === undefined || p.distance_m === null) return '—'
  const min = p.distance_min_m ?? p.distance_m
  const max = p.distance_max_m ?? p.distance_m
  const interval = Math.abs(Number(max) - Number(min)) < 2 ? '' : ` (${t('situation.between', { min: length(min), max: length(max) })})`
  return `${length(p.distance_m)}${interval}`
}

/** One resource in a list: name, distance, status, age of the data and the reasons it was listed for. */
export function hit(app: App, resource: Resource, extra: (Node | string | null | false)[] = []): HTMLElement {
  const p = resource.properties
  const reasons = reasonsOf(p)
  const stale = p.stale === true
  return h(
    'li',
    { class: 'hot' },
    h('button', { type: 'button', class: 'name', onclick: () => open(app, resource) }, nameOf(p.name)),
    h('div', { class: 'figures' },
      p.distance_m !== undefined && h('b', {}, distance(p)),
      !!p.compass && h('span', {}, coded('compass', p.compass)),
      p.certain === false && h('span', { class: 'tag possible' }, t('hit.possible')),
      statusTag(p),
      ...hoursOf(p),
      ...cordonsOf(p).map((said) => h('span', { class: 'tag stale' }, said)),
      ...phones(p),
      !!p.partner && h('span', { class: 'tag' }, t('situation.partner')),
      ...extra,
      h('span', { class: stale ? 'stale' : 'quiet' }, p.verified_at ? t('situation.verified', { age: age(p.verified_at) }) : t('age.never'), stale ? ` · ${t('situation.stale')}` : '')),
    reasons.length > 0 && h('details', {}, h('summary', {}, t('situation.why')), h('ul', {}, reasons.map((reason) => h('li', {}, reason)))),
  )
}

/** Whether a place with hours is open now, and until when. */
function hoursOf(p: ResourceProperties): HTMLElement[] {
  const opening = p.open_now as { state: 'open' | 'closed' | 'unknown'; until: string | null } | undefined
  if (!opening || opening.state === 'unknown') return []
  return [h('span', { class: opening.state === 'open' ? 'tag' : 'tag stale' }, opening.until ? t(`hours.${opening.state}.until`, { at: instant(opening.until) }) : t(`hours.${opening.state}`))]
}

/** How a record lies to the cordons in force: in the first one, perhaps behind the second. */
export const cordonsOf = (p: ResourceProperties): string[] =>
  ((p.cordons ?? []) as { name: Name | null; order: number; kind: string; relation: string }[]).map(({ name, order, kind, relation }) =>
    t(`cordon.is.${relation}` as Word, { name: name ? nameOf(name) : coded('cordon', kind), order: t('incident.order', { n: order }) }))

/** A number to call. */
export const call = (number: string): HTMLElement => h('a', { href: `tel:${number.replace(/[^0-9+*#]/g, '')}` }, number)

const phones = (p: ResourceProperties): HTMLElement[] => ((p.telephones ?? []) as { phone: string }[]).map(({ phone }) => call(phone))

/** Why a record is listed: the conditions it met, how its distance is measured, how well its place is known. */
function reasonsOf(p: ResourceProperties): string[] {
  const met = Object.entries((p.why ?? {}) as Record<string, unknown>).map(([name, value]) => `${coded('why', name)}: ${asked(value)}`)
  const { quality, uncertainty_m, source } = p.location
  const doubt = uncertainty_m ? ` (${t('detail.uncertainty', { m: length(uncertainty_m) })})` : ''
  const partner = p.partner as { agreement?: string } | undefined
  return [
    ...met,
    ...(p.distance_m === undefined ? [] : [t('situation.straight')]),
    `${t('detail.location')}: ${coded('quality', quality)}${doubt}`,
    ...(source ? [source] : []),
    ...(partner ? [`${t('situation.partner')}: ${asked(partner)}`] : []),
  ]
}

function asked(value: unknown): string {
  if (Array.isArray(value)) return value.map(asked).join('、')
  if (value && typeof value === 'object') return Object.values(value).filter((part) => typeof part !== 'object').join(' · ')
  const code = String(value).replace(/^registry:/, '')
  for (const family of ['kind', 'lifecycle', 'status', 'level', 'form', 'hazard', 'specialty']) {
    const said = coded(family, code)
    if (said !== code) return said
  }
  return code
}

/** Opens a resource, also one the page did not hold yet. */
export function open(app: App, resource: Resource): void {
  if (!app.records.all.has(resource.id)) app.records.all.set(resource.id, resource)
  app.store.set({ selected: resource.id, panel: 'detail' })
  if (resource.geometry) app.map.easeTo({ center: resource.geometry.coordinates as LonLat, zoom: Math.max(11, app.map.getZoom()) })
}

export const section = (word: Word, ...content: (Node | string | null | false | undefined)[]): HTMLElement =>
  h('section', { 'data-part': word }, h('h3', {}, t(word)), ...content)

export const list = (items: HTMLElement[]): HTMLElement =>
  items.length ? h('ul', { class: 'list' }, items) : h('p', { class: 'quiet' }, t('none'))

/** Where a file may be dropped, beside a button that chooses one. */
export function dropZone(id: string, hint: string, bring: (file: File | undefined) => void, choose: HTMLElement): HTMLElement {
  const zone = h('div', { class: 'drop', id }, choose, h('span', { class: 'quiet' }, hint))
  const over = (isOver: boolean) => (event: Event) => {
    event.preventDefault()
    zone.classList.toggle('over', isOver)
  }
  zone.addEventListener('dragover', over(true))
  zone.addEventListener('dragleave', over(false))
  zone.addEventListener('drop', (event) => {
    over(false)(event)
    bring(event.dataTransfer?.files[0])
  })
  return zone
}

/** Shows that something is being sent; the answer is told which share of it has left. */
export function sendingLine(line: HTMLElement, words: (share: string) => string): (share: number) => void {
  const bar = h('progress', { max: 1, value: 0, 'aria-label': words('') })
  const text = h('p', { class: 'quiet' })
  const tell = (share: number) => ((bar.value = share), (text.textContent = words(percent(share))))
  tell(0)
  fill(line, text, bar)
  return tell
}

/** A file the browser saves. */
export function download(name: string, type: string, content: BlobPart): void {
  const address = URL.createObjectURL(new Blob([content], { type }))
  h('a', { href: address, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

/** Saves what a route answers, under the name that it gives. */
export async function saveFile(path: string, query: Query): Promise<void> {
  const { name, content } = await attachment(path, query)
  download(name, content.type, content)
}

/** Rows as CSV that a spreadsheet opens safely: quoted, with a byte-order mark, no cell a formula. */
export function csv(rows: (string | number | null)[][]): string {
  const cell = (value: string | number | null) => {
    const text = value === null ? '' : String(value)
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return `\ufeff${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}
