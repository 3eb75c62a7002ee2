import { Map as MapGL, NavigationControl, prewarm, ScaleControl, setWorkerUrl } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'virtual:map-worker'
import { Problem } from './api'
import type { App } from './app'
import { Records, tileTemplate, transformRequest } from './data'
import { byId, fill } from './dom'
import type { LonLat } from './geo'
import { speak, t } from './i18n'
import { Live, type Change } from './live'
import { askAgain } from './map/busy'
import { imageFor, provideImages } from './map/icons'
import { candidateAreas, doubtAreas, watchAreas } from './map/shapes'
import { applyHidden, drawOverlays, show } from './map/overlays'
import { drawn, drawResources, inView, passes, SOURCE, updateRecords, type Feed } from './map/resources'
import { printPicture } from './map/print'
import { emptyStyle, PALETTES } from './map/style'
import { pointer } from './map/pointer'
import { isEditing } from './panels/edit'
import { drawPanel } from './panels/panel'
import { drawZones } from './panels/rules'
import { drawTime } from './panels/time'
import { Places } from './places'
import { drawBanner, drawFoot, drawModes, drawShell, drawTabs } from './shell'
import { Store, type State } from './state'
import './styles.css'

const MOST_DOUBTS = 3000

setWorkerUrl(workerUrl)
prewarm()
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
  style: emptyStyle(store.state.theme),
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

const app: App = {
  map,
  store,
  records,
  places,
  live: new Live(onChange, () => void app.reload(), onLink),
  tool: null,
  undrawn_zones: null,
  reload,
  redraw,
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

function hint(text: string | null): void {
  const line = byId('hint')
  line.hidden = !text
  fill(line, text)
  if (text) app.say(text)
}

async function reload(): Promise<void> {
  try {
    await app.records.load(store.state)
    redraw()
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
  redraw()
  if (!isEditing()) drawPanel(app)
}

function say(problem: unknown): void {
  const why = problem instanceof Problem ? (problem.status ? problem.message : t('unreachable')) : String(problem)
  hint(t('failed', { why }))
}

function feed(): Feed {
  if (app.records.tiled) return { tiles: (collections) => tileTemplate(store.state, collections) }
  const records = [...app.records.all.values()].filter((resource) => resource.geometry && passes(resource, store.state))
  return { records: { type: 'FeatureCollection', features: records.map(drawn) } }
}

let feeding = ''
let revision = 0

function redraw(): void {
  if (!ready) return
  const next = feed()
  const look = JSON.stringify(['tiles' in next ? [store.state.exercise, store.state.as_of, store.state.hidden.includes('watch')] : next.records.features.length > 100, store.state.theme, store.state.lang, store.state.kinds])
  const filters = JSON.stringify([store.state.status, store.state.fresh_days, store.state.lifecycle])
  if (look + filters !== feeding || !map.getSource('resources')) {
    feeding = look + filters
    drawResources(map, next, store.state)
    for (const id of ['spot-line', 'spot-hit', 'spot-ring']) map.moveLayer(id)
  } else if ('records' in next) updateRecords(map, next.records)
  else if (revision !== app.records.revision) map.refreshTiles(SOURCE)
  revision = app.records.revision
  drawAreas()
  drawFoot(app)
}

/** The areas that follow from the records: watch areas, doubt, candidate areas. */
function drawAreas(): void {
  const held = [...app.records.all.values()].filter((resource) => passes(resource, store.state))
  show(map, 'watch', watchAreas(held))
  if (app.records.tiled) drawDoubtInView()
  else show(map, 'doubt', doubtAreas(held))
  show(map, 'candidates', candidateAreas(held, app.places))
}

/** Records in tiles are known where the map has been moved to. */
const drawDoubtInView = (): void => show(map, 'doubt', doubtAreas(inView(map).slice(0, MOST_DOUBTS)))

let ready = false

/** Dresses the map in the theme and language of the view; everything held is drawn again. */
function dress(): void {
  const palette = PALETTES[store.state.theme]
  provideImages(map, palette)
  drawOverlays(map, store.state)
  ready = true
  feeding = ''
  show(map, 'places', app.places.boundaries())
  show(map, 'labels', app.places.labels())
  redraw()
}

map.setMissingStyleImageResolver((id) => {
  const image = imageFor(id, PALETTES[store.state.theme])
  if (image) map.addImage(id, image, { pixelRatio: 2 })
})
map.on('moveend', () => {
  moved = true
  const { lng, lat } = map.getCenter()
  store.set({ lon: lng, lat, zoom: map.getZoom() })
})
map.on('idle', () => {
  if (app.records.tiled && ready && moved) drawDoubtInView()
  moved = false
})
let moved = false

askAgain(map, hint)

let drawing = 0

/** Takes a change of the feed over; many at once are drawn together. */
function onChange(change: Change): void {
  if (store.state.as_of) return
  app.records.take(change)
  const shown = document.querySelector<HTMLElement>('#detail article')?.dataset
  if (change.id === store.state.selected && shown?.version !== String(change.version)) isEditing() ? hint(t('detail.conflict')) : drawPanel(app)
  clearTimeout(drawing)
  drawing = setTimeout(redraw, app.records.tiled ? 1000 : 100)
}

function onLink(): void {
  drawFoot(app)
}

store.on((state, changed) => {
  const any = (...names: (keyof State)[]) => names.some((name) => changed.has(name))
  if (any('lang')) speak(state.lang)
  if (any('theme')) map.setStyle(emptyStyle(state.theme), { diff: false })
  if (any('lang', 'theme', 'exercise')) drawShell(app)
  if (any('lang') && !any('theme')) redress()
  if (any('panel')) drawTabs(app)
  if (any('hidden')) {
    applyHidden(map, state)
    if (app.records.tiled) redraw()
  }
  if (any('exercise', 'as_of')) {
    for (const overlay of ['gaps', 'depth', 'lost', 'spot'] as const) show(map, overlay)
    drawModes(app)
    drawTime(app)
    void reload()
  }
  if (any('exercise')) app.live.follow(state.exercise)
  if (any('kinds', 'status', 'fresh_days', 'lifecycle')) redraw()
  if (any('panel', 'lang', 'selected', 'spot', 'area', 'exercise', 'as_of', 'kinds', 'status', 'fresh_days', 'lifecycle', 'place')) drawPanel(app)
  else if (any('hidden') && state.panel === 'layers') drawPanel(app)
  if (any('lon', 'lat', 'zoom')) follow(state)
})

function redress(): void {
  map.setStyle(emptyStyle(store.state.theme), { diff: false })
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
  map.on('style.load', dress)
  app.live.follow(store.state.exercise)
  await Promise.all(first.map((part) => part.then(() => (dressPlaces(), redraw()), say)))
  drawPanel(app)
  document.body.dataset.ready = 'true'
  await Promise.all([drawnOnce(), drawRest().catch(say)])
  await app.places.load('town', 'management_area', 'province').then(dressPlaces, say)
  drawAreas()
  app.undrawn_zones = await drawZones(app).catch(() => null)
  if (!isEditing()) drawPanel(app)
  document.body.dataset.complete = 'true'
}

/** When everything asked for so far is on the screen: what only adds to it can wait until then. */
const drawnOnce = (): Promise<unknown> => (map.loaded() ? Promise.resolve() : Promise.race([map.once('idle'), pause(DRAWN_MS)]))

function dressPlaces(): void {
  if (!ready) return
  show(map, 'places', app.places.boundaries())
  show(map, 'labels', app.places.labels())
}

printPicture(map)
setInterval(() => (drawBanner(app), app.live.link === 'lost' && drawFoot(app)), 1000)
void start()

declare global {
  interface Window {
    registryMap: { map: MapGL; at(point: LonLat): { x: number; y: number } }
  }
}
window.registryMap = { map, at: (point) => map.project(point) }
