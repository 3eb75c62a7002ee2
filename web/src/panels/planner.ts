import type { App } from '../app'
import { h } from '../dom'
import { nameOf, t, type Word } from '../i18n'
import { show } from '../map/overlays'
import { KIND_LIST } from '../vocab'
import { into } from './common'
import { coverageFigures } from './coverage'
import { analyses } from './analyses'
import { ask, present, type Question } from './ask'
import { exportRow } from './exports'
import { intakeMenu } from './intake/menu'
import { compared } from './scenarios'
import { siting } from './siting'
import { clearTrials, trialSection } from './trials'

/** Coverage of a place: the ratio as an interval, its gaps, what each record adds, and what a change would do. */
export function plannerPanel(app: App): HTMLElement {
  const question = ask(app)
  const slot = h('div', { id: 'coverage-answer' })
  if (question) answer(app, question, slot)
  else clear(app)
  return h('div', {}, intakeMenu(app), form(app), slot)
}

function form(app: App): HTMLElement {
  const { state } = app.store
  const place = h('select', { id: 'planner-place' }, h('option', { value: '' }, '—'), state.area && h('option', { value: 'drawn' }, t('planner.drawn')), groups(app))
  place.value = state.place ?? (state.area ? 'drawn' : '')
  const kind = h('select', { id: 'planner-kind' }, KIND_LIST.map((code) => h('option', { value: code }, t(`kind.${code}` as Word))))
  kind.value = state.covers
  const radius = h('input', { id: 'planner-radius', type: 'number', min: 1, max: 500_000, placeholder: t('planner.radius.own'), value: state.radius_m ?? '' })
  const reason = h('input', { id: 'planner-reason', maxlength: 400, value: state.reason, placeholder: t('planner.radius.why') })
  const run = (event: Event) => {
    event.preventDefault()
    const chosen = place.value === 'drawn' ? null : place.value || null
    app.store.set({ place: chosen, covers: kind.value, radius_m: Number(radius.value) || null, reason: reason.value.trim() })
    const box = chosen && app.places.box(chosen)
    if (box) app.map.fitBounds(box, { padding: 40, duration: 500 })
    app.panel()
  }
  return h('form', { onsubmit: run },
    h('label', { class: 'field' }, t('planner.place'), place), h('label', { class: 'field' }, t('planner.kind'), kind),
    h('div', { class: 'row fields' }, h('label', { class: 'field' }, t('planner.radius'), radius), h('label', { class: 'field' }, t('planner.radius.reason'), reason)),
    h('button', { type: 'submit', class: 'main', id: 'planner-run' }, t('planner.run')))
}

/** Places by level: management areas, districts, then the towns of what is chosen. */
function groups(app: App): HTMLElement[] {
  const all = app.places.all()
  const group = (label: Word, level: string) =>
    h('optgroup', { label: t(label) }, all.filter((place) => place.level === level).map((place) => h('option', { value: place.code }, `${nameOf(place.name)} · ${place.code}`)))
  return [group('place.area', 'management_area'), group('place.district', 'district'), group('place.town', 'town')]
}

function answer(app: App, question: Question, slot: HTMLElement): void {
  void into(slot, async (signal) => {
    const found = await present(app, question, signal)
    const live = h('div', { id: 'coverage-live' }, coverageFigures(app, found))
    const parts = analyses(app, question, found)
    return [
      live,
      trialSection(app, question, found, live, parts.again),
      siting(app, question),
      ...parts.sections,
      compared(app, question, found),
      exportRow(app, question, found),
    ]
  })
}

function clear(app: App): void {
  for (const overlay of ['gaps', 'depth', 'lost'] as const) show(app.map, overlay)
  clearTrials(app)
}
