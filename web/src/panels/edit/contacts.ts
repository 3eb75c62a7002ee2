import { get, request, uuid } from '../../api'
import type { App } from '../../app'
import { fill, h } from '../../dom'
import { coded, t } from '../../i18n'
import { may } from '../../me'
import type { Resource } from '../../types'
import { call, into, section, why } from '../common'

interface Contact {
  id: string
  role: string
  name: string | null
  phone: string | null
  published: boolean
}

/** Whom to call about a record; those who may, add and remove. */
export function contactSection(app: App, resource: Resource): HTMLElement {
  const slot = h('div', { id: 'contacts' })
  const draw = () => void into(slot, async () => {
    const { contacts } = await get<{ contacts: Contact[] }>(`v1/resources/${resource.id}/contacts`, { exercise: app.store.state.exercise })
    return [
      contacts.length ? h('ul', { class: 'list' }, contacts.map((one) => line(app, resource, one, draw))) : h('p', { class: 'quiet' }, t('contacts.none')),
      may('field') && !app.store.state.as_of ? adding(app, resource, draw) : null,
    ]
  })
  draw()
  return section('field.contacts', slot)
}

const path = (resource: Resource, id: string) => `v1/resources/${resource.id}/contacts/${id}`

function line(app: App, resource: Resource, { id, role, name, phone, published }: Contact, draw: () => void): HTMLElement {
  const remove = async () => {
    await request('DELETE', path(resource, id), { query: { exercise: app.store.state.exercise } })
    draw()
  }
  return h('li', {}, h('div', { class: 'row' }, phone && call(phone), h('strong', {}, name ?? coded('role', role)), name && h('span', {}, coded('role', role)),
    !published && h('span', { class: 'tag' }, t('contacts.unpublished')),
    may('field') && h('button', { type: 'button', class: 'close', 'aria-label': t('contacts.remove', { name: name ?? role }), onclick: () => void remove() }, '✕')))
}

function adding(app: App, resource: Resource, draw: () => void): HTMLElement {
  const out = h('div', { role: 'alert' })
  const input = (id: string, label: string, more = {}) => h('input', { id, placeholder: label, 'aria-label': label, maxlength: 200, ...more })
  const [role, name, phone] = [input('contact-role', t('contacts.role'), { required: true }), input('contact-name', t('contacts.name')), input('contact-phone', t('contacts.phone'), { type: 'tel', maxlength: 40 })]
  const published = h('input', { id: 'contact-published', type: 'checkbox' })
  const save = async (event: Event) => {
    event.preventDefault()
    try {
      const body = { role: role.value.trim(), name: name.value.trim() || null, phone: phone.value.trim() || null, published: published.checked }
      await request('PUT', path(resource, uuid()), { query: { exercise: app.store.state.exercise }, body })
      draw()
    } catch (error) {
      fill(out, h('p', { class: 'problem' }, why(error)))
    }
  }
  return h('details', { id: 'contact-add' }, h('summary', {}, t('contacts.add')),
    h('form', { onsubmit: (event: Event) => void save(event) }, h('div', { class: 'row' }, role, name, phone, h('label', { class: 'check' }, published, t('contacts.published')), h('button', { type: 'submit', id: 'contact-save' }, t('save')))), out)
}
