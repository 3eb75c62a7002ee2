import { get } from './api'
import { borders, outside } from './borders'
import { relative } from './data'
import { bounds, distance_m, feature } from './geo'
import { nameOf } from './i18n'
import type { Name } from './types'

export interface Place {
  code: string
  name: Name
  level: string
  parent: string | null
  extent_basis?: string | null
  assumed_extent?: boolean
  point?: GeoJSON.Point | null
}

const RANKS: Record<string, number> = { province: 0, municipality: 0, management_area: 2, area: 2, district: 1, county: 1, town: 2, street: 2, township: 2, community: 3, village: 3 }

/** More levels than any country has. */
const DEEPEST = 12

/** The places the registry knows: their names, extents and seats. */
export class Places {
  private known = new Map<string, { place: Place; extent: GeoJSON.Geometry | null }>()

  /** Reads the places of these levels; districts first make a map that can be used at once. */
  async load(...levels: string[]): Promise<void> {
    await Promise.all(levels.map((level) => this.read(`v1/places?extents=true&limit=2000&level=${level}`)))
  }

  private async read(first: string): Promise<void> {
    for (let path: string | null = first; path; ) {
      const page: GeoJSON.FeatureCollection & { links?: { rel: string; href: string }[] } = await get(path)
      for (const { geometry, properties, id } of page.features) {
        const place = { ...properties, code: String(properties?.code ?? id) } as Place
        this.known.set(place.code, { place, extent: geometry })
      }
      const next = page.links?.find((link) => link.rel === 'next')?.href
      path = next ? relative(next) : null
    }
  }

  all = (): Place[] => [...this.known.values()].map(({ place }) => place)
  name = (code: string | null | undefined): string => {
    const place = this.known.get(code ?? '')?.place
    return place ? nameOf(place.name) : (code ?? '—')
  }
  has = (code: string): boolean => this.known.has(code)

  /** Whether a place is one of these or lies in one; yes where the page does not know what it lies in. */
  isIn(code: string | null, codes: string[]): boolean {
    for (let at = code, steps = 0; at && steps < DEEPEST; at = this.known.get(at)!.place.parent, steps++) {
      if (codes.includes(at)) return true
      if (!this.known.has(at)) return true
    }
    return false
  }

  /** The polygon of a place, when there is one. */
  extent(code: string): GeoJSON.Polygon | GeoJSON.MultiPolygon | null {
    const extent = this.known.get(code)?.extent
    return extent && (extent.type === 'Polygon' || extent.type === 'MultiPolygon') ? extent : null
  }

  box(code: string): [number, number, number, number] | null {
    const entry = this.known.get(code)
    return bounds(entry?.extent ?? entry?.place.point ?? null)
  }

  /** How far from its middle a place reaches, in metres: half the diagonal of its box. */
  reach_m(code: string): number {
    const box = this.box(code)
    return box ? distance_m([box[0], box[1]], [box[2], box[3]]) / 2 : 0
  }

  /** Boundaries to draw: what lies outside all provinces, the borders of districts, and those between their towns. */
  boundaries(): GeoJSON.FeatureCollection {
    const [provinces, districts, towns] = [0, 1, 2].map((level) => this.extents(level))
    const features = [
      ...(provinces!.length ? [feature(outside(provinces!), { level_rank: 0 })] : []),
      feature(borders(districts!), { level_rank: 1 }),
      ...(towns!.length ? [feature(borders(towns!, districts!), { level_rank: 2 })] : []),
    ]
    return { type: 'FeatureCollection', features }
  }

  private extents(level: number): GeoJSON.Geometry[] {
    return [...this.known.values()].flatMap(({ place, extent }) => (extent && rank(place) === level && !isArea(place) ? [extent] : []))
  }

  /** One label per place, at its seat where that is known. */
  labels(): GeoJSON.FeatureCollection {
    const features = [...this.known.values()].flatMap(({ place, extent }) => {
      const at = place.point ?? middle(extent)
      return at && isDrawn(place)
        ? [feature(at, { code: place.code, name_zh: place.name.zh, name_en: place.name.en, level_rank: rank(place) })]
        : []
    })
    return { type: 'FeatureCollection', features }
  }
}

const rank = (place: Place): number => RANKS[place.level] ?? 2
const isArea = ({ level }: Place): boolean => level.includes('area')
const isDrawn = (place: Place): boolean => !isArea(place) && rank(place) > 0

function middle(extent: GeoJSON.Geometry | null): GeoJSON.Point | null {
  const box = bounds(extent)
  return box && { type: 'Point', coordinates: [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] }
}
