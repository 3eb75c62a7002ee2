import type { App } from '../app'
import { byId, fill, h } from '../dom'
import { instant, t, type Word } from '../i18n'

const SPANS_MS: Record<string, number> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 2_592_000_000 }
const STEPS = 200
const STEP_MS = 700

let span = 'day'
let end_ms = Date.now()
let playing = 0

/** The slider that replays what was recorded; its right end is now. */
export function drawTime(app: App): void {
  const { as_of } = app.store.state
  if (!as_of) end_ms = Date.now()
  const at_ms = as_of ? Date.parse(as_of) : end_ms
  if (end_ms - at_ms > SPANS_MS[span]!) span = Object.keys(SPANS_MS).find((name) => SPANS_MS[name]! >= end_ms - at_ms) ?? 'month'
  const said = h('output', { for: 'time-slider', id: 'time-at' }, as_of ? instant(as_of) : t('time.now'))
  const slider = h('input', { type: 'range', id: 'time-slider', min: 0, max: STEPS, step: 1, 'aria-label': t('time.slider'), value: position(at_ms), 'aria-valuetext': said.textContent })
  let waiting = 0
  slider.addEventListener('input', () => {
    const at = instantAt(Number(slider.value))
    said.textContent = at ? instant(at) : t('time.now')
    slider.setAttribute('aria-valuetext', said.textContent ?? '')
    clearTimeout(waiting)
    waiting = setTimeout(() => app.store.set({ as_of: at }), 250)
  })
  const spans = h('select', { id: 'time-span', 'aria-label': t('time.span'), onchange: (event: Event) => ((span = (event.target as HTMLSelectElement).value), drawTime(app)) },
    Object.keys(SPANS_MS).map((name) => h('option', { value: name }, t(`time.${name}` as Word))))
  spans.value = span
  fill(byId('time'), h('span', {}, t('time.title')), spans, slider, said,
    h('button', { type: 'button', id: 'time-play', onclick: () => play(app) }, playing ? t('time.stop') : t('time.play')),
    h('button', { type: 'button', id: 'time-now', disabled: !as_of, onclick: () => (stop(), app.store.set({ as_of: null })) }, t('time.now')))
}

const position = (at_ms: number): number => Math.round(STEPS * (1 - (end_ms - at_ms) / SPANS_MS[span]!))

/** The instant a step stands for, to the second; the last step is the present. */
function instantAt(step: number): string | null {
  if (step >= STEPS) return null
  const at_ms = end_ms - SPANS_MS[span]! * (1 - step / STEPS)
  return new Date(Math.round(at_ms / 1000) * 1000).toISOString()
}

function play(app: App): void {
  if (playing) return stop(app)
  const { as_of } = app.store.state
  let step = as_of ? position(Date.parse(as_of)) : 0
  playing = setInterval(() => {
    step += STEPS / 20
    app.store.set({ as_of: instantAt(step) })
    if (step >= STEPS) stop(app)
  }, STEP_MS)
  app.store.set({ as_of: instantAt(step) })
}

function stop(app?: App): void {
  clearInterval(playing)
  playing = 0
  if (app) drawTime(app)
}
