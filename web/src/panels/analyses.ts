import type { App } from '../app'
import { fill, h } from '../dom'
import { bounds, empty, feature } from '../geo'
import { area, interval, nameOf, percent, t, type Word } from '../i18n'
import { show } from '../map/overlays'
import type { Interval, Name } from '../types'
import { once, tried, type Question } from './ask'
import { into, section } from './common'
import type { Coverage } from './coverage'
import { share } from './honest'

const LISTED = 60
/** What an answer calls the points a scenario adds. */
const TRIAL = 'added-'
/** The colours of depth one, two, three and more, as the map draws them. */
const DEPTHS = ['#9ecae1', '#4292c6', '#256fb1', '#08519c']

/** The parts of an analysis that are opened one by one; `again` works them out anew for the trial points there are. */
export function analyses(app: App, question: Question, found: Coverage): { sections: (HTMLElement | null)[]; again: () => void } {
  const now = () => tried(app, question)
  const gaps = h('div', { id: 'gaps' })
  const draw = () => void into(gaps, () => drawGaps(app, now()))
  const parts = [
    later('planner.depth', 'depth', () => depth(app, now())),
    later('planner.criticality', 'criticality', () => criticality(app, now())),
  ]
  draw()
  return {
    sections: [section('planner.gaps', gaps), byPlace(app, found), ...parts.map(({ details }) => details)],
    again: () => [draw, ...parts.map((part) => part.again)].forEach((work) => work()),
  }
}

function later(title: Word, id: string, work: () => Promise<HTMLElement[]>): { details: HTMLDetailsElement; again: () => void } {
  const slot = h('div', { id })
  const fresh = () => void into(slot, work)
  const details = h('details', { ontoggle: () => details.open && !slot.childElementCount && fresh(), id: `${id}-open` }, h('summary', {}, h('strong', {}, t(title))), slot)
  return { details, again: () => (details.open ? fresh() : fill(slot)) }
}

function byPlace(app: App, found: Coverage): HTMLElement | null {
  const parts = found.by_place ?? []
  if (parts.length < 2) return null
  const rows = parts.map((part) => h('tr', {}, h('td', {}, part.place ? app.places.name(part.place) : nameOf(part.name)),
    h('td', { class: 'n' }, share(part.ratio)), h('td', { class: 'n' }, percent(part.ratio.nominal))))
  const unknown = found.without_extent.map(({ code, name }) => h('tr', { 'data-place': code }, h('td', {}, nameOf(name)), h('td', { class: 'n' }, t('known.nothing')), h('td', { class: 'n' }, '—')))
  return h('details', { id: 'by-place' }, h('summary', {}, h('strong', {}, t('planner.by_place'))), h('table', {},
    h('tr', {}, h('th', {}, ''), h('th', { class: 'n' }, t('planner.ratio')), h('th', { class: 'n' }, t('planner.nominal'))), rows, unknown))
}

interface Gap {
  place: string | null
  area_m2: number
  geometry: GeoJSON.Geometry
}

interface Gaps {
  gaps: Gap[]
  uncovered_m2: number
}

const gapsOf = (question: Question): Promise<Record<'certain_gaps' | 'possible_gaps', Gaps>> => once(question, 'v1/coverage/gaps')

/** The gaps of a question as features with `area_m2`, `place` and whether they are `certain`; certain ones first, largest first. */
export async function gapFeatures(question: Question): Promise<GeoJSON.Feature[]> {
  const { certain_gaps, possible_gaps } = await gapsOf(question)
  const features = (gaps: Gap[], certain: boolean) => gaps.map(({ geometry, place, area_m2 }) => feature(geometry, { place, area_m2, certain }))
  return [...features(certain_gaps.gaps, true), ...features(possible_gaps.gaps, false)]
}

async function drawGaps(app: App, question: Question): Promise<HTMLElement[]> {
  const [{ certain_gaps, possible_gaps }, features] = await Promise.all([gapsOf(question), gapFeatures(question)])
  const draw = (focus: number) =>
    show(app.map, 'gaps', { type: 'FeatureCollection', features: features.map((gap, i) => feature(gap.geometry, { ...gap.properties, focus: i === focus })) })
  draw(-1)
  const item = (gap: GeoJSON.Feature, i: number) => {
    const { place, area_m2, certain } = (gap.properties ?? {}) as { place?: string | null; area_m2: number; certain: boolean }
    const go = () => {
      const box = bounds(gap.geometry)
      if (box) app.map.fitBounds(box, { padding: 60, maxZoom: 13 })
    }
    return h('li', { class: 'hot', onmouseenter: () => draw(i), onmouseleave: () => draw(-1) },
      h('button', { type: 'button', class: 'name', onclick: go, onfocus: () => draw(i), onblur: () => draw(-1) }, `${area(area_m2)}${place ? ` · ${app.places.name(place)}` : ''}`),
      !certain && h('div', { class: 'figures' }, h('span', { class: 'tag' }, t('planner.gap.possible'))))
  }
  return features.length
    ? [h('p', { id: 'gap-sums' }, h('b', {}, t('planner.gaps.certain', { area: area(certain_gaps.uncovered_m2) })), ' · ', t('planner.gaps.possible', { area: area(possible_gaps.uncovered_m2) })),
      h('ol', { class: 'list' }, features.slice(0, LISTED).map(item)), ...(features.length > LISTED ? [h('p', { class: 'note' }, t('area.more', { n: LISTED }))] : [])]
    : [h('p', {}, t('planner.no_gaps'))]
}

interface Depth {
  levels: { depth: number; area_m2: Interval; ratio: Interval }[]
  faces: { depth: number; geometry: GeoJSON.Geometry }[]
}

async function depth(app: App, question: Question): Promise<HTMLElement[]> {
  const { levels, faces } = await once<Depth>(question, 'v1/coverage/depth', { levels: 4 })
  show(app.map, 'depth', { type: 'FeatureCollection', features: faces.filter((face) => face.depth > 0).map((face) => feature(face.geometry, { depth: face.depth })) })
  app.store.set({ hidden: app.store.state.hidden.filter((name) => name !== 'depth') })
  const row = (level: Depth['levels'][number]) => h('tr', {}, h('td', {}, h('i', { class: 'dot', style: { background: DEPTHS[Math.min(level.depth, DEPTHS.length) - 1]! } }), ` ≥ ${level.depth}`), h('td', { class: 'n' }, area(level.area_m2.nominal)), h('td', { class: 'n' }, percent(level.ratio.nominal)), h('td', { class: 'n' }, share(level.ratio)))
  return [h('table', {}, h('tr', {}, h('th', {}, ''), h('th', { class: 'n', colspan: 2 }, t('planner.nominal')), h('th', { class: 'n' }, t('planner.ratio'))), levels.map(row))]
}

interface Criticality {
  resources: { id: string; name: Name | null; sole_m2: Interval; share: Interval }[]
}

async function criticality(app: App, question: Question): Promise<HTMLElement[]> {
  const { resources } = await once<Criticality>(question, 'v1/coverage/criticality')
  const clear = () => ((looking = null), show(app.map, 'lost', empty()))
  const item = ({ id, name, sole_m2 }: Criticality['resources'][number]) => {
    const figures = h('span', {}, `${t('planner.nominal')} ${area(sole_m2.nominal)} · ${interval(sole_m2.lower ?? 0, sole_m2.upper ?? 0, area)}`)
    if (id.startsWith(TRIAL)) return h('li', {}, h('strong', {}, nameOf(name)), figures)
    const look = () => void lose(app, question, id)
    return h('li', { class: 'hot', 'data-id': id, onmouseenter: look, onmouseleave: clear },
      h('button', { type: 'button', class: 'name', onfocus: look, onblur: clear, onclick: () => app.store.set({ selected: id, panel: 'detail' }) }, nameOf(name)), figures)
  }
  return [h('p', { class: 'note' }, t('planner.criticality.hint')), h('ol', { class: 'list' }, resources.slice(0, LISTED).map(item))]
}

let looking: string | null = null

/** Draws the ground that only this resource covers: what its failure would lose. */
async function lose(app: App, question: Question, id: string): Promise<void> {
  looking = id
  const { difference } = await once<{ difference: { lost: GeoJSON.Geometry | null } }>(question, 'v1/coverage/scenario', { scenario: { ...(question.body.scenario ?? {}), remove: [id] } })
  if (looking === id) show(app.map, 'lost', difference.lost ? { type: 'FeatureCollection', features: [feature(difference.lost)] } : empty())
}
