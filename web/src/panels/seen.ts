import { get } from '../api'
import type { App } from '../app'
import { h } from '../dom'
import { empty } from '../geo'
import { area, coded, t } from '../i18n'
import { show } from '../map/overlays'
import type { Resource } from '../types'
import { into, section } from './common'

/** The heights of smoke that the registry draws. */
const HEIGHTS_M = [10, 20, 50, 100]
const PARTS = ['seen', 'perhaps', 'hidden'] as const

interface Seen extends GeoJSON.FeatureCollection<GeoJSON.Geometry, { part: (typeof PARTS)[number]; area_m2: number }> {
  missing: string | null
  sight: { model: { source: string; vertical_error_m: number } | null }
}

/** The height that was chosen last: it holds for the next watch point too. */
let chosen = ''

/** What a watch point sees of smoke of a height: the shadow inside its circle, and how much ground that is. */
export function seenSection(app: App, { id, properties }: Resource): HTMLElement | null {
  show(app.map, 'shadow')
  if (properties.kind !== 'fire_watch_point' || !properties.watch_radius_m || app.store.state.as_of) return null
  const slot = h('div', { id: 'seen-found' })
  const draw = (height: string) => {
    chosen = height
    show(app.map, 'shadow')
    if (height) void into(slot, () => drawn(app, id, height))
    else slot.replaceChildren()
  }
  const select = h('select', { id: 'seen-height', onchange: (event: Event) => draw((event.target as HTMLSelectElement).value) },
    h('option', { value: '' }, t('seen.off')),
    HEIGHTS_M.map((m) => h('option', { value: String(m), selected: String(m) === chosen }, t('seen.smoke', { m }))))
  if (chosen) draw(chosen)
  return section('seen.title', h('label', {}, t('seen.height'), ' ', select), slot)
}

async function drawn(app: App, id: string, smoke_height_m: string): Promise<HTMLElement[]> {
  const found = await get<Seen>(`v1/resources/${id}/seen`, { exercise: app.store.state.exercise, smoke_height_m })
  if (app.store.state.selected !== id || chosen !== smoke_height_m) return []
  show(app.map, 'shadow', found.missing ? empty() : found)
  if (found.missing) return [h('p', { class: 'note' }, t('seen.missing', { what: coded('why', found.missing) }))]
  const line = (part: (typeof PARTS)[number]) => h('li', { 'data-part': part }, `${t(`seen.${part}`)} ${area(sum(found, part))}`)
  const model = found.sight.model
  return [h('ul', {}, PARTS.map(line)), h('p', { class: 'note' }, t('seen.model', { source: model?.source ?? '', m: model?.vertical_error_m ?? 0 }))]
}

const sum = (found: Seen, part: string): number => found.features.filter(({ properties }) => properties.part === part).reduce((total, { properties }) => total + properties.area_m2, 0)
