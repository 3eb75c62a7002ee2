import type { App } from '../app'
import { h } from '../dom'
import { bounds, empty, feature } from '../geo'
import { area, nameOf, percent, t, type Word } from '../i18n'
import { show } from '../map/overlays'
import type { Interval, Name } from '../types'
import { once, type Question } from './ask'
import { into, section } from './common'
import type { Coverage } from './coverage'

const LISTED = 60

/** The parts of an analysis that are opened one by one: places, gaps, depth, criticality. */
export function analyses(app: App, question: Question, found: Coverage): (HTMLElement | null)[] {
  const gaps = h('div', { id: 'gaps' })
  void into(gaps, () => drawGaps(app, question))
  return [
    section('planner.gaps', gaps),
    byPlace(app, found),
    later('planner.depth', 'depth', () => depth(app, question)),
    later('planner.criticality', 'criticality', () => criticality(app, question)),
  ]
}

function later(title: Word, id: string, work: () => Promise<HTMLElement[]>): HTMLElement {
  const slot = h('div', { id })
  const toggle = (event: Event) => (event.target as HTMLDetailsElement).open && !slot.childElementCount && void into(slot, work)
  return h('details', { ontoggle: toggle, id: `${id}-open` }, h('summary', {}, h('strong', {}, t(title))), slot)
}

function byPlace(app: App, found: Coverage): HTMLElement | null {
  const parts = found.by_place ?? []
  if (parts.length < 2) return null
  const rows = parts.map((part) => h('tr', {}, h('td', {}, part.place ? app.places.name(part.place) : nameOf(part.name)),
    h('td', { class: 'n' }, percent(part.ratio.lower)), h('td', { class: 'n' }, percent(part.ratio.nominal)), h('td', { class: 'n' }, percent(part.ratio.upper))))
  return h('details', { id: 'by-place' }, h('summary', {}, h('strong', {}, t('planner.by_place'))), h('table', {},
    h('tr', {}, h('th', {}, ''), h('th', { class: 'n' }, t('planner.lower')), h('th', { class: 'n' }, t('planner.nominal')), h('th', { class: 'n' }, t('planner.upper'))), rows))
}

interface Gaps {
  gaps: GeoJSON.FeatureCollection
  [field: string]: unknown
}

/** The gaps of a question as features with `area_m2` and `place`, largest first. */
export async function gapsOf(question: Question): Promise<GeoJSON.Feature[]> {
  const answer = await once<Gaps | GeoJSON.FeatureCollection>(question, 'v1/coverage/gaps')
  return ('gaps' in answer ? answer.gaps : (answer as GeoJSON.FeatureCollection)).features
}

async function drawGaps(app: App, question: Question): Promise<HTMLElement[]> {
  const features = await gapsOf(question)
  const draw = (focus: number) =>
    show(app.map, 'gaps', { type: 'FeatureCollection', features: features.map((gap, i) => feature(gap.geometry, { ...gap.properties, focus: i === focus })) })
  draw(-1)
  const item = (gap: GeoJSON.Feature, i: number) => {
    const { place, area_m2 } = (gap.properties ?? {}) as { place?: string | null; area_m2: number }
    const go = () => {
      const box = bounds(gap.geometry)
      if (box) app.map.fitBounds(box, { padding: 60, maxZoom: 13 })
    }
    return h('li', { class: 'hot', onmouseenter: () => draw(i), onmouseleave: () => draw(-1) },
      h('button', { type: 'button', class: 'name', onclick: go, onfocus: () => draw(i), onblur: () => draw(-1) }, `${area(area_m2)}${place ? ` · ${app.places.name(place)}` : ''}`))
  }
  return features.length
    ? [h('ol', { class: 'list' }, features.slice(0, LISTED).map(item)), ...(features.length > LISTED ? [h('p', { class: 'note' }, t('area.more', { n: LISTED }))] : [])]
    : [h('p', {}, t('planner.no_gaps'))]
}

interface Depth {
  depth: { at_least: number; covered_m2: number; ratio: number }[]
  faces?: GeoJSON.FeatureCollection
}

async function depth(app: App, question: Question): Promise<HTMLElement[]> {
  const answer = await once<Depth>(question, 'v1/coverage/depth')
  if (answer.faces) show(app.map, 'depth', answer.faces)
  app.store.set({ hidden: app.store.state.hidden.filter((name) => name !== 'depth') })
  return [h('table', {}, answer.depth.map(({ at_least, covered_m2, ratio }) => h('tr', {}, h('td', {}, `≥ ${at_least}`), h('td', { class: 'n' }, area(covered_m2)), h('td', { class: 'n' }, percent(ratio)))))]
}

interface Criticality {
  resources: { id: string; name: Name | null; lost_m2: Interval | number; ratio?: number; geometry?: GeoJSON.Geometry | null }[]
}

async function criticality(app: App, question: Question): Promise<HTMLElement[]> {
  const { resources } = await once<Criticality>(question, 'v1/coverage/criticality')
  const lose = (geometry?: GeoJSON.Geometry | null) => show(app.map, 'lost', geometry ? { type: 'FeatureCollection', features: [feature(geometry)] } : empty())
  const m2 = (lost: Interval | number) => (typeof lost === 'number' ? lost : (lost.nominal ?? 0))
  return [
    h('p', { class: 'note' }, t('planner.criticality.hint')),
    h('ol', { class: 'list' }, resources.slice(0, LISTED).map(({ id, name, lost_m2, geometry }) =>
      h('li', { class: 'hot', 'data-id': id, onmouseenter: () => lose(geometry), onmouseleave: () => lose() },
        h('button', { type: 'button', class: 'name', onfocus: () => lose(geometry), onblur: () => lose(), onclick: () => app.store.set({ selected: id, panel: 'detail' }) }, nameOf(name)),
        h('span', {}, area(m2(lost_m2)))))),
  ]
}
