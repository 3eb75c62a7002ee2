/** The field page: it starts and works without a network, and what a person did is neither lost nor done twice. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { after, before, describe, it } from 'node:test'
import { accessibility, ADDRESS, api, AUTHORISED, chromium, CHROMIUM, close, FLAGS, post, shot, start } from './browser.mjs'

const KILLS = Number(process.env.FIELD_KILLS ?? 2)
const DIST = new URL('../../web/dist/', import.meta.url)
/** Exercises of this run: a registry that is tried twice begins anew. */
const RUN = Date.now().toString(36)
const DISTRICT = '500110'
const PHONE = { width: 390, height: 844 }
const HERE = { longitude: 106.65, latitude: 29.03 }
const MOST_MS = 120_000
const SHELL_MOST_BYTES = 60_000

let browser
before(async () => (browser = await start()))
after(() => browser.close())

/** What a promise brings; an error that says what was waited for, where it does not come. */
function within(what, promise) {
  let timer
  const late = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error(`waited ${MOST_MS} ms for ${what}`)), MOST_MS)))
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const place = async (exercise, name, more = {}, coordinates = [106.651, 29.031]) =>
  post(`/v1/resources?exercise=${exercise}`, { type: 'Feature', geometry: coordinates && { type: 'Point', coordinates }, properties: { kind: 'shelter', name: { zh: name }, place: DISTRICT, location: coordinates ? { quality: 'surveyed', uncertainty_m: 10, source: 'test' } : { quality: 'unknown' }, ...more } }, AUTHORISED)
const now = (exercise, id) => api(`/v1/resources/${id}?exercise=${exercise}`, { headers: AUTHORISED })

/** Keeps what must never happen on a page; a lost network is reported by the browser as an error, and is none. */
function watched(page) {
  page.setDefaultTimeout(60_000)
  page.faults = []
  page.asked = []
  page.on('console', (message) => message.type() === 'error' && !/net::ERR_|Failed to load resource/.test(message.text()) && page.faults.push(message.text()))
  page.on('pageerror', (error) => page.faults.push(`${error.message}\n${error.stack}`))
  page.on('request', (request) => page.asked.push(request.url()))
  return page
}

/** A phone: a context of the one browser, with a position. */
async function phone(accuracy = 8, lang = 'zh-CN') {
  const context = await browser.newContext({ viewport: PHONE, locale: lang, hasTouch: true, geolocation: { ...HERE, accuracy }, permissions: ['geolocation'] })
  return watched(await context.newPage())
}

/** Signs in for the district, and waits until the records and the files of the page are on the phone. */
async function signIn(page, exercise, role = 'FIELD', keep = true) {
  await page.goto(`${ADDRESS}/field`)
  await page.waitForSelector('#signin, #signin-now')
  if (await page.locator('#signin-now').count()) await page.click('#signin-now')
  await page.fill('#key', role === 'ADMIN' ? process.env.REGISTRY_KEY : process.env[`REGISTRY_${role}_KEY`])
  await page.fill('#exercise', exercise)
  if (keep) await page.check('#key-keep')
  await page.click('#signin-next')
  await page.fill('#place-find', '綦江')
  await page.click(`[data-place="${DISTRICT}"]`)
  await page.waitForSelector('#due')
  await synced(page)
  await kept(page)
}

/** Waits until the files of the page are kept in the browser. */
const kept = (page) => within('the service worker', page.evaluate(async () => void (await navigator.serviceWorker.ready)))
const synced = (page) => page.waitForSelector('#state[data-trouble=none][data-syncing=false]')
const tab = (page, name) => page.click(`#tab-${name}`)
const left = async (page) => {
  await tab(page, 'waiting')
  return Number(await page.getAttribute('#waiting', 'data-waiting'))
}

async function openRecord(page, id) {
  await page.evaluate((to) => (location.hash = `record/${to}`), id)
  await page.waitForSelector(`#record[data-id="${id}"]`)
}

/** Confirms a record in two taps. */
async function verify(page, id) {
  await openRecord(page, id)
  const before = await page.locator('#record-mine li').count()
  await page.click('#verify')
  await page.click('#how-seen')
  await page.waitForFunction((n) => document.querySelectorAll('#record-mine li').length > n || document.querySelector('#record-out')?.textContent, before)
}

describe('the field page', () => {
  it('is small, names what it needs and asks no other host', async () => {
    const files = JSON.parse(/SHELL = (\[.*?\])/.exec(await readFile(new URL('field-worker.js', DIST), 'utf8'))[1])
    let bytes = 0
    for (const name of files.filter((one) => /\.(js|css)$/.test(one))) bytes += brotliCompressSync(await readFile(new URL(name, DIST))).length
    assert.ok(bytes > 5_000 && bytes <= SHELL_MOST_BYTES, `the shell is ${bytes} bytes`)
    const manifest = await api('/field.webmanifest')
    assert.equal(manifest.display, 'standalone')
    for (const { src, sizes } of manifest.icons) {
      const icon = Buffer.from(await (await fetch(new URL(src, `${ADDRESS}/`))).arrayBuffer())
      assert.equal(`${icon.readUInt32BE(16)}x${icon.readUInt32BE(20)}`, sizes)
    }
  })

  it('lists what is due by distance, with the error of the phone and of the record', async () => {
    const far = await place(`field-due-${RUN}`, '远处', {}, [106.7, 29.1])
    const near = await place(`field-due-${RUN}`, '近处')
    const lost = await place(`field-due-${RUN}`, '无位置', {}, null)
    const fresh = await place(`field-due-${RUN}`, '已核实')
    await post(`/v1/resources/${fresh.id}/verification?exercise=field-due-${RUN}`, { how: 'test' }, AUTHORISED)
    const page = await phone()
    await signIn(page, `field-due-${RUN}`)
    await page.waitForFunction(() => document.querySelectorAll('.away')[0]?.textContent)
    const ids = await page.locator('#due-list [data-id]').evaluateAll((all) => all.map(({ dataset }) => dataset.id))
    assert.deepEqual(ids, [near.id, far.id, lost.id])
    assert.match(await page.textContent('#fix'), /16 m/, 'the accuracy of a phone is doubled')
    assert.match(await page.textContent(`[data-id="${near.id}"] .away`), /14\d m（±26 m）/)
    assert.equal(await page.textContent(`[data-id="${lost.id}"] .away`), '没有位置')
    await page.selectOption('#due-days', '0')
    assert.equal(await page.locator('#due-list [data-id]').count(), 4)
    await page.fill('#due-find', '近')
    assert.equal(await page.locator('#due-list [data-id]').count(), 1)
    await close(page)
  })

  it('starts without a network after the first visit, and shows records', async () => {
    const { id } = await place(`field-offline-${RUN}`, '断网可见', { capacity_persons: 120, note: '钥匙在门卫' })
    const page = await phone()
    await signIn(page, `field-offline-${RUN}`)
    await page.context().setOffline(true)
    await page.goto(`${ADDRESS}/field`)
    await page.waitForSelector('#state[data-trouble=offline]')
    await page.click(`#due-list [data-id="${id}"]`)
    await page.waitForSelector('#record >> text=钥匙在门卫')
    assert.match(await page.textContent('#record'), /120/)
    await page.reload()
    await page.waitForSelector('#record >> text=断网可见')
    await close(page)
  })

  it('keeps the key only where that was asked for', async () => {
    await place(`field-key-${RUN}`, '钥匙')
    const page = await phone()
    await signIn(page, `field-key-${RUN}`, 'FIELD', false)
    assert.equal(await page.evaluate(() => localStorage.getItem('registry.field.key')), null)
    const second = watched(await page.context().newPage())
    await second.goto(`${ADDRESS}/field`)
    await second.waitForSelector('#elsewhere')
    await page.close()
    await second.reload()
    await second.waitForSelector('#state[data-trouble=key]')
    assert.equal(await second.locator('#due-list [data-id]').count(), 1, 'the records stay readable')
    second.asked.push(...page.asked)
    await close(second)
  })

  it('has nothing for axe, and targets of 48 pixels, in both themes and languages', async () => {
    const { id } = await place(`field-axe-${RUN}`, '无障碍')
    const page = await phone()
    await page.goto(`${ADDRESS}/field`)
    await page.waitForSelector('#signin')
    assert.deepEqual(await accessibility(page), [])
    await signIn(page, `field-axe-${RUN}`)
    for (const theme of ['sun', 'night'])
      for (const lang of ['zh', 'en']) {
        await page.evaluate(([a, b]) => (localStorage.setItem('registry.field.theme', a), localStorage.setItem('registry.field.lang', b)), [theme, lang])
        await page.reload()
        for (const screen of ['due', `record/${id}`, 'report', 'waiting', 'more']) {
          await page.evaluate((to) => (location.hash = to), screen)
          await page.waitForSelector(`#${screen.split('/')[0]}`)
          await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)))
          assert.deepEqual(await accessibility(page), [], `${screen} ${theme} ${lang}`)
          const small = await page.evaluate(() => [...document.querySelectorAll('button, select, input, textarea, summary, a')].map((one) => [one.id, one.getBoundingClientRect()]).filter(([, box]) => box.width && (box.height < 48 || box.width < 48)).map(([name, box]) => `${name} ${box.width}x${box.height}`))
          assert.deepEqual(small, [], `${screen} ${theme} ${lang}`)
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the phone')
          if (lang === 'zh') await shot(page, `field-${screen.split('/')[0]}-${theme}`)
        }
      }
    await close(page)
  })

  it('drops the records when its key is not accepted any more, and keeps what was done', async () => {
    const { id } = await place(`field-revoked-${RUN}`, '吊销')
    const page = await phone()
    await signIn(page, `field-revoked-${RUN}`)
    await page.context().setOffline(true)
    await verify(page, id)
    await page.context().route('**/v1/**', (route) => route.fulfill({ status: 401, json: { title: 'no', detail: 'revoked' } }))
    await page.context().setOffline(false)
    await page.waitForSelector('#revoked')
    assert.equal(await left(page), 1)
    await tab(page, 'due')
    assert.equal(await page.locator('#due-list [data-id]').count(), 0)
    await close(page)
  })
})

describe('the queue', () => {
  it('takes reports without a network, says why they wait, and sends them when there is one', async () => {
    const exercise = `field-queue-${RUN}`
    const { id } = await place(exercise, '排队', { capacity_persons: 100, manager: '旧单位' })
    const page = await phone(10)
    await signIn(page, exercise)
    await page.context().setOffline(true)
    await verify(page, id)
    await page.click('#part-status summary')
    await page.selectOption('#status-value', 'open')
    await page.fill('#status-note', '大门已开')
    await page.click('#status-save')
    await page.waitForFunction(() => document.querySelectorAll('#record-mine li').length === 2)
    await page.click('#part-correct summary')
    await page.fill('#correct-manager', '新单位')
    await page.fill('#correct-capacity_persons', '140')
    await page.click('#correct-save')
    await page.waitForFunction(() => document.querySelectorAll('#record-mine li').length === 3)
    assert.match(await page.textContent('#record article'), /新单位/, 'the record shows what was done to it')
    await page.click('#part-position summary')
    await page.click('#position-take')
    await page.waitForSelector('.fix[data-quality=surveyed]')
    await page.click('#position-save')
    await page.waitForFunction(() => document.querySelectorAll('#record-mine li').length === 4)
    await tab(page, 'report')
    await page.selectOption('#report-hazard', 'forest_fire')
    await page.click('#report-save')
    assert.match(await page.textContent('#report-out'), /看到了什么/)
    await page.fill('#report-what', '山脊有烟')
    await page.click('#position-take')
    await page.waitForSelector('.fix[data-quality=surveyed]')
    await page.click('#report-save')
    await page.waitForSelector('#waiting[data-waiting="5"] >> text=没有网络')
    await page.context().setOffline(false)
    await page.waitForSelector('#waiting[data-waiting="0"][data-refused="0"]')
    await page.waitForSelector('#waiting >> text=等待规划员审核')
    const { properties } = await now(exercise, id)
    assert.deepEqual([properties.opening, properties.manager, properties.capacity_persons], ['open', '新单位', 140])
    assert.ok(properties.verified_at)
    const { incidents } = await api(`/v1/incidents?exercise=${exercise}`, { headers: AUTHORISED })
    assert.deepEqual(incidents.map(({ note, location, reported_via, visibility, state }) => [note, location.quality, location.uncertainty_m, reported_via, visibility, state]), [['山脊有烟', 'surveyed', 20, 'field', 'internal', 'reported']])
    const { corrections } = await api(`/v1/corrections?exercise=${exercise}`, { headers: AUTHORISED })
    assert.equal(corrections.length, 1, 'a position by a field officer waits for a planner')
    await synced(page)
    await close(page)
  })

  it('counts what was counted, and dates it by the clock of the registry on a phone that is a day ahead', async () => {
    const exercise = `field-count-${RUN}`
    const stock = [{ item_code: '1010101', name: { zh: '帐篷' }, quantity: 10, unit: '顶' }, { item_code: '1010102', name: { zh: '棉被' }, quantity: 7, unit: '床' }]
    const { id } = await place(exercise, '仓库', { kind: 'supply_depot', stock })
    const page = await phone()
    await page.clock.setFixedTime(Date.now() + 26 * 3_600_000)
    await signIn(page, exercise)
    await page.context().setOffline(true)
    await openRecord(page, id)
    await page.click('#part-count summary')
    assert.match(await page.textContent('#part-count'), /帐篷（顶）上次 10/)
    await page.fill('#count-0', '0')
    await page.click('#count-save')
    await page.waitForSelector('#record-mine >> text=1010101 0顶')
    await page.context().setOffline(false)
    await left(page)
    await page.waitForSelector('#waiting[data-waiting="0"][data-refused="0"]')
    await synced(page)
    const { properties } = await now(exercise, id)
    assert.deepEqual(properties.stock.map(({ quantity }) => quantity), [0, 7])
    const ahead_h = (Date.parse(properties.stock[0].counted_at ?? properties.updated_at) - Date.now()) / 3_600_000
    assert.ok(Math.abs(ahead_h) < 1, `${ahead_h} hours ahead`)
    await close(page)
  })

  it('refuses a position that is worse than 200 m, and calls one of 40 m approximate', async () => {
    const exercise = `field-fix-${RUN}`
    const { id } = await place(exercise, '定位')
    const page = await phone(125)
    await signIn(page, exercise)
    await openRecord(page, id)
    await page.click('#part-position summary')
    await page.click('#position-take')
    await page.waitForSelector('.fix >> text=250 m')
    await page.click('#position-save')
    await page.waitForSelector('#record-out:not(:empty)')
    assert.equal(await page.locator('#record-mine').count(), 0)
    await page.context().setGeolocation({ ...HERE, accuracy: 20 })
    await page.click('#position-take')
    await page.waitForSelector('.fix[data-quality=approximate] >> text=40 m')
    await close(page)
  })

  it('sends what was not answered once more as it was, and it takes effect once', async () => {
    const exercise = `field-lost-${RUN}`
    const { id } = await place(exercise, '失答')
    const page = await phone()
    await signIn(page, exercise)
    const sent = []
    await page.context().route('**/v1/sync/push*', async (route) => {
      sent.push(route.request().postData())
      if (sent.length > 1) return route.continue()
      await route.fetch()
      await route.abort('connectionreset')
    })
    await verify(page, id)
    await tab(page, 'waiting')
    await page.waitForSelector('#waiting[data-waiting="1"] >> text=未收到答复')
    assert.equal((await now(exercise, id)).properties.version, 2, 'the registry carried it out')
    await page.click('#send')
    await page.waitForSelector('#waiting[data-waiting="0"]')
    assert.equal(sent.length, 2)
    assert.equal(sent[0], sent[1], 'the same bytes')
    await synced(page)
    assert.equal((await now(exercise, id)).properties.version, 2)
    await close(page)
  })

  it('shows a conflict with both values, and a person settles it', async () => {
    const exercise = `field-conflict-${RUN}`
    const [one, two] = [await place(exercise, '冲突甲', { manager: '原' }), await place(exercise, '冲突乙', { manager: '原' })]
    const page = await phone()
    await signIn(page, exercise)
    await page.context().setOffline(true)
    for (const { id } of [one, two]) {
      await openRecord(page, id)
      await page.click('#part-correct summary')
      await page.fill('#correct-manager', '我的')
      await page.click('#correct-save')
      await page.waitForSelector('#record-mine')
      await api(`/v1/resources/${id}?exercise=${exercise}&base_version=1`, { method: 'PATCH', headers: { ...AUTHORISED, 'Content-Type': 'application/merge-patch+json' }, body: JSON.stringify({ properties: { manager: '他人' } }) })
    }
    await tab(page, 'waiting')
    await page.context().setOffline(false)
    await page.waitForSelector('#waiting[data-refused="2"]')
    await synced(page)
    const item = page.locator('li.refused', { hasText: '冲突甲' })
    assert.match(await item.textContent(), /管理单位他人我的/)
    assert.deepEqual(await accessibility(page), [])
    await shot(page, 'field-conflict')
    await item.locator('[id^=again]').click()
    await page.waitForSelector('#waiting[data-refused="1"][data-waiting="0"]')
    await page.locator('li.refused', { hasText: '冲突乙' }).locator('[id^=drop]').click()
    await page.waitForSelector('#waiting[data-refused="0"]')
    await synced(page)
    assert.deepEqual([(await now(exercise, one.id)).properties.manager, (await now(exercise, two.id)).properties.manager], ['我的', '他人'])
    await close(page)
  })

  it('takes a new snapshot when the feed no longer knows its cursor, and keeps what waits', async () => {
    const exercise = `field-410-${RUN}`
    const { id } = await place(exercise, '恢复')
    const page = await phone()
    await signIn(page, exercise)
    await page.context().setOffline(true)
    await verify(page, id)
    const { id: newer } = await place(exercise, '后来')
    let expired = 0
    await page.context().route('**/v1/changes*', (route) => (expired++ ? route.continue() : route.fulfill({ status: 410, json: { title: 'gone', detail: 'restored' } })))
    await page.context().route('**/v1/sync/push*', (route) => (expired ? route.continue() : route.fulfill({ status: 200, json: { results: JSON.parse(route.request().postData()).operations.map(({ op_id }) => ({ op_id, result: 'blocked' })) } })))
    await page.context().setOffline(false)
    await synced(page)
    assert.equal(await left(page), 1, 'what waits is kept')
    assert.equal(page.asked.filter((url) => url.includes('/v1/sync/snapshot')).length, 2)
    await page.click('#send')
    await page.waitForSelector('#waiting[data-waiting="0"]')
    await tab(page, 'due')
    await page.waitForSelector(`#due-list [data-id="${newer}"]`)
    await close(page)
  })

  it('keeps photos without a network, shrinks them, and sends them after the reports', async () => {
    const exercise = `field-photo-${RUN}`
    const { id } = await place(exercise, '照片')
    const page = await phone()
    await signIn(page, exercise)
    const content = Buffer.from(await page.evaluate(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 4000, height: 1000 })
      canvas.getContext('2d').fillRect(100, 100, 2000, 500)
      return canvas.toDataURL('image/jpeg').split(',')[1]
    }), 'base64')
    const photo = { name: 'gate.jpg', mimeType: 'image/jpeg', buffer: content }
    await page.context().setOffline(true)
    await openRecord(page, id)
    await page.click('#part-photo summary')
    await page.click('#photo-save')
    await page.waitForSelector('#record-out >> text=请先拍照')
    await page.setInputFiles('#photo', { name: 'no.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') })
    await page.waitForSelector('.photo .problem >> text=无法读取')
    await page.setInputFiles('#photo', photo)
    await page.waitForSelector('#photo-preview:not([hidden])')
    await page.fill('#photo-caption', '大门')
    await shot(page, 'field-photo')
    await page.click('#photo-save')
    await page.waitForSelector('#record-mine >> text=照片: 大门')
    await tab(page, 'report')
    await page.fill('#report-what', '路面塌陷')
    await page.setInputFiles('#photo', photo)
    await page.click('#report-save')
    await page.waitForSelector('#waiting[data-waiting="3"]')
    await page.reload()
    await page.waitForSelector('#waiting[data-waiting="3"]')
    page.asked.length = 0
    await page.context().setOffline(false)
    await page.click('#send')
    await page.waitForSelector('#waiting[data-waiting="0"][data-refused="0"]')
    const sent = page.asked.map((url) => /sync\/push|v1\/attachments/.exec(url)?.[0]).filter(Boolean)
    assert.deepEqual(sent, ['sync/push', 'v1/attachments', 'sync/push', 'v1/attachments', 'sync/push'])
    const { attachments: [gate] } = await api(`/v1/resources/${id}/attachments?exercise=${exercise}`, { headers: AUTHORISED })
    assert.deepEqual([gate.caption, gate.role, gate.width_px, gate.height_px, gate.attached_by], ['大门', 'photo', 2560, 640, 'key:the-field'])
    assert.ok(Math.abs(Date.parse(gate.taken_at) - Date.now()) < 3_600_000)
    const { incidents: [fallen] } = await api(`/v1/incidents?exercise=${exercise}`, { headers: AUTHORISED })
    assert.equal((await api(`/v1/incidents/${fallen.id}/attachments?exercise=${exercise}`, { headers: AUTHORISED })).attachments.length, 1)
    await synced(page)
    await close(page)
  })

  it('says that the browser lost a photo, and removes photos that nothing names', async () => {
    const exercise = `field-lost-${RUN}`
    const { id } = await place(exercise, '丢失')
    const page = await phone()
    await signIn(page, exercise)
    const photo = { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') }
    const photos = () => page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('field')
      const names = []
      for await (const name of folder.keys()) if (name.startsWith('photo-')) names.push(name)
      return names
    })
    await page.context().setOffline(true)
    await openRecord(page, id)
    await page.click('#part-photo summary')
    await page.setInputFiles('#photo', photo)
    await page.waitForSelector('#photo-preview:not([hidden])')
    await page.click('#photo-save')
    await page.waitForSelector('#record-mine')
    const [name] = await photos()
    await page.evaluate(async (gone) => (await (await navigator.storage.getDirectory()).getDirectoryHandle('field')).removeEntry(gone), name)
    await page.context().setOffline(false)
    await tab(page, 'waiting')
    await page.click('#send')
    await page.waitForSelector('#waiting[data-refused="1"] >> text=丢失了这张照片')
    await page.locator('[id^=drop]').click()
    await page.waitForSelector('#waiting[data-refused="0"]')
    await page.evaluate(async () => (await (await navigator.storage.getDirectory()).getDirectoryHandle('field')).getFileHandle('photo-left', { create: true }))
    assert.deepEqual(await photos(), ['photo-left'])
    await page.reload()
    await page.waitForSelector('#waiting')
    await synced(page)
    assert.deepEqual(await photos(), [])
    await close(page)
  })

  it('writes what waits into a file that a passphrase opens, and takes effect once where both arrive', async () => {
    const exercise = `field-file-${RUN}`
    const { id } = await place(exercise, '文件')
    const page = await phone()
    await signIn(page, exercise)
    await page.context().setOffline(true)
    await verify(page, id)
    await tab(page, 'waiting')
    await page.click('#part-export summary')
    await page.fill('#export-passphrase', 'too short')
    await page.click('#export')
    await page.waitForSelector('#waiting .problem:not(:empty)')
    await page.fill('#export-passphrase', '一二三四五六七八九十甲乙')
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#export')])
    const { format, iterations, salt, nonce, sealed } = JSON.parse(await readFile(await download.path(), 'utf8'))
    const bytes = Buffer.from(sealed, 'base64')
    const decipher = createDecipheriv('aes-256-gcm', pbkdf2Sync('一二三四五六七八九十甲乙', Buffer.from(salt, 'base64'), iterations, 32, 'sha256'), Buffer.from(nonce, 'base64'))
    decipher.setAAD(Buffer.from(format)).setAuthTag(bytes.subarray(-16))
    const { holder, operations } = JSON.parse(decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8'))
    assert.equal(holder, 'key:the-field')
    const { results } = await post(`/v1/sync/push?exercise=${exercise}`, { operations }, { Authorization: `Bearer ${process.env.REGISTRY_FIELD_KEY}` })
    assert.deepEqual(results.map(({ result }) => result), ['applied'])
    await page.context().setOffline(false)
    await page.evaluate(() => document.querySelector('#part-export').removeAttribute('open'))
    await page.click('#send')
    await page.waitForSelector('#waiting[data-waiting="0"]')
    await synced(page)
    assert.equal((await now(exercise, id)).properties.version, 2)
    await close(page)
  })

  it('keeps a report that the registry refuses until somebody looked at it', async () => {
    const exercise = `field-refused-${RUN}`
    const { id } = await place(exercise, '拒绝')
    const page = await phone()
    await signIn(page, exercise)
    await openRecord(page, id)
    await page.click('#part-correct summary')
    await page.fill('#correct-capacity_persons', '-5')
    await page.click('#correct-save')
    await page.waitForSelector('#record-mine')
    await tab(page, 'waiting')
    await page.waitForSelector('#waiting[data-refused="1"] >> text=没有接受')
    await page.reload()
    await page.waitForSelector('li.refused')
    const [op] = await page.locator('li.refused').evaluateAll((all) => all.map(({ dataset }) => dataset.op))
    await page.click(`#again-${op}`)
    await page.waitForSelector(`li.refused:not([data-op="${op}"])`)
    await page.locator('[id^=drop]').click()
    await page.waitForSelector('#waiting[data-refused="0"]')
    assert.equal((await now(exercise, id)).properties.version, 1)
    await close(page)
  })
})

/** A browser of its own on a profile that outlives it; its process group is ended at once, as by a flat battery. */
async function handset(profile) {
  const process = spawn(CHROMIUM, [...FLAGS, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = new Promise((done) => process.once('exit', done))
  const address = await within('Chromium', new Promise((done, fail) => {
    let said = ''
    process.stderr.on('data', (bytes) => (said += bytes) && /listening on (ws:\S+)/.test(said) && done(/listening on (ws:\S+)/.exec(said)[1]))
    process.once('exit', () => fail(new Error(said)))
  }))
  const connection = await chromium.connectOverCDP(address)
  const context = connection.contexts()[0]
  const page = watched(await context.newPage())
  const kill = async () => {
    if (process.exitCode === null && process.signalCode === null) globalThis.process.kill(-process.pid, 'SIGKILL')
    await within('the end of Chromium', exited)
    await connection.close().catch(() => undefined)
  }
  return { page, context, kill }
}

describe('a phone that dies', () => {
  it(`loses nothing that it said was saved, and does nothing twice, in ${KILLS} kills`, async () => {
    const exercise = `field-kill-${RUN}`
    const { id } = await place(exercise, '断电')
    const profile = await mkdtemp(join(tmpdir(), 'field-'))
    const saved = []
    const report = async (page, note) => {
      await tab(page, 'report')
      await page.fill('#report-what', note)
      await page.click('#report-save')
      await page.waitForSelector(`#waiting >> text=${note}`)
      saved.push(note)
    }
    let phone = null
    try {
      phone = await handset(profile)
      await signIn(phone.page, exercise)
      for (let round = 0; round < KILLS; round++) {
        const inFlight = round % 2 === 1
        const died = new Promise((done) => phone.context.route('**/v1/sync/push*', async (route) => {
          if (inFlight) await route.fetch() // the registry carries it out, and the answer never comes
          done()
        }))
        for (let i = 0; i < 3; i++) await report(phone.page, `第${round}轮${i}号`)
        await within('a push', died)
        await phone.kill()
        if (round === KILLS - 1) await rm(join(profile, 'Default', 'IndexedDB'), { recursive: true, force: true })
        phone = await handset(profile)
        await phone.page.goto(`${ADDRESS}/field`)
        await phone.page.waitForSelector('#state:not([data-syncing=true])')
        if (await phone.page.locator('#signin-now').count()) await signIn(phone.page, exercise) // a key that was kept for seconds only
        await tab(phone.page, 'waiting')
        await phone.page.waitForSelector('#waiting[data-waiting="0"][data-refused="0"]')
        await synced(phone.page)
      }
      await tab(phone.page, 'due')
      await phone.page.waitForSelector(`#due-list [data-id="${id}"]`)
      await phone.kill()
      const { incidents } = await api(`/v1/incidents?exercise=${exercise}&limit=1000`, { headers: AUTHORISED })
      assert.deepEqual(incidents.map(({ note }) => note).sort(), saved.sort())
    } finally {
      await phone?.kill()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    }
  })
})

describe('a browser that cannot keep a journal', () => {
  it('shows the records, says so, and takes no reports', async () => {
    const exercise = `field-old-${RUN}`
    const { id } = await place(exercise, '旧浏览器')
    const page = await phone()
    await page.context().route('**/assets/journal-*', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, body: `FileSystemFileHandle.prototype.createSyncAccessHandle = undefined;${await response.text()}` })
    })
    await page.goto(`${ADDRESS}/field`)
    await page.waitForSelector('#unsafe')
    await signIn(page, exercise)
    await openRecord(page, id)
    assert.equal(await page.locator('.acts').count(), 0)
    await tab(page, 'report')
    await page.waitForSelector('#report >> text=无法可靠保存')
    await close(page)
  })
})

describe('the journal', () => {
  it('leaves out a line that was not finished, and is written anew when most of it is past', async () => {
    const exercise = `field-journal-${RUN}`
    const { id } = await place(exercise, '日志')
    const page = await phone()
    await signIn(page, exercise)
    await page.context().setOffline(true)
    await verify(page, id)
    await page.context().setOffline(false)
    await page.context().route('**/v1/**', (route) => route.abort())
    await page.goto(`${ADDRESS}/field.webmanifest`)
    await page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('field')
      const file = await folder.getFileHandle('journal-1')
      const { size } = await file.getFile()
      const past = `${JSON.stringify({ e: 'gone', ids: ['nobody'] })}\n`.repeat(500)
      const writing = await file.createWritable({ keepExistingData: true })
      await writing.write({ type: 'write', position: size, data: `${past}{"e":"gone","ids":["` })
      await writing.close()
      await (await (await folder.getFileHandle('journal-2', { create: true })).createWritable()).close() // a compaction that died
    })
    await page.goto(`${ADDRESS}/field`)
    assert.equal(await left(page), 1)
    await page.goto(`${ADDRESS}/field.webmanifest`)
    const files = await page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('field')
      const found = []
      for await (const [name, file] of folder.entries()) found.push([name, (await (await file.getFile()).text()).trim().split('\n').map((line) => JSON.parse(line).e ?? 'whole')])
      return found
    })
    assert.deepEqual(files, [['journal-2', ['scope', 'made', 'whole']]])
    await page.context().unroute('**/v1/**')
    await page.goto(`${ADDRESS}/field`)
    await tab(page, 'waiting')
    await page.waitForSelector('#waiting[data-waiting="0"]')
    await synced(page)
    assert.equal((await now(exercise, id)).properties.version, 2)
    await close(page)
  })
})

/** The registry behind an address at which its files may be others than they are. */
async function deployment() {
  const changed = new Map()
  const server = createServer(async ({ url, method, headers }, response) => {
    const path = url.split('?')[0]
    if (changed.has(path)) return void response.writeHead(changed.get(path).status ?? 200, { 'Content-Type': 'text/javascript' }).end(changed.get(path).body)
    const { host: _host, connection: _connection, ...sent } = headers
    const answer = await fetch(`${ADDRESS}${url}`, { method, headers: { ...sent, 'accept-encoding': 'identity' } })
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return { changed, address: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((done) => (server.close(done), server.closeAllConnections())) }
}

describe('a new build', () => {
  it('waits for a tap, and one that is not whole changes nothing', async () => {
    const { changed, address, close: end } = await deployment()
    const page = await phone()
    try {
      await page.goto(`${address}/field`)
      await page.waitForSelector('#signin')
      await kept(page)
      await page.reload()
      const script = await (await fetch(`${ADDRESS}/field-worker.js`)).text()
      const build = (version) => script.replace(/VERSION = '\w+'/, `VERSION = '${version}'`).replace('SHELL = [', 'SHELL = ["assets/more-1.js",')
      const update = () => within('an update', page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready
        await registration.update().catch(() => undefined)
        const { installing } = registration
        if (installing) await new Promise((done) => installing.addEventListener('statechange', () => /installed|redundant/.test(installing.state) && done()))
      }))
      const caches_of = () => page.evaluate(() => caches.keys())
      const [first] = await caches_of()
      changed.set('/field-worker.js', { body: build('broken') }).set('/assets/more-1.js', { status: 404, body: '' })
      await update()
      assert.deepEqual(await caches_of(), [first])
      assert.equal(await page.locator('#update').count(), 0)
      changed.set('/field-worker.js', { body: build('good') }).set('/assets/more-1.js', { body: '' })
      await update()
      await page.waitForSelector('#update')
      assert.deepEqual((await caches_of()).sort(), [first, 'field-good'].sort())
      await Promise.all([page.waitForEvent('load'), page.click('#update-take')])
      await page.waitForSelector('#signin')
      await page.waitForFunction(async () => (await caches.keys()).join() === 'field-good')
      page.asked = page.asked.filter((url) => !url.startsWith(address))
      await close(page)
    } finally {
      await end()
    }
  })
})
