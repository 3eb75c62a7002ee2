import type { Map as MapGL } from 'maplibre-gl'
import camera from '../icons/watch_camera.svg?raw'
import checkpoint from '../icons/roadblock.svg?raw'
import depot from '../icons/material_depot.svg?raw'
import lookout from '../icons/lookout_alt.svg?raw'
import shelter from '../icons/emergency_shelter.svg?raw'
import team from '../icons/rescue_team.svg?raw'
import tower from '../icons/fire_watch_tower.svg?raw'
import { KIND_LIST, KINDS, STATUS_COLOURS, type Kind } from '../vocab'
import type { Palette } from './style'

const RATIO = 2
const SIDE = 40

interface Glyph {
  path: Path2D
  box: number
}

const GLYPHS: Record<string, Glyph> = {
  rescue_team: glyph(team),
  shelter: glyph(shelter),
  fire_watch_point: glyph(camera),
  supply_depot: glyph(depot),
  watchtower: glyph(tower),
  sentry_post: glyph(lookout),
  checkpoint: glyph(checkpoint),
}

function glyph(svg: string): Glyph {
  const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement
  const path = new Path2D()
  for (const part of root.querySelectorAll('path')) path.addPath(new Path2D(part.getAttribute('d') ?? ''))
  return { path, box: Number((root.getAttribute('viewBox') ?? '0 0 24 24').split(/\s+/)[2]) }
}

function canvas(width: number, height = width): CanvasRenderingContext2D {
  const element = document.createElement('canvas')
  element.width = width * RATIO
  element.height = height * RATIO
  const context = element.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('this browser draws no canvas')
  context.scale(RATIO, RATIO)
  return context
}

const pixels = (context: CanvasRenderingContext2D): ImageData =>
  context.getImageData(0, 0, context.canvas.width, context.canvas.height)

function outline(context: CanvasRenderingContext2D, shape: string, c: number, r: number): void {
  context.beginPath()
  if (shape === 'circle') context.arc(c, c, r, 0, 2 * Math.PI)
  else if (shape === 'square') context.roundRect(c - r * 0.92, c - r * 0.92, r * 1.84, r * 1.84, 4)
  else {
    const corners = shape === 'diamond' ? 4 : 6
    const reach = shape === 'diamond' ? r * 1.2 : r * 1.08
    for (let i = 0; i < corners; i++) {
      const angle = (2 * Math.PI * i) / corners - Math.PI / 2
      context.lineTo(c + reach * Math.cos(angle), c + reach * Math.sin(angle))
    }
    context.closePath()
  }
}

/** One resource's symbol: kind by shape, colour and glyph; dashed when approximate; a badge for its status, or none. */
export function symbol(kind: Kind, form: string, quality: string, group: string, planned: boolean): ImageData {
  const context = canvas(SIDE)
  const centre = SIDE / 2
  const look = KINDS[kind]
  outline(context, look.outline, centre, 13)
  context.lineWidth = 5
  context.strokeStyle = '#ffffff'
  context.stroke()
  context.fillStyle = planned ? '#ffffff' : look.colour
  context.fill()
  context.lineWidth = quality === 'surveyed' ? 1.5 : 2
  context.strokeStyle = look.colour
  context.setLineDash(quality === 'surveyed' ? [] : [3, 3])
  outline(context, look.outline, centre, 14.5)
  context.stroke()
  context.setLineDash([])
  drawGlyph(context, GLYPHS[form] ?? GLYPHS[kind]!, centre, planned ? look.colour : '#ffffff', look.outline === 'diamond' ? 14 : 16)
  if (look.status && group !== 'none') badge(context, group)
  return pixels(context)
}

/** The badge of a group of statuses by itself. */
export function statusBadge(group: string): ImageData {
  const context = canvas(SIDE)
  badge(context, group)
  const [from, side] = [(SIDE - 17) * RATIO, 17 * RATIO]
  return context.getImageData(from, from, side, side)
}

function drawGlyph(context: CanvasRenderingContext2D, { path, box }: Glyph, centre: number, colour: string, size: number): void {
  context.save()
  context.translate(centre - size / 2, centre - size / 2)
  context.scale(size / box, size / box)
  context.fillStyle = colour
  context.fill(path)
  context.restore()
}

function badge(context: CanvasRenderingContext2D, group: string): void {
  const x = SIDE - 9
  const y = SIDE - 9
  context.beginPath()
  context.arc(x, y, 7, 0, 2 * Math.PI)
  context.fillStyle = STATUS_COLOURS[group] ?? STATUS_COLOURS.unknown!
  context.fill()
  context.lineWidth = 1.5
  context.strokeStyle = '#ffffff'
  context.stroke()
  context.beginPath()
  context.lineWidth = 2
  if (group === 'ready') context.stroke(new Path2D(`M${x - 3} ${y} l2.2 2.4 l4 -4.6`))
  else if (group === 'limited') context.stroke(new Path2D(`M${x - 3.2} ${y} h6.4`))
  else if (group === 'out') context.stroke(new Path2D(`M${x - 2.6} ${y - 2.6} l5.2 5.2 m0 -5.2 l-5.2 5.2`))
  else {
    context.font = 'bold 10px sans-serif'
    context.fillStyle = '#ffffff'
    context.textAlign = 'center'
    context.fillText('?', x, y + 3.5)
  }
}

/** A cluster's disc: the ring shows the kinds' shares (eighths), the size grows with the count. */
export function cluster(eighths: number[], side: number, palette: Palette): ImageData {
  const context = canvas(side)
  const centre = side / 2
  context.beginPath()
  context.arc(centre, centre, centre - 1, 0, 2 * Math.PI)
  context.fillStyle = palette.halo
  context.fill()
  const total = eighths.reduce((sum, share) => sum + share, 0) || 1
  let angle = -Math.PI / 2
  eighths.forEach((share, i) => {
    const next = angle + (2 * Math.PI * share) / total
    context.beginPath()
    context.arc(centre, centre, centre - 4, angle, next)
    context.lineWidth = 5
    context.strokeStyle = KINDS[KIND_LIST[i]!].colour
    context.stroke()
    angle = next
  })
  return pixels(context)
}

/** Diagonal lines to fill what is only possibly so, or a gap. */
export function hatch(colour: string, background: string, forward: boolean): ImageData {
  const context = canvas(12)
  context.fillStyle = background
  context.fillRect(0, 0, 12, 12)
  context.strokeStyle = colour
  context.lineWidth = 1.6
  context.lineCap = 'square'
  for (const shift of [-12, 0, 12]) {
    context.beginPath()
    context.moveTo(forward ? shift : shift + 12, 12)
    context.lineTo(forward ? shift + 12 : shift, 0)
    context.stroke()
  }
  return pixels(context)
}

const sizes = [36, 44, 52, 60]

/** Draws symbols the first time a layer asks for them, so that no sprite has to be fetched. */
export function provideImages(map: MapGL, palette: Palette): void {
  const add = (id: string, image: ImageData) => !map.hasImage(id) && map.addImage(id, image, { pixelRatio: RATIO })
  const alpha = (colour: string, hex: string) => `${colour}${hex}`
  add('hatch-doubt', hatch(alpha(palette.doubt, 'd0'), alpha(palette.doubt, '14'), true))
  add('hatch-gap', hatch(alpha(palette.text, '90'), alpha(palette.text, '10'), false))
  add('hatch-rule', hatch(alpha(palette.rule, 'b0'), alpha(palette.rule, '10'), false))
}

/** The image for an id made by the layers' expressions: `r|kind|form|quality|group|planned` or `c|size|a|b|c|d`. */
export function imageFor(id: string, palette: Palette): ImageData | null {
  const [family, ...rest] = id.split('|')
  if (family === 'r') {
    const [kind, form, quality, group, planned] = rest
    if (kind && kind in KINDS) return symbol(kind as Kind, form ?? '', quality ?? '', group ?? '', planned === '1')
  }
  if (family === 'c') {
    const [size, ...shares] = rest.map(Number)
    return cluster(shares, sizes[size ?? 0] ?? sizes[0]!, palette)
  }
  return null
}
