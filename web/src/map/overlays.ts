import type { GeoJSONSource, LayerSpecification, Map as MapGL } from 'maplibre-gl'
import { empty } from '../geo'
import type { State } from '../state'
import { FONT, PALETTES, SCALE } from './style'

/** Everything drawn that is not a resource, from the bottom up: one GeoJSON source each. */
export const OVERLAYS = [
  'places',
  'grid',
  'depth',
  'candidates',
  'doubt',
  'watch',
  'shadow',
  'gaps',
  'zones',
  'lost',
  'area',
  'labels',
  'trial',
  'intake',
  'incidents',
  'chosen',
  'spot',
] as const
export type Overlay = (typeof OVERLAYS)[number]

/** The layers of each overlay, so that a switch can hide them together. */
export const OVERLAY_LAYERS: Record<Overlay, string[]> = {
  places: ['places-outside', 'places-town', 'places-line'],
  grid: ['grid-line', 'grid-label'],
  depth: ['depth-fill'],
  candidates: ['candidates-fill', 'candidates-line', 'candidates-name', 'candidates-names'],
  doubt: ['doubt-fill', 'doubt-line'],
  watch: ['watch-fill', 'watch-line', 'watch-line-doubt'],
  shadow: ['shadow-hidden', 'shadow-perhaps', 'shadow-line'],
  gaps: ['gaps-fill', 'gaps-possible', 'gaps-line', 'gaps-line-possible'],
  zones: ['zones-fill', 'zones-line'],
  lost: ['lost-fill', 'lost-line'],
  area: ['area-fill', 'area-line', 'area-corner'],
  labels: ['labels-name'],
  trial: ['trial-fill', 'trial-line'],
  intake: ['intake-doubt', 'intake-move', 'intake-doubtful', 'intake-point', 'intake-name'],
  incidents: ['incidents-extent', 'incidents-edge', 'incidents-cordon', 'incidents-cordon-line', 'incidents-ring', 'incidents-name'],
  chosen: ['chosen-ring'],
  spot: ['spot-line', 'spot-hit', 'spot-ring'],
}

/** From this zoom on the extents of towns are drawn: farther out they are a thousand lines nobody can read. */
const TOWNS_FROM = 9.8

/** A name that a symbol covers moves beside it rather than away. */
const BESIDE = { 'text-variable-anchor': ['center', 'top', 'bottom', 'right', 'left'] as ('center' | 'top' | 'bottom' | 'right' | 'left')[], 'text-radial-offset': 2 }

const isPoint = ['==', ['geometry-type'], 'Point'] as never
/** Where more sets of places are drawn than anybody can read from afar, they are from this zoom on. */
const NEAR_BY = 10
const isHatched = ['has', 'code'] as never
const hatchedFrom = (): number => (held.get('candidates')?.features.some((one) => one.properties?.crowded) ? NEAR_BY : 0)
/** A soft edge needs a disc wider than itself: a dozen pixels, at 68 km to the pixel at zoom 0. */
const wideEnough = ['>=', ['*', ['get', 'doubt_m'], ['^', 2, ['zoom']]], 12 * 68_000]
const isCertain = ['==', ['get', 'certain'], true] as never
const isPossible = ['!=', ['get', 'certain'], true] as never
const focused = ['case', ['boolean', ['get', 'focus'], false], 4, 1.5] as never
const isLine = ['==', ['geometry-type'], 'LineString'] as never

function layers(state: State): LayerSpecification[] {
  const c = PALETTES[state.theme]
  const name = ['coalesce', ['get', state.lang === 'zh' ? 'name_zh' : 'name_en'], ['get', 'name_zh'], ['get', 'name_en']] as never
  const halo = { 'text-color': c.text, 'text-halo-color': c.halo, 'text-halo-width': 1.8 }
  return [
    { id: 'places-outside', type: 'fill', source: 'places', filter: ['==', ['get', 'level_rank'], 0] as never, paint: { 'fill-color': c.outside, 'fill-antialias': false } },
    { id: 'places-town', type: 'line', source: 'places', minzoom: TOWNS_FROM, filter: ['==', ['get', 'level_rank'], 2] as never, paint: { 'line-color': c.border, 'line-width': 0.8 * SCALE, 'line-dasharray': [2, 2] } },
    { id: 'places-line', type: 'line', source: 'places', filter: ['==', ['get', 'level_rank'], 1] as never, paint: { 'line-color': c.border, 'line-width': 1.4 * SCALE } },
    { id: 'grid-line', type: 'line', source: 'grid', filter: isLine, paint: { 'line-color': c.border, 'line-width': 0.6, 'line-opacity': 0.5 } },
    { id: 'grid-label', type: 'symbol', source: 'grid', filter: isPoint, layout: { 'text-font': FONT, 'text-field': ['get', 'label'] as never, 'text-size': 10.5 * SCALE, 'text-allow-overlap': true }, paint: { ...halo, 'text-opacity': 0.8 } },
    { id: 'depth-fill', type: 'fill', source: 'depth', paint: { 'fill-color': ['interpolate', ['linear'], ['get', 'depth'], 1, '#9ecae1', 2, '#4292c6', 4, '#08519c', 8, '#08306b'], 'fill-opacity': 0.55 } },
    { id: 'candidates-fill', type: 'fill', source: 'candidates', filter: isHatched, minzoom: hatchedFrom(), paint: { 'fill-antialias': false, 'fill-pattern': 'hatch-doubt' } },
    { id: 'candidates-line', type: 'line', source: 'candidates', filter: isHatched, minzoom: hatchedFrom(), paint: { 'line-color': c.doubt, 'line-width': 1.5 * SCALE, 'line-dasharray': [2, 3], 'line-opacity': 0.8 } },
    { id: 'doubt-fill', type: 'fill', source: 'doubt', paint: { 'fill-color': ['get', 'colour'], 'fill-opacity': 0.07, 'fill-antialias': false } },
    { id: 'doubt-line', type: 'line', source: 'doubt', filter: ['all', ['==', ['get', 'edge'], true], wideEnough] as never, paint: { 'line-color': ['get', 'colour'], 'line-width': 7 * SCALE, 'line-blur': 7, 'line-opacity': 0.25 } },
    { id: 'watch-fill', type: 'fill', source: 'watch', filter: ['==', ['get', 'part'], 'lower'] as never, paint: { 'fill-color': '#e8590c', 'fill-opacity': 0.1, 'fill-antialias': false } },
    { id: 'watch-line', type: 'line', source: 'watch', filter: ['==', ['get', 'part'], 'lower'] as never, paint: { 'line-color': '#d9480f', 'line-width': 1.6 * SCALE } },
    { id: 'watch-line-doubt', type: 'line', source: 'watch', filter: ['==', ['get', 'part'], 'upper'] as never, paint: { 'line-color': '#d9480f', 'line-width': 1.4 * SCALE, 'line-dasharray': [3, 3], 'line-opacity': 0.8 } },
    { id: 'shadow-hidden', type: 'fill', source: 'shadow', filter: ['==', ['get', 'part'], 'hidden'] as never, paint: { 'fill-color': c.text, 'fill-opacity': 0.4, 'fill-antialias': false } },
    { id: 'shadow-perhaps', type: 'fill', source: 'shadow', filter: ['==', ['get', 'part'], 'perhaps'] as never, paint: { 'fill-antialias': false, 'fill-pattern': 'hatch-doubt' } },
    { id: 'shadow-line', type: 'line', source: 'shadow', filter: ['==', ['get', 'part'], 'seen'] as never, paint: { 'line-color': '#d9480f', 'line-width': 1.2 * SCALE } },
    { id: 'gaps-fill', type: 'fill', source: 'gaps', filter: isCertain, paint: { 'fill-color': c.gap, 'fill-opacity': 0.4, 'fill-antialias': false } },
    { id: 'gaps-possible', type: 'fill', source: 'gaps', filter: isPossible, paint: { 'fill-antialias': false, 'fill-pattern': 'hatch-gap' } },
    { id: 'gaps-line', type: 'line', source: 'gaps', filter: isCertain, paint: { 'line-color': c.gap, 'line-width': focused } },
    { id: 'gaps-line-possible', type: 'line', source: 'gaps', filter: isPossible, paint: { 'line-color': c.text, 'line-dasharray': [3, 2], 'line-width': focused } },
    { id: 'zones-fill', type: 'fill', source: 'zones', filter: ['==', ['geometry-type'], 'Polygon'] as never, paint: { 'fill-antialias': false, 'fill-pattern': 'hatch-rule' } },
    { id: 'zones-line', type: 'line', source: 'zones', paint: { 'line-color': c.rule, 'line-width': 3 * SCALE } },
    { id: 'lost-fill', type: 'fill', source: 'lost', paint: { 'fill-color': c.gap, 'fill-opacity': 0.35 } },
    { id: 'lost-line', type: 'line', source: 'lost', paint: { 'line-color': c.gap, 'line-width': 3 * SCALE } },
    { id: 'area-fill', type: 'fill', source: 'area', filter: ['==', ['geometry-type'], 'Polygon'] as never, paint: { 'fill-color': c.accent, 'fill-opacity': 0.1 } },
    { id: 'area-line', type: 'line', source: 'area', paint: { 'line-color': c.accent, 'line-width': 2.5 * SCALE } },
    { id: 'area-corner', type: 'circle', source: 'area', filter: isPoint, paint: { 'circle-radius': 5, 'circle-color': c.halo, 'circle-stroke-color': c.accent, 'circle-stroke-width': 2 } },
    { id: 'trial-fill', type: 'fill', source: 'trial', paint: { 'fill-color': c.accent, 'fill-opacity': 0.12 } },
    { id: 'trial-line', type: 'line', source: 'trial', paint: { 'line-color': c.accent, 'line-width': 2 * SCALE, 'line-dasharray': [4, 2] } },
    { id: 'labels-name', type: 'symbol', source: 'labels', filter: ['any', ['==', ['get', 'level_rank'], 1], ['>=', ['zoom'], 9]] as never, layout: { 'text-field': name, 'text-font': FONT, 'text-size': ['match', ['get', 'level_rank'], 1, 15 * SCALE, 12 * SCALE] as never, 'text-letter-spacing': 0.05, 'text-padding': 6, 'symbol-sort-key': ['get', 'level_rank'], ...BESIDE }, paint: { ...halo, 'text-opacity': 0.8 } },
    { id: 'candidates-name', type: 'symbol', source: 'candidates', filter: ['==', ['get', 'few'], true] as never, layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 12 * SCALE, 'text-variable-anchor': ['top', 'bottom', 'right', 'left'], 'text-radial-offset': 1.8, 'text-max-width': 14, 'text-allow-overlap': true }, paint: { ...halo, 'text-color': c.doubt } },
    { id: 'candidates-names', type: 'symbol', source: 'candidates', minzoom: hatchedFrom(), filter: ['==', ['get', 'few'], false] as never, layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 12 * SCALE, 'text-anchor': 'top', 'text-offset': [0, 0.4], 'text-max-width': 14, 'symbol-sort-key': ['-', ['get', 'n']] }, paint: { ...halo, 'text-color': c.doubt } },
    { id: 'intake-doubt', type: 'fill', source: 'intake', filter: ['==', ['geometry-type'], 'Polygon'] as never, paint: { 'fill-color': c.doubt, 'fill-opacity': 0.12 } },
    { id: 'intake-move', type: 'line', source: 'intake', filter: isLine, paint: { 'line-color': c.text, 'line-width': 2 * SCALE, 'line-dasharray': [2, 1.5] } },
    { id: 'intake-doubtful', type: 'circle', source: 'intake', filter: ['all', isPoint, ['==', ['get', 'doubtful'], true]] as never, paint: { 'circle-radius': 13 * SCALE, 'circle-color': 'transparent', 'circle-stroke-color': c.gap, 'circle-stroke-width': 3 * SCALE } },
    { id: 'intake-point', type: 'circle', source: 'intake', filter: isPoint, paint: { 'circle-radius': 7 * SCALE, 'circle-color': ['get', 'colour'], 'circle-stroke-color': c.halo, 'circle-stroke-width': 2 } },
    { id: 'intake-name', type: 'symbol', source: 'intake', filter: isPoint, layout: { 'text-field': ['get', 'label'], 'text-font': FONT, 'text-size': 12 * SCALE, 'text-anchor': 'top', 'text-offset': [0, 1], 'text-optional': true }, paint: halo },
    { id: 'chosen-ring', type: 'circle', source: 'chosen', paint: { 'circle-radius': 20 * SCALE, 'circle-color': 'transparent', 'circle-stroke-color': c.accent, 'circle-stroke-width': 4 * SCALE } },
    { id: 'spot-line', type: 'line', source: 'spot', filter: isLine, paint: { 'line-color': c.accent, 'line-width': 2 * SCALE, 'line-dasharray': [1, 2] } },
    { id: 'incidents-extent', type: 'fill', source: 'incidents', filter: ['==', ['get', 'part'], 'extent'] as never, paint: { 'fill-color': c.gap, 'fill-opacity': 0.18, 'fill-antialias': false } },
    { id: 'incidents-edge', type: 'line', source: 'incidents', filter: ['in', ['get', 'part'], ['literal', ['extent', 'doubt']]] as never, paint: { 'line-color': c.gap, 'line-width': 1.6 * SCALE, 'line-dasharray': [3, 2] } },
    { id: 'incidents-cordon', type: 'fill', source: 'incidents', filter: ['==', ['get', 'part'], 'cordon'] as never, paint: { 'fill-pattern': 'hatch-rule' } },
    { id: 'incidents-cordon-line', type: 'line', source: 'incidents', filter: ['==', ['get', 'part'], 'cordon'] as never, paint: { 'line-color': c.gap, 'line-width': 2.5 * SCALE } },
    { id: 'incidents-ring', type: 'circle', source: 'incidents', filter: ['all', isPoint, ['==', ['get', 'part'], 'where']] as never, paint: { 'circle-radius': ['case', ['get', 'chosen'], 11 * SCALE, 8 * SCALE] as never, 'circle-color': ['match', ['get', 'state'], 'reported', '#e5a100', 'contained', '#12a150', c.gap] as never, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 3 } },
    { id: 'incidents-name', type: 'symbol', source: 'incidents', filter: ['all', isPoint, ['==', ['get', 'part'], 'where']] as never, layout: { 'text-font': FONT, 'text-field': ['get', 'label'] as never, 'text-size': 13 * SCALE, 'text-anchor': 'bottom', 'text-offset': [0, -1.1], 'text-allow-overlap': true }, paint: { ...halo, 'text-color': c.gap } },
    { id: 'spot-hit', type: 'circle', source: 'spot', filter: ['all', isPoint, ['==', ['get', 'role'], 'hit']] as never, paint: { 'circle-radius': 17 * SCALE, 'circle-color': 'transparent', 'circle-stroke-color': c.accent, 'circle-stroke-width': 2 * SCALE } },
    { id: 'spot-ring', type: 'circle', source: 'spot', filter: ['all', isPoint, ['!=', ['get', 'role'], 'hit']] as never, paint: { 'circle-radius': 8 * SCALE, 'circle-color': c.gap, 'circle-stroke-color': '#ffffff', 'circle-stroke-width': 3 } },
  ]
}

const held = new Map<Overlay, GeoJSON.FeatureCollection>()
let hidden: string[] = []

/** Pixels a tile reaches into the next: as much as a line is wide, for everything there is drawn twice. */
const REACH = 8
const WORDS_REACH = 64

/** Draws `data` in an overlay; it survives a change of theme or language. */
export function show(map: MapGL, overlay: Overlay, data: GeoJSON.FeatureCollection = empty()): void {
  const nothing = !data.features.length && !held.get(overlay)?.features.length
  held.set(overlay, data)
  const source = map.getSource(overlay) as GeoJSONSource | undefined
  if (!source || nothing) return
  source.setData(data)
  uncover(map, overlay)
}

/** Puts every overlay on a freshly styled map; `resources` go between the areas and the marks. */
export function drawOverlays(map: MapGL, state: State): void {
  for (const overlay of OVERLAYS) {
    const buffer = ['labels', 'candidates'].includes(overlay) ? WORDS_REACH : REACH
    map.addSource(overlay, { type: 'geojson', data: held.get(overlay) ?? empty(), tolerance: 0.5, buffer })
  }
  hidden = state.hidden
  for (const layer of layers(state)) map.addLayer({ ...layer, layout: { ...layer.layout, visibility: visibility(overlayOf(layer.id)) } } as LayerSpecification)
}

const overlayOf = (id: string): Overlay => OVERLAYS.find((overlay) => OVERLAY_LAYERS[overlay].includes(id))!

/** Only what is switched on and holds something costs a frame anything. */
const visibility = (overlay: Overlay): 'visible' | 'none' =>
  hidden.includes(overlay) || !held.get(overlay)?.features.length ? 'none' : 'visible'

function uncover(map: MapGL, overlay: Overlay): void {
  for (const id of OVERLAY_LAYERS[overlay])
    if (map.getLayer(id) && map.getLayoutProperty(id, 'visibility') !== visibility(overlay))
      map.setLayoutProperty(id, 'visibility', visibility(overlay))
  if (overlay === 'candidates') for (const id of ['candidates-fill', 'candidates-line', 'candidates-names']) if (map.getLayer(id)) map.setLayerZoomRange(id, hatchedFrom(), 24)
}

/** Shows and hides overlays as the layer switches say. */
export function applyHidden(map: MapGL, state: State): void {
  hidden = state.hidden
  for (const overlay of OVERLAYS) uncover(map, overlay)
}
