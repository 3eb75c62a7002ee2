import type { App } from '../app'
import { now } from '../clock'
import { byId } from '../dom'
import { instant, t, type Word } from '../i18n'
import { drawSheet } from '../panels/sheet'
import { KIND_LIST, KINDS } from '../vocab'
import { drawAt } from './coarse'

const BAND = 34
const MARGIN = 12

/** The map as it stands, on its ground, with what a picture needs to be read without the page: title, drill mark, time, scale, legend, source. */
export function picture(app: App): HTMLCanvasElement {
  const { map } = app
  drawAt(map, 1)
  map.redraw()
  const drawn = map.getCanvas()
  const unit = drawn.width / map.getContainer().clientWidth
  const copy = document.createElement('canvas')
  const band = Math.round(BAND * unit)
  ;[copy.width, copy.height] = [drawn.width, drawn.height + 2 * band]
  const context = copy.getContext('2d')
  if (!context) throw new Error('this browser draws no canvas')
  context.fillStyle = drawn.style.backgroundColor
  context.fillRect(0, band, copy.width, drawn.height)
  context.drawImage(drawn, 0, band)
  above(app, context, copy.width, band, unit)
  below(app, context, copy, band, unit)
  return copy
}

const font = (size: number, unit: number, bold = false): string => `${bold ? 'bold ' : ''}${size * unit}px "Registry Sans", sans-serif`

function above({ store: { state } }: App, context: CanvasRenderingContext2D, width: number, band: number, unit: number): void {
  context.fillStyle = state.exercise ? '#ffb300' : '#ffffff'
  context.fillRect(0, 0, width, band)
  context.fillStyle = '#1a1200'
  context.textBaseline = 'middle'
  context.font = font(15, unit, true)
  context.fillText(state.exercise ? t('exercise.frame', { name: state.exercise }) : t('title'), MARGIN * unit, band / 2)
  context.font = font(12, unit)
  const time = state.as_of ? t('past.frame', { at: instant(state.as_of) }) : instant(now())
  context.fillText(time, width - context.measureText(time).width - MARGIN * unit, band / 2)
}

function below(app: App, context: CanvasRenderingContext2D, { width, height }: HTMLCanvasElement, band: number, unit: number): void {
  const y = height - band / 2
  context.fillStyle = '#ffffff'
  context.fillRect(0, height - band, width, band)
  context.fillStyle = context.strokeStyle = '#1a1200'
  context.font = font(11, unit)
  const { metres, pixels } = scaleOf(app)
  const bar = pixels * unit
  context.lineWidth = 2 * unit
  context.strokeRect(MARGIN * unit, y - 3 * unit, bar, 6 * unit)
  let x = MARGIN * unit + bar + 6 * unit
  const write = (text: string) => (context.fillText(text, x, y), (x += context.measureText(text).width + 12 * unit))
  write(`${metres < 1000 ? `${metres} m` : `${metres / 1000} km`}`)
  write(`▲ ${t('sheet.north')}`)
  for (const kind of KIND_LIST) {
    context.fillStyle = KINDS[kind].colour
    context.beginPath()
    context.arc(x + 4 * unit, y, 5 * unit, 0, 2 * Math.PI)
    context.fill()
    x += 13 * unit
    context.fillStyle = '#1a1200'
    write(t(`kind.${kind}` as Word))
  }
  write(attribution(app))
}

/** Whose data the picture shows. */
export const attribution = (app: App): string => [app.basemap?.attribution, t('attribution')].filter(Boolean).join('；')

/** A round length and how many pixels of the page it takes at the middle of the map. */
function scaleOf({ map }: App): { metres: number; pixels: number } {
  const { lat } = map.getCenter()
  const perPixel = (40_075_016.686 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** map.getZoom())
  const most = perPixel * 140
  const power = 10 ** Math.floor(Math.log10(most))
  const metres = [5, 2, 1].map((n) => n * power).find((n) => n <= most) ?? power
  return { metres, pixels: metres / perPixel }
}

/** A browser may print the live canvas blank: paper gets a picture of it, and a sheet that says what it is. */
export function printPicture(app: App): void {
  const image = byId<HTMLImageElement>('printed')
  addEventListener('beforeprint', () => {
    drawSheet(app)
    image.src = picture(app).toDataURL()
    image.hidden = false
  })
  addEventListener('afterprint', () => (image.hidden = true))
}
