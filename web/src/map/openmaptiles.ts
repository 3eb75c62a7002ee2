import type { LayerSpecification } from 'maplibre-gl'
import type { State } from '../state'
import { FONT, PALETTES, SCALE } from './style'
import { GROUND } from './basemap'

const COLOURS = {
  light: { wood: '#dbe6cf', grass: '#e9efdc', built: '#eae6df', water: '#a9cbe8', stream: '#7fb1dc', building: '#d8d2c6', casing: '#b5aa97', road: '#ffffff', main: '#ffe6a3', motorway: '#f7c46c', rail: '#8d8d8d', word: '#5a5348', river: '#2f6ea8', peak: '#6a4a1d' },
  dark: { wood: '#1b2b24', grass: '#1d2a27', built: '#1f2932', water: '#143450', stream: '#22557e', building: '#2a3541', casing: '#0e141a', road: '#3d4a57', main: '#5d5a43', motorway: '#7a6436', rail: '#586470', word: '#b5c0ca', river: '#7db4e6', peak: '#d8b27a' },
} as const

const classes = (...names: string[]) => ['in', ['get', 'class'], ['literal', names]] as never
const wide = (...stops: number[]) => ['interpolate', ['exponential', 1.5], ['zoom'], ...stops.map((stop, i) => (i % 2 ? stop * SCALE : stop))] as never

/** Roads from the least to the greatest, so that the greater lie above. */
const ROADS: { id: string; names: string[]; from: number; stops: number[]; colour: 'road' | 'main' | 'motorway' }[] = [
  { id: 'path', names: ['path', 'track'], from: 13.5, stops: [14, 0.7, 18, 3], colour: 'road' },
  { id: 'minor', names: ['minor', 'service'], from: 12, stops: [12, 0.5, 14, 2, 18, 12], colour: 'road' },
  { id: 'tertiary', names: ['tertiary'], from: 10.5, stops: [11, 0.7, 14, 3, 18, 16], colour: 'road' },
  { id: 'secondary', names: ['secondary'], from: 9, stops: [9, 0.7, 14, 4, 18, 18], colour: 'main' },
  { id: 'primary', names: ['primary', 'trunk'], from: 7, stops: [7, 0.7, 14, 5, 18, 20], colour: 'main' },
  { id: 'motorway', names: ['motorway'], from: 5, stops: [5, 0.7, 14, 6, 18, 22], colour: 'motorway' },
]

/** The ground in OpenMapTiles' schema: land, water, roads, buildings and their names, quiet under the records. */
export function openMapTiles({ theme, lang }: State): LayerSpecification[] {
  const c = COLOURS[theme]
  const { halo } = PALETTES[theme]
  const from = (layer: string) => ({ source: GROUND, 'source-layer': layer })
  const name = (lang === 'zh' ? ['coalesce', ['get', 'name:zh'], ['get', 'name']] : ['coalesce', ['get', 'name:latin'], ['get', 'name:en'], ['get', 'name']]) as never
  const words = (id: string, layer: string, size: number, colour: string, more: object = {}, filter?: never): LayerSpecification =>
    ({ id: `ground-${id}`, type: 'symbol', ...from(layer), ...(filter ? { filter } : {}), layout: { 'text-font': FONT, 'text-field': name, 'text-size': size * SCALE, 'text-max-width': 8, ...more }, paint: { 'text-color': colour, 'text-halo-color': halo, 'text-halo-width': 1.4 } }) as LayerSpecification
  const road = (part: 'casing' | 'fill') => ROADS.map(({ id, names, from: minzoom, stops, colour }): LayerSpecification => ({
    id: `ground-${part}-${id}`, type: 'line', ...from('transportation'), minzoom, filter: classes(...names), layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: part === 'fill' ? { 'line-color': c[colour], 'line-width': wide(...stops) } : { 'line-color': c.casing, 'line-width': wide(...stops.map((stop, i) => (i % 2 ? stop + 1.6 : stop))) },
  }))
  return [
    { id: 'ground-built', type: 'fill', ...from('landuse'), filter: classes('residential', 'commercial', 'industrial'), paint: { 'fill-color': c.built, 'fill-antialias': false } },
    { id: 'ground-grass', type: 'fill', ...from('landcover'), filter: classes('grass', 'farmland', 'wetland'), paint: { 'fill-color': c.grass, 'fill-antialias': false } },
    { id: 'ground-wood', type: 'fill', ...from('landcover'), filter: classes('wood', 'forest'), paint: { 'fill-color': c.wood, 'fill-antialias': false } },
    { id: 'ground-water', type: 'fill', ...from('water'), paint: { 'fill-color': c.water } },
    { id: 'ground-stream', type: 'line', ...from('waterway'), paint: { 'line-color': c.stream, 'line-width': wide(8, 0.6, 14, 2, 18, 6) } },
    { id: 'ground-building', type: 'fill', ...from('building'), minzoom: 13.5, paint: { 'fill-color': c.building } },
    ...road('casing'), ...road('fill'),
    { id: 'ground-rail', type: 'line', ...from('transportation'), minzoom: 10, filter: classes('rail', 'transit'), paint: { 'line-color': c.rail, 'line-width': wide(10, 0.8, 16, 2.5), 'line-dasharray': [4, 2] } },
    words('river', 'waterway', 11, c.river, { 'symbol-placement': 'line' }),
    words('lake', 'water_name', 11, c.river),
    words('road', 'transportation_name', 11, c.word, { 'symbol-placement': 'line' }),
    words('peak', 'mountain_peak', 11, c.peak, { 'text-field': ['concat', '▲ ', ['coalesce', name, ''], ' ', ['to-string', ['coalesce', ['get', 'ele'], '']]] }),
    words('hamlet', 'place', 11, c.word, {}, classes('village', 'hamlet', 'suburb', 'neighbourhood', 'quarter')),
  ]
}
