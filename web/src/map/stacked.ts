import type { MapGeoJSONFeature, Point } from 'maplibre-gl'
import type { App } from '../app'
import { byId, fill, h } from '../dom'
import { nameOf, t, type Word } from '../i18n'

/** Offers the records that lie on one another at a point of the screen; false when there is only one. */
export function chooseStacked(app: App, at: Point, hits: MapGeoJSONFeature[]): boolean {
  const records = new Map(hits.filter(({ properties: p }) => p.id && !p.point_count && p.kind).map((hit) => [String(hit.properties.id), hit.properties]))
  if (records.size < 2) return false
  const close = () => menu.remove()
  const item = ([id, p]: [string, Record<string, unknown>]) => h('li', {}, h('button', { type: 'button', class: 'name', 'data-id': id, onclick: () => (close(), app.store.set({ selected: id, panel: 'detail' })) },
    nameOf({ zh: p.name_zh as string, en: p.name_en as string })), h('small', {}, t(`kind.${String(p.kind)}` as Word)))
  const menu = h('div', { id: 'stacked', role: 'dialog', 'aria-label': t('map.stacked', { n: records.size }), style: { left: `${at.x}px`, top: `${at.y}px` } })
  fill(menu, h('strong', {}, t('map.stacked', { n: records.size })), h('ul', { class: 'list' }, [...records].map(item)), h('button', { type: 'button', class: 'close', onclick: close }, t('close')))
  document.getElementById('stacked')?.remove()
  byId('stage').append(menu)
  menu.addEventListener('keydown', (event) => event.key === 'Escape' && close())
  menu.querySelector('button')?.focus()
  app.map.once('movestart', close)
  return true
}
