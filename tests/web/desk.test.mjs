/** The room around the map: exercises, the wall, and the ways of those who use no mouse. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { accessibility, api, AUTHORISED, close, open, post, settled, shot, signIn, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

describe('an exercise', () => {
  it('is chosen from the list, and a typing error opens none', async () => {
    const page = await open(browser, '#lang=zh&theme=light', {}, [/400/])
    await page.click('#do-exercise')
    await page.waitForSelector('#exercise-list [data-exercise=demo]')
    await page.fill('#exercise-name', 'demoo')
    await page.click('#dialog .main')
    await page.waitForSelector('#exercise-said .problem >> text=demo')
    assert.ok(!(await page.evaluate(() => document.body.classList.contains('exercise'))))
    await page.click('[data-exercise=demo]')
    await page.waitForSelector('#mode-exercise')
    await close(page)
  })

  it('is opened with copies of real life in three actions, and says so on its face', async () => {
    const live = await api('/v1/resources?limit=2000')
    const page = await open(browser, '#lang=zh&theme=light')
    await signIn(page, 'planner')
    await page.click('#do-exercise')
    await page.fill('#exercise-name', `drill-${Date.now()}`)
    await page.click('#exercise-copy')
    await page.waitForSelector('#mode-exercise >> text=非实况', { timeout: 120_000 })
    const name = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('exercise') ?? (await page.textContent('#mode-exercise')).match(/drill-\d+/)[0]
    const copies = await api(`/v1/resources?limit=2000&exercise=${name}`, { headers: AUTHORISED })
    assert.equal(copies.features.length, live.features.length)
    assert.deepEqual(new Set(copies.features.map(({ properties }) => properties.exercise)), new Set([name]))
    assert.ok((await api('/v1/exercises')).exercises.includes(name))
    await page.click('#do-exercise')
    await page.click('#do-exercise')
    await page.click(`[data-ending="${name}"]`)
    await page.click(`[data-ending="${name}"][data-asked]`)
    await page.waitForSelector(`[data-exercise="${name}"] >> text=结束`)
    const late = { type: 'Feature', geometry: null, properties: { kind: 'shelter', name: { zh: '迟到' }, location: { quality: 'unknown' } } }
    await assert.rejects(post(`/v1/resources?exercise=${name}`, late, AUTHORISED), /409/)
    assert.deepEqual(await accessibility(page), [])
    await shot(page, 'exercise-ended')
    await page.click(`[data-ending="${name}"]`)
    await page.click(`[data-ending="${name}"][data-asked]`)
    await page.waitForSelector(`[data-exercise="${name}"]:not(:has-text("结束"))`)
    await close(page)
  })
})

describe('the wall', () => {
  it('hangs without panels, with a clock, the incidents in turn and the age of what is shown', async () => {
    const made = await post('/v1/incidents?exercise=demo', { hazard: 'geohazard', visibility: 'public', geometry: { type: 'Point', coordinates: [106.7, 28.9] }, location: { quality: 'approximate', uncertainty_m: 50 } }, AUTHORISED)
    const page = await open(browser, '#lang=zh&theme=dark&exercise=demo&wall=1', { width: 1920, height: 1080 })
    await page.waitForSelector('#wall-incidents >> text=地质灾害')
    assert.match(await page.textContent('#wall-clock'), /\d\d:\d\d:\d\d/)
    assert.match(await page.textContent('#wall-link'), /有联系/)
    for (const part of ['#bar', '#tabs', '#panel', '#time', '#foot']) assert.ok(!(await page.isVisible(part)), part)
    assert.ok(await page.isVisible('#wall .drill-mark'))
    assert.ok(!(await page.textContent('#wall')).includes('undefined'))
    await settled(page)
    assert.deepEqual(await accessibility(page), [])
    await shot(page, 'wall')
    await page.click('#wall-leave')
    await page.waitForSelector('#bar', { state: 'visible' })
    assert.ok(made.incident.id)
    await close(page)
  })
})

describe('without a mouse', () => {
  it('the map is reached with two keys, and shows where it would ask', async () => {
    const page = await open(browser, '#lang=zh&theme=light')
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'skip-map')
    await page.keyboard.press('Enter')
    assert.ok(await page.evaluate(() => document.activeElement.classList.contains('maplibregl-canvas')))
    const crosshair = await page.evaluate(() => getComputedStyle(document.getElementById('stage'), '::after').content)
    assert.notEqual(crosshair, 'none')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => /已查询/.test(document.getElementById('said').textContent))
    await close(page)
  })

  it('fingers find targets of 44 pixels', async () => {
    const page = await open(browser, '#lang=zh&theme=light&panel=situation&spot=106.75,28.95&exercise=demo', { width: 390, height: 844, hasTouch: true, isMobile: true })
    await page.waitForSelector('#situation-answer h3')
    const small = await page.evaluate(() => [...document.querySelectorAll('#panel button, #panel a.tel, #panel select, #bar button, #tabs button')].filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML.slice(0, 90)))
    assert.deepEqual(small, [])
    await close(page)
  })

  it('at two hundred per cent everything can still be read', async () => {
    const page = await open(browser, '#lang=zh&theme=light&panel=situation&spot=106.75,28.95&exercise=demo', { width: 683, height: 384 })
    await page.waitForSelector('#situation-answer h3')
    const height = await page.evaluate(() => document.getElementById('panel').clientHeight)
    assert.ok(height >= 150, `the answer has ${height} px`)
    await close(page)
  })
})
