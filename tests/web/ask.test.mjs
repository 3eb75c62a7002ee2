/** Questions put on the map: a spot, an area. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { api, at, click, close, drawn, open, post, settled, shot, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const answered = (page, id) => page.waitForFunction((name) => document.getElementById(name)?.childElementCount > 1 && !document.querySelector(`#${name}[aria-busy]`), id)

describe('a spot', () => {
  it('answers a click with who covers it, who is near and what could not be tested', async () => {
    const [lon, lat] = [106.6, 29.0]
    const fittest = await api(`/v1/proximity/nearest?lon=${lon}&lat=${lat}&kind=rescue_team&readiness=available&k=5&exercise=demo`)
    assert.equal(fittest.features.length, 5)
    const covering = await api(`/v1/proximity/covering?lon=${lon}&lat=${lat}&exercise=demo`)
    const page = await open(browser, '#lang=en&theme=light&at=10.5/29/106.55&exercise=demo')
    await click(page, lon, lat)
    await answered(page, 'situation-answer')
    const text = await page.textContent('#situation-answer')
    const named = fittest.features.map(({ properties }) => properties.name.en)
    assert.deepEqual(await page.locator('[data-part="situation.teams"] .list > li > .name').allTextContents(), named, 'those who can come, the nearest first')
    const none = covering.none?.en ?? 'No located watch point covers this spot'
    assert.ok(text.includes(covering.features.length ? 'Watching' : none))
    if (covering.undecided?.count)
      assert.equal(Number(await page.getAttribute('[data-part="situation.covering"] .undecided', 'data-count')), covering.undecided.count)
    if (covering.untested?.count) assert.ok(text.includes(`${covering.untested.count} watch points have no position`))
    assert.match(text, /straight lines/)
    const situation = await post('/v1/proximity/situation?exercise=demo', { origin: { lon, lat } })
    for (const { name, telephone } of situation.responsible.hotlines) assert.ok(text.includes(name.en ?? name.zh) && text.includes(telephone), telephone)
    for (const { name } of situation.responsible.organisations) assert.ok(text.includes(name.en ?? name.zh), name.zh)
    if (situation.rules.cannot_evaluate.length) assert.ok(text.includes(`${situation.rules.cannot_evaluate.length} rules have no zone geometry`))
    await page.click('#situation-answer details summary >> text=Why >> nth=0')
    assert.match(await page.textContent('#situation-answer details[open] ul'), /Approximate|Surveyed/)
    await shot(page, 'situation')
    await close(page)
  })

  it('answers a long press of a finger', async () => {
    const page = await open(browser, '#lang=zh&theme=light&at=10/29/106.6', { width: 390, height: 844, hasTouch: true, isMobile: true })
    const { x, y } = await at(page, 106.62, 29.02)
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] })
    await page.waitForTimeout(800)
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    await answered(page, 'situation-answer')
    await shot(page, 'phone-situation')
    await close(page)
  })

  it('can be asked about with the keyboard alone', async () => {
    const page = await open(browser, '#lang=en&theme=dark&at=11/29/106.6&exercise=demo')
    await page.focus('.maplibregl-canvas')
    await page.keyboard.press('Enter')
    await answered(page, 'situation-answer')
    assert.match(await page.inputValue('#spot-text'), /29.00000$/)
    await close(page)
  })
})

/** Whether a position lies inside a box; the drawn area of the test is one. */
const within = ([west, south, east, north]) => ({ geometry }) => geometry && geometry.coordinates[0] > west && geometry.coordinates[0] < east && geometry.coordinates[1] > south && geometry.coordinates[1] < north

describe('an area', () => {
  it('lists the resources inside what is drawn', async () => {
    const box = [106.55, 28.9, 106.75, 29.08]
    const { features } = await api('/v1/resources?limit=1000&exercise=demo')
    const page = await open(browser, '#exercise=demo&lang=en&theme=light&panel=area&at=10.3/29/106.6')
    await page.click('#area-draw')
    const [west, south, east, north] = box
    for (const [lon, lat] of [[west, south], [east, south], [east, north], [west, north]]) {
      await click(page, lon, lat)
      await page.waitForTimeout(350)
    }
    await page.focus('.maplibregl-canvas')
    await page.keyboard.press('Enter')
    await answered(page, 'area-answer')
    await page.waitForFunction(() => location.hash.includes('area='))
    const corners = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('area').split(';').map((corner) => corner.split(',').map(Number))
    const lons = corners.map(([lon]) => lon)
    const lats = corners.map(([, lat]) => lat)
    assert.equal(new Set(lons).size, 2, 'the corners on one side have one longitude, so the area is a box')
    const inside = features.filter(within([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]))
    assert.equal(Number(await page.textContent('#area-count')), inside.length)
    assert.ok(inside.length > 10)
    await settled(page)
    assert.ok((await drawn(page, 'area-fill')).length > 0)
    await shot(page, 'area')
    await close(page)
  })
})
