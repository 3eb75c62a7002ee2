import type { App } from '../../app'
import { now } from '../../clock'
import { h } from '../../dom'
import { coded, t } from '../../i18n'
import { may } from '../../me'
import type { Resource } from '../../types'
import { KINDS, STATUS_VALUES } from '../../vocab'
import { section, statusOf } from '../common'
import { moveButton } from './move'
import { recordButton } from './record'
import { stockButton } from './stock'
import { lastSaid, send, write } from './write'

/** What somebody may change of a record: its status, verification, position, members, contacts, stock. */
export function editSection(app: App, resource: Resource): HTMLElement | null {
  if (app.store.state.as_of) return null
  if (!may('field')) return h('p', { class: 'note', id: 'may-not' }, t(may('viewer') ? 'detail.viewer' : 'detail.signin'))
  const said = lastSaid(resource.id)
  const out = h('div', { role: 'status', id: 'edit-answer' }, said && h('p', {}, said))
  return section('detail.status', status(app, resource, out), verify(app, resource, out),
    h('div', { class: 'row' }, moveButton(app, resource, out), recordButton(app, resource, out), stockButton(app, resource, out)), out)
}

/** Whether somebody is in the middle of an edit that a redrawn panel would throw away. */
export function isEditing(): boolean {
  const status = document.getElementById('edit-status') as HTMLSelectElement | null
  const how = document.getElementById('verify-how') as HTMLInputElement | null
  return !!document.querySelector('#save-move, #conflict, .schema-form, #stock-form, #contact-add[open], #open-incident[open]') || (!!status && status.value !== status.dataset.was) || !!how?.value
}

function status(app: App, resource: Resource, out: HTMLElement): HTMLElement | null {
  const { kind } = resource.properties
  const field = KINDS[kind].status
  if (!field) return null
  const select = h('select', { id: 'edit-status', 'aria-label': t('detail.edit.status') }, STATUS_VALUES[kind].map((value) => h('option', { value }, coded('status', value))))
  select.value = statusOf(resource.properties) ?? 'unknown'
  select.dataset.was = select.value
  const save = () => {
    const report = { observed_at: now().toISOString(), [field]: select.value }
    void write(app, { resource, out, mine: { [field]: select.value }, act: () => send(app, resource, 'status', report) })
  }
  return h('div', { class: 'field' }, select, h('button', { type: 'button', id: 'save-status', onclick: save }, t('detail.edit.status')))
}

function verify(app: App, resource: Resource, out: HTMLElement): HTMLElement {
  const how = h('input', { id: 'verify-how', placeholder: t('detail.edit.how'), 'aria-label': t('detail.edit.how') })
  const save = () => void write(app, { resource, out, mine: {}, act: () => send(app, resource, 'verification', { how: how.value || t('detail.edit.verify') }) })
  return h('div', { class: 'field' }, how, h('button', { type: 'button', id: 'save-verify', onclick: save }, t('detail.edit.verify')))
}
