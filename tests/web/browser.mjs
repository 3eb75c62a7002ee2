/** What every test of the map shares: a browser, pages that record what must never happen, and screenshots. */

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
export const { chromium } = require('playwright-core')
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export const ADDRESS = process.env.REGISTRY_ADDRESS
const KEY = process.env.REGISTRY_KEY
export const AUTHORISED = { Authorization: `Bearer ${KEY}` }
const FOLDER = fileURLToPath(new URL('../../artefacts/map/', import.meta.url))
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const FLAGS = [
  '--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
]

/** Chromium without a window, with software WebGL. */
export const start = () => chromium.launch({ executablePath: CHROMIUM, args: FLAGS })

/** A page on the map that keeps every console error and every request to another host. */
export async function open(browser, hash = '', { width = 1366, height = 768, ...more } = {}, expected = []) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN', ...more })
  await context.grantPermissions(['clipboard-read', 'clipboard-write']).catch(() => undefined)
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  page.faults = []
  page.asked = []
  page.expected = [...expected]
  page.on('console', (message) => {
    const said = `${message.text()} ${message.location().url}`
    if (message.type() === 'error' && !page.expected.some((one) => one.test(said))) page.faults.push(said)
  })
  page.on('pageerror', (error) => page.faults.push(`${error.message}\n${error.stack}`))
  page.on('request', (request) => page.asked.push(request.url()))
  await page.goto(`${ADDRESS}/${hash}`)
  await ready(page)
  return page
}

/** Types the key of a role into the page, and waits until the page says whose it is. */
export async function signIn(page, role = 'admin') {
  await page.click('#do-key')
  await page.fill('#key-text', role === 'admin' ? KEY : process.env[`REGISTRY_${role.toUpperCase()}_KEY`])
  await page.click('#dialog .main')
  await page.waitForSelector(`#do-key[data-role=${role}]`)
}

/** Waits until places, records and their areas are drawn. */
export async function ready(page) {
  await page.waitForSelector('body[data-complete]', { timeout: 60_000 })
  await settled(page)
}

export const settled = (page) => page.waitForFunction(() => {
  const { map } = window.registryMap
  return map.loaded() && !map.isMoving() && map.getPixelRatio() === devicePixelRatio
}, null, { timeout: 60_000 })

export const shot = (page, name) => page.screenshot({ path: `${FOLDER}${name}.png` })

/** Ends a page: it may have logged no error and asked no other host. */
export async function close(page) {
  const elsewhere = page.asked.filter((url) => !url.startsWith(ADDRESS) && !/^(data|blob):/.test(url))
  await page.context().close()
  assert.deepEqual(elsewhere, [], 'requests to other hosts')
  assert.deepEqual(page.faults, [], 'console errors')
}

/** Red, green, blue and opacity of a PNG at these [x, y]. */
export const pixels = (page, png, spots) => page.evaluate(async ([bytes, at]) => {
  const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))]))
  const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d')
  context.drawImage(picture, 0, 0)
  return at.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data])
}, [png.toString('base64'), spots])

/** The screen position of [lon, lat]. */
export async function at(page, lon, lat) {
  return page.evaluate(([x, y]) => {
    const box = document.getElementById('map').getBoundingClientRect()
    const point = window.registryMap.at([x, y])
    return { x: box.x + point.x, y: box.y + point.y }
  }, [lon, lat])
}

export async function click(page, lon, lat) {
  const { x, y } = await at(page, lon, lat)
  await page.mouse.click(x, y)
}

/** What is drawn by a layer on the screen now. */
export const drawn = (page, ...layers) =>
  page.evaluate((names) => {
    const { map } = window.registryMap
    return map.queryRenderedFeatures({ layers: names.filter((name) => map.getLayer(name)) }).map(({ properties, geometry, layer }) => ({ properties, geometry, layer: layer.id }))
  }, layers)

/** An answer of the registry itself, asked beside the page. */
export async function api(path, options = {}) {
  const response = await fetch(`${ADDRESS}${path}`, options)
  assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`)
  return response.json()
}

export const post = (path, body, headers = {}) =>
  api(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } })

/** Faults of any level that axe finds on the page. */
export async function accessibility(page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`)
}
