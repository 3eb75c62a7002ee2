/** The planner's panels: coverage, gaps, what is lost, trial points, siting, comparison, export. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { readFileSync } from 'node:fs'
import { accessibility, api, AUTHORISED, at, click, close, drawn, open, post, settled, pixels, shot, signIn, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const AREA = 'science-city'
const VIEW = `#exercise=demo&lang=en&theme=light&panel=planner&place=${AREA}&at=11/29.54/106.31`
const ask = (path, body = {}) => post(`/v1/coverage${path}?exercise=demo`, { kind: 'fire_watch_point', place: AREA, ...body })
const percent = (ratio) => `${(ratio * 100).toFixed(1)} %`
const share = ({ lower, upper }) => {
  if (lower <= 0 && upper >= 1) return 'not known'
  return percent(lower) === percent(upper) ? percent(lower) : `${percent(lower)} – ${percent(upper)}`
}
const gapsOf = ({ certain_gaps, possible_gaps }) => [...certain_gaps.gaps, ...possible_gaps.gaps]
const answered = (page) => page.waitForFunction(() => document.querySelector('#gaps')?.childElementCount && !document.querySelector('#panel [aria-busy]'))

describe('the planner', () => {
  it('shows the coverage of a place as an interval, with its gaps on the map', async () => {
    const coverage = await ask('')
    const gaps = await ask('/gaps')
    const page = await open(browser, VIEW)
    await answered(page)
    assert.equal(await page.textContent('#ratio'), share(coverage.ratio))
    const text = await page.textContent('#coverage-answer')
    for (const end of ['lower', 'upper']) assert.ok(text.includes(percent(coverage.ratio[end])))
    assert.ok(text.includes('Hangu'), 'the town whose ground is not known is named')
    assert.equal(Number(await page.getAttribute('#coverage-live .listing', 'data-listed')), coverage.completeness.listed)
    const undecided = await page.locator('#coverage-live .undecided').count() && Number(await page.getAttribute('#coverage-live .undecided', 'data-count'))
    assert.equal(undecided, coverage.undecided.count)
    assert.equal(await page.locator('#gaps li').count(), Math.min(60, gapsOf(gaps).length))
    await page.click('#gaps li button >> nth=0')
    await settled(page)
    assert.equal((await drawn(page, 'gaps-fill')).length > 0, gaps.certain_gaps.gaps.length > 0)
    assert.equal((await drawn(page, 'gaps-possible')).length > 0, gaps.possible_gaps.gaps.length > 0)
    await shot(page, 'planner-gaps')
    await close(page)
  })

  it('says that nothing is known where nothing is recorded, never 0 % and never a certain gap', async () => {
    const { ratio, certain_gaps } = await post('/v1/coverage/gaps', { kind: 'fire_watch_point', place: AREA })
    assert.deepEqual([ratio.lower, ratio.upper, certain_gaps.gaps.length], [0, 1, 0])
    for (const [lang, words] of [['zh', '不可知'], ['en', 'not known']]) {
      const page = await open(browser, `#lang=${lang}&theme=light&panel=planner&place=${AREA}&at=11/29.54/106.31`)
      await answered(page)
      assert.equal(await page.textContent('#ratio'), words)
      assert.equal((await drawn(page, 'gaps-fill')).length, 0)
      assert.ok((await drawn(page, 'gaps-possible')).length > 0)
      await shot(page, `planner-not-known-${lang}`)
      await close(page)
    }
  })

  it('shows what would be lost with each resource when it is pointed at', async () => {
    const { resources } = await ask('/criticality')
    const page = await open(browser, VIEW)
    await answered(page)
    await page.click('#criticality-open summary')
    await page.waitForSelector('#criticality li')
    const ids = await page.locator('#criticality li').evaluateAll((items) => items.map((item) => item.dataset.id))
    assert.deepEqual(ids, resources.map(({ id }) => id).slice(0, 60))
    await page.hover('#criticality li >> nth=0')
    await page.waitForFunction(() => window.registryMap.map.getSource('lost').serialize().data.features.length > 0)
    await settled(page)
    await shot(page, 'planner-criticality')
    await page.click('#depth-open summary')
    await page.waitForSelector('#depth tr')
    await settled(page)
    await shot(page, 'planner-depth')
    await close(page)
  })

  it('follows a trial point that is placed and dragged with the ratio, the gaps and the depth', async () => {
    const page = await open(browser, `#exercise=demo&lang=en&theme=light&panel=planner&place=500110&at=10/28.95/106.6`)
    await answered(page)
    const present = Number(await page.getAttribute('#ratio', 'data-ratio'))
    await page.click('#trial-add')
    await click(page, 106.6, 28.9)
    await page.waitForSelector('#ratio-change')
    const first = Number(await page.getAttribute('#ratio', 'data-ratio'))
    assert.ok(first > present)
    const first_point = await trial(page)
    const scenario = (path, coordinates, more = {}) => post(`/v1/coverage${path}?exercise=demo`, {
      kind: 'fire_watch_point',
      place: '500110',
      scenario: { add: [{ type: 'Feature', geometry: { type: 'Point', coordinates }, properties: { kind: 'fire_watch_point', name: { en: 'Trial' }, watch_radius_m: 5000 } }] },
      ...more,
    })
    const oracle = await scenario('/scenario', first_point)
    assert.ok(Math.abs(oracle.after.ratio.nominal - first) < 1e-9)
    const [uncovered] = gapsOf(await scenario('/gaps', first_point))
    await page.waitForFunction((area) => document.querySelector('#gaps li')?.textContent.startsWith(area), `${(uncovered.area_m2 / 1e6).toLocaleString('en-GB', { maximumFractionDigits: 2 })} km²`)
    await page.click('#depth-open summary')
    const depth = await scenario('/depth', first_point, { levels: 4 })
    await page.waitForFunction((ratio) => document.querySelector('#depth tr + tr')?.textContent.endsWith(ratio), share(depth.levels[0].ratio))
    const from = await at(page, ...(await trial(page)))
    await page.mouse.move(from.x, from.y)
    await page.mouse.down()
    await page.mouse.move(from.x + 160, from.y - 120, { steps: 6 })
    await page.mouse.up()
    await page.waitForFunction((was) => Number(document.getElementById('ratio')?.dataset.ratio) !== was, first)
    await shot(page, 'planner-trial')
    assert.match(new URL(page.url()).hash, /trials=/)
    await close(page)
  })

  const TRIED = '#exercise=demo&lang=en&theme=light&panel=planner&place=500110&at=10/28.95/106.6&trials=106.6,28.9,5000'

  it('keeps a scenario on the server for those who may write, and compares it after a reload', async () => {
    const name = `North ridge ${Date.now()}`
    const page = await open(browser, TRIED)
    await signIn(page)
    await answered(page)
    await page.fill('#scenario-name', name)
    await page.click('#scenario-keep')
    await page.waitForSelector('#scenario-said >> text=Saved on the server')
    const { scenarios } = await api('/v1/coverage/scenarios', { headers: AUTHORISED })
    const saved = scenarios.find((one) => one.name.en === name)
    assert.deepEqual(saved.changes.add.map(({ geometry, properties }) => [geometry.coordinates, properties.watch_radius_m]), [[[106.6, 28.9], 5000]])
    await page.reload()
    await answered(page)
    const row = page.locator('#compare tr', { hasText: name })
    await row.waitFor()
    const { scenarios: compared } = await post('/v1/coverage/compare?exercise=demo', { kind: 'fire_watch_point', place: '500110', scenarios: [saved.id] }, AUTHORISED)
    assert.ok((await row.textContent()).includes(percent(compared[0].answer.ratio.nominal)))
    await page.click('#trials button')
    assert.equal(await page.locator('.trial-marker').count(), 0)
    await row.locator('button.name').click()
    assert.equal(await page.locator('.trial-marker').count(), 1)
    await row.scrollIntoViewIfNeeded()
    await shot(page, 'planner-scenarios')
    await row.locator('button.close').click()
    await row.waitFor({ state: 'detached' })
    const left = await api('/v1/coverage/scenarios', { headers: AUTHORISED })
    assert.ok(left.scenarios.every(({ id }) => id !== saved.id))
    await close(page)
  })

  it('keeps a scenario in the browser for those who may not write, and says so', async () => {
    const page = await open(browser, TRIED)
    page.expected.push(/401/)
    await answered(page)
    await page.fill('#scenario-name', 'Only mine')
    await page.click('#scenario-keep')
    await page.waitForSelector('#scenario-said >> text=kept in this browser only')
    await page.reload()
    await answered(page)
    const row = page.locator('#compare tr', { hasText: 'Only mine' })
    await row.waitFor()
    assert.match(await row.textContent(), /this browser only/)
    await close(page)
  })

  it('finds sites among a hundred thousand records', async () => {
    const page = await open(browser, '#exercise=scale&lang=en&theme=light&panel=planner&place=500110113&at=10.5/28.95/106.53')
    await page.waitForSelector('#siting-run', { timeout: 120_000 })
    await page.fill('#siting-k', '1')
    await page.click('#siting-run')
    await page.waitForSelector('#siting-change', { timeout: 120_000 })
    assert.equal(await page.locator('.trial-marker').count(), 1)
    const [before, after] = (await page.textContent('#siting-change')).match(/[\d.]+/g).map(Number)
    assert.ok(after >= before && after <= 100, `${before} % to ${after} %`)
    await shot(page, 'scale-siting')
    await close(page)
  })

  it('asks for the best sites and puts them on the map as trial points', async () => {
    const page = await open(browser, '#exercise=demo&lang=zh&theme=dark&panel=planner&place=500110113&at=10.5/28.95/106.53')
    await answered(page)
    await page.fill('#siting-k', '2')
    await page.click('#siting-run')
    await page.waitForSelector('#siting-change', { timeout: 60_000 })
    assert.equal(await page.locator('.trial-marker').count(), 2)
    await shot(page, 'planner-siting')
    await close(page)
  })

  it('exports GeoJSON, CSV and a picture', async () => {
    const gaps = await ask('/gaps')
    const page = await open(browser, VIEW)
    await answered(page)
    const saved = async (id) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(`#export-${id}`)])
      assert.match(download.suggestedFilename(), /^EXERCISE-demo-/, 'a drill is never taken for live by its name')
      return readFileSync(await download.path())
    }
    const collection = JSON.parse(await saved('geojson'))
    assert.equal(collection.type, 'FeatureCollection')
    assert.equal(collection.features.length, gapsOf(gaps).length)
    assert.deepEqual([collection.exercise, collection.completeness.state], ['demo', 'open'])
    assert.match((await saved('csv')).toString(), /^\ufeffexercise,as_of,kind,place,name,area_m2,.*\r\ndemo,20/)
    const png = await saved('png')
    assert.deepEqual([...png.subarray(1, 4)], [...Buffer.from('PNG')])
    assert.ok(png.length > 20_000, 'the picture is not blank')
    const [mark, ground] = await pixels(page, png, [[5, 5], [5, 60]])
    assert.deepEqual(mark, [255, 179, 0, 255], 'the drill is written across the picture')
    assert.equal(ground[3], 255, 'the ground is in the picture')
    await close(page)
  })

  it('prints the map as it stands on the screen, without its controls', async () => {
    const page = await open(browser, VIEW)
    await answered(page)
    const [width, height] = await page.evaluate(() => [window.registryMap.map.getCanvas().width, window.registryMap.map.getCanvas().height])
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    await page.emulateMedia({ media: 'print' })
    const paper = await page.evaluate(async () => {
      const image = document.getElementById('printed')
      await image.decode()
      const box = image.getBoundingClientRect()
      return { natural: [image.naturalWidth, image.naturalHeight], shape: box.width / box.height, width: box.width }
    })
    assert.deepEqual(paper.natural, [width, height + 68], 'with a band above and below')
    assert.ok(paper.width > 300 && Math.abs(paper.shape - width / (height + 68)) < 0.01, 'nothing is cut off or stretched')
    assert.equal(await page.locator('#trial-add').isVisible(), false)
    await shot(page, 'print')
    await close(page)
  })

  it('has no serious accessibility fault', async () => {
    const page = await open(browser, VIEW)
    await answered(page)
    assert.deepEqual(await accessibility(page), [])
    await close(page)
  })
})

const trial = (page) => page.evaluate(() => window.registryMap.map.getSource('trial').serialize().data.features[0].geometry.coordinates[0]).then((ring) => {
  const lons = ring.map(([lon]) => lon)
  const lats = ring.map(([, lat]) => lat)
  return [(Math.min(...lons) + Math.max(...lons)) / 2, (Math.min(...lats) + Math.max(...lats)) / 2].map((value) => +value.toFixed(5))
})

describe('the plan panel', () => {
  it('shows every check with its reasons, the reconciliation and the survey list', async () => {
    const { documents } = await api('/v1/documents')
    const document = documents.find(({ id }) => id.includes('qijiang')).id
    const page = await open(browser, '#lang=zh&theme=light&panel=plan')
    await page.waitForFunction(() => document.querySelector('#survey li') && document.querySelector('#checks li') && !document.querySelector('#panel [aria-busy]'), null, { timeout: 60_000 })
    assert.equal(await page.inputValue('#plan-document'), document)
    const { checks } = await post('/v1/checks', { document })
    const shown = await page.locator('#checks > ul > li').evaluateAll((items) => items.map((item) => [item.dataset.provision, item.dataset.verdict]))
    assert.deepEqual(shown, checks.map(({ provision, verdict }) => [provision, verdict]))
    await page.click('#checks summary >> nth=0')
    assert.match(await page.textContent('#checks details[open]'), /方法/)
    assert.ok((await page.locator('#reconciliation tr').count()) > 3)
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#survey-csv')])
    assert.match(readFileSync(await download.path()).toString(), /place,name/)
    assert.deepEqual(await accessibility(page), [])
    await shot(page, 'plan')
    await close(page)
  })
})
