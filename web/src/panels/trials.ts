import { Marker } from 'maplibre-gl'
import { analyse } from '../api'
import type { App } from '../app'
import { fill, h } from '../dom'
import { disc, feature, type LonLat } from '../geo'
import { length, t } from '../i18n'
import { show } from '../map/overlays'
import type { Trial } from '../state'
import { added, type Question } from './ask'
import { section, why } from './common'
import { coverageFigures, type Coverage } from './coverage'
import { nudge } from './edit/move'

export const USUAL_M = 5000
let markers: Marker[] = []
let asking: AbortController | null = null

/** How long points rest before gaps and depth are worked out again. */
const RESTING_MS = 500
let resting = 0

/** Trial points on the map: placed by click, dragged or nudged, the ratio following as they move. */
export function trialSection(app: App, question: Question, before: Coverage, live: HTMLElement, again: () => void): HTMLElement {
  const list = h('ul', { class: 'list', id: 'trials' })
  const radius = h('input', { id: 'trial-radius', type: 'number', min: 1, max: 500_000, value: app.store.state.radius_m ?? USUAL_M })
  const place = () => {
    app.take({ click: (at) => (app.take(null), change(app, [...app.store.state.trials, { at: short(at), radius_m: Number(radius.value) || USUAL_M }])), cancel: () => undefined })
    app.hint(t('planner.trial.hint'))
  }
  const moved = () => {
    drawTrials(app)
    fill(list, app.store.state.trials.map((trial, i) => row(app, trial, i)))
    void recount(app, question, before, live)
  }
  redrawn = () => {
    moved()
    clearTimeout(resting)
    resting = setTimeout(again, RESTING_MS)
  }
  moved()
  return section('planner.scenario', list,
    h('div', { class: 'row fields' }, h('button', { type: 'button', id: 'trial-add', onclick: place }, t('planner.trial.add')),
      h('label', { class: 'field' }, t('planner.trial.radius'), radius)))
}

/** What the panel that is open now does when a point has moved. */
let redrawn: () => void = () => undefined

function row(app: App, { at, radius_m }: Trial, i: number): HTMLElement {
  const remove = () => change(app, app.store.state.trials.filter((_, j) => j !== i))
  return h('li', {}, h('div', { class: 'row' }, h('span', {}, `${t('planner.trial.name', { n: i + 1 })} · ${at.join(', ')} · ${length(radius_m)}`),
    h('button', { type: 'button', onclick: remove }, t('planner.trial.remove'))))
}

/** Replaces the trial points; the open panel follows without being built again. */
export function change(app: App, trials: Trial[]): void {
  app.store.set({ trials })
  redrawn()
}

/** A position to the metre. */
export const short = ([lon, lat]: LonLat): LonLat => [+lon.toFixed(5), +lat.toFixed(5)]

function drawTrials(app: App): void {
  const { trials } = app.store.state
  if (markers.length !== trials.length) {
    clearTrials(app)
    markers = trials.map((trial, i) => marker(app, trial, i))
  } else trials.forEach(({ at }, i) => markers[i]!.setLngLat(at))
  show(app.map, 'trial', { type: 'FeatureCollection', features: trials.map(({ at, radius_m }) => feature({ type: 'Polygon', coordinates: [disc(at, radius_m)] })) })
}

/** Takes the trial points off the map; they stay part of the view. */
export function clearTrials(app: App): void {
  for (const old of markers) old.remove()
  markers = []
  show(app.map, 'trial')
}

function marker(app: App, trial: Trial, i: number): Marker {
  const handle = h('button', { type: 'button', class: 'trial-marker', 'aria-label': t('planner.trial.name', { n: i + 1 }) }, i + 1)
  const made = new Marker({ element: handle, draggable: true }).setLngLat(trial.at).addTo(app.map)
  let waiting = 0
  const follow = () => {
    const { lng, lat } = made.getLngLat()
    const trials = app.store.state.trials.map((other, j) => (j === i ? { ...other, at: short([lng, lat]) } : other))
    app.store.set({ trials })
    drawTrials(app)
    clearTimeout(waiting)
    waiting = setTimeout(() => redrawn(), 120)
  }
  made.on('drag', follow)
  made.on('dragend', follow)
  handle.addEventListener('keydown', (event) => nudge(made, event))
  handle.addEventListener('click', (event) => event.stopPropagation())
  return made
}

async function recount(app: App, question: Question, before: Coverage, live: HTMLElement): Promise<void> {
  asking?.abort()
  const { trials, covers } = app.store.state
  if (!trials.length) return fill(live, coverageFigures(app, before))
  asking = new AbortController()
  const { signal } = asking
  try {
    const body = { ...question.body, scenario: { add: added(covers, trials) } }
    const { after: found } = await analyse<{ after: Coverage }>('v1/coverage/scenario', body, () => undefined, signal, question.query)
    if (signal.aborted) return
    fill(live, coverageFigures(app, found, before))
  } catch (error) {
    if (!signal.aborted) fill(live, coverageFigures(app, before), h('p', { class: 'problem' }, t('failed', { why: why(error) })))
  }
}
