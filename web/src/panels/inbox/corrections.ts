import type { App } from '../../app'
import { fill, h } from '../../dom'
import { bounds, distance_m, feature, type LonLat } from '../../geo'
import { age, coded, length, nameOf, t } from '../../i18n'
import { may } from '../../me'
import { show } from '../../map/overlays'
import type { Resource } from '../../types'
import { into, section, why } from '../common'
import { shown } from '../edit/write'
import { corrections, decide, resourceOf, type Correction } from './model'
import { reasonField } from './reason'

/** Proposed positions and edits that met another edit, each beside what is stored, on the map too. */
export function correctionSection(app: App): HTMLElement {
  const slot = h('div', { id: 'corrections' })
  const draw = () => void into(slot, async () => {
    const waiting = await corrections(app)
    const held = await Promise.all(waiting.map(({ resource_id }) => resourceOf(app, resource_id).catch(() => null)))
    return waiting.length ? [h('ul', { class: 'list' }, waiting.map((one, i) => line(app, one, held[i]!, draw)))] : [h('p', { class: 'quiet' }, t('inbox.corrections.none'))]
  })
  draw()
  return section('inbox.corrections', slot)
}

function line(app: App, one: Correction, now: Resource | null, draw: () => void): HTMLElement {
  const out = h('div', { role: 'status' })
  const reason = reasonField(one.id)
  const decided = async (accept: boolean) => {
    try {
      await decide(app, one.id, accept, reason.input.value.trim() || t(accept ? 'inbox.accepted' : 'inbox.rejected'))
      reason.forget()
      show(app.map, 'spot')
      await app.reload()
      draw()
    } catch (error) {
      fill(out, h('p', { class: 'problem' }, why(error)))
    }
  }
  const to = (one.members.geometry as GeoJSON.Point | null)?.coordinates as LonLat | undefined
  const from = now?.geometry?.coordinates as LonLat | undefined
  const look = () => compare(app, from, to)
  const moved = to && from ? ` · ${t('inbox.moves', { m: length(distance_m(from, to)) })}` : ''
  return h('li', { class: 'hot', 'data-correction': one.id, onmouseenter: look },
    h('button', { type: 'button', class: 'name', onfocus: look, onclick: () => app.store.set({ selected: one.resource_id, panel: 'detail' }) }, now ? nameOf(now.properties.name) : one.resource_id),
    h('span', { class: 'small' }, `${coded('correction', one.subject)} · ${one.actor.replace(/^\w+:/, '')} · ${age(one.at)}${moved}`),
    one.evidence?.text && h('span', { class: 'small quiet' }, one.evidence.text),
    versions(one, now),
    may('planner') && h('div', { class: 'row' }, reason.input,
      h('button', { type: 'button', class: 'main', 'data-decide': 'accept', onclick: () => void decided(true) }, t('inbox.accept')),
      h('button', { type: 'button', 'data-decide': 'reject', onclick: () => void decided(false) }, t('inbox.reject'))), out)
}

/** What is stored beside what is proposed, member by member. */
function versions({ members }: Correction, now: Resource | null): HTMLElement {
  const stored = (name: string) => (name === 'geometry' ? now?.geometry?.coordinates : now?.properties[name])
  const proposed = (value: unknown) => shown((value as GeoJSON.Point | null)?.type === 'Point' ? (value as GeoJSON.Point).coordinates : readable(value))
  const rows = Object.entries(members).map(([name, value]) => h('tr', {}, h('th', {}, coded('field', name)), h('td', {}, shown(readable(stored(name)))), h('td', {}, proposed(value))))
  return h('table', { class: 'small' }, h('tr', {}, [t('detail.conflict.field'), t('inbox.stored'), t('inbox.proposed')].map((text) => h('th', {}, text))), rows)
}

/** Of a location what a person compares: how well it is known, and by whom. */
function readable(value: unknown): unknown {
  const location = value as Resource['properties']['location'] | null
  if (!location || typeof location !== 'object' || !('quality' in location)) return value
  return [coded('quality', location.quality), location.uncertainty_m && t('detail.uncertainty', { m: length(location.uncertainty_m) }), location.source].filter(Boolean).join(' · ')
}

/** Both positions and the way between them. */
function compare(app: App, from: LonLat | undefined, to: LonLat | undefined): void {
  if (!to) return show(app.map, 'spot')
  const line: GeoJSON.LineString = { type: 'LineString', coordinates: from ? [from, to] : [to, to] }
  show(app.map, 'spot', { type: 'FeatureCollection', features: [feature(line), ...(from ? [feature({ type: 'Point', coordinates: from }, { role: 'hit' })] : []), feature({ type: 'Point', coordinates: to })] })
  const box = bounds(line)!
  app.map.fitBounds(box, { padding: 120, maxZoom: 14, duration: 300 })
}
