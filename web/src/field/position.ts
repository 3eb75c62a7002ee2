import type { LonLat } from '../geo'

/** Where the phone is, and how far off that may be, metres. */
export interface Fix {
  at: LonLat
  error_m: number
  at_ms: number
}

/** Phones say less than they should under trees: their accuracy is doubled, and never better than this. */
const LEAST_M = 5
export const SURVEYED_M = 30
/** A worse fix is no position of a record; it still orders a list. */
export const USABLE_M = 200
const BEST = 3
const AVERAGED_MS = 60_000

const fixOf = ({ coords, timestamp }: GeolocationPosition): Fix => ({
  at: [coords.longitude, coords.latitude],
  error_m: Math.max(coords.accuracy * 2, LEAST_M),
  at_ms: timestamp,
})

/** Follows the phone until the returned function is called; `tell` hears each fix, or null when there is none to be had. */
export function follow(tell: (fix: Fix | null) => void): () => void {
  if (!('geolocation' in navigator)) {
    tell(null)
    return () => undefined
  }
  const id = navigator.geolocation.watchPosition((given) => tell(fixOf(given)), () => tell(null), { enableHighAccuracy: true, timeout: 60_000, maximumAge: 10_000 })
  return () => navigator.geolocation.clearWatch(id)
}

/** The best fixes of a minute weighted by their errors; one bad fix changes nothing. Null without a usable one. */
export function averaged(fixes: Fix[]): Fix | null {
  const newest_ms = Math.max(...fixes.map(({ at_ms }) => at_ms))
  const usable = fixes.filter(({ error_m, at_ms }) => error_m <= USABLE_M && newest_ms - at_ms <= AVERAGED_MS)
  const best = usable.sort((a, b) => a.error_m - b.error_m).slice(0, BEST)
  if (!best.length) return null
  const weights = best.map(({ error_m }) => 1 / error_m ** 2)
  const whole = weights.reduce((sum, one) => sum + one, 0)
  const mean = (axis: 0 | 1) => best.reduce((sum, { at }, i) => sum + at[axis] * weights[i]!, 0) / whole
  return { at: [+mean(0).toFixed(7), +mean(1).toFixed(7)], error_m: best[0]!.error_m, at_ms: newest_ms }
}

export const qualityOf = ({ error_m }: Fix): 'surveyed' | 'approximate' => (error_m <= SURVEYED_M ? 'surveyed' : 'approximate')
