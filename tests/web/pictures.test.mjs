/** Pictures on the card of a record and on an incident: seen by those who may, added, described and detached by hand. */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { after, before, describe, it } from 'node:test'
import { deflateSync } from 'node:zlib'
import { accessibility, ADDRESS, api, AUTHORISED, close, open, post, shot, signIn, start } from './browser.mjs'

const require = createRequire(new URL('../../web/package.json', import.meta.url))
const SHA256 = fileURLToPath(new URL('../../web/src/panels/pictures/sha256.ts', import.meta.url))
const DIST = fileURLToPath(new URL('../../web/dist/', import.meta.url))
const FIRST_LOAD_BYTES = 450_000

let browser
before(async () => (browser = await start()))
after(() => browser.close())

/** A PNG of bands in one colour; without compression it is as large as its pixels. */
function png(width, height, [red, green, blue], level = 9) {
  const rows = Buffer.alloc(height * (width * 3 + 1))
  for (let y = 0; y < height; y++)
    for (let x = 0, at = y * (width * 3 + 1) + 1; x < width; x++, at += 3) {
      const light = (x >> 5) % 2 ? 1 : 0.8
      rows[at] = red * light
      rows[at + 1] = green * light
      rows[at + 2] = blue * light
    }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows, { level })), chunk('IEND', Buffer.alloc(0))])
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  let sum = 0xffffffff
  for (const byte of body) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  check.writeUInt32BE(~sum >>> 0)
  return Buffer.concat([length, body, check])
}

const digest = (content) => createHash('sha256').update(content).digest('hex')
const EXERCISE = 'exercise=pictures'

/** Sends a picture and attaches it to a record or incident. */
async function attach(path, colour, said) {
  const content = png(320, 240, colour)
  const sha256 = digest(content)
  const sent = await fetch(`${ADDRESS}/v1/attachments/${sha256}`, { method: 'PUT', body: content, headers: { 'Content-Type': 'image/png', ...AUTHORISED } })
  assert.equal(sent.status, 204)
  await api(`${path}/attachments/${sha256}?${EXERCISE}`, { method: 'PUT', body: JSON.stringify(said), headers: { 'Content-Type': 'application/json', ...AUTHORISED } })
  return sha256
}

let placed = 0
async function record(more = {}) {
  const lon = 106.7 + ++placed / 1000
  const { id } = await post(`/v1/resources?${EXERCISE}`, { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, 28.92] }, properties: { kind: 'shelter', name: { zh: `图片避难所${placed}`, en: `Shelter of pictures ${placed}` }, location: { quality: 'surveyed', uncertainty_m: 5, source: 'test' }, visibility: 'public', ...more } }, AUTHORISED)
  return { id, path: `/v1/resources/${id}` }
}

const listed = async (path) => (await api(`${path}/attachments?${EXERCISE}`, { headers: AUTHORISED })).attachments

async function card(id, role, { lang = 'zh', theme = 'light', expected = [], ...more } = {}) {
  const page = await open(browser, `#lang=${lang}&theme=${theme}&${EXERCISE}&panel=detail&sel=${id}&at=13/28.92/106.7`, more, expected)
  if (role) await signIn(page, role)
  await page.waitForSelector('#detail article')
  return page
}

/** Opens the card of a record as a link does. */
const select = (page, id) => page.evaluate((to) => (location.hash = `${location.hash.replace(/&(panel|sel)=[^&]*/g, '')}&panel=detail&sel=${to}`), id)

const seen = (page, n) => page.waitForFunction((wanted) => [...document.querySelectorAll('.thumb img')].filter((image) => image.naturalWidth > 0).length === wanted, n)
const captions = (page) => page.locator('.thumbs .what').allTextContents()

describe('a digest', () => {
  it('is that of the standard, for every length around a block and for a large file', async () => {
    const { code } = require('esbuild').transformSync(readFileSync(SHA256, 'utf8'), { loader: 'ts' })
    const { sha256 } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
    for (const length of [...Array(140).keys(), 1_000_003]) {
      const bytes = randomBytes(length)
      assert.equal(sha256(bytes), digest(bytes), `of ${length} bytes`)
    }
  })
})

describe('pictures on a card', () => {
  it('and their code are no part of the first load; nothing is shown where there is nothing; else what the reader may see', async () => {
    const [none, { id, path }] = [await record(), await record()]
    await attach(path, [200, 60, 40], { caption: '北门裂缝', taken_at: '2026-03-04T05:06:07Z', visibility: 'public' })
    await attach(path, [40, 90, 200], { role: 'sketch', visibility: 'internal' })
    const page = await open(browser, `#lang=zh&theme=light&${EXERCISE}&panel=layers&at=13/28.92/106.7`)
    const loaded = page.asked.map((address) => new URL(address)).filter(({ origin, pathname }) => origin === ADDRESS && (pathname === '/' || /^\/assets\/.*\.(js|css)$/.test(pathname))).map(({ pathname }) => (pathname === '/' ? 'index.html' : pathname.slice(1)))
    assert.ok(loaded.length > 4 && !loaded.some((name) => /\/card-/.test(name)))
    const bytes = [...new Set(loaded)].reduce((sum, name) => sum + statSync(`${DIST}${name}.gz`).size, 0)
    assert.ok(bytes <= FIRST_LOAD_BYTES, `the first load is ${bytes} bytes (gzip)`)
    assert.ok(!page.asked.some((address) => address.includes('/attachments')))
    const answer = page.waitForResponse((response) => response.url().includes(`${none.id}/attachments`))
    await select(page, none.id)
    await answer
    await page.waitForSelector('#detail article .pictures', { state: 'attached' })
    assert.equal((await page.innerHTML('.pictures')).trim(), '')

    await select(page, id)
    await seen(page, 1)
    assert.deepEqual(await captions(page), ['北门裂缝'])
    assert.equal(await page.getAttribute('.thumb img', 'alt'), '北门裂缝')
    assert.match(await page.textContent('.thumbs li'), /照片 · 拍摄于 2026.*公开/)
    assert.equal(await page.locator('#picture-add, .thumbs .detach').count(), 0, 'the public changes nothing')
    await signIn(page, 'viewer')
    await seen(page, 2)
    assert.deepEqual(await captions(page), ['北门裂缝', '示意图 2'])
    assert.match(await page.textContent('.thumbs li:nth-child(2)'), /拍摄时间未说明.*内部/)
    assert.equal(await page.locator('#picture-add, .thumbs .detach').count(), 0, 'a viewer changes nothing')
    assert.deepEqual(await accessibility(page), [])
    await shot(page, 'pictures-card')
    await page.emulateMedia({ media: 'print' })
    assert.ok(await page.isVisible('.thumb img'), 'thumbnails are printed')
    await shot(page, 'pictures-print')
    await page.emulateMedia({ media: 'screen' })
    await page.click('#do-lang')
    await page.waitForSelector('.thumbs .what >> text=sketch 2')
    assert.match(await page.textContent('.pictures'), /Pictures.*not stated when it was taken.*internal/)
    await close(page)
  })

  it('open large with Enter, turn with the arrow keys, close with Escape; the focus comes back and every address is let go of', async () => {
    const { id, path } = await record()
    for (const [colour, caption] of [[[180, 40, 40], '东侧'], [[40, 160, 60], '西侧'], [[40, 60, 180], null]]) await attach(path, colour, { caption, visibility: 'public' })
    const page = await card(id, 'viewer', { theme: 'dark' })
    await seen(page, 3)
    await page.evaluate(() => {
      window.held = new Set()
      const [make, drop] = [URL.createObjectURL, URL.revokeObjectURL]
      URL.createObjectURL = (content) => { const made = make.call(URL, content); window.held.add(made); return made }
      URL.revokeObjectURL = (address) => { window.held.delete(address); drop.call(URL, address) }
    })
    const large = (alt) => page.waitForFunction((wanted) => { const image = document.querySelector('#picture-dialog .stage img'); return image?.alt === wanted && image.naturalWidth === 320 }, alt)
    await page.focus('.thumbs li:first-child .thumb')
    await page.keyboard.press('Enter')
    await large('东侧')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowRight')
    await large('西侧')
    assert.match(await page.textContent('#picture-dialog .words'), /第 2 张，共 3 张 · 照片.*附上.*公开、所有人可见/)
    assert.match(await page.textContent('#picture-dialog .drill'), /演练/)
    assert.deepEqual(await accessibility(page), [])
    await shot(page, 'pictures-large')
    await page.click('#picture-next')
    await large('照片 3')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Tab')
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.getElementById('picture-dialog').contains(document.activeElement)), 'the focus does not leave the dialog')
    await page.keyboard.press('Escape')
    await page.waitForSelector('#picture-dialog', { state: 'detached' })
    assert.equal(await page.evaluate(() => document.activeElement.querySelector('img')?.alt), '照片 3')
    assert.equal(await page.evaluate(() => window.held.size), 0)
    await close(page)
  })

  it('say so when they are hidden, gone, broken or out of reach, and the others are shown', async () => {
    const { id, path } = await record()
    const [hidden, lost, broken] = [await attach(path, [10, 100, 100], { caption: '甲' }), await attach(path, [100, 10, 100], { caption: '乙' }), await attach(path, [100, 100, 10], { caption: '丙' })]
    await attach(path, [90, 90, 90], { caption: '丁' })
    const page = await open(browser, `#lang=zh&theme=light&${EXERCISE}&panel=layers`, {}, [/404/, /ERR_FAILED/])
    await page.route(`**/${hidden}/thumbnail*`, (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"detail":"no attachment"}' }))
    await page.route(`**/${lost}/**`, (route) => route.abort())
    await page.route(`**/${lost}?**`, (route) => route.abort())
    await page.route(`**/${broken}/thumbnail*`, (route) => route.fulfill({ status: 200, contentType: 'image/jpeg', body: 'no picture' }))
    await signIn(page, 'viewer')
    await select(page, id)
    await seen(page, 1)
    await page.waitForFunction(() => document.querySelectorAll('.thumb .problem').length === 3)
    assert.deepEqual(await page.locator('.thumb .problem').allTextContents(), ['您无权查看，或图片已移除', '无法连接服务器', '图片无法显示'])
    await page.click('.thumbs li:nth-child(2) .thumb')
    await page.waitForSelector('#picture-dialog .problem >> text=无法连接服务器')
    await page.unroute(`**/${lost}?**`)
    await page.click('#picture-again')
    await page.waitForSelector('#picture-dialog .stage img')
    await close(page)
  })

  it('fit a phone, in Chinese and in English', async () => {
    const { id, path } = await record()
    await attach(path, [200, 120, 40], { caption: '一张有很长说明的照片'.repeat(8), visibility: 'public' })
    await attach(path, [40, 120, 200], { role: 'document', visibility: 'public' })
    const page = await card(id, 'field', { width: 390, height: 844, hasTouch: true, isMobile: true })
    for (const [lang, add] of [['zh', '添加图片'], ['en', 'Add a picture']]) {
      await page.locator('.pictures').scrollIntoViewIfNeeded()
      await page.locator(`#picture-add-open >> text=${add}`).scrollIntoViewIfNeeded()
      await seen(page, 2)
      assert.ok(await page.evaluate(() => document.getElementById('panel').scrollWidth <= document.getElementById('panel').clientWidth), 'the panel is not wider than the phone')
      const heights = await page.locator('.thumbs button, #picture-add-open').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height))
      assert.ok(heights.every((height) => height >= 44), `targets are ${heights} px high`)
      await shot(page, `pictures-phone-${lang}`)
      await page.locator('.thumb').first().tap()
      await page.waitForSelector('#picture-dialog .stage img')
      const [box, room] = await page.evaluate(() => [document.getElementById('picture-close').getBoundingClientRect().toJSON(), { right: innerWidth, bottom: innerHeight }])
      assert.ok(box.right <= room.right && box.bottom <= room.bottom, 'the dialog fits')
      await shot(page, `pictures-phone-large-${lang}`)
      await page.click('#picture-close')
      if (lang === 'zh') await page.click('#do-lang')
    }
    await close(page)
  })
})

describe('those who may', () => {
  it('add a picture that is scaled down first, once, however often it is tried', async () => {
    const { id, path } = await record()
    const page = await card(id, 'field', { expected: [/ERR_FAILED/] })
    await page.click('#picture-add-open')
    const large = { name: '无人机.png', mimeType: 'image/png', buffer: png(3000, 600, [60, 140, 60], 0) }
    assert.ok(large.buffer.length > 5_000_000)
    await page.setInputFiles('#picture-input', large)
    await page.waitForSelector('#picture-form >> text=已缩小为 2,560 × 512 像素')
    assert.deepEqual(await accessibility(page), [])
    await page.fill('#picture-caption', '无人机俯拍')
    await page.fill('#picture-taken', '2026-04-05T06:07')
    await page.selectOption('#picture-visibility', 'internal')
    await shot(page, 'pictures-add')
    let refused = 0
    await page.route('**/v1/resources/*/attachments/*', (route) => (route.request().method() === 'PUT' && !refused++ ? route.abort() : route.continue()))
    await page.click('#picture-save')
    await page.waitForSelector('#picture-said .problem >> text=重试不会重复添加')
    assert.equal(await page.inputValue('#picture-caption'), '无人机俯拍', 'what was typed stays')
    await page.click('#picture-save >> text=重试')
    await seen(page, 1)
    const [one, ...others] = await listed(path)
    assert.deepEqual(others, [])
    assert.deepEqual([one.width_px, one.height_px, one.caption, one.role, one.visibility, new Date(one.taken_at).toISOString()], [2560, 512, '无人机俯拍', 'photo', 'internal', new Date('2026-04-05T06:07').toISOString()])
    assert.equal(page.asked.filter((address) => address.includes('/v1/attachments/')).length, 1, 'the file was sent once')
    assert.equal(await page.evaluate(() => document.activeElement.className), 'thumb')
    assert.equal(await page.locator('#picture-form').count(), 0)
    await close(page)
  })

  it('drop a picture, hear in words what the registry refuses, say something else of it, and detach it when asked', async () => {
    const { id, path } = await record()
    const page = await card(id, 'planner', { expected: [/400|422/] })
    await page.click('#picture-add-open')
    await page.setInputFiles('#picture-input', { name: '台账.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') })
    await page.click('#picture-save')
    await page.waitForSelector('#picture-said .problem >> text=只接收 JPEG、PNG 和 WebP 图片')
    const dropped = await page.evaluateHandle((bytes) => {
      const moved = new DataTransfer()
      moved.items.add(new File([Uint8Array.from(bytes)], '东门.png', { type: 'image/png' }))
      return moved
    }, [...png(64, 48, [120, 30, 90])])
    await page.dispatchEvent('#picture-drop', 'drop', { dataTransfer: dropped })
    await page.waitForSelector('#picture-form >> text=东门.png')
    await page.selectOption('#picture-role', 'document')
    await page.click('#picture-save')
    await seen(page, 1)
    assert.deepEqual(await captions(page), ['文件 1'])
    assert.equal((await listed(path))[0].visibility, 'public', 'as the record is')
    await page.click('.thumbs .change')
    await page.fill('#dialog #picture-caption', '东门告示')
    await page.selectOption('#dialog #picture-visibility', 'restricted')
    assert.deepEqual(await accessibility(page), [])
    await page.click('#dialog .main')
    await page.waitForSelector('.thumbs .what >> text=东门告示')
    assert.deepEqual((await listed(path)).map(({ caption, visibility, role }) => [caption, visibility, role]), [['东门告示', 'restricted', 'document']])
    await page.click('.thumbs .detach')
    await page.waitForSelector('#dialog >> text=移除“东门告示”？')
    await page.keyboard.press('Escape')
    assert.equal((await listed(path)).length, 1)
    await page.click('.thumbs .detach')
    await page.click('#dialog .main')
    await page.waitForSelector('.thumbs', { state: 'detached' })
    assert.deepEqual(await listed(path), [])
    assert.equal(await page.evaluate(() => document.activeElement.id), 'picture-add-open')
    await close(page)
  })

  it('are field officers in their places, and nobody in the past', async () => {
    const { id, path } = await record({ place: '500110' })
    await attach(path, [30, 130, 130], { visibility: 'public' })
    const page = await open(browser, `#lang=en&theme=light&${EXERCISE}&panel=layers`)
    await page.route('**/v1/me', async (route) => route.fulfill({ json: { id: 'key:elsewhere', role: 'field', places: ['500112'] } }))
    await signIn(page, 'field')
    await select(page, id)
    await seen(page, 1)
    assert.equal(await page.locator('#picture-add, .thumbs .detach').count(), 0)
    await page.unroute('**/v1/me')
    await signIn(page, 'field')
    await page.waitForSelector('#picture-add')
    await page.evaluate((at) => (location.hash += `&as_of=${at}`), new Date().toISOString())
    await page.waitForSelector('body.past')
    await seen(page, 1)
    assert.equal(await page.locator('#picture-add, .thumbs .detach').count(), 0)
    await close(page)
  })
})

describe('pictures of an incident', () => {
  it('stand in its panel, and what is typed beside them stays when the panel is drawn again', async () => {
    const { incident } = await post(`/v1/incidents?${EXERCISE}`, { hazard: 'forest_fire', geometry: { type: 'Point', coordinates: [106.72, 28.95] }, location: { quality: 'approximate', uncertainty_m: 100, datum: 'wgs84', source: 'test' }, reported_via: 'hotline' }, AUTHORISED)
    const path = `/v1/incidents/${incident.id}`
    await attach(path, [210, 90, 30], { caption: '火线' })
    const page = await open(browser, `#lang=zh&theme=light&${EXERCISE}&panel=incident&incident=${incident.id}`, {}, [/404/])
    await signIn(page, 'field')
    await page.waitForSelector('#incident-head')
    await page.locator('.pictures').scrollIntoViewIfNeeded()
    await seen(page, 1)
    await page.click('#picture-add-open')
    await page.setInputFiles('#picture-input', { name: '火头.png', mimeType: 'image/png', buffer: png(64, 48, [220, 110, 20]) })
    await page.fill('#picture-caption', '火头')
    await page.focus('.thumb')
    await page.click('#incident-acts [data-next=confirmed]')
    await page.waitForSelector('#incident-head[data-state=confirmed]')
    assert.equal(await page.inputValue('#picture-caption'), '火头')
    await page.click('#picture-save')
    await seen(page, 2)
    assert.deepEqual((await listed(path)).map(({ caption, visibility }) => [caption, visibility]), [['火线', incident.visibility], ['火头', incident.visibility]])
    await shot(page, 'pictures-incident')
    await close(page)
  })
})
