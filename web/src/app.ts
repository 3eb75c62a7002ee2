import type { Map as MapGL } from 'maplibre-gl'
import type { Records } from './data'
import type { LonLat } from './geo'
import type { Live } from './live'
import type { Basemap } from './map/basemap'
import type { Places } from './places'
import type { Store } from './state'

/** A tool that takes the map's clicks for a while: drawing, placing, moving. */
export interface Tool {
  click(at: LonLat): void
  finish?(): void
  cancel(): void
}

/** What every part of the page works with. */
export interface App {
  map: MapGL
  store: Store
  records: Records
  places: Places
  live: Live
  tool: Tool | null
  /** How many zones of the rules have no geometry; null while that is not known. */
  undrawn_zones: number | null
  /** The base map that the registry offers; null without one. */
  basemap: Basemap | null
  /** How many incidents are open; null while that is not known. */
  open_incidents: number | null
  /** How many watch areas reach the view, where they are too many to be drawn. */
  crowded_watch: number | null
  /** Reads the records again and draws them. */
  reload(): Promise<void>
  /** Reads the open incidents again and draws them. */
  entries(): Promise<void>
  /** Draws what is held again, after a filter or a record changed. */
  redraw(): void
  /** Builds the open panel again. */
  panel(): void
  /** Says something to people who do not see the screen. */
  say(text: string): void
  /** Shows one line over the map, or removes it. */
  hint(text: string | null): void
  take(tool: Tool | null): void
}
