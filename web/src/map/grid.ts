import type { Map as MapGL } from 'maplibre-gl'
import { empty, feature } from '../geo'
import { t } from '../i18n'
import { show } from './overlays'

/** From this zoom on the grid is drawn, and how wide its meshes may be, degrees. */
const FROM = 10.5
const STEPS = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
const MOST_LINES = 9

/** A grid of longitudes and latitudes with their figures, so that a position can be read off without a ground. */
export function drawGrid(map: MapGL): void {
  if (map.getZoom() < FROM) return show(map, 'grid', empty())
  const [[west, south], [east, north]] = map.getBounds().toArray() as [[number, number], [number, number]]
  const step = STEPS.filter((width) => (east - west) / width <= MOST_LINES).at(-1) ?? STEPS[0]!
  const digits = Math.max(1, Math.ceil(-Math.log10(step)))
  const from = (edge: number) => Math.ceil(edge / step) * step
  const features: GeoJSON.Feature[] = []
  for (let lon = from(west); lon <= east; lon += step)
    features.push(feature({ type: 'LineString', coordinates: [[lon, south], [lon, north]] }), feature({ type: 'Point', coordinates: [lon, south + (north - south) * 0.02] }, { label: `${lon.toFixed(digits)}°` }))
  for (let lat = from(south); lat <= north; lat += step)
    features.push(feature({ type: 'LineString', coordinates: [[west, lat], [east, lat]] }), feature({ type: 'Point', coordinates: [west + (east - west) * 0.03, lat] }, { label: `${lat.toFixed(digits)}°` }))
  show(map, 'grid', { type: 'FeatureCollection', features })
}

/** North is always up: an arrow says so, beside the scale. */
export class NorthArrow {
  onAdd(): HTMLElement {
    const arrow = document.createElement('div')
    arrow.className = 'maplibregl-ctrl north'
    arrow.textContent = `▲ ${t('sheet.north')}`
    arrow.setAttribute('role', 'img')
    arrow.setAttribute('aria-label', t('map.north'))
    return arrow
  }
  onRemove(): void {}
}
