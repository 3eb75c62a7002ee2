import type { Map as MapGL } from 'maplibre-gl'
import { byId } from '../dom'
import { drawAt } from './coarse'

/** The map as it stands, on its ground: its own canvas is clear where nothing is. */
export function picture(map: MapGL): HTMLCanvasElement {
  drawAt(map, 1)
  map.redraw()
  const drawn = map.getCanvas()
  const copy = document.createElement('canvas')
  ;[copy.width, copy.height] = [drawn.width, drawn.height]
  const context = copy.getContext('2d')
  if (!context) throw new Error('this browser draws no canvas')
  context.fillStyle = drawn.style.backgroundColor
  context.fillRect(0, 0, copy.width, copy.height)
  context.drawImage(drawn, 0, 0)
  return copy
}

/** A browser may print the live canvas blank: paper gets a picture of it. */
export function printPicture(map: MapGL): void {
  const image = byId<HTMLImageElement>('printed')
  addEventListener('beforeprint', () => {
    image.src = picture(map).toDataURL()
    image.hidden = false
  })
  addEventListener('afterprint', () => (image.hidden = true))
}
