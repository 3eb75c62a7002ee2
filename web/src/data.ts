import { get, headers, Problem, ROOT, url } from './api'
import type { Change } from './live'
import { mayAsk } from './map/basemap'
import type { State } from './state'
import type { Page, Resource } from './types'

const HELD_AT_MOST = 2000

/**
 * The records on the map.
 *
 * Up to HELD_AT_MOST are held in the page: they stay usable when the connection is lost, and every filter is exact.
 * Above that they come as vector tiles, and only those without a position are held.
 */
export class Records {
  all = new Map<string, Resource>()
  tiled = false
  /** What a large set is still asked for when its tiles can be drawn already: the records without a position. */
  rest: Promise<void> = Promise.resolve()
  private beyond: number | null = 0
  loaded = false
  at = new Date()
  /** Counts the changes told of a tiled set, so that its tiles are asked for again. */
  revision = 0
  private asked = 0

  async load(state: State): Promise<void> {
    const asked = ++this.asked
    const page = await get<Page>('v1/resources', { limit: HELD_AT_MOST, exercise: state.exercise, as_of: state.as_of })
    const tiled = page.links.some((link) => link.rel === 'next')
    if (asked !== this.asked) return
    this.tiled = tiled
    this.loaded = true
    this.all = tiled ? new Map() : byId(page.features)
    this.beyond = tiled ? null : 0
    this.at = new Date()
    this.rest = tiled ? this.loadPlaceless(state, asked) : Promise.resolve()
    this.rest.catch(() => undefined)
  }

  private async loadPlaceless(state: State, asked: number): Promise<void> {
    const [held, count] = await Promise.all([placeless(state), countPlaceless(state)])
    if (asked !== this.asked) return
    for (const resource of held) this.all.set(resource.id, resource)
    this.beyond = Math.max(0, count - held.length)
  }

  /** How many records have no position, also of those the page does not hold; null while that is asked. */
  unlocated(): number | null {
    const held = [...this.all.values()].filter(({ geometry }) => !geometry).length
    return this.beyond === null ? null : held + this.beyond
  }

  /** Takes over what the feed told of one record; in a large set only those without a position are held. */
  take({ id, feature }: Change): void {
    if (feature && (!this.tiled || !feature.geometry || this.all.has(id))) this.all.set(id, feature)
    else this.all.delete(id)
    if (this.tiled) this.revision++
    this.at = new Date()
  }

  /** Reads one record again after it changed; true when what is shown has to be drawn again. */
  async refresh(id: string, state: State): Promise<boolean> {
    try {
      const resource = await get<Resource>(`v1/resources/${id}`, { exercise: state.exercise })
      this.all.set(id, resource)
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 404) throw problem
      this.all.delete(id)
    }
    this.at = new Date()
    return true
  }
}

const byId = (resources: Resource[]): Map<string, Resource> => new Map(resources.map((resource) => [resource.id, resource]))

/** Records of a large set that have no position, as many as are held. */
async function placeless({ exercise, as_of }: State): Promise<Resource[]> {
  const ask = (quality: string) => get<Page>('v1/resources', { quality, limit: HELD_AT_MOST, exercise, as_of })
  const pages = await Promise.all(['candidate_places', 'unknown'].map(ask))
  return pages.flatMap((page) => page.features)
}

async function countPlaceless({ exercise, as_of }: State): Promise<number> {
  const { numberMatched } = await get<{ numberMatched: number }>('ogc/collections/unlocated-resources/items', { f: 'json', resultType: 'hits', exercise, as_of })
  return numberMatched
}

/** How many watch areas reach a view, given by its west, south, east and north. */
export async function countWatched({ exercise, as_of }: State, box: number[]): Promise<number> {
  const bbox = box.map((side) => side.toFixed(5)).join(',')
  const { numberMatched } = await get<{ numberMatched: number }>('ogc/collections/coverage-footprints/items', { f: 'json', resultType: 'hits', bbox, exercise, as_of })
  return numberMatched
}

/** A link of the registry as a path below its root, whatever host name it was written with. */
export function relative(href: string): string {
  const target = new URL(href, ROOT)
  return `${target.pathname}${target.search}`.replace(ROOT.pathname, '')
}

/** The tile address of collections in a view; the map fills in {z}/{y}/{x}. */
export function tileTemplate({ exercise, as_of }: State, collections: string[]): string {
  const target = url('ogc/tiles/WebMercatorQuad/Z/Y/X', { collections: collections.join(','), exercise, as_of })
  return target.href.replace('/Z/Y/X', '/{z}/{y}/{x}')
}

/** Adds the caller's headers to the map's own requests; anything outside this server is refused. */
export function transformRequest(address: string): { url: string; headers?: Record<string, string> } {
  if (mayAsk(address) || address.startsWith(`pmtiles://${ROOT.origin}/`)) return { url: address }
  if (!address.startsWith(ROOT.origin)) throw new Error(`the map asks no other host: ${address}`)
  return { url: address, headers: address.includes('/assets/') ? undefined : headers() }
}
