import { Marker } from 'maplibre-gl'
import { readPosition, type SpokenDatum } from '../../alarm'
import type { App } from '../../app'
import { byId, fill, h } from '../../dom'
import { distance_m, type LonLat } from '../../geo'
import { length, nameOf, t } from '../../i18n'
import { may } from '../../me'
import type { Resource } from '../../types'
import { why } from '../common'
import { send, write } from './write'

/** A finger covers so many pixels: what it points at lies somewhere under it. */
const FINGER_PX = 24
/** Phones say less than they should under trees: their accuracy is doubled, and never better than this. */
const LEAST_M = 5
const SURVEYED_M = 30
const UNDO_MS = 10_000

/** A position that is about to be stored: where, how far off, and whether it was measured there. */
interface Wanted {
  at: LonLat
  accuracy_m: number
  quality: 'surveyed' | 'approximate'
  how: string
}

/** How far off a point may be that was shown with a finger at the map's zoom, metres. */
export function fingerError_m({ map }: App): number {
  const { lat } = map.getCenter()
  const perPixel = (40_075_016.686 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom())
  return Math.max(LEAST_M, Math.ceil(FINGER_PX * perPixel))
}

/** Moves a record: by pointing, by coordinates or by the device's position; confirmed, and taken back for ten seconds. */
export function moveButton(app: App, resource: Resource, out: HTMLElement): HTMLElement {
  return h('button', { type: 'button', id: 'start-move', onclick: () => begin(app, resource, out) }, t('detail.edit.move'))
}

function begin(app: App, resource: Resource, out: HTMLElement): void {
  const start = (resource.geometry?.coordinates ?? app.map.getCenter().toArray()) as LonLat
  let wanted: Wanted | null = null
  const handle = h('button', { type: 'button', class: 'trial-marker', 'aria-label': t('detail.edit.move') }, '✥')
  const marker = new Marker({ element: handle, draggable: true }).setLngLat(start).addTo(app.map)
  if (!app.map.getBounds().contains(start)) app.map.easeTo({ center: start })
  const accuracy = h('input', { id: 'move-accuracy', type: 'number', min: 1, max: 100_000, value: fingerError_m(app) })
  const evidence = h('input', { id: 'move-evidence', maxlength: 400, placeholder: t('detail.edit.reason'), 'aria-label': t('detail.edit.reason') })
  const said = h('div', { id: 'move-said', role: 'status' })
  const save = h('button', { type: 'button', class: 'main', id: 'save-move', disabled: true }, t('save'))
  const want = (next: Wanted) => {
    wanted = next
    marker.setLngLat(next.at)
    accuracy.value = String(Math.round(next.accuracy_m))
    save.disabled = false
    fill(said, h('p', {}, t('move.to', { away: resource.geometry ? length(distance_m(start, next.at)) : '—', how: next.how, m: length(Number(accuracy.value)) })))
  }
  const pointed = (at: LonLat) => want({ at, accuracy_m: fingerError_m(app), quality: 'approximate', how: t('detail.edit.on_map') })
  marker.on('dragend', () => pointed(marker.getLngLat().toArray() as LonLat))
  handle.addEventListener('keydown', (event) => nudge(marker, event))
  const tool = { click: pointed, cancel: () => (marker.remove(), removeEventListener('keydown', escape), fill(out)) }
  const escape = (event: KeyboardEvent) => event.key === 'Escape' && app.tool === tool && app.take(null)
  addEventListener('keydown', escape)
  save.addEventListener('click', () => wanted && confirm(app, resource, out, { ...wanted, accuracy_m: Number(accuracy.value) || wanted.accuracy_m }, evidence.value))
  app.take(tool)
  app.hint(t('detail.edit.move.hint'))
  fill(out, byText(want, said), byDevice(want, said), h('label', { class: 'field' }, t('detail.edit.accuracy'), accuracy), evidence, said,
    h('div', { class: 'row' }, save, h('button', { type: 'button', id: 'cancel-move', onclick: () => app.take(null) }, t('cancel'))))
}

/** A position by its coordinates, as somebody says them. */
function byText(want: (wanted: Wanted) => void, said: HTMLElement): HTMLElement {
  const text = h('input', { id: 'move-text', placeholder: t('alarm.example'), 'aria-label': t('alarm.where') })
  const datum = h('select', { id: 'move-datum', 'aria-label': t('alarm.datum') }, (['wgs84', 'gcj02', 'bd09'] as const).map((code) => h('option', { value: code }, t(`alarm.datum.${code}`))))
  const read = async () => {
    try {
      const { at, uncertainty_m, kind } = await readPosition(text.value.trim(), datum.value as SpokenDatum)
      want({ at, accuracy_m: uncertainty_m || SURVEYED_M, quality: uncertainty_m ? 'approximate' : 'surveyed', how: `${text.value.trim()} (${kind})` })
    } catch (error) {
      fill(said, h('p', { class: 'problem' }, why(error)))
    }
  }
  return h('div', { class: 'row' }, text, datum, h('button', { type: 'button', id: 'move-read', onclick: () => void read() }, t('move.read')))
}

/** The position of the device, where the page may ask for it. */
function byDevice(want: (wanted: Wanted) => void, said: HTMLElement): HTMLElement | null {
  if (!isSecureContext || !('geolocation' in navigator)) return null
  const found = ({ coords }: GeolocationPosition) => {
    const accuracy_m = Math.max(coords.accuracy * 2, LEAST_M)
    want({ at: [coords.longitude, coords.latitude], accuracy_m, quality: accuracy_m <= SURVEYED_M ? 'surveyed' : 'approximate', how: t('move.device') })
  }
  const failed = () => fill(said, h('p', { class: 'problem' }, t('move.no_device')))
  return h('button', { type: 'button', id: 'move-device', onclick: () => navigator.geolocation.getCurrentPosition(found, failed, { enableHighAccuracy: true, timeout: 60_000 }) }, t('move.device'))
}

/** Says what will be stored, and stores it only when that is confirmed. */
function confirm(app: App, resource: Resource, out: HTMLElement, wanted: Wanted, evidence: string): void {
  const from = resource.geometry?.coordinates as LonLat | undefined
  const question = t('move.confirm', { name: nameOf(resource.properties.name), away: from ? length(distance_m(from, wanted.at)) : '—', m: length(wanted.accuracy_m) })
  const yes = () => {
    const location = { coordinates: wanted.at.map((value) => +value.toFixed(7)), datum: 'wgs84', accuracy_m: wanted.accuracy_m, quality: wanted.quality, evidence: evidence.trim() || wanted.how }
    app.take(null)
    const act = () => send(app, resource, 'location', { ...location, base_version: resource.properties.version })
    void write(app, { resource, out, mine: { geometry: location.coordinates }, act, done: () => may('planner') && offerUndo(app, resource) })
  }
  const dialog = byId<HTMLDialogElement>('dialog')
  const decide = (act: () => void) => () => (dialog.close(), act())
  fill(dialog, h('h2', { id: 'dialog-title' }, t('detail.edit.move')), h('p', {}, question),
    h('div', { class: 'row end' }, h('button', { type: 'button', onclick: decide(() => undefined) }, t('cancel')), h('button', { type: 'button', class: 'main', id: 'confirm-move', onclick: decide(yes) }, t('apply'))))
  dialog.setAttribute('aria-labelledby', 'dialog-title')
  dialog.showModal()
  document.getElementById('confirm-move')?.focus()
}

/** For ten seconds the move can be taken back: the record gets the position that it had. */
function offerUndo(app: App, was: Resource): void {
  const { location } = was.properties
  const at = was.geometry?.coordinates
  if (!at) return
  const stored = app.records.all.get(was.id)
  const line = byId('hint')
  const undo = () => {
    app.hint(null)
    const body = { coordinates: at, datum: 'wgs84', accuracy_m: location.uncertainty_m ?? SURVEYED_M, quality: location.quality === 'surveyed' ? 'surveyed' : 'approximate', evidence: location.source ?? t('move.undone'), base_version: stored!.properties.version }
    void write(app, { resource: stored!, out: document.getElementById('edit-answer')!, mine: { geometry: at }, act: () => send(app, stored!, 'location', body) })
  }
  const button = h('button', { type: 'button', id: 'undo-move', onclick: undo }, t('move.undo'))
  app.hint(t('move.moved'))
  line.append(' ', button)
  setTimeout(() => line.contains(button) && app.hint(null), UNDO_MS)
}

/** Arrow keys move a marker by a pixel, ten with Shift. */
export function nudge(marker: Marker, event: KeyboardEvent): void {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
  if (!step) return
  event.preventDefault()
  event.stopPropagation()
  const map = marker._map
  const at = map.project(marker.getLngLat())
  const by = event.shiftKey ? 10 : 1
  marker.setLngLat(map.unproject([at.x + step[0]! * by, at.y + step[1]! * by]))
  marker.fire('dragend')
}
