import { bounds, disc, feature, type LonLat } from '../geo'
import { t } from '../i18n'
import type { Resource } from '../types'
import { KINDS } from '../vocab'
import type { Places } from '../places'

const ring = (points: LonLat[]): GeoJSON.Polygon => ({ type: 'Polygon', coordinates: [points] })

/** The area a watch point surely sees (lower) and the area it may see (upper); one area where it is surveyed exactly. */
export function watchAreas(resources: Resource[]): GeoJSON.FeatureCollection {
  return { type: 'FeatureCollection', features: resources.flatMap(watched) }
}

function watched({ id, geometry, properties: p }: Resource): GeoJSON.Feature[] {
  const radius_m = p.watch_radius_m as number | null
  if (!geometry || !radius_m) return []
  if (p.footprint) return [feature(p.footprint as GeoJSON.Polygon, { id, part: 'lower' })]
  const at = geometry.coordinates as LonLat
  const doubt_m = p.location.uncertainty_m ?? 0
  const sector = (p.sector ?? undefined) as { from_deg: number; to_deg: number } | undefined
  const shapes: GeoJSON.Feature[] = []
  if (radius_m > doubt_m) shapes.push(feature(ring(disc(at, radius_m - doubt_m, sector)), { id, part: 'lower' }))
  if (doubt_m > 1) shapes.push(feature(ring(disc(at, radius_m + doubt_m, sector)), { id, part: 'upper' }))
  return shapes
}

/** Soft discs where approximately located records may be: nested, so that the edge fades. */
export function doubtAreas(resources: Resource[]): GeoJSON.FeatureCollection {
  const features = resources.flatMap(({ id, geometry, properties: p }) => {
    const doubt_m = p.location.uncertainty_m ?? 0
    if (!geometry || doubt_m < 20) return []
    const at = geometry.coordinates as LonLat
    return [1, 0.8, 0.6].map((share) =>
      feature(ring(disc(at, doubt_m * share)), { id, colour: KINDS[p.kind].colour, edge: share === 1, doubt_m }),
    )
  })
  return { type: 'FeatureCollection', features }
}

/** Up to so many groups each keep their label, whatever it lies on. */
const FEW = 12
/** More groups than a district has towns: a city full of hatching says nothing from afar. */
const CROWD = 60

/**
 * The places in which records without a position may be, hatched, with one label for each set of places:
 * nine points somewhere in four towns are nine, not thirty-six.
 */
export function candidateAreas(resources: Resource[], places: Places): GeoJSON.FeatureCollection {
  const groups = new Map<string, number>()
  for (const { properties: p } of resources) {
    if (p.location.quality !== 'candidate_places') continue
    const key = [...p.location.candidate_places].sort().join(' ')
    groups.set(key, (groups.get(key) ?? 0) + 1)
  }
  const features = [...groups].flatMap(([key, n]) => candidateGroup(key.split(' '), n, places, { few: groups.size <= FEW, crowded: groups.size > CROWD }))
  return { type: 'FeatureCollection', features }
}

function candidateGroup(codes: string[], n: number, places: Places, density: { few: boolean; crowded: boolean }): GeoJSON.Feature[] {
  const drawn = codes.flatMap((code) => {
    const extent = places.extent(code)
    return extent ? [feature(extent, { code, ...density })] : []
  })
  const boxes = drawn.map(({ geometry }) => bounds(geometry)!)
  if (!boxes.length) return []
  const lon = (Math.min(...boxes.map((box) => box[0])) + Math.max(...boxes.map((box) => box[2]))) / 2
  const south = Math.min(...boxes.map((box) => box[1]))
  return [...drawn, feature({ type: 'Point', coordinates: [lon, south] }, { label: t('unlocated.here', { n }), ...density, n })]
}
