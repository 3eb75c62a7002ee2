import type { App } from '../../app'
import { h } from '../../dom'
import { coded, instant, nameOf, t } from '../../i18n'
import { may } from '../../me'
import type { Name } from '../../types'
import { section } from '../common'
import { act, type LogLine } from './model'

/** What was typed survives a panel that is drawn again. */
let typed = ''

/** The log, the newest line first, and a line to add to it. */
export function logSection(app: App, id: string, lines: LogLine[], attempt: (work: () => Promise<unknown>) => void): HTMLElement {
  const text = h('input', { id: 'log-text', maxlength: 2000, value: typed, placeholder: t('incident.log.add'), 'aria-label': t('incident.log.add'), oninput: () => (typed = text.value) })
  const add = (event: Event) => {
    event.preventDefault()
    const said = text.value.trim()
    if (said) attempt(async () => (await act(app, id, 'log', { text: said }), (typed = text.value = '')))
  }
  return section('incident.log',
    may('field') && !app.store.state.as_of && h('form', { class: 'row', id: 'log-add', onsubmit: add }, text, h('button', { type: 'submit' }, t('incident.log.save'))),
    h('ul', { class: 'list', id: 'incident-log' }, [...lines].reverse().map((line) =>
      h('li', {}, h('span', {}, told(line)), h('span', { class: 'small quiet' }, `${instant(line.at)} · ${line.actor.replace(/^\w+:/, '')}`)))))
}

/** One line of the log in words. */
export function told({ kind, text, body }: LogLine): string {
  const whose = kind === 'dispatch' ? [nameOf(body.name as Name), coded('dispatch', body.state)] : []
  const after = kind === 'changed' ? Object.entries((body.after ?? {}) as Record<string, unknown>).map(([name, value]) => changed(name, value)) : []
  return [coded('log', kind), ...whose, ...after, text].filter(Boolean).join(' · ')
}

function changed(name: string, value: unknown): string | null {
  if (name === 'state') return coded('incident.state', value)
  if (name === 'hazard') return coded('hazard', value)
  if (name === 'level') return value ? t('incident.level.of', { level: String(value) }) : null
  return coded('incident.member', name)
}
