import type { App } from '../../app'
import { h } from '../../dom'
import { coded, length, nameOf, t } from '../../i18n'
import { groupOf } from '../../vocab'
import { section } from '../common'
import type { CallLine, CallList } from './model'

/** Whom to call: those with a telephone first, section by section, then those without, and what nobody recorded. */
export function callSection(app: App, { sections, missing }: CallList): HTMLElement {
  const reachable = sections.map(({ label, lines }) => ({ label, lines: lines.filter(({ telephone }) => telephone) })).filter(({ lines }) => lines.length)
  const others = sections.flatMap(({ label, lines }) => lines.filter(({ telephone }) => !telephone).map((line) => ({ label, line })))
  return section('call.title',
    reachable.length ? null : h('p', { class: 'problem', id: 'call-none' }, t('call.none')),
    ...reachable.map(({ label, lines }) => h('div', {}, h('h4', {}, nameOf(label)), h('ul', { class: 'list calls' }, lines.map((line) => item(app, line))))),
    others.length > 0 && h('details', { id: 'call-others' }, h('summary', {}, t('call.more', { n: others.length })),
      h('ul', { class: 'list calls' }, others.map(({ label, line }) => item(app, line, nameOf(label))))),
    missing.length > 0 && h('ul', { class: 'warn small', id: 'call-missing' }, missing.map((words) => h('li', {}, nameOf(words)))))
}

function item(app: App, line: CallLine, kind?: string): HTMLElement {
  const readiness = line.fitness?.readiness
  const name = line.register === 'rescue_team'
    ? h('button', { type: 'button', class: 'name', onclick: () => app.store.set({ selected: line.id, panel: 'detail' }) }, nameOf(line.name))
    : h('strong', {}, nameOf(line.name))
  return h('li', {}, h('div', { class: 'row' },
    line.telephone && h('a', { class: 'tel', href: line.tel ?? `tel:${line.telephone}` }, line.telephone), name,
    readiness && h('span', { class: `tag ${groupOf(readiness)}` }, coded('status', readiness)),
    line.committed_to !== null && h('span', { class: 'tag limited' }, t('incident.committed_elsewhere'))),
    h('span', { class: 'small quiet' }, said(app, line, kind)))
}

/** What a line says beside name and number, in one line of small print. */
export function said(app: App, line: CallLine, kind?: string): string {
  return [
    kind,
    line.role && coded('role', line.role),
    line.what_for.slice(0, 4).map((code) => (line.register === 'rescue_team' ? coded('specialty', code) : coded('hazard', code))).join(t('comma')) || null,
    line.task && nameOf(line.task),
    line.place && app.places.name(line.place),
    line.hours,
    line.distance_m !== null && length(line.distance_m),
  ].filter(Boolean).join(' · ')
}
