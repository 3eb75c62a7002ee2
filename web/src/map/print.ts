import type { Map as MapGL } from 'maplibre-gl'
import { byId } from '../dom'

/** A browser may print the live canvas blank: paper gets a picture of it. */
export function printPicture(map: MapGL): void {
  const image = byId<HTMLImageElement>('printed')
  addEventListener('beforeprint', () => {
    map.redraw()
    image.src = map.getCanvas().toDataURL()
    image.hidden = false
  })
  addEventListener('afterprint', () => (image.hidden = true))
}
