import { Map as MapGL, NavigationControl, prewarm, ScaleControl, setWorkerUrl } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'virtual:map-worker'
import { get, Problem } from './api'
import type { App } from './app'
import { Records, transformRequest } from './data'
import { byId, fill } from './dom'
import { Drawing } from './drawing'
import type { LonLat } from './geo'
import { learn, speak, t } from './i18n'
import { isQuick, loadFont } from './font'
import { meetJurisdiction } from './jurisdiction'
import { Live, type Change } from './live'
import { applyGround, meetBasemap } from './map/basemap'
import { askAgain } from './map/busy'
import { NorthArrow } from './map/grid'
import { coarseInMotion } from './map/coarse'
import { meet } from './me'
import { imageFor } from './map/icons'
import { applyHidden, show } from './map/overlays'
import { printPicture } from './map/print'
import { emptyStyle, PALETTES } from './map/style'
import { pointer } from './map/pointer'
import { isEditing } from './panels/edit/section'
import { followIncidents } from './panels/incident/drawn'
import { drawPanel } from './panels/panel'
import { drawZones } from './panels/rules'
import { drawTime } from './panels/time'
import { Places } from './places'
import { tellEntry } from './registers'
import { drawBanner, drawFoot, drawModes, drawShell, drawTabs } from './shell'
import { Store, type State } from './state'
import { KINDS } from './vocab'
import { drawWall } from './wall'
import './styles.css'

/** On a slow line the font waits until there is something to read. */
const quick = isQuick()
let font = quick ? loadFont() : null
let worded = false
font?.then(() => (worded = true), () => undefined)

setWorkerUrl(workerUrl)
prewarm()
await Promise.all([meetJurisdiction(), Promise.race([meet(), new Promise((done) => setTimeout(done, 2000))])])
const store = new Store()
speak(store.state.lang)

const records = new Records()
const places = new Places()
const FIRST_MS = 500
const DRAWN_MS = 3000
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))
/** Asked for before the map is built, so that it is drawn once, with what it shows; a slow answer is drawn later. */
const first = [places.load('district'), records.load(store.state)]
await Promise.race([Promise.allSettled(first), pause(FIRST_MS)])

const map = new MapGL({
  container: 'map',
  style: emptyStyle(),
  center: [store.state.lon, store.state.lat],
  zoom: store.state.zoom,
  minZoom: 3,
  maxZoom: 19,
  pitchWithRotate: false,
  dragRotate: false,
  attributionControl: false,
  fadeDuration: 0,
  transformRequest,
})
map.touchZoomRotate.disableRotation()
map.keyboard.disableRotation()
map.addControl(new NavigationControl({ showCompass: false }), 'bottom-right')
map.addControl(new ScaleControl({ maxWidth: 140 }), 'bottom-left')
map.addControl(new NorthArrow(), 'bottom-left')

const app: App = {
  map,
  store,
  records,
  places,
  live: new Live(onChange, () => void app.reload(), onLink),
  tool: null,
  undrawn_zones: null,
  crowded_watch: null,
  open_incidents: null,
  basemap: null,
  reload,
  entries: () => followIncidents(app),
  redraw: () => drawing.redraw(),
  panel: () => drawPanel(app),
  say: (text) => (byId('said').textContent = text),
  hint,
  take(tool) {
    app.tool?.cancel()
    app.tool = tool
    map.getCanvas().style.cursor = tool ? 'crosshair' : ''
    if (!tool) hint(null)
  },
}

const drawing = new Drawing(app)

function hint(text: string | null): void {
  const line = byId('hint')
  line.hidden = !text
  fill(line, text)
  if (text) app.say(text)
}

async function reload(): Promise<void> {
  try {
    await app.records.load(store.state)
    drawing.redraw()
    if (!isEditing()) drawPanel(app)
    await drawRest()
  } catch (problem) {
    say(problem)
  }
}

/** What a large set tells after its tiles: the areas in which its records without a position may be. */
async function drawRest(): Promise<void> {
  if (!records.tiled) return
  await records.rest
  drawing.redraw()
  if (!isEditing()) drawPanel(app)
}

function say(problem: unknown): void {
  const why = problem instanceof Problem ? (problem.status ? problem.message : t('unreachable')) : String(problem)
  hint(t('failed', { why }))
}

map.setMissingStyleImageResolver((id) => {
  const image = imageFor(id, PALETTES[store.state.theme])
  if (image) map.addImage(id, image, { pixelRatio: 2 })
})
map.on('moveend', () => {
  const { lng, lat } = map.getCenter()
  store.set({ lon: lng, lat, zoom: map.getZoom() })
})
coarseInMotion(map)
askAgain(map, hint)

let waiting = 0

/** Takes a change of the feed over; many at once are drawn together. */
function onChange(change: Change): void {
  if (store.state.as_of) return
  if (!(change.kind in KINDS)) return tellEntry(change)
  app.records.take(change)
  const shown = document.querySelector<HTMLElement>('#detail article')?.dataset
  if (change.id === store.state.selected && shown?.version !== String(change.version)) isEditing() ? hint(t('detail.conflict')) : drawPanel(app)
  clearTimeout(waiting)
  waiting = setTimeout(app.redraw, app.records.tiled ? 1000 : 100)
}

function onLink(): void {
  drawFoot(app)
}

store.on((state, changed) => {
  const any = (...names: (keyof State)[]) => names.some((name) => changed.has(name))
  if (any('lang')) speak(state.lang)
  if (any('theme')) map.setStyle(emptyStyle(), { diff: false })
  if (any('lang', 'theme', 'exercise')) drawShell(app)
  if (any('lang') && !any('theme')) redress()
  if (any('panel')) drawTabs(app)
  if (any('hidden')) {
    applyHidden(map, state)
    applyGround(map, state)
    if (app.records.tiled) drawing.redraw()
  }
  if (any('exercise', 'as_of')) {
    for (const overlay of ['gaps', 'depth', 'lost', 'spot'] as const) show(map, overlay)
    drawModes(app)
    drawTime(app)
    void reload()
  }
  if (any('wall')) drawWall(app)
  if (any('exercise')) {
    app.live.follow(state.exercise)
    void followIncidents(app)
  }
  if (any('kinds', 'status', 'fresh_days', 'lifecycle')) drawing.redraw()
  if (any('panel', 'lang', 'selected', 'spot', 'spot_m', 'hazard', 'incident', 'area', 'exercise', 'as_of', 'kinds', 'status', 'fresh_days', 'lifecycle', 'place', 'intake')) drawPanel(app)
  else if (any('hidden') && state.panel === 'layers') drawPanel(app)
  if (any('lon', 'lat', 'zoom')) follow(state)
})

function redress(): void {
  map.setStyle(emptyStyle(), { diff: false })
}

/** Moves the map when the view was changed by a link, not by hand. */
function follow({ lon, lat, zoom }: State): void {
  const at = map.getCenter()
  const near = Math.abs(at.lng - lon) < 1e-4 && Math.abs(at.lat - lat) < 1e-4 && Math.abs(map.getZoom() - zoom) < 0.01
  if (!near) map.jumpTo({ center: [lon, lat], zoom })
}

async function start(): Promise<void> {
  drawShell(app)
  pointer(app)
  app.live.follow(store.state.exercise)
  const drawn = first.map((part) => part.then(() => (drawing.places(), drawing.redraw()), say))
  await drawn[1]
  drawPanel(app)
  document.body.dataset.ready = 'true'
  await Promise.all(drawn)
  app.basemap = await meetBasemap().catch(() => null)
  drawing.ground()
  drawFoot(app)
  await Promise.all([drawnOnce(), drawRest().catch(say)])
  const late = !worded
  font ??= loadFont()
  void font.then(() => late && redress(), () => undefined)
  await app.places.load('town', 'management_area', 'province').then(() => drawing.places(), say)
  drawing.areas()
  void followIncidents(app)
  if (store.state.wall) drawWall(app)
  await get<{ codes: Parameters<typeof learn>[0] }>('v1/vocabularies').then(({ codes }) => learn(codes), () => undefined)
  app.undrawn_zones = await drawZones(app).catch(() => null)
  if (!isEditing()) drawPanel(app)
  document.body.dataset.complete = 'true'
}

/** When everything asked for so far is on the screen: what only adds to it can wait until then. */
const drawnOnce = (): Promise<unknown> => (map.loaded() ? Promise.resolve() : Promise.race([map.once('idle'), pause(DRAWN_MS)]))

printPicture(app)
setInterval(() => (drawBanner(app), app.live.link === 'lost' && drawFoot(app)), 1000)
void start()

declare global {
  interface Window {
    registryMap: { map: MapGL; at(point: LonLat): { x: number; y: number } }
  }
}
window.registryMap = { map, at: (point) => map.project(point) }
