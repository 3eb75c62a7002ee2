import type { MapMouseEvent, MapTouchEvent } from 'maplibre-gl'
import type { App } from '../app'
import type { LonLat } from '../geo'
import { t } from '../i18n'
import { pickRow } from '../panels/intake/drawn'
import { symbolLayers } from './resources'
import { chooseStacked } from './stacked'

const LONG_PRESS_MS = 550

/** What a click, a long press and the keyboard mean on the map. */
export function pointer(app: App): void {
  const { map } = app
  map.doubleClickZoom.disable()
  map.on('click', (event) => void clicked(app, event))
  map.on('dblclick', (event) => (app.tool?.finish ? app.tool.finish() : map.easeTo({ center: event.lngLat, zoom: map.getZoom() + 1 })))
  map.on('contextmenu', (event) => !app.tool && ask(app, [event.lngLat.lng, event.lngLat.lat]))
  longPress(app)
  map.getCanvas().addEventListener('keydown', (event) => key(app, event))
  map.getCanvas().setAttribute('tabindex', '0')
  map.on('mousemove', (event) => {
    if (app.tool || map.isMoving() || event.originalEvent.buttons) return
    const over = map.queryRenderedFeatures(event.point, { layers: clickable(app) }).length > 0
    map.getCanvas().style.cursor = over ? 'pointer' : ''
  })
}

const clickable = ({ map }: App): string[] => [...symbolLayers(map), ...(map.getLayer('resource-cluster') ? ['resource-cluster'] : []), ...['intake-point', 'incidents-ring'].filter((id) => map.getLayer(id))]

async function clicked(app: App, event: MapMouseEvent): Promise<void> {
  const at: LonLat = [event.lngLat.lng, event.lngLat.lat]
  if (app.tool) return app.tool.click(at)
  if (pickRow(app.map, event)) return
  const hits = app.map.queryRenderedFeatures(event.point, { layers: clickable(app) })
  const hit = hits.find(({ layer }) => layer.id === 'incidents-ring') ?? hits[0]
  if (!hit) return isKept(app) ? aside(app) : ask(app, at)
  if (hit.layer.id === 'incidents-ring') return app.store.set({ incident: String(hit.properties.id), panel: 'incident' })
  if (chooseStacked(app, event.point, hits)) return
  if (hit.properties.point_count) {
    const centre = (hit.geometry as GeoJSON.Point).coordinates as LonLat
    app.map.easeTo({ center: centre, zoom: app.map.getZoom() + 2 })
  } else app.store.set({ selected: String(hit.properties.id), panel: 'detail' })
}

/** Panels that a stray click on the ground does not take away: there the right button asks. */
const KEPT = ['planner', 'plan', 'area', 'intake', 'inbox', 'list']
const SAID_MS = 4000

const ask = (app: App, at: LonLat): void => app.store.set({ spot: at, spot_m: 0, panel: 'situation' })

const isKept = ({ store: { state } }: App): boolean => KEPT.includes(state.panel) || (state.panel === 'incident' && state.incident !== null)

function aside(app: App): void {
  app.hint(t('map.right_button'))
  setTimeout(() => app.hint(null), SAID_MS)
}

function longPress(app: App): void {
  let timer = 0
  const stop = () => clearTimeout(timer)
  app.map.on('touchstart', (event: MapTouchEvent) => {
    stop()
    if (event.points.length !== 1 || app.tool) return
    const at: LonLat = [event.lngLat.lng, event.lngLat.lat]
    timer = setTimeout(() => ask(app, at), LONG_PRESS_MS)
  })
  for (const end of ['touchend', 'touchmove', 'touchcancel', 'move'] as const) app.map.on(end, stop)
}

/** Enter asks about the middle of the map, or ends a drawing; Escape gives a tool up. */
function key(app: App, event: KeyboardEvent): void {
  const { lng, lat } = app.map.getCenter()
  if (event.key === 'Escape') app.take(null)
  else if (event.key === ' ' && app.tool) app.tool.click([lng, lat])
  else if (event.key === 'Enter' && app.tool) app.tool.finish?.()
  else if (event.key === 'Enter') ask(app, [lng, lat])
  else return
  event.preventDefault()
}
