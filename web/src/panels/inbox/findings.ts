import type { App } from '../../app'
import { fill, h } from '../../dom'
import { age, coded, nameOf, number, t } from '../../i18n'
import { holder, may, me } from '../../me'
import { into, section, why } from '../common'
import { approvals, findings, grant, settle, type OpenFinding } from './model'
import { reasonField } from './reason'

const DOUBLES = ['likely_double', 'possible_double', 'shared_external_id']

/** Warnings of the gate that nobody has settled, likely duplicates first. */
export function findingSection(app: App): HTMLElement {
  const slot = h('div', { id: 'findings' })
  const draw = () => void into(slot, async () => {
    const open = await findings(app)
    const rank = ({ finding }: OpenFinding) => (DOUBLES.includes(finding.code) ? 0 : 1)
    const sorted = [...open].sort((a, b) => rank(a) - rank(b))
    return sorted.length ? [h('ul', { class: 'list' }, sorted.map((one) => line(app, one, draw)))] : [h('p', { class: 'quiet' }, t('inbox.findings.none'))]
  })
  draw()
  return section('inbox.findings', slot)
}

function line(app: App, one: OpenFinding, draw: () => void): HTMLElement {
  const out = h('div', { role: 'status' })
  const reason = reasonField(one.id)
  const done = async () => {
    const said = reason.input.value.trim()
    if (!said) return reason.input.focus()
    try {
      await settle(app, one.id, said)
      reason.forget()
      draw()
    } catch (error) {
      fill(out, h('p', { class: 'problem' }, why(error)))
    }
  }
  const other = typeof one.finding.proposal === 'string' && DOUBLES.includes(one.finding.code) ? one.finding.proposal : null
  const open = (id: string | null) => id && app.store.set({ selected: id, panel: 'detail' })
  return h('li', { class: 'hot', 'data-finding': one.finding.code },
    h('button', { type: 'button', class: 'name', onclick: () => open(one.resource) }, nameOf(one.name)),
    h('span', { class: 'small' }, `${coded('finding', one.finding.code)} · ${nameOf(one.finding.message)} · ${age(one.found_at)}`),
    other && h('button', { type: 'button', class: 'small', onclick: () => open(other) }, t('inbox.other')),
    may('field') && h('div', { class: 'row' }, reason.input, h('button', { type: 'button', 'data-settle': one.id, onclick: () => void done() }, t('inbox.settle'))), out)
}

/** Mass changes that somebody asks for; another person grants them. */
export function approvalSection(_: App): HTMLElement {
  const slot = h('div', { id: 'approvals' })
  const draw = () => void into(slot, async () => {
    const asked = await approvals()
    const item = ({ id, changes, reason, actor, asked_at }: (typeof asked)[number]) => h('li', {},
      h('div', { class: 'row' }, h('strong', {}, t('inbox.approval', { n: number(changes) })), h('span', { class: 'small' }, `${actor.replace(/^\w+:/, '')} · ${age(asked_at)}`)), h('span', { class: 'small' }, reason),
      may('planner') && actor !== me().id && actor.replace(/^\w+:/, '') !== holder() && h('button', { type: 'button', 'data-grant': id, onclick: () => void grant(id).then(draw, draw) }, t('inbox.grant')))
    return asked.length ? [h('ul', { class: 'list' }, asked.map(item))] : [h('p', { class: 'quiet' }, t('inbox.approvals.none'))]
  })
  draw()
  return section('inbox.approvals', slot)
}
