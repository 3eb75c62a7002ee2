import type { App } from '../../app'
import { now } from '../../clock'
import { h } from '../../dom'
import { coded, instant, nameOf, number, t, type Word } from '../../i18n'
import type { Name } from '../../types'
import { KINDS } from '../../vocab'
import { into, section } from '../common'
import { changesSince, type Told } from './model'

const HOURS = { hour: 1, day: 24, week: 168, month: 720 } as const
let span: keyof typeof HOURS | 'chosen' = 'day'
let chosen = ''

/** What changed since a time that somebody chooses: yesterday at first. */
export function changedSection(app: App): HTMLElement {
  const slot = h('div', { id: 'changed' })
  const draw = () => void into(slot, async () => {
    const since = span === 'chosen' && chosen ? new Date(chosen) : new Date(now().getTime() - HOURS[span === 'chosen' ? 'day' : span] * 3_600_000)
    const { changes, more } = await changesSince(app, since.toISOString())
    return [
      h('p', { class: 'small', id: 'changed-count', 'data-count': changes.length }, t('changed.count', { n: `${number(changes.length)}${more ? '+' : ''}`, at: instant(since) })),
      h('ul', { class: 'list' }, changes.map((one) => line(app, one))),
    ]
  })
  const select = h('select', { id: 'changed-span', 'aria-label': t('time.span'), onchange: () => ((span = select.value as typeof span), (at.hidden = span !== 'chosen'), draw()) },
    [...Object.keys(HOURS), 'chosen'].map((name) => h('option', { value: name }, t(`changed.${name}` as Word))))
  select.value = span
  const at = h('input', { id: 'changed-at', type: 'datetime-local', value: chosen, hidden: span !== 'chosen', 'aria-label': t('changed.chosen'), onchange: () => ((chosen = at.value), draw()) })
  draw()
  return section('inbox.changed', h('div', { class: 'row' }, select, at, h('button', { type: 'button', id: 'changed-again', onclick: draw }, t('changed.again'))), slot)
}

function line(app: App, { id, kind, op, at, verb, feature, entry, version }: Told): HTMLElement {
  const isRecord = kind in KINDS
  const name = feature ? nameOf(feature.properties.name) : nameOf((entry?.name as Name | undefined) ?? null)
  const held = app.records.all.get(id)
  const title = name === '—' ? (held ? nameOf(held.properties.name) : coded('register', kind)) : name
  const open = () => (isRecord ? app.store.set({ selected: id, panel: 'detail' }) : kind === 'incident' ? app.store.set({ incident: id, panel: 'incident' }) : undefined)
  return h('li', { 'data-id': id, 'data-version': version }, h('button', { type: 'button', class: 'name', onclick: open }, title),
    h('span', { class: 'small quiet' }, [instant(at), isRecord ? t(`kind.${kind}` as Word) : coded('register', kind), coded('verb', verb ?? op)].join(' · ')))
}
