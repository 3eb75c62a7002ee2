import { get } from '../api'
import type { App } from '../app'
import { localMinute, now } from '../clock'
import { byId, fill, h } from '../dom'
import { instant, t, type Word } from '../i18n'

const SPANS_MS: Record<string, number> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 2_592_000_000, year: 31_536_000_000 }
const STEPS = 200
const STEP_MS = 700
const FOLLOW_MS = 20_000

let span = 'day'
let playing = 0
let following = 0

/** The present: the right end of the slider, however long the page has been open. */
const end_ms = (): number => now().getTime()

/** The slider that replays what was recorded; its right end is now. Any date can be typed. */
export function drawTime(app: App): void {
  const { as_of } = app.store.state
  const at_ms = as_of ? Date.parse(as_of) : end_ms()
  if (end_ms() - at_ms > SPANS_MS[span]!) span = Object.keys(SPANS_MS).find((name) => SPANS_MS[name]! >= end_ms() - at_ms) ?? 'year'
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
  clearInterval(following)
  following = setInterval(() => document.activeElement !== slider && (slider.value = String(position(as_of ? at_ms : end_ms()))), FOLLOW_MS)
  const spans = h('select', { id: 'time-span', 'aria-label': t('time.span'), onchange: (event: Event) => ((span = (event.target as HTMLSelectElement).value), drawTime(app)) },
    Object.keys(SPANS_MS).map((name) => h('option', { value: name }, t(`time.${name}` as Word))))
  spans.value = span
  byId('time').setAttribute('aria-label', t('time.title'))
  fill(byId('time'), h('span', {}, t('time.title')), spans, slider, said, exactly(app, as_of),
    h('button', { type: 'button', id: 'time-play', onclick: () => play(app) }, playing ? t('time.stop') : t('time.play')),
    h('button', { type: 'button', id: 'time-now', disabled: !as_of, onclick: () => (stop(), app.store.set({ as_of: null })) }, t('time.now')))
  void knownSince(app)
}

/** A field for any date and time, also years ago. */
function exactly(app: App, as_of: string | null): HTMLElement {
  const field = h('input', { type: 'datetime-local', id: 'time-exact', 'aria-label': t('time.exact'), value: as_of ? localMinute(new Date(as_of)) : '', max: localMinute(now()) })
  field.addEventListener('change', () => {
    const at_ms = Date.parse(field.value)
    if (!Number.isNaN(at_ms)) app.store.set({ as_of: at_ms < end_ms() ? new Date(at_ms).toISOString() : null })
  })
  return field
}

/** Before the first record nothing is known, which is not that there was nothing: the stripe says since when. */
async function knownSince(app: App): Promise<void> {
  const { as_of, exercise } = app.store.state
  if (!as_of) return
  const known_since = await get<{ completeness: { known_since?: string } }>('v1/resources', { as_of, exercise, limit: 1 }).then(({ completeness }) => completeness.known_since, () => undefined)
  const modes = document.getElementById('modes')
  document.getElementById('mode-unknown')?.remove()
  if (known_since && modes && app.store.state.as_of === as_of) modes.append(h('strong', { id: 'mode-unknown' }, t('past.unknown', { at: instant(known_since) })))
}

const position = (at_ms: number): number => Math.round(STEPS * (1 - (end_ms() - at_ms) / SPANS_MS[span]!))

/** The instant a step stands for, to the second; the last step is the present. */
function instantAt(step: number): string | null {
  if (step >= STEPS) return null
  const at_ms = end_ms() - SPANS_MS[span]! * (1 - step / STEPS)
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
