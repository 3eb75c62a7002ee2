import type { App } from '../../app'
import { disc, feature, type LonLat } from '../../geo'
import { coded, nameOf } from '../../i18n'
import { show } from '../../map/overlays'
import { onEntry } from '../../registers'
import { openIncidents, type Cordon, type Incident } from './model'

/** Incidents and cordons on the map: points with what is not sure about them, extents, closed lines and areas. */
export function drawIncidents(app: App, incidents: Incident[], cordons: Cordon[] = []): void {
  const features = incidents.flatMap((incident) => {
    const { id, geometry, extent, location, state, hazard, name } = incident
    const said = { id, state, label: name ? nameOf(name) : coded('hazard', hazard), chosen: id === app.store.state.incident }
    const doubt_m = location.uncertainty_m ?? 0
    const ring = geometry?.type === 'Point' && doubt_m > 1 && !extent ? [feature({ type: 'Polygon', coordinates: [disc(geometry.coordinates as LonLat, doubt_m)] }, { ...said, part: 'doubt' })] : []
    return [...(extent ? [feature(extent, { ...said, part: 'extent' })] : []), ...ring, ...(geometry ? [feature(geometry, { ...said, part: 'where' })] : [])]
  })
  const closed = cordons.flatMap(({ id, geometry, order, kind }) => (geometry ? [feature(geometry, { id, order, part: 'cordon', label: coded('cordon', kind) })] : []))
  show(app.map, 'incidents', { type: 'FeatureCollection', features: [...closed, ...features] })
}

let waiting = 0

/** Keeps the open incidents on the map whatever panel is open; those who may not see any have none. */
export async function followIncidents(app: App): Promise<void> {
  onEntry('incidents-on-map', () => {
    clearTimeout(waiting)
    waiting = setTimeout(() => app.store.state.panel !== 'incident' && void draw(app), 500)
  })
  await draw(app)
}

async function draw(app: App): Promise<void> {
  const open = await openIncidents(app).catch(() => [])
  app.open_incidents = open.length
  drawIncidents(app, open)
}
