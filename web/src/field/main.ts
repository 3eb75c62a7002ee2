import { byId, fill, h } from '../dom'
import { age, number } from '../i18n'
import { distance_m } from '../geo'
import { dueScreen } from './due'
import { Model } from './model'
import { moreScreen } from './more'
import { button, type Page } from './parts'
import { follow, type Fix } from './position'
import { recordScreen } from './record'
import { reportScreen } from './report'
import { applySettings } from './settings'
import { signInScreen } from './signin'
import { followUpdates } from './updates'
import { waitingScreen } from './waiting'
import { w, type FieldWord } from './words'
import './field.css'

const TABS = ['due', 'report', 'waiting', 'more'] as const
const MARKS = { due: '◎', report: '⚑', waiting: '⇡', more: '≡' }
const EVERY_MS = 60_000
const MOVED_M = 30

const model = new Model(() => changed())
let take: (() => void) | null = null
let drawn = ''

const page: Page = {
  model,
  go: (hash) => (location.hash === `#${hash}` ? draw() : void (location.hash = hash)),
  draw,
  say: (text) => (byId('said').textContent = text),
}

/** The open screen: what the address says, or the sign-in where nobody is known. */
function screen(): HTMLElement {
  const [name, id] = location.hash.slice(1).split('/')
  if (!model.queue.scope || name === 'signin') return signInScreen(page)
  if (name === 'record') return recordScreen(page, id ?? '')
  if (name === 'report') return reportScreen(page)
  if (name === 'waiting') return waitingScreen(page)
  return name === 'more' ? moreScreen(page) : dueScreen(page)
}

function draw(): void {
  const main = byId('screen')
  const [top, focused] = [main.scrollTop, document.activeElement?.id]
  const same = drawn === location.hash
  drawn = location.hash
  fill(main, screen())
  main.scrollTop = same ? top : 0
  if (same && focused) document.getElementById(focused)?.focus()
  else if (!same) main.focus()
  drawFrame()
}

/** The head and the tabs: they change while somebody types. */
function drawFrame(): void {
  const { exercise } = model.queue.scope ?? {}
  document.title = w('title')
  document.body.classList.toggle('exercise', !!exercise)
  fill(byId('head'), !!exercise && h('strong', { id: 'mode' }, w('exercise', { name: exercise })), h('p', { id: 'state', 'data-trouble': model.trouble?.kind ?? 'none', 'data-syncing': String(model.syncing) }, state()))
  fill(byId('notice'), model.revoked && h('p', { id: 'revoked' }, w('revoked')), model.queue.unsafe && h('p', { id: 'unsafe' }, w('unsafe', { why: model.queue.unsafe })),
    model.queue.scope && model.trouble?.kind === 'key' && !location.hash.startsWith('#signin') && button('signin-now', w('signin'), () => page.go('signin')),
    take && h('p', { id: 'update' }, w('update'), ' ', button('update-take', w('update.take'), take)))
  const name = location.hash.slice(1).split('/')[0] || 'due'
  const open = name === 'record' ? 'due' : name
  const left = model.queue.waiting().length + model.queue.refused().length
  fill(byId('tabs'), model.queue.scope && TABS.map((name) => h('a', { href: `#${name}`, id: `tab-${name}`, 'aria-current': open === name ? 'page' : null },
    h('span', { 'aria-hidden': 'true' }, MARKS[name]), h('span', {}, w(`tab.${name}` as FieldWord), name === 'waiting' && left > 0 ? ` ${number(left)}` : ''))))
  byId('tabs').setAttribute('aria-label', w('title'))
}

function state(): string {
  const { trouble, shelf, queue, syncing } = model
  const left = queue.waiting().length
  const said = trouble && (trouble.kind === 'failed' ? w('state.failed', { why: trouble.why }) : w(`state.${trouble.kind}`))
  return [syncing ? w('state.syncing') : said, shelf.fresh_at ? w('state.fresh', { age: age(shelf.fresh_at) }) : w('state.never'), left > 0 && w('state.waiting', { n: number(left) })].filter(Boolean).join(' · ')
}

/** Draws what changed, but takes nothing from under the hands of somebody who types or decides. */
function changed(): void {
  const busy = document.querySelector('#signin, #report, #screen details[open], #screen .hows:not([hidden]), #screen [data-asked]') ?? document.querySelector('#screen :is(input, select, textarea):focus')
  if (busy) drawFrame()
  else draw()
}

function moved(fix: Fix | null): void {
  const before = model.fix
  model.blind = fix === null
  if (fix) model.fix = fix
  const far = !before || !fix || distance_m(before.at, fix.at) > MOVED_M || fix.error_m < before.error_m / 2
  if (far && !location.hash.startsWith('#record')) changed()
}

async function run(): Promise<void> {
  await model.open()
  draw()
  addEventListener('hashchange', draw)
  follow(moved)
  const look = () => document.visibilityState === 'visible' && void model.synchronise()
  addEventListener('online', look)
  addEventListener('offline', () => ((model.trouble = { kind: 'offline' }), changed()))
  document.addEventListener('visibilitychange', look)
  setInterval(look, EVERY_MS)
  void followUpdates((how) => ((take = how), drawFrame()))
  await model.synchronise()
}

applySettings()
/** Two tabs would write one journal: the second one says so. */
if (!isSecureContext || !navigator.locks) fill(byId('screen'), h('p', { id: 'insecure', role: 'alert' }, w('insecure')))
else void navigator.locks.request('registry-field', { ifAvailable: true }, async (lock) => {
  if (!lock) return void fill(byId('screen'), h('p', { id: 'elsewhere', role: 'alert' }, w('elsewhere')))
  await run()
  await new Promise(() => undefined)
})
