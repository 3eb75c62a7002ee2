/** The import page: a file from its upload to its undoing, questions, doubles, whole lists, drills, roles. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { accessibility, api, AUTHORISED, close, drawn, open, settled, shot, signIn, start } from './browser.mjs'

const M1 = fileURLToPath(new URL('../data/intake/m1-shelters-form.xlsx', import.meta.url))
const DISTRICT = '500110'
const RUN = Date.now() % 1_000_000

let browser
before(async () => (browser = await start()))
after(() => browser.close())

const HASH = '#theme=light&panel=intake&at=9.6/28.9/106.65'
const page_of = async (lang, more = '', size = {}, expected = []) => {
  const page = await open(browser, `${HASH}&lang=${lang}${more}`, size, expected)
  await signIn(page)
  await page.evaluate(() => document.querySelector('#intake-back')?.click())
  await page.waitForSelector('#intake-open')
  await page.click('#intake-open')
  await page.waitForSelector('#intake-choose')
  return page
}

const text_file = (name, lines) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(`${lines.join('\n')}\n`) })

async function bring(page, kind, file) {
  await page.selectOption('#intake-kind', kind)
  await page.setInputFiles('#intake-input', file)
  await rested(page)
}

const state = (page) => page.getAttribute('#intake-state', 'data-state')
const rested = (page) => page.waitForFunction(() => {
  const now = document.getElementById('intake-state')?.dataset.state
  return now && now !== 'received' && !document.querySelector('#intake-working, .intake[aria-busy], #intake-file[aria-busy]')
}, null, { timeout: 60_000 })

const chip = (page, action) => page.locator(`#intake-filters .chip[data-action="${action}"]`)
const listed = (page) => page.locator('#intake-rows tbody tr.does').count()
const answered = async (page) => {
  await page.click('#dialog .main')
  await rested(page)
}

describe('the way to the import page', () => {
  it('is shown to planners only, and says why to others', async () => {
    const page = await open(browser, '#lang=en&theme=light&panel=planner')
    assert.equal(await page.locator('#intake-open').count(), 0)
    await close(page)
    const officer = await open(browser, '#lang=en&theme=light&panel=intake')
    officer.expected.push(/403/)
    await officer.click('#do-key')
    await officer.fill('#key-text', process.env.REGISTRY_FIELD_KEY)
    await officer.click('#dialog .main')
    await officer.waitForFunction(() => document.getElementById('intake-file')?.textContent.includes('planner'))
    assert.equal(await officer.locator('#intake-choose').count(), 0)
    await officer.click('#intake-back')
    await officer.waitForSelector('#planner-run')
    assert.equal(await officer.locator('#intake-open').count(), 0)
    await close(officer)
  })
})

describe("an office's form", () => {
  it('is read as it is, corrected beside its cells, stored and undone', async () => {
    const page = await page_of('zh')
    assert.deepEqual(await accessibility(page), [])
    await shot(page, 'intake-bring')
    await bring(page, 'shelter', M1)
    assert.equal(await state(page), 'checked')
    assert.match(await chip(page, 'create').textContent(), /12/)
    assert.match(await chip(page, 'aside').textContent(), /8/)
    assert.match(await page.textContent('#intake-read'), /填表说明/, 'sheets that were left are named')
    await page.waitForFunction(() => document.getElementById('intake-header')?.placeholder === '4')
    assert.equal(await page.inputValue('#intake-column-E'), 'longitude')
    assert.match(await page.textContent('#intake-datum-answer option:checked'), /高德/)
    assert.match(await page.textContent('#intake-file-findings'), /合计为 830/)
    await settled(page)
    await shot(page, 'intake-rows-zh')
    assert.deepEqual(await accessibility(page), [])
    const points = (await drawn(page, 'intake-point')).map(({ properties }) => properties)
    assert.equal(new Set(points.map(({ n }) => n)).size, 12)
    const doubtful = (await drawn(page, 'intake-doubtful')).map(({ properties }) => properties.n)
    assert.deepEqual([...new Set(doubtful)], [7], 'the swapped row is marked')

    await page.selectOption('#intake-code', 'number_approximate')
    await page.waitForFunction(() => document.querySelectorAll('#intake-rows tbody tr.does').length === 6)
    await page.click('#intake-row-6 [data-column=G] .take')
    await page.waitForSelector('#intake-row-6 [data-column=G] ins')
    assert.equal(await page.textContent('#intake-row-6 [data-column=G] ins'), '300')
    await rested(page)
    assert.equal(await page.locator('#intake-row-6 [data-code=number_approximate]').count(), 0)
    await page.click('#intake-take')
    await page.waitForFunction(() => document.getElementById('intake-answer').textContent.includes('5'))
    await rested(page)
    assert.equal(await page.locator('#intake-code option[value=number_approximate]').count(), 0, 'none is left')

    await page.click('#intake-row-5 [aria-expanded]')
    await page.fill('.correcting input >> nth=2', '示例更名中学')
    await shot(page, 'intake-correct')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#intake-row-5 [data-column=C] ins')
    await rested(page)

    await chip(page, 'aside').click()
    await page.waitForFunction(() => document.querySelectorAll('#intake-rows tbody tr.aside').length === 8)
    assert.match(await page.textContent('#intake-row-17'), /合计/)

    assert.match(await page.textContent('#intake-does'), /新增 12，更新 0，注销 0/)
    await page.click('#intake-commit')
    await shot(page, 'intake-commit')
    await answered(page)
    assert.equal(await state(page), 'committed')
    assert.match(await page.textContent('#intake-receipts'), /新增 12/)
    const { features } = await api(`/v1/resources?kind=shelter&lifecycle=in_service&q=${encodeURIComponent('示例更名中学')}`, { headers: AUTHORISED })
    assert.equal(features.length, 1)
    assert.match(await chip(page, 'unchanged').textContent(), /12/, 'what was stored is not stored twice')
    assert.ok(await page.isDisabled('#intake-commit'))
    const [saved] = await Promise.all([page.waitForEvent('download'), page.click('#intake-own')])
    assert.match(saved.suggestedFilename(), /\.xlsx$/)
    const [listed_findings] = await Promise.all([page.waitForEvent('download'), page.click('#intake-problems')])
    assert.match(listed_findings.suggestedFilename(), /\.csv$/)
    await shot(page, 'intake-done')
    await page.click('#intake-undo')
    await answered(page)
    assert.equal(await state(page), 'undone')
    await close(page)
  })
})

describe('questions about a file', () => {
  it('are answered by pointing at the header and its columns, and remembered', async () => {
    const page = await page_of('en')
    const file = text_file('questions.csv', [`甲${RUN},乙`, '示例导入问答一场所,300', '示例导入问答二场所,3/4'])
    await bring(page, 'shelter', file)
    assert.equal(await state(page), 'asks')
    assert.match(await page.textContent('#intake-opening'), /示例导入问答一场所/)
    await shot(page, 'intake-asks')
    assert.deepEqual(await accessibility(page), [])
    await page.fill('#intake-header', '1')
    await page.click('#intake-recheck')
    await rested(page)
    assert.equal(await state(page), 'asks', 'no column holds a name yet')
    await page.selectOption('#intake-column-A', 'name')
    await page.selectOption('#intake-column-B', 'capacity_persons')
    await page.click('#intake-recheck')
    await rested(page)
    assert.equal(await state(page), 'checked')
    assert.match(await chip(page, 'refused').textContent(), /1/)
    await page.selectOption('#intake-severity', 'refuse')
    await page.waitForFunction(() => document.querySelectorAll('#intake-rows tbody tr.does').length === 1)
    await page.waitForSelector('#intake-row-3 td.found.refuse')
    await page.focus('#intake-row-3 [aria-expanded]')
    await page.keyboard.press('Enter')
    await page.fill('.correcting input >> nth=1', '34')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelector('#intake-row-3')?.matches('.create'))
    await rested(page)
    assert.match(await page.textContent('#intake-does'), /2 new/)
    await page.click('#intake-discard')
    await page.click('#dialog .main')
    await page.waitForSelector('#intake-choose')
    await bring(page, 'shelter', text_file('questions-again.csv', [`甲${RUN},乙`, '示例导入问答三场所,300']))
    assert.equal(await state(page), 'asks', 'where the header is was said of one file only')
    await page.fill('#intake-header', '1')
    await page.click('#intake-recheck')
    await rested(page)
    assert.equal(await state(page), 'checked')
    await page.waitForSelector('#intake-remembered')
    await close(page)
  })

  it('a file that is no list is refused with its reason', async () => {
    const page = await page_of('en')
    await bring(page, 'shelter', { name: 'page.xls', mimeType: 'application/vnd.ms-excel', buffer: Buffer.from('<html><table><tr><td>1</td></tr></table></html>') })
    assert.equal(await state(page), 'refused')
    assert.match(await page.textContent('#intake-problem'), /xlsx/)
    await close(page)
  })
})

describe('a list of a place', () => {
  const exercise = `intake-${RUN}`
  const lines = (...rows) => ['编号,名称,所属街镇,人数', ...rows]
  const FIRST = ['T1,示例导入第一救援队,古南街道,20', 'T2,示例导入第二救援队,永新镇,约15', 'T3,示例导入第三救援队,赶水镇,12']

  it('is dropped on the page of a drill and stays in it', async () => {
    const page = await page_of('zh', `&exercise=${exercise}`, {}, [/400/])
    assert.match(await page.textContent('#intake-drill'), new RegExp(exercise))
    await page.selectOption('#intake-kind', 'rescue_team')
    const content = lines(...FIRST).join('\n')
    await page.evaluate((text) => {
      const carried = new DataTransfer()
      carried.items.add(new File([text], 'teams.csv', { type: 'text/csv' }))
      document.getElementById('intake-drop').dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }))
    }, content)
    await rested(page)
    assert.match(await page.textContent('#intake-does'), /新增 3/)
    await shot(page, 'intake-drill')
    assert.deepEqual(await accessibility(page), [])
    await page.click('#intake-commit')
    await answered(page)
    assert.equal(await state(page), 'committed')
    const find = (where) => api(`/v1/resources?kind=rescue_team&q=${encodeURIComponent('示例导入第一救援队')}${where}`, { headers: AUTHORISED })
    assert.equal((await find(`&exercise=${exercise}`)).features.length, 1)
    assert.equal((await find('')).features.length, 0, 'never into live')
    await close(page)
  })

  it('next month: what changed, what may be known, what is gone, and that this is all of it', async () => {
    const page = await page_of('en', `&exercise=${exercise}`)
    await bring(page, 'rescue_team', text_file('teams-next.csv', lines('T1,示例导入第一救援队,古南街道,25', 'T3,示例导入第三救援队,赶水镇,12', 'T9,示例导入第二救援分队,永新镇,9')))
    await page.click('#intake-columns summary')
    await page.selectOption('#intake-whole', DISTRICT)
    await page.click('#intake-recheck')
    await rested(page)
    assert.match(await chip(page, 'update').textContent(), /1/)
    assert.match(await chip(page, 'unchanged').textContent(), /1/)
    assert.match(await page.textContent('#intake-gone'), /: 1\./)
    assert.match(await page.textContent('#intake-row-2'), /changes Personnel(?!,)/)
    await shot(page, 'intake-next-month')
    if (await chip(page, 'confirm').count()) {
      await chip(page, 'confirm').click()
      await page.click('[data-decide=new]')
      await rested(page)
      await page.waitForSelector('#intake-row-4.create')
    }
    await chip(page, 'retire').click()
    await page.waitForSelector('#intake-rows tr.retire input')
    await page.click('#intake-rows tr.retire input')
    await page.waitForFunction(() => document.getElementById('intake-does').textContent.includes('1 retired'))
    await rested(page)
    await page.check('#intake-close')
    await page.click('#intake-commit')
    await answered(page)
    assert.equal(await state(page), 'committed')
    assert.match(await page.textContent('#intake-receipts'), /1 new, 1 changed, 1 retired/)
    assert.match(await page.textContent('#intake-receipts'), /declared complete/)
    const { completeness } = await api(`/v1/resources?kind=rescue_team&place=${DISTRICT}&exercise=${exercise}`, { headers: AUTHORISED })
    assert.equal(completeness.state, 'complete')
    await close(page)
  })
})

describe('a narrow screen', () => {
  it('holds the whole page, in the dark and in both languages', async () => {
    const page = await page_of('en', '', { width: 390, height: 844 })
    await bring(page, 'shelter', M1)
    for (const [lang, theme] of [['en', 'light'], ['zh', 'dark']]) {
      await page.evaluate(([one, other]) => (location.hash = location.hash.replace(/lang=\w+/, `lang=${one}`).replace(/theme=\w+/, `theme=${other}`)), [lang, theme])
      await page.waitForFunction((one) => document.documentElement.lang.startsWith(one), lang)
      await rested(page)
      await page.waitForSelector('#intake-rows tbody tr')
      assert.deepEqual(await accessibility(page), [])
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out')
      await shot(page, `intake-phone-${lang}`)
      await page.evaluate(() => document.getElementById('intake-rows').scrollIntoView())
      await shot(page, `intake-phone-rows-${lang}`)
    }
    await page.click('#intake-discard')
    await page.click('#dialog .main')
    await page.waitForSelector('#intake-choose')
    await close(page)
  })
})

describe('the workbook of what is recorded', () => {
  it('is saved, and comes back unchanged', async () => {
    const page = await page_of('en')
    await page.selectOption('#intake-kind', 'hotline')
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('#intake-recorded')])
    await bring(page, 'hotline', await file.path())
    assert.equal(await state(page), 'checked')
    assert.equal(await chip(page, 'create').count(), 0)
    assert.equal(await chip(page, 'unchanged').count(), 1)
    await close(page)
  })
})
