import type { App } from '../../app'
import { fill, h } from '../../dom'
import type { LonLat } from '../../geo'
import { coded, nameOf, t } from '../../i18n'
import { why } from '../common'
import { HAZARDS, hazardChoice } from '../situation'
import { report } from './model'

const VIAS = ['hotline', 'camera', 'field', 'alert', 'other']
/** A caller who points at a map is right to so many metres, when nothing better is known. */
const SPOKEN_M = 100

/** A small form that opens an incident at a spot; the view then shows it. */
export function openAt(app: App, spot: LonLat): HTMLElement {
  const { hazard, spot_m } = app.store.state
  const out = h('div', { role: 'status', id: 'open-said' })
  const offered = HAZARDS.filter((code) => code !== 'any')
  const what = hazardChoice('open-hazard', offered.includes(hazard) ? hazard : 'forest_fire', () => undefined, offered)
  const via = h('select', { id: 'open-via' }, VIAS.map((code) => h('option', { value: code }, coded('via', code))))
  const doubt = h('input', { id: 'open-doubt', type: 'number', min: 1, max: 100_000, value: spot_m || SPOKEN_M })
  const note = h('input', { id: 'open-note', maxlength: 400 })
  const open = async (event: Event) => {
    event.preventDefault()
    const location = { quality: 'approximate', uncertainty_m: Number(doubt.value) || SPOKEN_M, datum: 'wgs84', source: t('incident.source') }
    const draft = { hazard: what.value, geometry: { type: 'Point', coordinates: spot }, location, reported_via: via.value, ...(note.value.trim() ? { note: note.value.trim() } : {}) }
    try {
      const { incident, possible_doubles } = await report(app, draft)
      app.store.set({ incident: incident.id, panel: 'incident' })
      if (possible_doubles.length) app.hint(t('incident.doubles', { n: possible_doubles.length, names: possible_doubles.map(({ name, hazard }) => (name ? nameOf(name) : coded('hazard', hazard))).join(t('comma')) }))
    } catch (error) {
      fill(out, h('p', { class: 'problem', role: 'alert' }, t('failed', { why: why(error) })))
    }
  }
  return h('details', { id: 'open-incident' }, h('summary', {}, h('strong', {}, t('incident.open_here'))),
    h('form', { onsubmit: (event: Event) => void open(event) }, h('div', { class: 'row fields' },
      h('label', { class: 'field' }, t('situation.hazard'), what), h('label', { class: 'field' }, t('incident.via'), via),
      h('label', { class: 'field' }, t('incident.doubt'), doubt), h('label', { class: 'field' }, t('incident.note'), note),
      h('button', { type: 'submit', class: 'main', id: 'open-do' }, t('incident.open')))), out)
}
