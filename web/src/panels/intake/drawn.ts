import type { Map as MapGL, MapMouseEvent } from 'maplibre-gl'
import type { App } from '../../app'
import { disc, distance_m, feature, type LonLat } from '../../geo'
import { show } from '../../map/overlays'
import { positionOf, type Action, type Row } from './model'

/** A known record that a row would move by less than this is not drawn as moved. */
const MOVED_M = 5
const MOST_NAMED = 60

/** Findings that make a position doubtful, beside what its location says of itself. */
const OF_POSITION = [
  'position_swapped', 'axes_swapped', 'outside_territory', 'outside_place', 'shared_point', 'datum_not_stated', 'near_place', 'place_assumed', 'raw_disagrees', 'zero_position',
]

export const COLOURS: Record<Action, string> = {
  create: '#0a7a4b', update: '#1b62c4', unchanged: '#6b7280', confirm: '#b8360b', refused: '#c81e1e', retire: '#6d3bbf', skip: '#6b7280', stored: '#0a7a4b', aside: '#6b7280',
}

/** Whether somebody should look at where a row says that it is. */
export const isDoubtful = ({ findings, record }: Row): boolean =>
  findings.some(({ code }) => OF_POSITION.includes(code)) || record?.properties.location.quality === 'approximate'

let onPick: (n: number) => void = () => undefined

/** Draws where the listed rows are: doubtful ones with a ring, and a line from where a known record stands now. */
export function drawRows(app: App, rows: Row[], picked: (n: number) => void): number {
  onPick = picked
  const located = rows.flatMap((row) => {
    const at = positionOf(row)
    return at ? [{ row, at }] : []
  })
  const features = located.flatMap(({ row, at }) => [...doubt(row, at), ...moved(app, row, at), point(row, at, located.length <= MOST_NAMED)])
  show(app.map, 'intake', { type: 'FeatureCollection', features })
  return located.length
}

function point(row: Row, at: LonLat, isNamed: boolean): GeoJSON.Feature {
  const doubtful = isDoubtful(row)
  const label = isNamed ? `${row.n} ${row.name}${doubtful ? ' ?' : ''}` : ''
  return feature({ type: 'Point', coordinates: at }, { n: row.n, doubtful, label, colour: COLOURS[row.action] })
}

function doubt({ record }: Row, at: LonLat): GeoJSON.Feature[] {
  const radius_m = record?.properties.location.uncertainty_m
  return radius_m ? [feature({ type: 'Polygon', coordinates: [disc(at, radius_m)] })] : []
}

function moved(app: App, { target }: Row, at: LonLat): GeoJSON.Feature[] {
  const from = target === null ? undefined : (app.records.all.get(target)?.geometry?.coordinates as LonLat | undefined)
  return from && distance_m(from, at) > MOVED_M ? [feature({ type: 'LineString', coordinates: [from, at] })] : []
}

export function clearDrawn(app: App): void {
  onPick = () => undefined
  show(app.map, 'intake')
}

/** Leads from a point of the file to its row; false where there is none. */
export function pickRow(map: MapGL, { point }: MapMouseEvent): boolean {
  if (!map.getLayer('intake-point')) return false
  const [hit] = map.queryRenderedFeatures(point, { layers: ['intake-point'] })
  if (hit) onPick(Number(hit.properties.n))
  return !!hit
}
