import type { ExpressionSpecification, FilterSpecification, GeoJSONSource, LayerSpecification, Map as MapGL } from 'maplibre-gl'
import type { State } from '../state'
import type { Resource } from '../types'
import { KIND_LIST, STATUS_GROUPS } from '../vocab'
import { FONT, PALETTES } from './style'

export const SOURCE = 'resources'
export const LAYERS = ['resource-cluster', 'resource-symbol', 'resource-name']

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
  ['coalesce', ['get', 'quality'], 'approximate'],
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
  const properties: Record<string, unknown> = { id: resource.id, quality: p.location.quality, uncertainty_m: p.location.uncertainty_m }
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

function layers(state: State, sourceLayer: string | undefined): LayerSpecification[] {
  const palette = PALETTES[state.theme]
  const from = { source: SOURCE, ...(sourceLayer ? { 'source-layer': sourceLayer } : {}) }
  const text = { 'text-font': FONT, 'text-size': 12 } as const
  const paint = { 'text-color': palette.text, 'text-halo-color': palette.halo, 'text-halo-width': 1.6 }
  return [
    {
      id: 'resource-cluster',
      type: 'symbol',
      ...from,
      filter: ['all', has('point_count'), ['>', counted(state.kinds), 0]] as FilterSpecification,
      layout: {
        'icon-image': clusterImage(state.kinds),
        'icon-allow-overlap': true,
        'text-field': ['number-format', counted(state.kinds), { locale: state.lang === 'zh' ? 'zh-CN' : 'en' }] as unknown as Expr,
        'text-allow-overlap': true,
        'text-font': FONT,
        'text-size': ['step', counted(state.kinds), 13, 10_000, 12] as unknown as Expr,
      },
      paint: { 'text-color': palette.text },
    },
    {
      id: 'resource-symbol',
      type: 'symbol',
      ...from,
      filter: filter(state, Date.now()),
      layout: { 'icon-image': symbolImage, 'icon-allow-overlap': true, 'icon-padding': 0 },
    },
    {
      id: 'resource-name',
      type: 'symbol',
      ...from,
      minzoom: 10.5,
      filter: filter(state, Date.now()),
      layout: {
        ...text,
        'text-field': ['get', state.lang === 'zh' ? 'name_zh' : 'name_en'],
        'text-anchor': 'top',
        'text-offset': [0, 1.5],
        'text-max-width': 9,
        'text-optional': true,
      },
      paint,
    },
  ]
}

/** What feeds the layers: records held in the page, or tiles when there are too many to hold. */
export type Feed = { records: GeoJSON.FeatureCollection } | { tiles: string; layer: string; max_zoom: number }

/** Puts the resource layers on the map for `feed`, in the look of `state`. */
export function drawResources(map: MapGL, feed: Feed, state: State): void {
  for (const id of LAYERS) if (map.getLayer(id)) map.removeLayer(id)
  if (map.getSource(SOURCE)) map.removeSource(SOURCE)
  map.addSource(
    SOURCE,
    'tiles' in feed
      ? { type: 'vector', tiles: [feed.tiles], maxzoom: feed.max_zoom, promoteId: 'id' }
      : {
          type: 'geojson',
          data: feed.records,
          promoteId: 'id',
          cluster: true,
          clusterMaxZoom: feed.records.features.length > 100 ? 10 : 8,
          clusterRadius: 36,
          clusterProperties: Object.fromEntries(
            KIND_LIST.map((kind) => [kind, ['+', ['case', ['==', ['get', 'kind'], kind], 1, 0]]]),
          ),
        },
  )
  for (const layer of layers(state, 'tiles' in feed ? feed.layer : undefined)) map.addLayer(layer)
}

/** Gives new records to layers that are already drawn. */
export function updateRecords(map: MapGL, records: GeoJSON.FeatureCollection): void {
  ;(map.getSource(SOURCE) as GeoJSONSource | undefined)?.setData(records)
}
