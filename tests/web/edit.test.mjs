/** Editing: moves that cannot happen by accident, forms from the registry's own types, and who may use them. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { accessibility, api, at, AUTHORISED, click, close, open, post, settled, shot, signIn, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const place = async (kind, lon, lat, more = {}) =>
  post('/v1/resources?exercise=edits', { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties: { kind, name: { zh: `编辑${lon}` }, location: { quality: 'surveyed', uncertainty_m: 12, source: 'test' }, visibility: 'public', ...more } }, AUTHORISED)
const now = (id) => api(`/v1/resources/${id}?exercise=edits`, { headers: AUTHORISED })

async function signedIn(id, role, view = '12/28.924/106.756') {
  const page = await open(browser, `#lang=zh&theme=light&exercise=edits&panel=detail&sel=${id}&at=${view}`)
  await signIn(page, role)
  await page.waitForSelector('#detail article')
  return page
}

describe('a move', () => {
  it('is stored only when it is confirmed, with an error that follows from the zoom, and is taken back', async () => {
    const { id } = await place('rescue_team', 106.756, 28.924)
    const page = await signedIn(id, 'planner')
    await page.click('#start-move')
    const spot = await at(page, 106.765, 28.93)
    await page.mouse.dblclick(spot.x, spot.y)
    await page.waitForFunction(() => !document.getElementById('save-move').disabled)
    assert.deepEqual((await now(id)).geometry.coordinates, [106.756, 28.924], 'a double click saves nothing')
    const shown_m = Number(await page.inputValue('#move-accuracy'))
    assert.ok(shown_m > 300 && shown_m < 600, `a finger at zoom 12 is right to ${shown_m} m`)
    await page.click('#save-move')
    await page.click('#confirm-move')
    await page.waitForSelector('#undo-move')
    const moved = await now(id)
    assert.deepEqual([moved.properties.location.quality, moved.properties.location.uncertainty_m], ['approximate', shown_m])
    await page.click('#undo-move')
    await page.waitForFunction(() => document.querySelector('#detail article').dataset.version === '3')
    const back = await now(id)
    assert.deepEqual([back.geometry.coordinates, back.properties.location.quality, back.properties.location.uncertainty_m], [[106.756, 28.924], 'surveyed', 12])
    await close(page)
  })

  it('is given up with Escape wherever the focus is, and when the question is refused', async () => {
    const { id } = await place('rescue_team', 106.757, 28.925)
    const page = await signedIn(id, 'planner')
    await page.click('#start-move')
    await click(page, 106.77, 28.93)
    await page.focus('#move-evidence')
    await page.keyboard.press('Escape')
    await page.waitForSelector('#save-move', { state: 'detached' })
    assert.equal(await page.locator('.trial-marker').count(), 0)
    assert.equal((await now(id)).properties.version, 1)
    await close(page)
  })

  it('takes coordinates in a shifted datum', async () => {
    const { id } = await place('rescue_team', 106.758, 28.926)
    const meant = await api('/v1/proximity/position?text=106.76,28.93&datum=gcj02')
    const page = await signedIn(id, 'planner')
    await page.click('#start-move')
    await page.fill('#move-text', '106.76, 28.93')
    await page.selectOption('#move-datum', 'gcj02')
    await page.click('#move-read')
    await page.waitForFunction(() => !document.getElementById('save-move').disabled)
    await page.click('#save-move')
    await page.click('#confirm-move')
    await page.waitForSelector('#undo-move')
    const { geometry, properties } = await now(id)
    assert.ok(Math.abs(geometry.coordinates[0] - meant.lon) < 1e-6 && Math.abs(geometry.coordinates[1] - meant.lat) < 1e-6)
    assert.equal(properties.location.quality, 'surveyed')
    await close(page)
  })

  it('by a field officer waits for a planner', async () => {
    const { id } = await place('rescue_team', 106.759, 28.927)
    const page = await signedIn(id, 'field')
    await page.click('#start-move')
    await click(page, 106.77, 28.93)
    await page.click('#save-move')
    await page.click('#confirm-move')
    await page.waitForSelector('#edit-answer >> text=等待审核')
    assert.equal((await now(id)).properties.version, 1)
    await close(page)
  })
})

describe('a form', () => {
  it('changes what was changed, with the findings of the gate beside the members', async () => {
    const { id } = await place('shelter', 106.76, 28.93, { capacity_persons: 100, opening: 'open', note: '原样' })
    const page = await signedIn(id, 'planner')
    await page.click('#start-edit')
    await page.waitForSelector('#record-form')
    assert.deepEqual(await accessibility(page), [])
    await page.fill('#form-capacity_persons', '120')
    await page.fill('#form-place', '000000')
    await page.click('#form-save')
    await page.waitForSelector('[data-member=place] .finding.refuse')
    assert.match(await page.textContent('[data-member=place] .finding'), /[\u4e00-\u9fff]/)
    assert.equal((await now(id)).properties.version, 1)
    await page.fill('#form-place', '')
    await page.click('#form-save')
    const said = await page.waitForFunction(() => (document.querySelector('#detail article').dataset.version === '2' ? 'saved' : /再按一次/.test(document.querySelector('#hint:not([hidden])')?.textContent) && 'warned'))
    if ((await said.jsonValue()) === 'warned') await page.click('#form-save')
    await page.waitForFunction(() => document.querySelector('#detail article').dataset.version === '2')
    const { properties } = await now(id)
    assert.deepEqual([properties.capacity_persons, properties.note, properties.opening], [120, '原样', 'open'])
    await shot(page, 'edit-form')
    await close(page)
  })

  it('makes a record of every kind where the map was pointed at', async () => {
    for (const kind of ['rescue_team', 'shelter', 'fire_watch_point', 'supply_depot']) {
      const page = await open(browser, '#lang=zh&theme=light&exercise=edits&panel=detail&at=13/28.95/106.7')
      await signIn(page, 'planner')
      await page.selectOption('#new-kind', kind)
      await page.click('#new-open')
      await page.waitForSelector('#record-form')
      await page.fill('#form-name', `新建 ${kind}`)
      await page.click('#new-point')
      await click(page, 106.71, 28.955)
      await page.waitForFunction(() => document.getElementById('new-where').value)
      await page.click('#form-save')
      await page.waitForFunction(() => document.querySelector('#detail article') || document.querySelector('#hint:not([hidden])'))
      if (!(await page.locator('#detail article').count())) await page.click('#form-save')
      await page.waitForSelector('#detail article')
      const id = await page.getAttribute('#detail article', 'data-id')
      const { properties } = await now(id)
      assert.deepEqual([properties.kind, properties.location.quality, properties.exercise], [kind, 'approximate', 'edits'])
      await close(page)
    }
  })

  it('adds a telephone that everybody then sees on the card', async () => {
    const { id } = await place('rescue_team', 106.761, 28.931)
    const page = await signedIn(id, 'planner')
    await page.click('#contact-add summary')
    await page.fill('#contact-role', '值班员')
    await page.fill('#contact-phone', '023-4860 0000')
    await page.check('#contact-published')
    await page.click('#contact-save')
    await page.waitForSelector('#contacts a[href="tel:02348600000"]')
    const other = await open(browser, `#lang=zh&theme=light&exercise=edits&panel=detail&sel=${id}`)
    await other.waitForSelector('#contacts a[href="tel:02348600000"]')
    await close(other)
    await close(page)
  })
})

describe('buttons', () => {
  it('are shown to those who may use them', async () => {
    const { id } = await place('rescue_team', 106.762, 28.932)
    const page = await open(browser, `#lang=zh&theme=light&exercise=edits&panel=detail&sel=${id}`)
    await page.waitForSelector('#may-not')
    await signIn(page, 'viewer')
    await page.waitForSelector('#may-not >> text=只能查看')
    assert.equal(await page.locator('#save-status, #start-move, #start-edit, #contact-add').count(), 0)
    await close(page)
  })

  it('lists records that lie on one another', async () => {
    const one = await place('rescue_team', 106.8, 28.95)
    const other = await place('shelter', 106.8, 28.95)
    const page = await open(browser, '#lang=zh&theme=light&exercise=edits&at=15/28.95/106.8&panel=none')
    await settled(page)
    await click(page, 106.8, 28.95)
    await page.waitForSelector('#stacked')
    const ids = await page.locator('#stacked [data-id]').evaluateAll((all) => all.map(({ dataset }) => dataset.id))
    assert.deepEqual(ids.sort(), [one.id, other.id].sort())
    await page.click(`#stacked [data-id="${other.id}"]`)
    await page.waitForSelector(`#detail [data-id="${other.id}"]`)
    await close(page)
  })
})
