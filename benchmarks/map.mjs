/** Measures the map in Chromium on a running registry; prints one JSON object. */

import { readdirSync, readFileSync } from 'node:fs'
import { open, settled, start } from '../tests/web/browser.mjs'

const DRAGS = 4
const DRAG_MS = 600
const TICK_MS = 10
const useful = () => {
  const { map } = window.registryMap ?? {}
  if (!document.body.dataset.ready || !map?.isStyleLoaded()) return false
  const layers = map.getLayersOrder().filter((id) => id.startsWith('resource-') && !id.startsWith('resource-name'))
  return layers.length > 0 && map.queryRenderedFeatures({ layers }).length > 0 && performance.now()
}

/** Milliseconds from the navigation until records are drawn among their boundaries. */
async function firstMap(browser, hash) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'zh-CN' })
  const page = await context.newPage()
  await page.goto(`${process.env.REGISTRY_ADDRESS}/${hash}`)
  const ms = await page.waitForFunction(useful, null, { polling: 'raf', timeout: 120_000 })
  const value = await ms.jsonValue()
  await context.close()
  return value
}

/** Counts the frames that the map draws while it moves, how long it moves and at what share of the screen's resolution. */
const watch = (page) => page.evaluate(() => {
  const { map } = window.registryMap
  const seen = (window.seen = {})
  let begun = 0
  map.on('movestart', () => (begun = performance.now()))
  map.on('render', () => {
    if (!map.isMoving()) return
    seen.frames++
    seen.share = Math.min(seen.share, map.getPixelRatio() / devicePixelRatio)
  })
  map.on('moveend', () => (seen.ms += performance.now() - begun))
})

/** Frames a second while the map is dragged and zoomed, and what one costs the processors. */
async function motion(page) {
  await page.evaluate(() => Object.assign(window.seen, { frames: 0, ms: 0, share: 1 }))
  const tiles_per_pan = []
  let worked_ms = 0
  for (let turn = 0; turn < DRAGS; turn++) {
    const before = tiles(page)
    const spent_ms = processor_ms()
    await drag(page, turn % 2 ? -1 : 1)
    await zoom(page, turn % 2 ? 9 : 10)
    worked_ms += processor_ms() - spent_ms
    await settled(page)
    tiles_per_pan.push(tiles(page) - before)
  }
  const { frames, ms, share } = await page.evaluate(() => window.seen)
  return { fps: (1000 * frames) / ms, frame_ms: worked_ms / frames, share, tiles_per_pan: Math.max(...tiles_per_pan) }
}

/** A hand that moves as fast on a slow machine: where it is follows from the clock, not from the frames drawn. */
async function drag(page, side) {
  await page.mouse.move(900, 400)
  await page.mouse.down()
  const begun = Date.now()
  for (let share = 0; share < 1; ) {
    share = Math.min(1, (Date.now() - begun) / DRAG_MS)
    await page.mouse.move(900 - side * share * 320, 400 + side * share * 160)
  }
  await page.mouse.up()
}

/** Nothing of the map's may be returned from here: the browser would write the whole map down, for seconds. */
const zoom = (page, zoom) => page.evaluate((to) => new Promise((done) => {
  const { map } = window.registryMap
  map.easeTo({ zoom: to, duration: 700 })
  map.once('moveend', () => done())
}), zoom)

const tiles = (page) => page.asked.filter((url) => url.includes('/tiles/')).length

/** Processor time that everything this script started has used: it tells the cost of a frame on a busy machine too. */
function processor_ms() {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap(stat)
  const ours = new Set([process.pid])
  for (let before = 0; before < ours.size; ) {
    before = ours.size
    for (const { pid, parent } of processes) if (ours.has(parent)) ours.add(pid)
  }
  return processes.filter(({ pid }) => pid !== process.pid && ours.has(pid)).reduce((sum, { ticks }) => sum + ticks * TICK_MS, 0)
}

function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number)
    return [{ pid: Number(pid), parent: fields[1], ticks: fields[11] + fields[12] }]
  } catch {
    return []
  }
}

/** A page whose map holds nothing at all: what this browser can draw in the same window. */
async function empty(browser, hash) {
  const page = await open(browser, hash)
  await page.evaluate(() => {
    const { map } = window.registryMap
    const view = { center: map.getCenter(), zoom: map.getZoom(), attributionControl: false }
    map.remove()
    const background = { id: 'background', type: 'background', paint: { 'background-color': '#e3e1da' } }
    window.registryMap = { map: new map.constructor({ container: 'map', style: { version: 8, sources: {}, layers: [background] }, ...view }) }
  })
  await settled(page)
  return page
}

const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const thrice = async (work) => [await work(), await work(), await work()]

const browser = await start()
const view = '#theme=light&lang=zh'
await firstMap(browser, view)
const first_ms = middle(await thrice(() => firstMap(browser, view)))
const first_small_ms = middle(await thrice(() => firstMap(browser, `${view}&exercise=demo`)))
const moving = `${view}&panel=none&at=9.5/29.3/106.6`
const nothing = await empty(browser, moving)
const map = await open(browser, moving)
await watch(nothing)
await watch(map)
const runs = await thrice(async () => ({ bare: await motion(nothing), ours: await motion(map) }))
await browser.close()
const of = (which, what) => middle(runs.map((run) => run[which][what]))
console.log(JSON.stringify({
  first_ms, first_small_ms,
  fps: of('ours', 'fps'), limit_fps: of('bare', 'fps'), frame_ms: of('ours', 'frame_ms'), bare_frame_ms: of('bare', 'frame_ms'),
  share: Math.min(...runs.map(({ ours }) => ours.share)),
  tiles_per_pan: Math.max(...runs.map(({ ours }) => ours.tiles_per_pan)),
}))
