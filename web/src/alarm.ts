import { get } from './api'
import type { App } from './app'
import type { LonLat } from './geo'
import { nameOf, t, type Word } from './i18n'
import { decode } from './state'
import type { Name, Page } from './types'

/** Where an alarm may be: what was read from the words, and how far off it may lie. */
export interface Spot {
  label: string
  kind: string
  at: LonLat
  uncertainty_m: number
}

export const DATUMS = ['wgs84', 'gcj02', 'bd09'] as const
export type SpokenDatum = (typeof DATUMS)[number]

const DEGREES = /^(?=.*\d)[\s\d.,，;；、°º˚′″’”'"度分秒NSEWnsew东西南北東纬经緯経經+\-:/|]+$/
const ROAD = /^(?!k)[a-z]\d{1,4}(\s*[,，]?\s*k\s*|\s+)\d/i

/** Whether words can only be a position: degrees, metres or a kilometre of a road. */
export const isPosition = (text: string): boolean => (DEGREES.test(text) && /\d.*[\s,，;；、°度/|].*\d/.test(text)) || ROAD.test(text)

interface Written {
  lon: number
  lat: number
  uncertainty_m: number | null
  road: string | null
  chainage_km: number | null
  far: boolean
}

/** The spot that a written position means in a datum; a Problem when there is none. */
export async function readPosition(text: string, datum: SpokenDatum, signal?: AbortSignal): Promise<Spot> {
  const found = await get<Written>('v1/proximity/position', { text, datum }, signal)
  const at: LonLat = [found.lon, found.lat]
  const label = found.road ? `${found.road} K${found.chainage_km}` : `${found.lon.toFixed(5)}, ${found.lat.toFixed(5)}`
  return { label, kind: `${t(found.road ? 'alarm.road' : `alarm.datum.${datum}`)}${found.far ? ` · ${t('alarm.far')}` : ''}`, at, uncertainty_m: found.uncertainty_m ?? 0 }
}

/** The spots that words may mean: a position, or places and resources of that name. */
export async function findSpots(app: App, text: string, datum: SpokenDatum, signal?: AbortSignal): Promise<Spot[]> {
  if (isPosition(text)) return [await readPosition(text, datum, signal)]
  const { exercise, as_of } = app.store.state
  const [places, resources] = await Promise.all([
    get<GeoJSON.FeatureCollection<GeoJSON.Geometry | null, { name: Name; point: GeoJSON.Point | null }>>('v1/places', { q: text, limit: 5, as_of }, signal),
    get<Page>('v1/resources', { q: text, limit: 8, exercise, as_of }, signal),
  ])
  const seats = places.features.flatMap(({ id, properties }) => {
    const box = app.places.box(String(id))
    const at = (properties.point?.coordinates ?? (box && [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])) as LonLat | null
    return at ? [{ label: nameOf(properties.name), kind: t('search.place'), at, uncertainty_m: app.places.reach_m(String(id)) }] : []
  })
  const located = resources.features.flatMap(({ geometry, properties: p }) =>
    geometry ? [{ label: nameOf(p.name), kind: t(`kind.${p.kind}` as Word), at: geometry.coordinates as LonLat, uncertainty_m: p.location.uncertainty_m ?? 0 }] : [])
  return [...seats, ...located]
}

/** What a link to a view says of an alarm; null for words that are no such link. */
export function inLink(text: string): { spot: LonLat | null; incident: string | null; exercise: string | null } | null {
  const hash = /#(\S*(?:spot|incident)=\S*)/.exec(text)?.[1]
  if (!hash) return null
  const { spot, incident, exercise } = decode(hash)
  return spot || incident ? { spot, incident, exercise } : null
}

/** Goes to a spot: the panel of the situation opens, and the view follows. */
export function goTo(app: App, at: LonLat, uncertainty_m = 0): void {
  app.store.set({ spot: [+at[0].toFixed(6), +at[1].toFixed(6)], spot_m: Math.round(uncertainty_m) || 0, panel: 'situation' })
  lookAt(app, at)
}

/** Moves the view to a spot, close enough to see what is near; a view that is closer stays as close. */
export function lookAt(app: App, at: LonLat): void {
  app.map.resize()
  app.map.easeTo({ center: at, zoom: Math.max(12, app.map.getZoom()), duration: 500 })
}
