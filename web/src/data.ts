import { get, headers, Problem, ROOT, url } from './api'
import { TILED } from './map/resources'
import type { State } from './state'
import type { Page, Resource } from './types'

const HELD_AT_MOST = 4000
const PAGE = 1000

/**
 * The records on the map.
 *
 * Up to HELD_AT_MOST are held in the page: they stay usable when the connection is lost, and every filter is exact.
 * Above that they come as vector tiles, and only those without a position are held.
 */
export class Records {
  all = new Map<string, Resource>()
  tiled = false
  at = new Date()
  private etag = 0

  async load(state: State): Promise<void> {
    const asked = ++this.etag
    const found = new Map<string, Resource>()
    let path: string | null = url('v1/resources', { limit: PAGE, exercise: state.exercise, as_of: state.as_of }).href
    let tiled = false
    while (path && !tiled) {
      const page: Page = await get(relative(path))
      for (const resource of page.features) found.set(resource.id, resource)
      path = page.links.find((link) => link.rel === 'next')?.href ?? null
      tiled = !!path && found.size >= HELD_AT_MOST
    }
    if (asked !== this.etag) return
    this.tiled = tiled
    this.all = tiled ? await this.unlocated(state) : found
    this.at = new Date()
  }

  private async unlocated(state: State): Promise<Map<string, Resource>> {
    const pages = await Promise.all(
      ['candidate_places', 'unknown'].map((quality) =>
        get<Page>('v1/resources', { quality, limit: PAGE, exercise: state.exercise, as_of: state.as_of }),
      ),
    )
    return new Map(pages.flatMap((page) => page.features).map((resource) => [resource.id, resource]))
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

/** A link of the registry as a path below its root, whatever host name it was written with. */
export function relative(href: string): string {
  const target = new URL(href, ROOT)
  return `${target.pathname}${target.search}`.replace(ROOT.pathname, '')
}

/** The tile address for a view; the map fills in {z}/{y}/{x}. */
export function tileTemplate({ exercise, as_of }: State): string {
  const target = url('ogc/tiles/WebMercatorQuad/Z/Y/X', { collections: TILED, exercise, as_of })
  return target.href.replace('/Z/Y/X', '/{z}/{y}/{x}')
}

/** Adds the caller's headers to the map's own requests; anything outside this server is refused. */
export function transformRequest(address: string): { url: string; headers?: Record<string, string> } {
  if (!address.startsWith(ROOT.origin)) throw new Error(`the map asks no other host: ${address}`)
  return { url: address, headers: address.includes('/assets/') ? undefined : headers() }
}
