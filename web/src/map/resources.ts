import type { ExpressionSpecification, FilterSpecification, GeoJSONSource, LayerSpecification, Map as MapGL, SourceSpecification } from 'maplibre-gl'
import type { State } from '../state'
import type { Resource } from '../types'
import { KIND_LIST, STATUS_GROUPS } from '../vocab'
import { FONT, PALETTES, SCALE } from './style'

export const SOURCE = 'resources'

type Expr = ExpressionSpecification

const has = (value: string): Expr => ['has', value] as Expr
const status = ['coalesce', ['get', 'readiness'], ['get', 'opening'], ['get', 'operational'], 'unknown'] as Expr
const group = [
  'match',
  status,
  ...Object.entries(STATUS_GROUPS).flatMap(([name, values]) => [values, name]),
  'unknown',
] as unknown as Expr
const planned = ['case', ['in', ['coalesce', ['get', 'lifecycle'], 'in_service'], ['literal', ['planned', 'under_construction']]], '1', '0'] as unknown as Expr

const symbolImage = [
  'concat',
  'r|',
  ['get', 'kind'],
  '|',
  ['coalesce', ['get', 'form'], ''],
  '|',
  ['coalesce', ['get', 'location_quality'], 'approximate'],
  '|',
  group,
  '|',
  planned,
] as unknown as Expr

/** How many records of the chosen kinds a cluster holds. */
const counted = (kinds: string[]): Expr =>
  ['+', 0, ...kinds.map((kind) => ['coalesce', ['get', kind], 0])] as unknown as Expr

function clusterImage(kinds: string[]): Expr {
  const total = ['max', 1, counted(kinds)]
  const size = ['step', counted(kinds), 0, 10, 1, 100, 2, 10_000, 3]
  const share = (kind: string) =>
    kinds.includes(kind) ? ['ceil', ['/', ['*', 8, ['coalesce', ['get', kind], 0]], total]] : 0
  return ['concat', 'c|', size, ...KIND_LIST.flatMap((kind) => ['|', share(kind)])] as unknown as Expr
}

/** The parts of a record that the map draws by; the tiles carry the same names. */
export function drawn(resource: Resource): GeoJSON.Feature {
  const p = resource.properties
  const keep = ['kind', 'form', 'lifecycle', 'readiness', 'opening', 'operational', 'verified_at', 'tier', 'watch_radius_m']
  const properties: Record<string, unknown> = { id: resource.id, location_quality: p.location.quality, uncertainty_m: p.location.uncertainty_m }
  for (const name of keep) if (p[name] !== null && p[name] !== undefined) properties[name] = p[name]
  properties.name_zh = p.name.zh ?? p.name.en
  properties.name_en = p.name.en ?? p.name.zh
  return { type: 'Feature', geometry: resource.geometry!, properties }
}

/** Whether a record passes the filters of the view; unknown is a status like the others. */
export function passes(resource: Resource, state: State, now = Date.now()): boolean {
  const p = resource.properties
  if (!state.kinds.includes(p.kind)) return false
  if (state.lifecycle.length && !state.lifecycle.includes(p.lifecycle)) return false
  if (state.status.length && !state.status.includes(groupName(p.readiness ?? p.opening ?? p.operational))) return false
  return state.fresh_days === null || (!!p.verified_at && now - Date.parse(p.verified_at) <= state.fresh_days * 86_400_000)
}

const groupName = (value: unknown): string =>
  Object.entries(STATUS_GROUPS).find(([, values]) => values.includes(String(value)))?.[0] ?? 'unknown'

/** The same filters for records that come in tiles. */
function filter(state: State, now: number): FilterSpecification {
  const all: unknown[] = ['all', ['!', has('point_count')], ['in', ['get', 'kind'], ['literal', state.kinds]]]
  if (state.lifecycle.length) all.push(['in', ['get', 'lifecycle'], ['literal', state.lifecycle]])
  if (state.status.length) all.push(['in', group, ['literal', state.status]])
  if (state.fresh_days !== null) {
    const since = new Date(now - state.fresh_days * 86_400_000).toISOString()
    all.push(['>=', ['coalesce', ['get', 'verified_at'], ''], since])
  }
  return all as FilterSpecification
}

/** A layer of records, and the layer of clusters beside it where they are not in one. */
interface Parts {
  records: { suffix: string; from: object }[]
  clusters: object
}

const COLLECTIONS = ['rescue-teams', 'shelters', 'fire-watch-points', 'supply-depots']
const FOOTPRINTS = 'footprints'
/** From this zoom on the registry gathers no records: nearer, its tiles hold all there is. */
const SINGLE_FROM = 16

const HELD: Parts = { records: [{ suffix: '', from: { source: SOURCE } }], clusters: { source: SOURCE } }
const IN_TILES: Parts = {
  records: COLLECTIONS.map((layer) => ({ suffix: `-${layer}`, from: { source: SOURCE, 'source-layer': layer } })),
  clusters: { source: SOURCE, 'source-layer': 'clusters' },
}

/** Whether the view asks for more than kinds, which the registry's clusters do not tell apart. */
export const asksMore = ({ status, fresh_days, lifecycle }: State): boolean => status.length > 0 || fresh_days !== null || lifecycle.length > 0

function clusterLayer(state: State, from: object, tiled: boolean): LayerSpecification {
  const number = ['number-format', counted(state.kinds), { locale: state.lang === 'zh' ? 'zh-CN' : 'en' }]
  return {
    id: 'resource-cluster',
    type: 'symbol',
    ...from,
    filter: ['all', has('point_count'), ['>', counted(state.kinds), 0]] as FilterSpecification,
    layout: {
      'icon-image': clusterImage(state.kinds),
      'icon-size': SCALE,
      'icon-allow-overlap': true,
      'text-field': (tiled && asksMore(state) ? ['concat', '≤', number] : number) as unknown as Expr,
      'text-allow-overlap': true,
      'text-font': FONT,
      'text-size': ['step', counted(state.kinds), 13 * SCALE, 1000, 11 * SCALE, 100_000, 9.5 * SCALE] as unknown as Expr,
    },
    paint: { 'text-color': PALETTES[state.theme].text },
  } as LayerSpecification
}

function symbolLayer(state: State, suffix: string, from: object): LayerSpecification {
  return {
    id: `resource-symbol${suffix}`,
    type: 'symbol',
    ...from,
    filter: filter(state, Date.now()),
    layout: { 'icon-image': symbolImage, 'icon-size': SCALE, 'icon-allow-overlap': true, 'icon-padding': 0 },
  } as LayerSpecification
}

/** Names lie below all symbols: what lies above is placed first, and a name gives way to it. */
function nameLayer(state: State, suffix: string, from: object): LayerSpecification {
  const palette = PALETTES[state.theme]
  return {
    id: `resource-name${suffix}`,
    type: 'symbol',
    ...from,
    minzoom: 10.5,
    filter: filter(state, Date.now()),
    layout: {
      'text-font': FONT,
      'text-size': 12 * SCALE,
      'text-field': ['get', state.lang === 'zh' ? 'name_zh' : 'name_en'],
      'text-variable-anchor': ['top', 'bottom'],
      'text-radial-offset': 2.3,
      'text-max-width': 9,
    },
    paint: { 'text-color': palette.text, 'text-halo-color': palette.halo, 'text-halo-width': 1.6 },
  } as unknown as LayerSpecification
}

/** Where tiles of some of the registry's collections are found. */
export type TileAddress = (collections: string[]) => string

/** From this zoom on watch areas of records in tiles are drawn, as the registry draws them: they are heavy. */
export const FOOTPRINTS_FROM = 11

/** Draws those watch areas, below everything else of the records, or none. */
export function drawFootprints(map: MapGL, address: TileAddress | null): void {
  if (!!map.getSource(FOOTPRINTS) === !!address) return
  if (!address) return remove(map, FOOTPRINTS)
  const [lowest] = ours(map)
  map.addSource(FOOTPRINTS, { type: 'vector', tiles: [address(['coverage-footprints'])], minzoom: FOOTPRINTS_FROM, maxzoom: 14 })
  const from = { source: FOOTPRINTS, 'source-layer': 'coverage-footprints' }
  map.addLayer({ id: 'footprint-fill', type: 'fill', ...from, paint: { 'fill-color': '#e8590c', 'fill-opacity': 0.03, 'fill-antialias': false } }, lowest)
  map.addLayer({ id: 'footprint-line', type: 'line', ...from, paint: { 'line-color': '#d9480f', 'line-width': 1, 'line-opacity': 0.6 } }, lowest)
}

function remove(map: MapGL, source: string): void {
  for (const id of map.getLayersOrder()) if (map.getLayer(id)?.source === source) map.removeLayer(id)
  if (map.getSource(source)) map.removeSource(source)
}

/** What feeds the layers: records held in the page, or tiles when there are too many to hold. */
export type Feed = { records: GeoJSON.FeatureCollection } | { tiles: TileAddress }

const ours = (map: MapGL): string[] => map.getLayersOrder().filter((id) => [SOURCE, FOOTPRINTS].includes(map.getLayer(id)?.source ?? ''))

/** The layers whose features are single records. */
export const symbolLayers = (map: MapGL): string[] => ours(map).filter((id) => id.startsWith('resource-symbol'))

/** Puts the resource layers on the map for `feed`, in the look of `state`; their order is names, clusters, records. */
export function drawResources(map: MapGL, feed: Feed, state: State): void {
  for (const source of [SOURCE, FOOTPRINTS]) remove(map, source)
  map.addSource(SOURCE, 'tiles' in feed ? { type: 'vector', tiles: [feed.tiles(COLLECTIONS)], maxzoom: SINGLE_FROM, promoteId: 'id' } : heldSource(feed.records))
  const parts = 'tiles' in feed ? IN_TILES : HELD
  for (const { suffix, from } of parts.records) map.addLayer(nameLayer(state, suffix, from))
  map.addLayer(clusterLayer(state, parts.clusters, 'tiles' in feed))
  for (const { suffix, from } of parts.records) map.addLayer(symbolLayer(state, suffix, from))
}

const heldSource = (records: GeoJSON.FeatureCollection) =>
  ({
    type: 'geojson',
    data: records,
    promoteId: 'id',
    cluster: true,
    clusterMaxZoom: records.features.length > 100 ? 10 : 8,
    clusterRadius: 40,
    clusterProperties: Object.fromEntries(KIND_LIST.map((kind) => [kind, ['+', ['case', ['==', ['get', 'kind'], kind], 1, 0]]])),
  }) as SourceSpecification

/** Records of tiles in view, as far as the map's own drawings need them. */
export function inView(map: MapGL): Resource[] {
  const seen = new Map<string, Resource>()
  for (const { geometry, properties: p } of map.queryRenderedFeatures({ layers: symbolLayers(map) })) {
    const location = { quality: p.location_quality, uncertainty_m: p.uncertainty_m ?? null, candidate_places: [] }
    const known = { kind: p.kind, location } as unknown as Resource['properties']
    seen.set(String(p.id), { type: 'Feature', id: String(p.id), geometry: geometry as GeoJSON.Point, properties: known })
  }
  return [...seen.values()]
}

/** Gives new records to layers that are already drawn. */
export function updateRecords(map: MapGL, records: GeoJSON.FeatureCollection): void {
  ;(map.getSource(SOURCE) as GeoJSONSource | undefined)?.setData(records)
}
