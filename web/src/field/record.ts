import { h } from '../dom'
import { age, coded, length, nameOf, number, t, type Word } from '../i18n'
import type { Resource } from '../types'
import { KINDS, STATUS_VALUES } from '../vocab'
import { button, described, labelled, metres, save, sureButton, type Page } from './parts'
import { nameOfLine, type StockLine } from './overlay'
import { photoField } from './photo_field'
import { positionField } from './position_field'
import { qualityOf, USABLE_M } from './position'
import { w } from './words'

const FIGURES = { shelter: 'capacity_persons', rescue_team: 'personnel' } as const
const HOWS = ['seen', 'asked', 'phone'] as const

/** One record, and what a person on the spot can say about it. */
export function recordScreen(page: Page, id: string): HTMLElement {
  const record = page.model.record(id)
  const back = button('back', `← ${w('record.back')}`, () => page.go('due'))
  if (!record) return h('section', { id: 'record' }, back, h('p', {}, w('record.gone')))
  const out = h('p', { class: 'problem', role: 'alert', id: 'record-out' })
  return h('section', { id: 'record', 'data-id': id, 'data-version': record.properties.version }, back, card(page, record), mine(page, id),
    page.model.queue.unsafe ? null : h('div', { class: 'acts' }, verifying(page, record, out), status(page, record, out), counting(page, record, out), position(page, record, out), correcting(page, record, out), photographing(page, record, out), missing(page, record, out)), out)
}

function card(page: Page, record: Resource): HTMLElement {
  const p = record.properties
  const { distance_m, error_m } = page.model.away(record)
  const field = KINDS[p.kind].status
  const rows: [string, string | null][] = [
    [t('detail.kind'), t(`kind.${p.kind}` as Word)],
    [t('filter.life'), coded('lifecycle', p.lifecycle)],
    [t('detail.status'), field && coded('status', p[field] ?? 'unknown')],
    [t('detail.location'), [record.geometry?.coordinates.map((one) => one.toFixed(5)).join(', '), coded('quality', p.location.quality), p.location.uncertainty_m && t('detail.uncertainty', { m: length(p.location.uncertainty_m) }), distance_m !== null && w('distance', { m: metres(distance_m), error: metres(error_m) })].filter(Boolean).join(' · ')],
    [t('detail.manager'), p.manager],
    ...Object.values(FIGURES).map((name): [string, string | null] => [t(`field.${name}`), typeof p[name] === 'number' ? number(p[name]) : null]),
    [t('field.note'), p.note ? String(p.note) : null],
    [t('detail.verified'), p.verified_at ? age(p.verified_at) : t('age.never')],
    [t('detail.version'), String(p.version)],
  ]
  return h('article', {}, h('h1', { id: 'record-name' }, nameOf(p.name)), h('dl', {}, rows.flatMap(([name, value]) => (value ? [h('dt', {}, name), h('dd', {}, value)] : []))))
}

function mine(page: Page, id: string): HTMLElement | null {
  const done = page.model.queue.of(id)
  return done.length ? h('div', { class: 'mine', id: 'record-mine' }, h('h2', {}, w('record.waiting')), h('ul', {}, done.map((op) => h('li', {}, described(op))))) : null
}

/** Two taps: it is true, and how one knows. */
function verifying(page: Page, { id }: Resource, out: HTMLElement): HTMLElement {
  const hows = h('div', { class: 'hows', hidden: true }, h('p', {}, w('record.verify.how')), HOWS.map((how) => button(`how-${how}`, w(`how.${how}`), () => void save(page, out, () => page.model.act('verification', id, { how: w(`how.${how}`) })))))
  return h('div', {}, button('verify', w('record.verify'), () => (hows.hidden = !hows.hidden), { class: 'main' }), hows)
}

function status(page: Page, { id, properties }: Resource, out: HTMLElement): HTMLElement | null {
  const field = KINDS[properties.kind].status
  if (!field) return null
  const value = h('select', { id: 'status-value' }, STATUS_VALUES[properties.kind].map((one) => h('option', { value: one }, coded('status', one))))
  value.value = String(properties[field] ?? 'unknown')
  const note = h('input', { id: 'status-note', maxlength: 400, autocomplete: 'off' })
  const act = () => page.model.act('status', id, { [field]: value.value, ...(note.value.trim() ? { note: note.value.trim() } : {}) })
  return part('status', w('record.status'), labelled(w('record.status'), value), labelled(w('record.note'), note), button('status-save', w('save'), () => void save(page, out, act)))
}

/** Counts of a depot's lines, never differences: what is left empty was not counted. */
function counting(page: Page, { id, properties }: Resource, out: HTMLElement): HTMLElement | null {
  const stock = (properties.stock ?? []) as StockLine[]
  if (!stock.length) return null
  const fields = stock.map((line, i) => ({ line, input: h('input', { id: `count-${i}`, type: 'number', min: 0, step: 'any', inputmode: 'decimal', autocomplete: 'off' }) }))
  const act = async () => {
    const counts = fields.filter(({ input }) => input.value !== '').map(({ line, input }) => ({ ...nameOfLine(line), quantity: Number(input.value) }))
    if (!counts.length) throw new Error(w('record.nothing'))
    await page.model.act('stock', id, { counts })
  }
  const last = ({ name, item_code, unit, quantity }: StockLine) => w('record.count.last', { name: nameOf(name ?? item_code), unit: unit ?? '—', quantity: quantity === null ? t('unknown') : number(quantity, 3) })
  return part('count', w('record.count'), h('p', { class: 'quiet' }, w('record.count.how')), ...fields.map(({ line, input }) => labelled(last(line), input)), button('count-save', w('save'), () => void save(page, out, act)))
}

function position(page: Page, { id }: Resource, out: HTMLElement): HTMLElement {
  const field = positionField()
  const evidence = h('input', { id: 'position-evidence', maxlength: 400, autocomplete: 'off' })
  const act = async () => {
    const fix = field.read()
    if (!fix) throw new Error(w('record.fix.poor', { m: '—', most: metres(USABLE_M) }))
    const body = { coordinates: fix.at, datum: 'wgs84', accuracy_m: Math.ceil(fix.error_m), quality: qualityOf(fix), evidence: evidence.value.trim() || w('record.evidence.default') }
    await page.model.act('location', id, body)
  }
  return part('position', w('record.position'), field.element, labelled(w('record.evidence'), evidence), button('position-save', w('record.place_it'), () => void save(page, out, act)))
}

function photographing(page: Page, { id }: Resource, out: HTMLElement): HTMLElement {
  const field = photoField()
  const act = async () => {
    const photo = await field.read()
    if (!photo) throw new Error(w('photo.none'))
    await page.model.photograph(id, photo)
  }
  return part('photo', w('photo'), field.element, button('photo-save', w('save'), () => void save(page, out, act)))
}

function correcting(page: Page, { id, properties: p }: Resource, out: HTMLElement): HTMLElement {
  const figure = FIGURES[p.kind as keyof typeof FIGURES] as string | undefined
  const input = (name: string, value: unknown, more = {}) => h('input', { id: `correct-${name}`, maxlength: 200, autocomplete: 'off', value: value ?? '', ...more })
  const [name, manager, note] = [input('name', p.name.zh ?? p.name.en), input('manager', p.manager), input('note', p.note, { maxlength: 2000 })]
  const count = figure ? input(figure, p[figure], { type: 'number', min: 0, inputmode: 'numeric' }) : null
  const act = async () => {
    const text = (field: HTMLInputElement) => field.value.trim() || null
    const wanted: [string, unknown, unknown][] = [['manager', text(manager), p.manager ?? null], ['note', text(note), p.note ?? null]]
    if (count) wanted.push([figure!, count.value === '' ? null : Number(count.value), p[figure!] ?? null])
    const changed: Record<string, unknown> = Object.fromEntries(wanted.filter(([, now, was]) => now !== was).map(([field, now]) => [field, now]))
    const language = p.name.zh ? 'zh' : 'en'
    if (text(name) && text(name) !== p.name[language]) changed.name = { [language]: text(name) }
    if (!Object.keys(changed).length) throw new Error(w('record.nothing'))
    await page.model.act('patch', id, { properties: changed })
  }
  return part('correct', w('record.correct'), labelled(w('record.name'), name), labelled(t('detail.manager'), manager), count && labelled(t(`field.${figure}` as Word), count), labelled(t('field.note'), note), button('correct-save', w('save'), () => void save(page, out, act)))
}

function missing(page: Page, { id, properties }: Resource, out: HTMLElement): HTMLElement | null {
  if (properties.lifecycle === 'suspended') return null
  const act = () => page.model.act('patch', id, { properties: { lifecycle: 'suspended' } }, w('record.suspended.reason'))
  return sureButton('suspend', w('record.suspended'), w('record.suspended.sure'), () => void save(page, out, act))
}

const part = (id: string, title: string, ...content: (HTMLElement | null)[]): HTMLElement => h('details', { id: `part-${id}` }, h('summary', {}, title), h('div', { class: 'fields' }, content))
