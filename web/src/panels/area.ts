import { get, post } from '../api'
import type { App } from '../app'
import { h } from '../dom'
import { bounds, empty, feature, type LonLat } from '../geo'
import { area as areaText, t } from '../i18n'
import { show } from '../map/overlays'
import type { Page, Resource } from '../types'
import { hit, into, list, section } from './common'
import { coverageFigures, type Coverage } from './coverage'

const LISTED = 200
let asked = ''
let slot = h('div', { id: 'area-answer' })

/** A drawn area: the resources inside it and how much of it is watched. */
export function areaPanel(app: App): HTMLElement {
  const { area } = app.store.state
  drawRing(app, area ?? [], true)
  if (area) answer(app, area)
  else asked = ''
  return h('div', {}, h('p', { class: 'note' }, t('area.hint')),
    h('div', { class: 'row' },
      h('button', { type: 'button', class: 'main', id: 'area-draw', onclick: () => draw(app) }, t('area.draw')),
      area && h('button', { type: 'button', id: 'area-clear', onclick: () => app.store.set({ area: null }) }, t('area.clear'))),
    area && slot)
}

function draw(app: App): void {
  const corners: LonLat[] = []
  app.take({
    click(at) {
      corners.push(at)
      drawRing(app, corners, false)
    },
    finish() {
      const ring = corners.filter((corner, i) => i === 0 || Math.hypot(corner[0] - corners[i - 1]![0], corner[1] - corners[i - 1]![1]) > 1e-7)
      if (ring.length < 3) return
      app.take(null)
      app.store.set({ area: ring.map(([lon, lat]) => [+lon.toFixed(5), +lat.toFixed(5)]) })
    },
    cancel: () => drawRing(app, app.store.state.area ?? [], true),
  })
  drawRing(app, [], false)
  app.hint(t('area.hint'))
}

function drawRing(app: App, corners: LonLat[], closed: boolean): void {
  const points = corners.map((corner) => feature({ type: 'Point', coordinates: corner }))
  const ring = [...corners, corners[0]!]
  const shape: GeoJSON.Feature[] =
    corners.length < 2 ? [] : closed ? [feature(polygon(corners))] : [feature({ type: 'LineString', coordinates: corners.length > 2 ? ring : corners })]
  show(app.map, 'area', { ...empty(), features: [...shape, ...(closed ? [] : points)] })
}

const polygon = (corners: LonLat[]): GeoJSON.Polygon => ({ type: 'Polygon', coordinates: [[...corners, corners[0]!]] })

function answer(app: App, corners: LonLat[]): void {
  const { exercise, as_of, lang } = app.store.state
  const question = JSON.stringify([corners, exercise, as_of, lang, app.records.at])
  if (question === asked) return
  if (!asked) slot = h('div', { id: 'area-answer' })
  asked = question
  void into(slot, async (signal) => {
    // What is drawn has no assumed extent; only the figures by place would.
    const [inside, coverage] = await Promise.all([within(app, corners, signal), covered(app, corners, signal)])
    const covered_part = coverage instanceof Error ? [h('p', { class: 'note' }, coverage.message)] : [h('p', {}, t('area.size', { area: areaText(coverage.area_m2) })), coverageFigures(app, { ...coverage, assumed_extent: [] })]
    return [
      section('area.coverage', ...covered_part),
      section('area.inside', h('p', {}, h('b', { id: 'area-count' }, inside.length), ' ', t('area.located')), list(inside.slice(0, LISTED).map((resource) => hit(app, resource))),
        inside.length > LISTED && h('p', { class: 'note' }, t('area.more', { n: LISTED }))),
    ]
  })
}

/** Resources whose position is inside: asked by the area's box, decided here by the ring. */
async function within(app: App, corners: LonLat[], signal: AbortSignal): Promise<Resource[]> {
  const { exercise, as_of } = app.store.state
  const box = bounds(polygon(corners))!
  const page = await get<Page>('v1/resources', { bbox: box.join(','), limit: 5000, exercise, as_of }, signal)
  return page.features.filter(({ geometry }) => geometry && contains(corners, geometry.coordinates as LonLat))
}

function contains(ring: LonLat[], [x, y]: LonLat): boolean {
  let inside = false
  ring.forEach(([ax, ay], i) => {
    const [bx, by] = ring[(i + 1) % ring.length]!
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
  })
  return inside
}

async function covered(app: App, corners: LonLat[], signal: AbortSignal): Promise<Coverage | Error> {
  const { exercise, as_of } = app.store.state
  try {
    return await post<Coverage>('v1/coverage', { kind: 'fire_watch_point', area: polygon(corners) }, { exercise, as_of }, signal)
  } catch (error) {
    if (signal.aborted) throw error
    return error as Error
  }
}
