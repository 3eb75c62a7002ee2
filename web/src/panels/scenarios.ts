import { credential, get, post, Problem, request } from '../api'
import type { App } from '../app'
import { fill, h } from '../dom'
import type { LonLat } from '../geo'
import { area, nameOf, percent, t, type Word } from '../i18n'
import type { Trial } from '../state'
import type { Name } from '../types'
import { added, once, type Question } from './ask'
import { into, section, why } from './common'
import type { Coverage } from './coverage'
import { share } from './honest'
import { change, short, USUAL_M } from './trials'

/** Trial points under a name; without an id they are kept in this browser only. */
interface Scenario {
  id: string | null
  name: Name
  covers: string
  trials: Trial[]
}

interface Saved {
  id: string
  name: Name
  changes: { add: GeoJSON.Feature[]; move: unknown[]; remove: unknown[] }
}

const COMPARED = 10
const HERE = 'registry.scenarios'
/** What was typed survives a panel that is drawn again. */
let called = ''

/** Scenarios beside the present, each with its figures; one click brings its points back. */
export function compared(app: App, question: Question, present: Coverage): HTMLElement {
  const slot = h('div', { id: 'scenarios' })
  const said = h('p', { class: 'note', id: 'scenario-said', role: 'status' })
  const draw = () => void into(slot, () => table(app, question, present, draw))
  const name = h('input', { id: 'scenario-name', maxlength: 100, value: called, oninput: () => (called = name.value), placeholder: t('planner.keep.name'), 'aria-label': t('planner.keep.name') })
  const keep = async (event: Event) => {
    event.preventDefault()
    try {
      fill(said, t(await save(app)))
      called = name.value = ''
      draw()
    } catch (error) {
      fill(said, t('failed', { why: why(error) }))
    }
  }
  draw()
  return section('planner.compare',
    h('form', { class: 'row', onsubmit: keep }, name, h('button', { type: 'submit', id: 'scenario-keep' }, t('planner.keep'))),
    said, slot)
}

/** Keeps the trial points on the server, or in this browser for those who may not write there. */
async function save(app: App): Promise<Word> {
  const { trials, covers, lang } = app.store.state
  if (!trials.length) return 'planner.keep.none'
  const name = { [lang]: called.trim() || t('planner.scenario.name', { n: (await kept(covers)).length + 1 }) }
  try {
    await post('v1/coverage/scenarios', { name, changes: { add: added(covers, trials) } })
    return 'planner.keep.saved'
  } catch (error) {
    if (!(error instanceof Problem) || ![0, 401, 403].includes(error.status)) throw error
    keepHere([{ id: null, name, covers, trials }, ...here()])
    return error.status ? 'planner.keep.here' : 'planner.keep.offline'
  }
}

function here(): Scenario[] {
  try {
    return JSON.parse(localStorage.getItem(HERE) ?? '[]') as Scenario[]
  } catch {
    return []
  }
}

const keepHere = (scenarios: Scenario[]): void => localStorage.setItem(HERE, JSON.stringify(scenarios))

/** The scenarios of this browser and of the server, the latest first, that only add points of this kind. */
async function kept(covers: string): Promise<Scenario[]> {
  const { scenarios } = credential.get() ? await get<{ scenarios: Saved[] }>('v1/coverage/scenarios') : { scenarios: [] }
  const saved = scenarios.filter(adds).map(({ id, name, changes }) => ({ id, name, covers: String(changes.add[0]!.properties?.kind ?? covers), trials: changes.add.map(trial) }))
  return [...here(), ...saved].filter((one) => one.covers === covers)
}

const adds = ({ changes: { add, move, remove } }: Saved): boolean =>
  add.length > 0 && !move.length && !remove.length && add.every(({ geometry }) => geometry.type === 'Point')

const trial = ({ geometry, properties }: GeoJSON.Feature): Trial => ({
  at: short((geometry as GeoJSON.Point).coordinates as LonLat),
  radius_m: Number(properties?.watch_radius_m ?? USUAL_M),
})

async function table(app: App, question: Question, present: Coverage, draw: () => void): Promise<HTMLElement[]> {
  const all = await kept(app.store.state.covers)
  const shown = all.slice(0, COMPARED)
  const figures = await measured(question, shown)
  const head = ['', t('planner.ratio'), t('planner.nominal'), 'km²', ''].map((text) => h('th', { class: 'n' }, text))
  const rows = shown.map((one, i) => row(title(app, one), figures[i]!, forget(app, one, draw)))
  return [
    ...(shown.length ? [h('table', { id: 'compare' }, h('tr', {}, head), row(t('planner.present'), present, null), rows)] : []),
    ...(all.length > COMPARED ? [h('p', { class: 'note' }, t('planner.keep.more', { n: COMPARED }))] : []),
    ...(credential.get() ? [] : [h('p', { class: 'note' }, t('planner.keep.signin'))]),
  ]
}

/** What each scenario would cover: the server compares those it keeps in one go. */
async function measured(question: Question, scenarios: Scenario[]): Promise<Coverage[]> {
  const saved = scenarios.flatMap(({ id }) => (id ? [id] : []))
  const options = saved.length ? (await once<{ scenarios: { id: string; answer: Coverage }[] }>(question, 'v1/coverage/compare', { scenarios: saved })).scenarios : []
  const local = async ({ covers, trials }: Scenario) =>
    (await once<{ after: Coverage }>(question, 'v1/coverage/scenario', { scenario: { add: added(covers, trials) } })).after
  return Promise.all(scenarios.map((one) => options.find(({ id }) => id === one.id)?.answer ?? local(one)))
}

const title = (app: App, { id, name, trials }: Scenario): HTMLElement =>
  h('span', {}, h('button', { type: 'button', class: 'name', onclick: () => change(app, trials) }, nameOf(name)), !id && h('small', {}, ` ${t('planner.keep.mine')}`))

const row = (name: HTMLElement | string, { ratio, covered_m2 }: Coverage, last: HTMLElement | null): HTMLElement =>
  h('tr', {}, h('td', {}, name), [share(ratio), percent(ratio.nominal), area(covered_m2.nominal)].map((text) => h('td', { class: 'n' }, text)), h('td', { class: 'n' }, last))

function forget(app: App, { id, name, trials }: Scenario, draw: () => void): HTMLElement {
  const gone = async () => {
    try {
      if (id) await request('DELETE', `v1/coverage/scenarios/${id}`)
      else keepHere(here().filter((other) => JSON.stringify([other.name, other.trials]) !== JSON.stringify([name, trials])))
      draw()
    } catch (error) {
      app.say(why(error))
      fill(document.getElementById('scenario-said')!, t('failed', { why: why(error) }))
    }
  }
  return h('button', { type: 'button', class: 'close', 'aria-label': t('planner.keep.forget', { name: nameOf(name) }), onclick: () => void gone() }, '✕')
}
