/** What the panels say can be read: codes in words, signs explained, the open resource found on the map. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { api, close, drawn, open, settled, shot, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const ZH = '#exercise=demo&theme=light&lang=zh'

describe('reading', () => {
  it('rings the resource whose details are open, also inside a cluster', async () => {
    const { features } = await api('/v1/resources?exercise=demo&kind=shelter&limit=1')
    const [{ id, geometry }] = features
    const page = await open(browser, `${ZH}&panel=detail&sel=${id}`)
    await page.waitForFunction(() => window.registryMap.map.queryRenderedFeatures({ layers: ['chosen-ring'] }).length === 1)
    const [ring] = await drawn(page, 'chosen-ring')
    for (const axis of [0, 1]) assert.ok(Math.abs(ring.geometry.coordinates[axis] - geometry.coordinates[axis]) < 0.001)
    await page.click('.close')
    await settled(page)
    assert.equal((await drawn(page, 'chosen-ring')).length, 0)
    await close(page)
  })

  it('says the codes of a record, a check and a method in words', async () => {
    const { features } = await api('/v1/resources?exercise=demo&kind=shelter&limit=50')
    const { id } = features.find(({ properties }) => properties.amenities?.some(({ code }) => code === 'drinking_water'))
    const page = await open(browser, `${ZH}&panel=detail&sel=${id}`)
    const said = await page.textContent('#detail')
    assert.ok(said.includes('饮水') && !/[a-z]+_[a-z]+/.test(said), said)
    await page.click('#tab-plan')
    await page.waitForSelector('#checks li')
    const observed = await page.evaluate(() => [...document.querySelectorAll('#checks dt')].filter((one) => one.textContent === '现有').map((one) => one.nextSibling.textContent))
    assert.ok(observed.length > 5)
    for (const value of observed) assert.ok(!/[a-z]/.test(value), value)
    await close(page)
  })

  it('says how coverage is worked out in Chinese too, and no extent is assumed of what was drawn', async () => {
    const page = await open(browser, `${ZH}&panel=area&area=106.25,29.45;106.45,29.45;106.45,29.65;106.25,29.65`)
    await page.waitForSelector('#area-answer .ratio')
    const said = await page.textContent('#area-answer .ratio')
    assert.ok(said.includes('取并集') && !said.includes('union'), said)
    assert.ok(!said.includes('假定'), said)
    await close(page)
  })

  it('explains its signs and names its sources, on a phone too', async () => {
    const page = await open(browser, '#lang=en&theme=light&panel=layers', { width: 390, height: 844 })
    const legend = await page.textContent('#legend')
    for (const words of ['Ready', 'Limited', 'Not available', 'Status unknown', 'planned', 'Assumed extent of a town'])
      assert.ok(legend.includes(words), words)
    await page.locator('#legend-sources').scrollIntoViewIfNeeded()
    assert.match(await page.locator('#legend-sources').innerText(), /GeoNames \(CC BY 4\.0\)/)
    await shot(page, 'legend-phone')
    await close(page)
  })

  it('shows no badge where a symbol stands for a kind, and the real one where it stands for a record', async () => {
    const { features } = await api('/v1/resources?exercise=demo&kind=shelter&limit=100')
    const looks = []
    for (const opening of ['open', 'full']) {
      const { id } = features.find(({ properties }) => properties.opening === opening)
      const page = await open(browser, `${ZH}&panel=detail&sel=${id}`)
      looks.push(await page.evaluate(() => document.querySelector('#detail canvas').toDataURL()))
      await page.click('#tab-layers')
      looks.push(await page.evaluate(() => document.querySelector('label:has(#kind-shelter) canvas').toDataURL()))
      await close(page)
    }
    const [ready, kind, full, again] = looks
    assert.equal(kind, again)
    assert.equal(new Set([ready, kind, full]).size, 3)
  })
})
