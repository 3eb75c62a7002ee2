import type { Kind } from './vocab'

export interface Name {
  zh?: string | null
  en?: string | null
}

export interface Location {
  quality: 'surveyed' | 'approximate' | 'candidate_places' | 'unknown'
  uncertainty_m: number | null
  candidate_places: string[]
  datum: string
  source: string | null
}

export interface ResourceProperties {
  kind: Kind
  name: Name
  place: string | null
  manager: string | null
  lifecycle: string
  location: Location
  verified_at: string | null
  verified_by: string | null
  visibility: string
  exercise: string | null
  version: number
  created_at: string
  sources: { kind: string; reference: string; locator?: string | null; as_of?: string | null; confidence?: string }[]
  distance_m?: number
  distance_min_m?: number
  distance_max_m?: number
  [field: string]: unknown
}

export interface Resource {
  type: 'Feature'
  id: string
  geometry: GeoJSON.Point | null
  properties: ResourceProperties
}

export interface Page {
  type: 'FeatureCollection'
  features: Resource[]
  links: { rel: string; href: string }[]
  [figure: string]: unknown
}

/** What every answer about a set of records says: no such answer comes without these three. */
export interface SetAnswer {
  completeness: {
    state: 'open' | 'complete' | 'mixed'
    listed: number
    located: number
    placeholders: number
    published: { total: number; as_of: string | null; locator: string }[]
    missing: number | null
    declared: { by: string | null; on: string }[]
  }
  undecided: {
    count: number
    more: boolean
    resources: { id: string; name: Name; reason: string; distance_min_m: number | null; distance_max_m: number | null; unknown?: string[]; watch_radius_m?: number }[]
  }
  excluded: Record<string, { not_stated: number; otherwise: number; nearest: { id: string; distance_m: number | null } | null }>
}

export interface Interval {
  lower: number | null
  nominal: number | null
  upper: number | null
}
