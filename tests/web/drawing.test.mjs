/** How the map is drawn: its ground and borders, and how it keeps moving on a slow machine. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { api, at, close, drawn, open, pixels, settled, shot, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const sides = (lines) => lines.flatMap((line) => line.slice(1).map((end, i) => [line[i].join(), end.join()].sort().join(' ')))
const rings = ({ type, coordinates }) => (type === 'Polygon' ? coordinates : coordinates.flat())

describe('the ground', () => {
  it('is the base map of the office, in both themes, said where it comes from, and can be switched off', async () => {
    for (const theme of ['light', 'dark']) {
      const page = await open(browser, `#lang=zh&theme=${theme}&at=11/28.95/106.7&panel=layers`)
      await page.waitForFunction(() => window.registryMap.map.getSource('ground'))
      await settled(page)
      assert.ok((await drawn(page, 'ground-stream')).length > 0)
      assert.match(await page.textContent('#attribution'), /© a test/)
      const order = await page.evaluate(() => window.registryMap.map.getLayersOrder())
      assert.ok(order.indexOf('ground-stream') < order.indexOf('places-line'), 'the ground lies under everything')
      await page.click('#layer-ground')
      await settled(page)
      assert.equal((await drawn(page, 'ground-stream')).length, 0)
      await shot(page, `ground-${theme}`)
      await close(page)
    }
  })

  it('has a grid with figures near by, and north and scale everywhere', async () => {
    const page = await open(browser, '#lang=zh&theme=light&at=13/28.95/106.7&panel=none')
    const labels = (await drawn(page, 'grid-label')).map(({ properties }) => properties.label)
    assert.ok(labels.includes('106.70°') && labels.includes('28.94°'), labels.join())
    assert.ok(await page.isVisible('.north') && await page.isVisible('.maplibregl-ctrl-scale'))
    await close(page)
  })
})

describe('drawing', () => {
  it('draws every side of a border once, however many places share it', async () => {
    const [districts, towns] = await Promise.all(['district', 'town'].map(async (level) => {
      const { features } = await api(`/v1/places?extents=true&limit=2000&level=${level}`)
      return new Set(features.filter(({ geometry }) => geometry?.type.endsWith('Polygon')).flatMap(({ geometry }) => sides(rings(geometry))))
    }))
    const page = await open(browser, '#theme=light&lang=zh')
    const drawn = await page.evaluate(async () => {
      const { features } = await window.registryMap.map.getSource('places').getData()
      return [1, 2].map((rank) => features.find(({ properties }) => properties.level_rank === rank).geometry.coordinates)
    })
    const [outer, inner] = drawn.map(sides)
    assert.equal(outer.length, districts.size)
    assert.deepEqual(new Set(outer), districts)
    const between = [...towns].filter((side) => !districts.has(side))
    assert.equal(inner.length, between.length)
    assert.deepEqual(new Set(inner), new Set(between))
    assert.ok(drawn[0].length < outer.length / 5, 'sides are joined into lines')
    await close(page)
  })

  it('paints what lies outside the province in another colour, near and far', async () => {
    const page = await open(browser, '#theme=light&lang=zh&panel=none&hide=labels.candidates.doubt.watch.depth.zones.ground.grid&kinds=')
    const inside = [106.63, 29.02]
    const outside = [104.5, 28.9]
    for (const [zoom, ...spots] of [[6, inside, outside], [9.5, inside], [14, inside], [9.5, outside]]) {
      await page.evaluate(([z, center]) => window.registryMap.map.jumpTo({ zoom: z, center }), [zoom, spots.at(-1)])
      await settled(page)
      const places = await Promise.all(spots.map(async (spot) => Object.values(await at(page, ...spot)).map((part) => Math.round(part) + 3)))
      const seen = await pixels(page, await page.screenshot(), places)
      const wanted = spots.map((spot) => (spot === inside ? [244, 242, 236, 255] : [227, 225, 218, 255]))
      assert.deepEqual(seen, wanted, `at zoom ${zoom}`)
    }
    await close(page)
  })

  it('draws fewer pixels while it moves on a slow machine, and all of them at rest', async () => {
    const page = await open(browser, '#theme=light&lang=zh&panel=none')
    const whole = await page.evaluate(() => window.registryMap.map.getCanvas().width)
    const session = await page.context().newCDPSession(page)
    await session.send('Emulation.setCPUThrottlingRate', { rate: 20 })
    const narrowest = await page.evaluate(() => new Promise((done) => {
      const { map } = window.registryMap
      let least = Infinity
      map.on('render', () => map.isMoving() && (least = Math.min(least, map.getCanvas().width)))
      map.panBy([400, 100], { duration: 8000 })
      map.once('moveend', () => done(least))
    }))
    await session.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    assert.ok(narrowest < whole * 0.8, `${narrowest} of ${whole} pixels`)
    await page.waitForFunction((width) => window.registryMap.map.getCanvas().width === width, whole)
    await close(page)
  })

  it('draws the watch areas of a large set where they can be told apart, and says where not', async () => {
    const page = await open(browser, '#exercise=scale&theme=light&lang=zh&panel=layers&at=11.2/29.55/106.55')
    const seen = []
    for (const zoom of [11.2, 15, 17]) {
      await page.evaluate((to) => window.registryMap.map.jumpTo({ zoom: to, center: to > 16 ? [107.9, 30.3] : [106.55, 29.55] }), zoom)
      await settled(page)
      const box = await page.evaluate(() => window.registryMap.map.getBounds().toArray().flat().join())
      const { numberMatched } = await api(`/ogc/collections/coverage-footprints/items?f=json&resultType=hits&exercise=scale&bbox=${box}`)
      await page.waitForFunction((crowded) => !!document.getElementById('watch-crowded') === crowded, numberMatched > 150)
      await page.waitForFunction((wanted) => !!window.registryMap.map.getLayer('footprint-line') === wanted, numberMatched > 0 && numberMatched <= 150)
      seen.push(numberMatched)
    }
    assert.ok(Math.max(...seen) > 150 && Math.min(...seen) <= 150, `both kinds of view were seen: ${seen}`)
    await close(page)
  })

  it('gathers what crowds until every record can be pointed at', async () => {
    const page = await open(browser, '#exercise=scale&theme=light&lang=zh&panel=none&hide=watch.doubt.candidates&at=13/29.56/106.56')
    const kinds = ['rescue-teams', 'shelters', 'fire-watch-points', 'supply-depots'].map((kind) => `resource-symbol-${kind}`)
    const count = () => page.evaluate((names) => [names, ['resource-cluster']].map((layers) => window.registryMap.map.queryRenderedFeatures({ layers }).length), kinds)
    const [single, gathered] = await count()
    assert.ok(gathered > 0 && single + gathered < 600, `${single} symbols, ${gathered} clusters`)
    await page.evaluate(() => window.registryMap.map.jumpTo({ zoom: 16.2 }))
    await settled(page)
    assert.equal((await count())[1], 0)
    await close(page)
  })
})
