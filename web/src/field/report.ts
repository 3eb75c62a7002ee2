import { h } from '../dom'
import { coded, labelled as codes } from '../i18n'
import { button, labelled, metres, save, type Page } from './parts'
import { photoField } from './photo_field'
import { qualityOf } from './position'
import { positionField } from './position_field'
import { uuid7 } from './uuid'
import { w } from './words'

const USUAL = ['forest_fire', 'fire', 'geohazard', 'flood', 'rainstorm', 'road_traffic', 'hazmat']

/** A danger that was seen: it becomes a reported incident, which a planner confirms. */
export function reportScreen(page: Page): HTMLElement {
  if (page.model.queue.unsafe) return h('section', { id: 'report' }, h('h1', {}, w('report.title')), h('p', {}, w('unsafe', { why: page.model.queue.unsafe })))
  const known = codes('hazard')
  const hazards = [...new Set([...USUAL.filter((code) => !known.length || known.includes(code)), ...known])].filter((code) => code !== 'any')
  const hazard = h('select', { id: 'report-hazard' }, hazards.map((value) => h('option', { value }, coded('hazard', value))))
  const what = h('textarea', { id: 'report-what', rows: 3, maxlength: 2000 })
  const field = positionField()
  const camera = photoField()
  const out = h('p', { class: 'problem', role: 'alert', id: 'report-out' })
  const act = async () => {
    const note = what.value.trim()
    if (!note) throw new Error(w('report.say'))
    const fix = field.read()
    const about = `${coded('hazard', hazard.value)}${fix ? ` ±${metres(fix.error_m)}` : ''}`
    const where = fix
      ? { geometry: { type: 'Point', coordinates: fix.at }, location: { quality: qualityOf(fix), uncertainty_m: Math.ceil(fix.error_m), datum: 'wgs84', source: w('record.evidence.default') } }
      : { place: page.model.queue.scope!.place }
    await page.model.act('incident', uuid7(), { hazard: hazard.value, reported_via: 'field', note, ...where }, null, about, await camera.read())
  }
  return h('section', { id: 'report' }, h('h1', {}, w('report.title')), h('div', { class: 'fields' }, labelled(w('report.hazard'), hazard), labelled(w('report.what'), what),
    camera.element, h('h2', {}, w('report.where')), field.element, h('p', { class: 'quiet' }, w('report.unplaced', { place: page.model.queue.scope?.place_name ?? '' })),
    button('report-save', w('save'), () => void save(page, out, act, 'waiting'), { class: 'main' })), out, h('p', { class: 'quiet' }, w('report.record')))
}
