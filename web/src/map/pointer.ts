import type { MapMouseEvent, MapTouchEvent } from 'maplibre-gl'
import type { App } from '../app'
import type { LonLat } from '../geo'
import { pickRow } from '../panels/intake/drawn'
import { symbolLayers } from './resources'

const LONG_PRESS_MS = 550

/** What a click, a long press and the keyboard mean on the map. */
export function pointer(app: App): void {
  const { map } = app
  map.doubleClickZoom.disable()
  map.on('click', (event) => void clicked(app, event))
  map.on('dblclick', (event) => (app.tool?.finish ? app.tool.finish() : map.easeTo({ center: event.lngLat, zoom: map.getZoom() + 1 })))
  longPress(app)
  map.getCanvas().addEventListener('keydown', (event) => key(app, event))
  map.getCanvas().setAttribute('tabindex', '0')
  map.on('mousemove', (event) => {
    if (app.tool || map.isMoving() || event.originalEvent.buttons) return
    const over = map.queryRenderedFeatures(event.point, { layers: clickable(app) }).length > 0
    map.getCanvas().style.cursor = over ? 'pointer' : ''
  })
}

const clickable = ({ map }: App): string[] => [...symbolLayers(map), ...(map.getLayer('resource-cluster') ? ['resource-cluster'] : []), ...(map.getLayer('intake-point') ? ['intake-point'] : [])]

async function clicked(app: App, event: MapMouseEvent): Promise<void> {
  const at: LonLat = [event.lngLat.lng, event.lngLat.lat]
  if (app.tool) return app.tool.click(at)
  if (pickRow(app.map, event)) return
  const hit = app.map.queryRenderedFeatures(event.point, { layers: clickable(app) })[0]
  if (!hit) return app.store.set({ spot: at, panel: 'situation' })
  if (hit.properties.point_count) {
    const centre = (hit.geometry as GeoJSON.Point).coordinates as LonLat
    app.map.easeTo({ center: centre, zoom: app.map.getZoom() + 2 })
  } else app.store.set({ selected: String(hit.properties.id), panel: 'detail' })
}

function longPress(app: App): void {
  let timer = 0
  const stop = () => clearTimeout(timer)
  app.map.on('touchstart', (event: MapTouchEvent) => {
    stop()
    if (event.points.length !== 1 || app.tool) return
    const at: LonLat = [event.lngLat.lng, event.lngLat.lat]
    timer = setTimeout(() => app.store.set({ spot: at, panel: 'situation' }), LONG_PRESS_MS)
  })
  for (const end of ['touchend', 'touchmove', 'touchcancel', 'move'] as const) app.map.on(end, stop)
}

/** Enter asks about the middle of the map, or ends a drawing; Escape gives a tool up. */
function key(app: App, event: KeyboardEvent): void {
  const { lng, lat } = app.map.getCenter()
  if (event.key === 'Escape') app.take(null)
  else if (event.key === ' ' && app.tool) app.tool.click([lng, lat])
  else if (event.key === 'Enter' && app.tool) app.tool.finish?.()
  else if (event.key === 'Enter') app.store.set({ spot: [lng, lat], panel: 'situation' })
  else return
  event.preventDefault()
}
