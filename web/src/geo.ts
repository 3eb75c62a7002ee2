/** Positions are [lon, lat] in degrees, WGS 84; lengths in metres. */
export type LonLat = [number, number]

const RADIUS_M = 6_371_008.8
const rad = (degrees: number) => (degrees * Math.PI) / 180
const deg = (radians: number) => (radians * 180) / Math.PI

/** The point `distance_m` from `from` on bearing `bearing_deg`, on the mean sphere: for drawing, not for answers. */
export function destination([lon, lat]: LonLat, bearing_deg: number, distance_m: number): LonLat {
  const d = distance_m / RADIUS_M
  const b = rad(bearing_deg)
  const phi = rad(lat)
  const phi2 = Math.asin(Math.sin(phi) * Math.cos(d) + Math.cos(phi) * Math.sin(d) * Math.cos(b))
  const lambda = Math.atan2(Math.sin(b) * Math.sin(d) * Math.cos(phi), Math.cos(d) - Math.sin(phi) * Math.sin(phi2))
  return [lon + deg(lambda), deg(phi2)]
}

/** Great-circle distance on the mean sphere (within 0.6 % of the ellipsoid): for labels while dragging. */
export function distance_m([lon1, lat1]: LonLat, [lon2, lat2]: LonLat): number {
  const a =
    Math.sin(rad(lat2 - lat1) / 2) ** 2 +
    Math.cos(rad(lat1)) * Math.cos(rad(lat2)) * Math.sin(rad(lon2 - lon1) / 2) ** 2
  return 2 * RADIUS_M * Math.asin(Math.sqrt(a))
}

/** A closed ring that draws a disc, or the wedge between two bearings clockwise from north. */
export function disc(centre: LonLat, radius_m: number, sector?: { from_deg: number; to_deg: number }): LonLat[] {
  if (!sector) return arc(centre, radius_m, 0, 360, 72)
  const sweep = (sector.to_deg - sector.from_deg + 360) % 360 || 360
  const points = arc(centre, radius_m, sector.from_deg, sector.from_deg + sweep, Math.max(8, Math.ceil(sweep / 5)))
  return sweep === 360 ? points : [centre, ...points, centre]
}

function arc(centre: LonLat, radius_m: number, from_deg: number, to_deg: number, steps: number): LonLat[] {
  return Array.from({ length: steps + 1 }, (_, i) =>
    destination(centre, from_deg + ((to_deg - from_deg) * i) / steps, radius_m),
  )
}

/** The smallest box around every position in a GeoJSON geometry, or null when it holds none. */
export function bounds(geometry: GeoJSON.Geometry | null): [number, number, number, number] | null {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  const visit = (part: unknown): void => {
    if (!Array.isArray(part)) return
    if (typeof part[0] === 'number') {
      box[0] = Math.min(box[0], part[0])
      box[1] = Math.min(box[1], part[1] as number)
      box[2] = Math.max(box[2], part[0])
      box[3] = Math.max(box[3], part[1] as number)
    } else part.forEach(visit)
  }
  if (geometry && 'coordinates' in geometry) visit(geometry.coordinates)
  return box[0] === Infinity ? null : box
}

export const empty = (): GeoJSON.FeatureCollection => ({ type: 'FeatureCollection', features: [] })

export const feature = (geometry: GeoJSON.Geometry, properties: GeoJSON.GeoJsonProperties = {}): GeoJSON.Feature => ({
  type: 'Feature',
  geometry,
  properties,
})
