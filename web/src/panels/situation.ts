import { get, post } from '../api'
import { DATUMS, findSpots, goTo, inLink, lookAt, type SpokenDatum, type Spot } from '../alarm'
import type { App } from '../app'
import { fill, h } from '../dom'
import { feature, type LonLat } from '../geo'
import { t, type Word } from '../i18n'
import { may } from '../me'
import { show } from '../map/overlays'
import { around, type Situation } from './around'
import { into, why } from './common'
import { callSection } from './incident/calls'
import type { CallList } from './incident/model'
import { openAt } from './incident/open'
import { keepForSheet } from './sheet'

export const HAZARDS = ['any', 'forest_fire', 'fire', 'flood', 'geohazard', 'hazmat', 'mine', 'earthquake', 'meteorological', 'road_traffic', 'construction', 'gas']
const LISTED = 5

let asked = ''
let slot = h('div', { id: 'situation-answer' })
let datum: SpokenDatum = 'wgs84'

/** Who covers this spot, whom to call, who is near, and what could not be tested. */
export function situationPanel(app: App): HTMLElement {
  const { spot, hazard } = app.store.state
  const out = h('div', { id: 'alarm-found', role: 'status' })
  const text = h('input', { id: 'spot-text', maxlength: 200, autocomplete: 'off', value: spot ? `${spot[0].toFixed(5)}, ${spot[1].toFixed(5)}` : '', placeholder: t('alarm.example') })
  const frame = choice('spot-datum', DATUMS.map((code) => [code, t(`alarm.datum.${code}`)]), datum, (value) => (datum = value as SpokenDatum))
  const what = hazardChoice('hazard', hazard, (value) => app.store.set({ hazard: value }))
  const ask = (event: Event) => {
    event.preventDefault()
    void locate(app, text.value.trim(), out)
  }
  if (spot) answer(app, spot)
  else {
    asked = ''
    show(app.map, 'spot')
  }
  return h('div', {}, h('p', { class: 'note' }, t('situation.hint')),
    h('form', { id: 'alarm', onsubmit: ask },
      h('label', { class: 'field' }, t('alarm.where'), text),
      h('div', { class: 'row fields' }, h('label', { class: 'field' }, t('alarm.datum'), frame), h('label', { class: 'field' }, t('situation.hazard'), what),
        h('button', { type: 'submit', class: 'main', id: 'spot-ask' }, t('situation.ask')))),
    out, spot && openForm(app, spot), spot && slot)
}

/** A select of values and their words. */
export function choice(id: string, options: [string, string][], value: string, chosen: (value: string) => void): HTMLSelectElement {
  const select = h('select', { id, onchange: () => chosen(select.value) }, options.map(([code, said]) => h('option', { value: code }, said)))
  select.value = value
  return select
}

export const hazardChoice = (id: string, value: string, chosen: (value: string) => void, offered = HAZARDS): HTMLSelectElement =>
  choice(id, offered.map((code) => [code, t(`hazard.${code}` as Word)]), value, chosen)

/** Finds what the words mean: one spot is gone to, several are offered. */
async function locate(app: App, text: string, out: HTMLElement): Promise<void> {
  if (!text) return
  const linked = inLink(text)
  if (linked?.incident) return app.store.set({ exercise: linked.exercise, incident: linked.incident, panel: 'incident' })
  if (linked?.spot) return goTo(app, linked.spot)
  const offer = ({ label, kind, at, uncertainty_m }: Spot) =>
    h('li', {}, h('button', { type: 'button', class: 'name', onclick: () => goTo(app, at, uncertainty_m) }, label), h('span', { class: 'small quiet' }, kind))
  try {
    const found = await findSpots(app, text, datum)
    if (found.length === 1) return goTo(app, found[0]!.at, found[0]!.uncertainty_m)
    fill(out, found.length ? h('ul', { class: 'list' }, found.map(offer)) : h('p', { class: 'warn' }, t('search.nothing', { q: text })))
  } catch (error) {
    fill(out, h('p', { class: 'problem', role: 'alert' }, why(error)))
  }
}

/** For those who may report: an incident of the chosen hazard at this spot. */
function openForm(app: App, spot: LonLat): HTMLElement | null {
  if (app.store.state.as_of) return null
  return may('field') ? openAt(app, spot) : h('p', { class: 'note' }, t('incident.signin'))
}

/** Asks once for a spot, a hazard and a state of the records; a panel drawn again shows what it has. */
function answer(app: App, spot: LonLat): void {
  const { exercise, as_of, lang, hazard, spot_m } = app.store.state
  const place = JSON.stringify([spot, spot_m, hazard, exercise, as_of, lang])
  const question = `${place} ${app.records.at.getTime()}`
  if (question === asked) return
  const fresh = !asked.startsWith(place)
  if (fresh) slot = h('div', { id: 'situation-answer' })
  asked = question
  if (fresh && !app.map.getBounds().contains(spot)) lookAt(app, spot)
  show(app.map, 'spot', { type: 'FeatureCollection', features: [feature({ type: 'Point', coordinates: spot })] })
  void into(slot, async (signal) => {
    const query = { exercise, as_of }
    const of_hazard = hazard === 'any' ? {} : { hazard }
    const origin = { lon: spot[0], lat: spot[1], ...(spot_m ? { radius_m: spot_m } : {}) }
    const [found, calls] = await Promise.all([
      post<Situation>('v1/proximity/situation', { origin, k: LISTED, ...of_hazard }, query, signal),
      get<CallList>('v1/call-list', { lon: spot[0], lat: spot[1], spot_radius_m: spot_m || null, ...of_hazard, ...query }, signal),
    ])
    keepForSheet({ incident: null, spot, uncertainty_m: spot_m, hazard, found, calls, log: null, teams: null })
    const [where, ...rest] = around(app, spot, spot_m, found)
    if (fresh) app.say(t('situation.answered', { teams: found.teams.features.length, watching: found.covering.features.length }))
    return [where!, callSection(app, calls), ...rest]
  })
}
