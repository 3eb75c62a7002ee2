import { h } from '../dom'
import { age, nameOf, number, t, type Word } from '../i18n'
import type { Due } from './model'
import { fixLine, labelled, metres, type Page } from './parts'
import { w } from './words'

const LISTED = 60
const CHOICES = [30, 90, 180, 365]
const DAYS = 'registry.field.days'
let words = ''

/** What is due for a visit, the nearest first. */
export function dueScreen(page: Page): HTMLElement {
  const out = h('div', { id: 'due-list' })
  const days = h('select', { id: 'due-days', onchange: () => (localStorage.setItem(DAYS, days.value), list()) }, CHOICES.map((n) => h('option', { value: n }, w('due.days', { n }))), h('option', { value: 0 }, w('due.all')))
  days.value = localStorage.getItem(DAYS) ?? '180'
  const find = h('input', { id: 'due-find', type: 'search', value: words, autocomplete: 'off', oninput: () => ((words = find.value), list()) })
  const list = () => out.replaceChildren(...listed(page, page.model.due(Number(days.value), words)))
  list()
  return h('section', { id: 'due' }, h('h1', {}, w('tab.due')), h('p', { id: 'fix', class: 'quiet' }, fixLine(page.model)), h('div', { class: 'two' }, labelled(w('due.older'), days), labelled(w('due.find'), find)), out)
}

function listed(page: Page, due: Due[]): HTMLElement[] {
  if (!due.length) return [h('p', { class: 'quiet', id: 'due-none' }, page.model.shelf.fresh_at ? w('due.none') : w('state.never'))]
  return [
    h('p', { class: 'quiet', id: 'due-count', 'data-count': due.length }, w('due.count', { n: number(due.length) }), due.length > LISTED ? ` · ${w('due.more', { n: LISTED })}` : ''),
    h('ul', { class: 'list' }, due.slice(0, LISTED).map((one) => line(page, one))),
  ]
}

function line(page: Page, { record, distance_m, error_m }: Due): HTMLElement {
  const { id, geometry, properties: p } = record
  const away = distance_m !== null ? w('distance', { m: metres(distance_m), error: metres(error_m) }) : geometry ? '' : w('due.unlocated')
  const mine = page.model.queue.of(id).length > 0
  return h('li', {}, h('button', { type: 'button', class: 'record', 'data-id': id, onclick: () => page.go(`record/${id}`) },
    h('strong', {}, nameOf(p.name)), h('b', { class: 'away' }, away),
    h('span', { class: 'quiet' }, [t(`kind.${p.kind}` as Word), w('due.verified', { age: age(p.verified_at) }), mine && w('due.here')].filter(Boolean).join(' · '))))
}
