import type { Map as MapGL } from 'maplibre-gl'

/** Shares of the screen's resolution that the moving map is drawn at, from the best down. */
const SHARES = [1, 0.75, 0.5]
const SLOW_MS = 40
const FAST_MS = 20
/** So many frames tell how fast a machine draws. */
const ENOUGH = 4
const REST_MS = 150

const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!

/** Draws fewer pixels while the map moves on a machine that cannot keep up, and all of them when it rests. */
export function coarseInMotion(map: MapGL): void {
  let step = 0
  let took_ms: number[] = []
  let resting = 0
  map.on('move', () => {
    if (!map.isMoving()) return
    clearTimeout(resting)
    if (drawAt(map, SHARES[step]!)) took_ms = []
  })
  map.on('render', () => {
    if (map.isMoving()) frameTime((ms) => took_ms.push(ms))
    if (took_ms.length <= ENOUGH) return
    const usual_ms = middle(took_ms.splice(0).slice(1))
    if (usual_ms > SLOW_MS) step = Math.min(step + 1, SHARES.length - 1)
    if (usual_ms < FAST_MS) step = Math.max(step - 1, 0)
  })
  map.on('moveend', () => {
    clearTimeout(resting)
    resting = setTimeout(() => !map.isMoving() && drawAt(map, 1) && map.redraw(), REST_MS)
  })
}

/** Draws at a share of the screen's resolution from the next frame on; whether that is another one. */
export function drawAt(map: MapGL, share: number): boolean {
  const wanted = share * devicePixelRatio
  const differs = Math.abs(map.getPixelRatio() - wanted) > 0.001
  if (differs) map.setPixelRatio(wanted)
  return differs
}

/** How long the frame that is being drawn keeps the next one waiting. */
function frameTime(tell: (ms: number) => void): void {
  const now = Number(document.timeline.currentTime)
  requestAnimationFrame((next) => tell(next - now))
}
