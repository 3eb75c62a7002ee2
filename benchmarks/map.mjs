/** Measures the map in Chromium on a running registry; prints one JSON object. */

import { open, settled, start } from '../tests/web/browser.mjs'

const DRAGS = 4
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

/** Frames a second while the map is dragged and zoomed, and the most tiles asked for in one drag. */
async function motion(page) {
  const counted = []
  await page.evaluate(() => {
    window.frames_seen = 0
    window.registryMap.map.on('render', () => window.frames_seen++)
  })
  const begun = Date.now()
  let still_ms = 0
  for (let drag = 0; drag < DRAGS; drag++) {
    const before = tiles(page)
    const side = drag % 2 ? -1 : 1
    await page.mouse.move(900, 400)
    await page.mouse.down()
    for (let step = 1; step <= 20; step++) await page.mouse.move(900 - side * step * 16, 400 + side * step * 8)
    await page.mouse.up()
    await page.evaluate((zoom) => new Promise((done) => window.registryMap.map.once('moveend', done).easeTo({ zoom, duration: 700 })), drag % 2 ? 9 : 10)
    const paused = Date.now()
    await settled(page)
    still_ms += Date.now() - paused
    counted.push(tiles(page) - before)
  }
  const frames = await page.evaluate(() => window.frames_seen)
  return { fps: (1000 * frames) / (Date.now() - begun - still_ms), tiles_per_pan: Math.max(...counted) }
}

const tiles = (page) => page.asked.filter((url) => url.includes('/tiles/')).length

/** The same movements over a map without records: what this browser can draw at all. */
async function bare(page) {
  await page.evaluate(() => {
    const { map } = window.registryMap
    for (const id of map.getLayersOrder()) if (id !== 'background') map.removeLayer(id)
  })
  return (await motion(page)).fps
}

const browser = await start()
const warm = '#theme=light&lang=zh'
await firstMap(browser, warm)
const first = [await firstMap(browser, warm), await firstMap(browser, warm), await firstMap(browser, warm)].sort((a, b) => a - b)
const small = [await firstMap(browser, `${warm}&exercise=demo`), await firstMap(browser, `${warm}&exercise=demo`), await firstMap(browser, `${warm}&exercise=demo`)].sort((a, b) => a - b)
const page = await open(browser, `${warm}&panel=none&at=9.5/29.3/106.6`)
const moved = await motion(page)
const limit_fps = await bare(page)
await browser.close()
console.log(JSON.stringify({ first_ms: first[1], first_small_ms: small[1], ...moved, limit_fps }))
