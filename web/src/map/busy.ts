import type { Map as MapGL } from 'maplibre-gl'
import { t } from '../i18n'

const BUSY_MS = 2000

interface Refused {
  error: Error & { status?: number }
  sourceId?: string
  tile?: { tileID: { canonical: Spot } }
}

type Spot = { x: number; y: number; z: number }

/** Asks again, and says so, for the tiles that a busy registry had no time for; the map itself never does. */
export function askAgain(map: MapGL, hint: (text: string | null) => void): void {
  const refused = new Map<string, Spot[]>()
  let waiting = 0
  const again = () => {
    hint(null)
    for (const [source, tiles] of refused) if (map.getSource(source)) map.refreshTiles(source, tiles)
    refused.clear()
  }
  map.on('error', (event) => {
    const { error, sourceId, tile } = event as unknown as Refused
    if (error.status !== 503 || !sourceId || !tile) return console.error(error)
    refused.set(sourceId, [...(refused.get(sourceId) ?? []), tile.tileID.canonical])
    hint(t('busy'))
    clearTimeout(waiting)
    waiting = setTimeout(again, BUSY_MS)
  })
}
