/** The map while the world changes: edits, conflicts, live updates, lost connections, replay. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { api, AUTHORISED, click, close, drawn, open, post, settled, shot, signIn, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const team = async () => (await api('/v1/resources?kind=rescue_team&q=Shijiao&limit=10', { headers: AUTHORISED })).features[0]
const report = (id, readiness) => post(`/v1/resources/${id}/status`, { observed_at: new Date().toISOString(), readiness }, AUTHORISED)

async function signedIn(hash) {
  const page = await open(browser, hash)
  await signIn(page)
  await page.waitForSelector('#edit-status')
  return page
}

describe('editing', () => {
  it('sets a status, verifies and moves a resource, each with its new version', async () => {
    const { id } = await team()
    const page = await signedIn(`#lang=en&theme=light&panel=detail&sel=${id}&at=11/28.924/106.756`)
    await page.selectOption('#edit-status', 'available')
    await page.click('#save-status')
    await page.waitForSelector('#edit-answer >> text=Saved')
    assert.equal((await api(`/v1/resources/${id}`)).properties.readiness, 'available')
    await page.fill('#verify-how', 'telephone')
    await page.click('#save-verify')
    await page.waitForFunction(() => /Confirmed|Verified/.test(document.getElementById('detail').textContent) && !/never verified/.test(document.getElementById('detail').textContent))
    const moved = await api(`/v1/resources/${id}`)
    assert.ok(moved.properties.verified_at)
    await page.click('#start-move')
    await click(page, 106.77, 28.93)
    await page.fill('#move-evidence', 'survey')
    await shot(page, 'edit-move')
    await page.click('#save-move')
    await page.click('#confirm-move')
    await page.waitForSelector('#edit-answer >> text=Saved')
    const [lon, lat] = (await api(`/v1/resources/${id}`)).geometry.coordinates
    assert.ok(Math.abs(lon - 106.77) < 0.001 && Math.abs(lat - 28.93) < 0.001)
    await close(page)
  })

  it('shows the conflict when someone else was first, and overwrites only on a decision', async () => {
    const { id } = await team()
    const page = await signedIn(`#lang=zh&theme=light&panel=detail&sel=${id}&at=11/28.924/106.756`)
    await page.selectOption('#edit-status', 'committed')
    await report(id, 'unavailable')
    await page.waitForTimeout(500)
    await page.click('#save-status')
    await page.waitForSelector('#conflict')
    await shot(page, 'edit-conflict')
    assert.equal((await api(`/v1/resources/${id}`)).properties.readiness, 'unavailable')
    await page.click('#conflict-again')
    await page.waitForSelector('#edit-answer >> text=已保存')
    assert.equal((await api(`/v1/resources/${id}`)).properties.readiness, 'committed')
    await close(page)
  })
})

describe('the zones of rules', () => {
  it('are drawn once their geometry is loaded, and told about at a spot', async () => {
    const zone = 'qijiang-river-shore'
    const drawing = {
      geometry: { type: 'LineString', coordinates: [[106.6, 28.9], [106.65, 28.95], [106.66, 29.02]] },
      represents: 'shore',
      source: { kind: 'document', reference: 'an invented shore for this test', as_of: '2026-01-01' },
    }
    await api(`/v1/zones/${zone}/geometry`, { method: 'PUT', body: JSON.stringify(drawing), headers: { ...AUTHORISED, 'Content-Type': 'application/json' } })
    const { zones } = await api('/v1/zones')
    const undrawn = zones.filter(({ has_geometry }) => !has_geometry).length
    const page = await open(browser, '#lang=en&theme=light&panel=layers&at=11/28.95/106.63')
    await page.waitForFunction((n) => document.getElementById('panel').textContent.includes(`${n} zones have no geometry`), undrawn)
    assert.ok((await drawn(page, 'zones-line')).some(({ properties }) => properties.id === zone))
    await click(page, 106.653, 28.952)
    await page.waitForSelector('#rule-facility')
    await page.selectOption('#rule-facility', 'chemical_project')
    await page.click('#rule-ask')
    await page.waitForSelector('#rule-answer .tag.forbidden, #rule-answer .tag.needs_review')
    await shot(page, 'rule-zone')
    await close(page)
  })
})

describe('what people typed', () => {
  it('is shown as text, never as markup', async () => {
    const name = '<img src=x onerror="window.ran=1">'
    const made = await post('/v1/resources?exercise=typed', {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [106.65, 29.03] },
      properties: { kind: 'rescue_team', name: { zh: name, en: name }, visibility: 'public', manager: name, location: { quality: 'surveyed', source: name } },
    }, AUTHORISED)
    const page = await open(browser, `#exercise=typed&lang=en&theme=light&panel=detail&sel=${made.id}&at=11/29.03/106.65`)
    await page.fill('#search', '<img')
    await page.waitForSelector('#search-list [role=option] >> text=<img')
    await click(page, 106.66, 29.04)
    await page.waitForFunction(() => document.querySelectorAll('#situation-answer li').length > 0)
    assert.ok((await page.textContent('#situation-answer')).includes(name))
    assert.equal(await page.evaluate(() => window.ran), undefined)
    assert.equal(await page.locator('#panel img, .search img').count(), 0)
    await close(page)
  })
})

describe('living data', () => {
  it("shows another client's change within two seconds", async () => {
    const { id } = await team()
    await report(id, 'available')
    const page = await open(browser, `#lang=en&theme=light&panel=detail&sel=${id}&at=11/28.924/106.756`)
    await page.waitForSelector('#link-state[data-link=live]')
    await page.waitForSelector('#detail .tag.ready')
    await report(id, 'unavailable')
    const begun = Date.now()
    await page.waitForSelector('#detail .tag.out', { timeout: 5000 })
    assert.ok(Date.now() - begun < 2000, `${Date.now() - begun} ms`)
    await settled(page)
    await shot(page, 'live-change')
    await close(page)
  })

  it('keeps the last data usable and writes its age on the screen when the connection is lost', async () => {
    const page = await open(browser, '#lang=en&theme=light&at=10/28.95/106.65')
    page.expected.push(/ERR_INTERNET_DISCONNECTED|Failed to fetch|ERR_NETWORK/)
    await page.waitForSelector('#link-state[data-link=live]')
    await page.context().setOffline(true)
    await click(page, 106.6, 28.99)
    await page.waitForSelector('#banner:not([hidden])')
    assert.match(await page.textContent('#banner'), /Connection lost: showing data from \d+ s ago/)
    await page.fill('#search', 'Yongxin compre')
    await page.waitForSelector('#search-list [role=option] >> text=Yongxin comprehensive')
    await shot(page, 'connection-lost')
    await page.context().setOffline(false)
    await page.waitForSelector('#banner', { state: 'hidden', timeout: 30_000 })
    await close(page)
  })

  it('replays what was known at a past instant', async () => {
    const { id } = await team()
    await report(id, 'available')
    await new Promise((done) => setTimeout(done, 1500))
    const then = new Date().toISOString()
    await new Promise((done) => setTimeout(done, 1500))
    await report(id, 'off_duty')
    const page = await open(browser, `#lang=en&theme=light&panel=detail&sel=${id}&as_of=${then}`)
    await page.waitForSelector('#mode-past')
    await page.waitForSelector('#detail .tag.ready')
    await shot(page, 'replay')
    await page.click('#time-now')
    await page.waitForSelector('#detail .tag.out')
    await page.focus('#time-slider')
    await page.keyboard.press('ArrowLeft')
    await page.waitForSelector('#mode-past')
    assert.match(await page.evaluate(() => new Promise((done) => setTimeout(() => done(location.hash), 400))), /as_of=/)
    await close(page)
  })
})
