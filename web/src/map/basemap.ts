import { addProtocol, type LayerSpecification, type Map as MapGL, type SourceSpecification } from 'maplibre-gl'
import { get, headers, ROOT } from '../api'
import type { State } from '../state'
import { openMapTiles } from './openmaptiles'
import { FONT } from './style'

/** The office's own ground, as the registry offers it. */
export interface Basemap {
  url: string
  schema: 'openmaptiles' | 'protomaps' | 'raster'
  attribution: string | null
  max_zoom: number
  min_zoom: number
}

export const GROUND = 'ground'
/** What lies outside the provinces is only dimmed where there is a ground to see. */
const OUTSIDE = 0.3
let layersOf: (state: State) => LayerSpecification[] = () => []

/** The origin of pictures that come from elsewhere: the only other host that the map may ask. */
let elsewhere: string | null = null
export const mayAsk = (address: string): boolean => elsewhere !== null && address.startsWith(`${elsewhere}/`)

/** Asks whether there is a base map, and gets ready to draw it; null without one. */
export async function meetBasemap(): Promise<Basemap | null> {
  const { basemap } = await get<{ basemap: Basemap | null }>('v1/basemap')
  if (!basemap) return null
  if (basemap.schema === 'raster') layersOf = () => [{ id: 'ground-picture', type: 'raster', source: GROUND }]
  else if (basemap.schema === 'openmaptiles') layersOf = openMapTiles
  else layersOf = await protomaps()
  if (basemap.url.startsWith('https://')) elsewhere = new URL(basemap.url.replace(/[{}]/g, '')).origin
  else await readRanges(basemap.url)
  return basemap
}

/** Tiles are read out of the archive by ranges, with what the reader may send along. */
async function readRanges(path: string): Promise<void> {
  const { FetchSource, PMTiles, Protocol } = await import('pmtiles')
  const protocol = new Protocol()
  const source = new FetchSource(new URL(path, ROOT).href, new Headers(headers()))
  protocol.add(new PMTiles(source))
  addProtocol('pmtiles', protocol.tile)
}

/** The layers of Protomaps' own schema, in our font and without its pictures. */
async function protomaps(): Promise<typeof layersOf> {
  const { layers, namedFlavor } = await import('@protomaps/basemaps')
  const plain = (layer: LayerSpecification): LayerSpecification => {
    if (layer.type !== 'symbol') return layer
    const layout = Object.fromEntries(Object.entries(layer.layout ?? {}).filter(([name]) => !name.startsWith('icon-')))
    return { ...layer, layout: { ...layout, 'text-font': FONT } } as LayerSpecification
  }
  return ({ theme, lang }) => (layers(GROUND, namedFlavor(theme), { lang: lang === 'zh' ? 'zh-Hans' : 'en' }) as LayerSpecification[])
    .filter(({ type }) => type !== 'background').map((layer) => plain({ ...layer, id: `ground-${layer.id}` }))
}

/** Puts the ground under everything that is drawn; tiles are addressed one by one, for some archives state no bounds. */
export function drawGround(map: MapGL, basemap: Basemap, state: State): void {
  if (map.getSource(GROUND)) return
  const zooms = { minzoom: basemap.min_zoom, maxzoom: basemap.max_zoom }
  const source: SourceSpecification = basemap.schema === 'raster'
    ? { type: 'raster', tiles: [basemap.url], tileSize: 256, ...zooms }
    : { type: 'vector', tiles: [`pmtiles://${new URL(basemap.url, ROOT).href}/{z}/{x}/{y}`], ...zooms }
  map.addSource(GROUND, source)
  const [lowest] = map.getLayersOrder()
  dim(map, state)
  for (const layer of layersOf(state)) map.addLayer({ ...layer, layout: { ...layer.layout, visibility: state.hidden.includes('ground') ? 'none' : 'visible' } } as LayerSpecification, lowest)
}

const dim = (map: MapGL, { hidden }: State): void => void map.setPaintProperty('places-outside', 'fill-opacity', hidden.includes('ground') ? 1 : OUTSIDE)

/** Shows or hides the ground as the switch says. */
export function applyGround(map: MapGL, state: State): void {
  const { hidden } = state
  if (map.getSource(GROUND)) dim(map, state)
  for (const id of map.getLayersOrder()) if (map.getLayer(id)?.source === GROUND) map.setLayoutProperty(id, 'visibility', hidden.includes('ground') ? 'none' : 'visible')
}
