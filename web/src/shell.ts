import { credential } from './api'
import type { App } from './app'
import { byId, fill, h } from './dom'
import { askExercise } from './exercises'
import { age, instant, number, t, type Word } from './i18n'
import { become, described, forget, holder, me, meet, whose } from './me'
import { Problem } from './api'
import { attribution } from './map/print'
import { searchBox } from './search'
import { drawTime } from './panels/time'
import { linkTo, qr } from './panels/sheet'
import type { Panel } from './state'

const TABS: Panel[] = ['layers', 'incident', 'situation', 'area', 'planner', 'plan', 'list', 'inbox', 'detail']
/** A page that opens from another panel keeps the tab of that one. */
const tabOf = (panel: Panel): Panel => (panel === 'intake' ? 'planner' : panel)
const MARKS: Record<string, string> = { layers: '☰', incident: '⚑', situation: '◎', area: '▱', planner: '◔', plan: '✓', list: '≣', inbox: '✉', detail: 'ℹ' }

/** The bar, tabs and foot around the map, in the current language. */
export function drawShell(app: App): void {
  const { state } = app.store
  document.title = t('title')
  byId('skip').textContent = t('skip')
  fill(byId('skip-map'), t('skip.map'))
  byId('skip-map').onclick = (event) => (event.preventDefault(), app.map.getCanvas().focus())
  fill(byId('bar'), h('h1', {}, t('title')), searchBox(app), modeButton(app), ...buttons(app))
  drawTabs(app)
  drawModes(app)
  drawTime(app)
  drawFoot(app)
  document.documentElement.dataset.theme = state.theme
  byId('map').setAttribute('aria-label', t('map'))
}

function buttons(app: App): HTMLElement[] {
  const { state } = app.store
  return [
    button(t('language'), () => app.store.set({ lang: state.lang === 'zh' ? 'en' : 'zh' }), 'lang'),
    button(state.theme === 'dark' ? t('theme.light') : t('theme.dark'), () => app.store.set({ theme: state.theme === 'dark' ? 'light' : 'dark' }), 'theme'),
    button(t('link.copy'), () => void copyLink(app), 'link'),
    button(t('wall'), () => app.store.set({ wall: true }), 'wall'),
    button(t('print'), () => print(), 'print'),
    signInButton(app),
  ]
}

const button = (label: string, act: () => void, id: string): HTMLButtonElement =>
  h('button', { type: 'button', id: `do-${id}`, onclick: act }, label)

async function copyLink(app: App): Promise<void> {
  const link = linkTo(app)
  const copied = await navigator.clipboard.writeText(link).then(() => true, () => false)
  const field = h('input', { readonly: true, value: link, id: 'link-text', 'aria-label': t('link.copy'), class: 'wide', onfocus: (e: Event) => (e.target as HTMLInputElement).select() })
  ask(t('link.copy'), [h('p', { class: 'note' }, t(copied ? 'link.copied' : 'link.by_hand')), field, h('div', { class: 'qr-box' }, qr(link) as unknown as HTMLElement), h('p', { class: 'note' }, t('link.no_key'))], null)
}

function modeButton(app: App): HTMLElement {
  const { exercise } = app.store.state
  return exercise
    ? h('button', { type: 'button', id: 'do-exercise', class: 'drill', onclick: () => app.store.set({ exercise: null, selected: null }) }, t('exercise.leave'))
    : h('button', { type: 'button', id: 'do-exercise', onclick: () => void askExercise(app) }, t('exercise.enter'))
}

/** Who is signed in, with which role and places; a press changes it. */
function signInButton(app: App): HTMLElement {
  const signed = me().role !== 'public'
  const label = signed ? `${holder()} · ${t(`role.${me().role}` as Word)}` : t('key')
  return h('button', { type: 'button', id: 'do-key', 'data-role': me().role, title: described(app.places), onclick: () => askKey(app) }, label)
}

function askKey(app: App): void {
  const key = h('input', { id: 'key-text', type: 'password', autocomplete: 'off' })
  const said = h('div', { id: 'key-said', role: 'alert' })
  const use = async () => {
    drawShell(app)
    app.live.follow(app.store.state.exercise)
    app.panel()
    await app.reload()
    await app.entries()
  }
  const out = () => (byId<HTMLDialogElement>('dialog').close(), forget(), void use())
  const signed = credential.get() && h('div', {}, h('p', { id: 'key-who' }, described(app.places)), h('button', { type: 'button', id: 'key-out', onclick: out }, t('key.forget')))
  const check = async () => {
    const given = key.value.trim()
    if (!given) return false
    try {
      become(given, await whose(given))
    } catch (error) {
      const refused = error instanceof Problem && error.status === 401
      fill(said, h('p', { class: 'problem' }, refused ? t('key.refused') : t('failed', { why: error instanceof Problem && error.status ? error.message : t('unreachable') })))
      return false
    }
    void use()
    return true
  }
  ask(t('key'), [signed || null, h('label', {}, t('key.prompt'), key), said], check)
}

/** Asks again whose key the tab carries, and draws what follows from it. */
export async function meetAgain(app: App): Promise<void> {
  const before = me().role
  await meet()
  if (me().role !== before) drawShell(app)
}

/** A small form in a dialog; it stays open while `apply` answers false. */
export function ask(title: string, content: (HTMLElement | null)[], apply: (() => unknown) | null): void {
  const dialog = byId<HTMLDialogElement>('dialog')
  const submit = async (event: Event) => {
    event.preventDefault()
    if ((await apply?.()) !== false) dialog.close()
  }
  fill(
    dialog,
    h('form', { method: 'dialog', onsubmit: (event: Event) => void submit(event) }, h('h2', { id: 'dialog-title' }, title), ...content,
      h('div', { class: 'row end' },
        h('button', { type: 'button', onclick: () => dialog.close() }, apply ? t('cancel') : t('close')),
        apply && h('button', { type: 'submit', class: 'main' }, t('apply')))),
  )
  dialog.setAttribute('aria-labelledby', 'dialog-title')
  dialog.showModal()
}

export function drawTabs(app: App): void {
  const { panel } = app.store.state
  const open = tabOf(panel)
  fill(
    byId('tabs'),
    TABS.map((name) =>
      h('button', {
        type: 'button', role: 'tab', id: `tab-${name}`, 'aria-selected': String(open === name), 'aria-controls': 'panel',
        tabindex: open === name || (panel === 'none' && name === 'layers') ? 0 : -1,
        onclick: () => app.store.set({ panel: panel === name ? 'none' : name }),
        onkeydown: (event: KeyboardEvent) => moveTab(app, event, name),
      }, h('span', { 'aria-hidden': 'true', class: 'mark' }, MARKS[name]), h('span', {}, t(`panel.${name}` as Word))),
    ),
  )
  byId('tabs').setAttribute('aria-label', t('panels'))
  byId('panel').setAttribute('aria-labelledby', `tab-${panel === 'none' ? 'layers' : open}`)
  document.body.dataset.panel = panel
}

function moveTab(app: App, event: KeyboardEvent, from: Panel): void {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
  if (!step) return
  event.preventDefault()
  const next = TABS[(TABS.indexOf(from) + step + TABS.length) % TABS.length]!
  app.store.set({ panel: next })
  byId(`tab-${next}`).focus()
}

/** The frame and stripe that make a drill, or the past, impossible to take for live. */
export function drawModes(app: App): void {
  const { exercise, as_of } = app.store.state
  document.body.classList.toggle('exercise', exercise !== null)
  document.body.classList.toggle('past', as_of !== null)
  const modes = byId('modes')
  modes.hidden = !exercise && !as_of
  modes.setAttribute('aria-label', t('modes'))
  fill(
    modes,
    exercise && h('strong', { id: 'mode-exercise' }, t('exercise.frame', { name: exercise })),
    as_of && h('strong', { id: 'mode-past' }, t('past.frame', { at: instant(as_of) })),
  )
}

/** Counts, the age of what is shown and the state of the connection. */
export function drawFoot(app: App): void {
  const { records, live } = app
  const all = [...records.all.values()]
  const unlocated = records.unlocated()
  const approximate = all.filter((resource) => resource.properties.location.quality === 'approximate').length
  fill(
    byId('foot'),
    h('span', { id: 'link-state', 'data-link': live.link }, live.link === 'live' ? t('connection.live') : live.link === 'lost' ? t('connection.lost', { age: age(new Date(live.last_contact)) }) : t('connection.waiting')),
    h('span', { id: 'data-age' }, t('data.age', { at: instant(records.at) })),
    records.tiled
      ? h('span', {}, t('count.tiles'))
      : h('span', { id: 'count-shown' }, t('count.shown', { n: number(all.length - (unlocated ?? 0)) })),
    !records.tiled && approximate > 0 && h('span', {}, t('count.approximate', { n: number(approximate) })),
    h('button', { type: 'button', id: 'count-unlocated', class: 'warn', onclick: () => app.store.set({ panel: 'detail', selected: 'unlocated' }) }, t('count.unlocated', { n: unlocated === null ? '…' : number(unlocated) })),
    !!app.crowded_watch && h('span', { class: 'note warn', id: 'watch-crowded' }, t('layer.watch_crowded', { n: number(app.crowded_watch) })),
    h('span', { class: 'quiet', id: 'attribution' }, attribution(app)),
  )
  drawBanner(app)
}

/** The line across the top while the server is out of reach. */
export function drawBanner(app: App): void {
  const banner = byId('banner')
  const lost = app.live.link === 'lost'
  const text = lost ? t('connection.lost', { age: age(new Date(app.live.last_contact)) }) : ''
  if (banner.textContent !== text) banner.textContent = text
  banner.hidden = !lost
}
