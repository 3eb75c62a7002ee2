/** What waits for a planner, what changed, the records as a table, and the slider of a page that stays open. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { accessibility, api, AUTHORISED, close, drawn, open, post, settled, shot, signIn, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const FIELD = { Authorization: `Bearer ${process.env.REGISTRY_FIELD_KEY}` }
const place = (kind, lon, lat, more = {}) =>
  post('/v1/resources?exercise=desk', { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties: { kind, name: { zh: `待办${lon}` }, location: { quality: 'surveyed', uncertainty_m: 12, source: 'test' }, visibility: 'public', ...more } }, AUTHORISED)
const now = (id) => api(`/v1/resources/${id}?exercise=desk`, { headers: AUTHORISED })
const count = (page) => page.waitForFunction(() => !document.querySelector('#records[aria-busy]') && document.getElementById('records-count')?.dataset.count).then((held) => held.jsonValue()).then(Number)

describe('the inbox', () => {
  it('shows both versions of a correction on the map, and takes it in three actions', async () => {
    const { id } = await place('rescue_team', 106.71, 28.96)
    await post(`/v1/resources/${id}/location?exercise=desk`, { coordinates: [106.72, 28.97], datum: 'wgs84', accuracy_m: 8, evidence: '现场测得' }, FIELD)
    const page = await open(browser, '#lang=zh&theme=light&exercise=desk&panel=layers&at=10/28.95/106.7')
    await signIn(page, 'planner')
    await page.click('#tab-inbox')
    const line = page.locator('[data-correction]', { hasText: '现场测得' })
    await line.hover()
    await settled(page)
    assert.ok((await drawn(page, 'spot-line')).length > 0, 'the way between both positions is drawn')
    assert.match(await line.textContent(), /移动 1\.4\d km/)
    assert.deepEqual(await accessibility(page), [])
    await shot(page, 'inbox')
    await line.locator('[data-decide=accept]').click()
    await line.waitFor({ state: 'detached' })
    assert.deepEqual((await now(id)).geometry.coordinates, [106.72, 28.97])
    await close(page)
  })

  it('leaves the record as it is when a correction is rejected, with the reason', async () => {
    const { id } = await place('rescue_team', 106.73, 28.98)
    await post(`/v1/resources/${id}/location?exercise=desk`, { coordinates: [106.9, 28.9], datum: 'wgs84', accuracy_m: 8, evidence: '误报' }, FIELD)
    const page = await open(browser, '#lang=zh&theme=dark&exercise=desk&panel=inbox')
    await signIn(page, 'planner')
    const line = page.locator('[data-correction]', { hasText: '误报' })
    await line.locator('.reason').fill('不在本镇')
    await page.click('#tab-layers')
    await page.click('#tab-inbox')
    assert.equal(await line.locator('.reason').inputValue(), '不在本镇', 'what is typed outlives the lines')
    await line.locator('[data-decide=reject]').click()
    await line.waitFor({ state: 'detached' })
    assert.deepEqual((await now(id)).geometry.coordinates, [106.73, 28.98])
    const [decided] = (await api(`/v1/corrections?exercise=desk&state=rejected&resource=${id}`, { headers: AUTHORISED })).corrections
    assert.equal(decided.decision_reason, '不在本镇')
    await close(page)
  })

  it('goes through its lines with the keyboard, and offers a viewer nothing to press', async () => {
    const { id } = await place('rescue_team', 106.74, 28.99)
    for (const lon of [106.75, 106.76]) await post(`/v1/resources/${id}/location?exercise=desk`, { coordinates: [lon, 28.99], datum: 'wgs84', accuracy_m: 8, evidence: '两次' }, FIELD)
    const page = await open(browser, '#lang=zh&theme=light&exercise=desk&panel=inbox')
    await page.waitForSelector('#inbox-signin')
    await signIn(page, 'viewer')
    await page.waitForSelector('[data-correction]')
    assert.equal(await page.locator('[data-decide], [data-settle], [data-grant]').count(), 0)
    await page.focus('[data-correction] button.name >> nth=0')
    await page.keyboard.press('j')
    const at = await page.evaluate(() => [...document.querySelectorAll('#inbox .list > li')].indexOf(document.activeElement.closest('li')))
    assert.equal(at, 1)
    await close(page)
  })

  it('tells what changed since yesterday, in one action', async () => {
    const { id } = await place('shelter', 106.66, 28.9, { opening: 'open' })
    await post(`/v1/resources/${id}/status?exercise=desk`, { observed_at: new Date().toISOString(), opening: 'full' }, AUTHORISED)
    const since = new Date(Date.now() - 86_400_000).toISOString()
    const { changes } = await api(`/v1/changes?exercise=desk&registers=true&limit=500&since=${since}`)
    const page = await open(browser, '#lang=zh&theme=light&exercise=desk')
    await page.click('#tab-inbox')
    await page.waitForSelector('#changed-count')
    assert.equal(Number(await page.getAttribute('#changed-count', 'data-count')), changes.length)
    assert.match(await page.textContent(`#changed [data-id="${id}"] >> nth=0`), /上报状态/)
    await close(page)
  })
})

describe('the list', () => {
  it('holds the records in view, sorted and filtered, and changes many at once', async () => {
    const made = await Promise.all([106.6, 106.61, 106.62].map((lon) => place('rescue_team', lon, 28.8, { readiness: 'available' })))
    const page = await open(browser, '#lang=zh&theme=light&exercise=desk&panel=list&at=12.5/28.8/106.61')
    await signIn(page, 'planner')
    assert.equal(await count(page), 3)
    await page.click('[data-sort=name]')
    assert.equal(await page.getAttribute('th:has([data-sort=name])', 'aria-sort'), 'descending')
    await page.fill('#records-filter', '106.61')
    await page.waitForFunction(() => document.getElementById('records-count').dataset.count === '1')
    await page.fill('#records-filter', '')
    await page.waitForFunction(() => document.getElementById('records-count').dataset.count === '3')
    assert.deepEqual(await accessibility(page), [])
    await page.check('#records-all')
    await page.selectOption('#records-status', 'off_duty')
    await page.click('#records-set')
    await page.waitForSelector('#hint >> text=完成 3')
    for (const { id } of made) assert.equal((await now(id)).properties.readiness, 'off_duty')
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('#records-csv')])
    assert.match(file.suggestedFilename(), /^EXERCISE-desk-/)
    await shot(page, 'list')
    await close(page)
  })
})

describe('the slider', () => {
  it('keeps its end at now however long the page is open', async () => {
    const page = await open(browser, '#lang=en&theme=light&exercise=demo')
    await page.evaluate(() => {
      const later = 12 * 3_600_000
      const real = Date.now.bind(Date)
      Date.now = () => real() + later
    })
    await page.evaluate(() => {
      const slider = document.getElementById('time-slider')
      slider.value = '100'
      slider.dispatchEvent(new Event('input'))
    })
    await page.waitForFunction(() => location.hash.includes('as_of='))
    const at = Date.parse(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('as_of'))
    const expected = Date.now() + 12 * 3_600_000 - 12 * 3_600_000
    assert.ok(Math.abs(at - expected) < 15 * 60_000, `half a day before the end is ${new Date(at).toISOString()}`)
    await close(page)
  })

  it('takes any date, and says since when anything is known', async () => {
    const page = await open(browser, '#lang=zh&theme=light')
    await page.fill('#time-exact', '2020-05-01T12:00')
    await page.waitForSelector('#mode-unknown >> text=不可知')
    await page.click('#time-now')
    await page.waitForSelector('#mode-unknown', { state: 'detached' })
    await close(page)
  })
})
