/** What an officer sees: symbols, doubt, words, themes, sizes, links. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { accessibility, api, AUTHORISED, close, drawn, open, post, settled, shot, start } from './browser.mjs'

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const located = (resources) => resources.filter(({ geometry }) => geometry)

/** Records without a position, page by page. */
async function placeless(exercise) {
  let count = 0
  for (const quality of ['candidate_places', 'unknown'])
    for (let path = `/v1/resources?exercise=${exercise}&quality=${quality}&limit=10000`; path; ) {
      const { features, links } = await api(path)
      count += features.length
      const next = links.find(({ rel }) => rel === 'next')
      path = next && new URL(next.href).pathname + new URL(next.href).search
    }
  return count
}

describe('the view', () => {
  it('draws every located resource and counts those without a position', async () => {
    const { features } = await api('/v1/resources?limit=1000')
    const page = await open(browser, '#theme=light&lang=zh')
    await shot(page, 'first-view')
    const inside = await drawn(page, 'resource-symbol', 'resource-cluster')
    const shown = inside.reduce((sum, { properties }) => sum + (properties.point_count ?? 1), 0)
    assert.equal(shown, located(features).length)
    const unlocated = features.length - located(features).length
    assert.match(await page.textContent('#count-unlocated'), new RegExp(`\\b${unlocated}$`))
    await page.click('#count-unlocated')
    assert.equal(await page.locator('#unlocated .list > li').count(), unlocated)
    await shot(page, 'unlocated')
    await close(page)
  })

  it('draws what is known and what is not differently', async () => {
    const { features } = await api('/v1/resources?limit=1000')
    const candidates = new Set(features.flatMap(({ properties }) => properties.location.candidate_places))
    const extents = (await api('/v1/places?extents=true&limit=2000')).features.filter(({ geometry }) => /Polygon/.test(geometry?.type))
    const drawable = extents.map(({ properties }) => properties.code).filter((code) => candidates.has(code))
    const page = await open(browser, '#theme=light&lang=zh&at=8/29.05/106.55')
    const hatched = new Set((await drawn(page, 'candidates-fill')).map(({ properties }) => properties.code))
    assert.ok(hatched.size > 0)
    for (const code of hatched) assert.ok(candidates.has(code))
    assert.deepEqual([...hatched].sort(), drawable.sort(), 'seen from afar, all ground that may hold a record is hatched')
    await close(page)
  })

  it('draws the shadow inside the circle of a watch point, and says what is missing', async () => {
    const place = (more) =>
      post('/v1/resources?exercise=seen', {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [106.9, 28.7] },
        properties: { kind: 'fire_watch_point', visibility: 'public', name: { en: 'Tower' }, watch_radius_m: 1500, location: { quality: 'surveyed', source: 'test' }, ...more },
      }, AUTHORISED)
    const [tower, low] = [await place({ eye_height_m: 15 }), await place({})]
    const asked = `/v1/resources/${tower.id}/seen?exercise=seen&smoke_height_m=20`
    for (let wait = 0; (await api(asked)).missing && wait < 600; wait++) await new Promise((go) => setTimeout(go, 100))
    const { features } = await api(asked)
    const page = await open(browser, `#exercise=seen&lang=en&theme=light&panel=detail&sel=${tower.id}&at=13/28.7/106.9`)
    await page.selectOption('#seen-height', '20')
    await page.waitForSelector('#seen-found [data-part=hidden]')
    assert.match(await page.textContent('#seen-found'), /hidden by the ground .*hills that nobody has seen, ± 2 m/)
    await page.waitForFunction(() => window.registryMap.map.queryRenderedFeatures({ layers: ['shadow-hidden'] }).length > 0)
    assert.ok(features.some(({ properties }) => properties.part === 'hidden'))
    await shot(page, 'shadow')
    await page.evaluate((id) => (location.hash = location.hash.replace(/sel=[^&]*/, `sel=${id}`)), low.id)
    await page.waitForSelector('#seen-found >> text=missing: eye height')
    await page.waitForFunction(() => window.registryMap.map.queryRenderedFeatures({ layers: ['shadow-hidden'] }).length === 0)
    await close(page)
  })

  it('draws what may be anywhere in a disc softly, and switches doubt off', async () => {
    for (const [i, quality] of ['surveyed', 'approximate', 'approximate'].entries())
      await post('/v1/resources?exercise=doubt', {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [106.5 + i / 10, 29.05] },
        properties: { kind: 'rescue_team', visibility: 'public', name: { zh: `队${i}` }, location: { quality, uncertainty_m: quality === 'surveyed' ? 5 : 3000, source: 'test' } },
      }, AUTHORISED)
    const { features } = await api('/v1/resources?limit=1000&exercise=doubt')
    const page = await open(browser, '#exercise=doubt&theme=light&lang=zh&at=8/29.05/106.55')
    const approximate = new Set(located(features).filter(({ properties }) => properties.location.quality === 'approximate').map(({ id }) => id))
    assert.equal(approximate.size, 2)
    const soft = new Set((await drawn(page, 'doubt-fill')).map(({ properties }) => properties.id))
    assert.deepEqual([...soft].sort(), [...approximate].sort())
    await page.click('#layer-doubt')
    await page.click('#layer-candidates')
    await settled(page)
    assert.equal((await drawn(page, 'doubt-fill', 'candidates-fill')).length, 0)
    await shot(page, 'doubt-switched-off')
    await close(page)
  })

  it('draws a watch point that is only approximately placed by what it surely and possibly sees', async () => {
    const page = await open(browser, '#exercise=demo&at=11/29.55/106.31&lang=zh&theme=light')
    const parts = (await drawn(page, 'watch-line', 'watch-line-doubt')).map(({ properties }) => properties.part)
    assert.ok(parts.includes('lower') && parts.includes('upper'))
    await shot(page, 'watch-areas')
    await close(page)
  })

  it('renders Chinese on a machine without a Chinese font', async () => {
    const page = await open(browser, '#lang=zh&theme=light')
    const missing = await page.evaluate(async () => {
      const face = '32px "Registry Sans"'
      const shown = new Set([...document.body.innerText, ...(await (await fetch('/v1/places?limit=2000')).text())].filter((c) => c >= '\u3400' && c <= '\u9fff'))
      await document.fonts.load(face, [...shown].join(''))
      const context = Object.assign(document.createElement('canvas'), { width: 40, height: 40 }).getContext('2d', { willReadFrequently: true })
      const picture = (text) => {
        context.clearRect(0, 0, 40, 40)
        context.font = `${face}, "No Such Font"`
        context.fillText(text, 2, 34)
        return context.getImageData(0, 0, 40, 40).data.join()
      }
      const box = picture('\u{2FFFF}')
      return { count: shown.size, missing: [...shown].filter((c) => picture(c) === box) }
    })
    assert.ok(missing.count > 500)
    assert.deepEqual(missing.missing, [])
    await close(page)
  })

  it('filters by kind, status and freshness', async () => {
    const { features } = await api('/v1/resources?limit=1000&exercise=demo')
    const page = await open(browser, '#exercise=demo&at=8.3/29.05/106.55&lang=en&theme=light')
    const shown = async () => {
      await settled(page)
      return (await drawn(page, 'resource-symbol', 'resource-cluster')).reduce((sum, { properties }) => sum + (properties.point_count ?? 1), 0)
    }
    assert.equal(await shown(), located(features).length)
    for (const kind of ['rescue_team', 'fire_watch_point', 'supply_depot']) await page.click(`#kind-${kind}`)
    const shelters = located(features).filter(({ properties }) => properties.kind === 'shelter')
    await page.waitForTimeout(300)
    assert.equal(await shown(), shelters.length)
    await page.click('#status-ready')
    await page.waitForTimeout(300)
    const open_ones = shelters.filter(({ properties }) => properties.opening === 'open')
    assert.ok(open_ones.length < shelters.length)
    assert.equal(await shown(), open_ones.length)
    await page.selectOption('#fresh', '7')
    await page.waitForTimeout(300)
    const since = Date.now() - 7 * 86_400_000
    assert.equal(await shown(), open_ones.filter(({ properties }) => Date.parse(properties.verified_at) >= since).length)
    await shot(page, 'filters')
    await close(page)
  })

  it('finds resources and places by name, with the keyboard alone', async () => {
    const page = await open(browser, '#lang=zh&theme=light')
    await page.focus('#search')
    await page.keyboard.type('永新')
    await page.waitForSelector('#search-list [role=option] >> text=永新镇')
    await shot(page, 'search')
    await page.fill('#search', 'yxz')
    await page.waitForSelector('#search-list [role=option] >> text=永新镇')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await settled(page)
    assert.match(page.url() + (await page.evaluate(() => location.hash)), /at=/)
    await page.fill('#search', 'Yongxin comprehensive')
    await page.waitForSelector('#search-list [role=option] >> text=永新镇综合应急救援队')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#detail-name >> text=永新镇综合应急救援队')
    await shot(page, 'detail')
    await close(page)
  })

  it('speaks Chinese and English, light and dark', async () => {
    const page = await open(browser, '#lang=zh&theme=light')
    assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN')
    await page.click('#do-lang')
    assert.equal(await page.textContent('h1'), 'Emergency resource map')
    await page.click('#do-theme')
    await settled(page)
    assert.equal(await page.getAttribute('html', 'data-theme'), 'dark')
    const labels = (await drawn(page, 'labels-name')).map(({ properties }) => properties.name_en)
    assert.ok(labels.length > 5)
    await shot(page, 'english-dark')
    await close(page)
  })

  it('opens the same view from a copied link', async () => {
    const page = await open(browser, '#exercise=demo&at=10.5/29/106.6&lang=en&theme=dark&kinds=shelter.rescue_team&status=ready&panel=situation&spot=106.65,29.03')
    await page.click('#do-link')
    await page.waitForSelector('.qr-box .qr')
    const link = await page.evaluate(() => navigator.clipboard.readText())
    assert.equal(await page.inputValue('#link-text'), link)
    assert.ok(!link.includes('key'))
    const hash = new URL(link).hash
    const second = await open(browser, hash)
    const state = (one) => one.evaluate(() => {
      const { map } = window.registryMap
      const { lng, lat } = map.getCenter()
      return { lng: lng.toFixed(3), lat: lat.toFixed(3), zoom: map.getZoom().toFixed(1), panel: document.body.dataset.panel, theme: document.documentElement.dataset.theme, drill: document.body.classList.contains('exercise'), spot: document.getElementById('spot-text').value }
    })
    assert.deepEqual(await state(second), await state(page))
    await close(page)
    await close(second)
  })

  it('paints the whole frame during an exercise', async () => {
    const page = await open(browser, '#lang=zh&theme=light')
    assert.equal(await page.locator('#modes').isVisible(), false)
    await page.click('#do-exercise')
    await page.fill('#exercise-name', 'demo')
    await page.click('#dialog .main')
    await page.waitForSelector('#mode-exercise')
    assert.match(await page.textContent('#mode-exercise'), /演练.*demo.*非实况/)
    assert.equal(await page.evaluate(() => getComputedStyle(document.getElementById('frame')).display), 'block')
    const held = located((await api('/v1/resources?limit=1000&exercise=demo')).features).length
    assert.ok(held > 200)
    await page.waitForFunction((n) => document.getElementById('count-shown')?.textContent === `图上 ${n}`, held)
    await shot(page, 'exercise')
    await page.click('#do-exercise')
    await page.waitForFunction(() => !document.body.classList.contains('exercise'))
    await close(page)
  })

  it('draws a hundred thousand records from tiles, each counted once', async () => {
    const page = await open(browser, '#exercise=scale&lang=zh&theme=light&at=8/29.4/106.6')
    assert.match(await page.textContent('#foot'), /瓦片/)
    const clusters = await drawn(page, 'resource-cluster')
    assert.ok(clusters.length > 20)
    for (const { properties: p } of clusters)
      assert.equal(p.point_count, ['rescue_team', 'shelter', 'fire_watch_point', 'supply_depot'].reduce((sum, kind) => sum + (p[kind] ?? 0), 0))
    assert.match(await page.textContent('#count-unlocated'), new RegExp(`\\b${(await placeless('scale')).toLocaleString('en')}$`))
    await shot(page, 'scale-clusters')
    const label = () => page.evaluate(() => JSON.stringify(window.registryMap.map.getLayoutProperty('resource-cluster', 'text-field')))
    assert.doesNotMatch(await label(), /≤/)
    await page.click('#status-ready')
    await page.waitForSelector('#filter-clusters')
    await settled(page)
    assert.match(await label(), /≤/, 'a number that no filter touched is an upper limit')
    await shot(page, 'scale-clusters-filtered')
    await page.click('#status-ready')
    await page.evaluate(() => window.registryMap.map.jumpTo({ center: [106.64, 29.02], zoom: 13 }))
    await settled(page)
    const single = await page.evaluate(() => {
      const { map } = window.registryMap
      const layers = map.getLayersOrder().filter((id) => id.startsWith('resource-symbol'))
      return map.queryRenderedFeatures({ layers }).length
    })
    assert.ok(single > 5)
    await shot(page, 'scale-records')
    await close(page)
  })

  it('asks again for tiles that a busy registry had no time for', async () => {
    const refused = new Set()
    const page = await open(browser, '#exercise=demo&lang=en&theme=light&at=8/29.4/106.6')
    page.expected.push(/503/)
    await page.route('**/ogc/tiles/**', (route) => {
      const url = route.request().url()
      if (refused.has(url)) return route.continue()
      refused.add(url)
      return route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"title": "busy"}' })
    })
    await page.evaluate(() => (location.hash = location.hash.replace('exercise=demo', 'exercise=scale')))
    await page.waitForSelector('#hint >> text=The server is busy')
    await page.waitForFunction(() => window.registryMap.map.getLayer('resource-cluster') && window.registryMap.map.queryRenderedFeatures({ layers: ['resource-cluster'] }).length > 20)
    assert.ok(refused.size > 0)
    await page.waitForSelector('#hint', { state: 'hidden' })
    await close(page)
  })

  for (const [name, size] of Object.entries({ 'office-1366': { width: 1366, height: 768 }, 'wall-4k': { width: 3840, height: 2160 }, phone: { width: 390, height: 844, hasTouch: true, isMobile: true } })) {
    it(`fits a screen: ${name}`, async () => {
      const page = await open(browser, '#exercise=demo&lang=zh&theme=light', size)
      const fit = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth <= innerWidth, map: document.getElementById('map').getBoundingClientRect() }))
      assert.ok(fit.wide, 'nothing is cut off at the side')
      assert.ok(fit.map.width * fit.map.height > size.width * size.height * 0.25, 'the map keeps a quarter of the screen')
      await shot(page, `screen-${name}`)
      await close(page)
    })
  }

  for (const [theme, lang] of [['light', 'zh'], ['dark', 'en']]) {
    it(`has no serious accessibility fault: ${theme}, ${lang}`, async () => {
      const page = await open(browser, `#exercise=demo&lang=${lang}&theme=${theme}&panel=layers&spot=106.65,29.03&sel=unlocated`)
      for (const panel of ['layers', 'situation', 'area', 'detail']) {
        if (panel !== 'layers') await page.click(`#tab-${panel}`)
        await page.waitForFunction(() => !document.querySelector('[aria-busy]'))
        assert.deepEqual(await accessibility(page), [], panel)
      }
      await close(page)
    })
  }
})
