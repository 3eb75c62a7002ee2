import { Problem } from '../api'
import type { App } from '../app'
import { fill, h } from '../dom'
import { nameOf, t } from '../i18n'
import type { Name } from '../types'
import { fieldFor, titled, type Field } from './fields'
import type { Schema } from './schema'

/** What the gate found: which member, how grave, and what would be right. */
export interface Finding {
  severity?: 'refuse' | 'warn' | 'note'
  field?: string | null
  pointer?: string
  message?: Name
  detail?: string
  proposal?: unknown
}

export interface Form {
  element: HTMLElement
  /** Every member with its value. */
  all(): Record<string, unknown>
  /** The members that were changed. */
  changed(): Record<string, unknown>
  /** Puts each finding beside its member, the others at the foot; answers whether any refuses. */
  show(findings: Finding[]): boolean
}

/** A form over the members of a schema that a form can hold; `skip` are those that have their own way. */
export function schemaForm(app: App, schema: Schema, value: Record<string, unknown>, all: Record<string, Schema>, skip: string[]): Form {
  const rest = h('div', { class: 'form-rest', role: 'alert' })
  const lines = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const field = skip.includes(name) ? null : fieldFor(app, name, member, value[name] ?? member.default ?? null, all)
    return field ? [line(name, field, schema.required?.includes(name) ?? false)] : []
  })
  const before = new Map(lines.map(({ name, field }) => [name, JSON.stringify(field.read())]))
  const show = (findings: Finding[]) => {
    for (const { found } of lines) fill(found)
    fill(rest)
    for (const finding of findings) {
      const pointer = finding.field ?? finding.pointer ?? ''
      const place = lines.find(({ name }) => pointer.split('/').includes(name))?.found ?? rest
      place.append(h('p', { class: `finding ${finding.severity ?? 'refuse'}` }, finding.message ? nameOf(finding.message) : (finding.detail ?? pointer)))
    }
    document.querySelector('.form-line .finding')?.scrollIntoView({ block: 'nearest' })
    return findings.some(({ severity }) => (severity ?? 'refuse') === 'refuse')
  }
  return {
    element: h('div', { class: 'schema-form' }, lines.map(({ element }) => element), rest),
    all: () => Object.fromEntries(lines.map(({ name, field }) => [name, field.read()])),
    changed: () => Object.fromEntries(lines.filter(({ name, field }) => JSON.stringify(field.read()) !== before.get(name)).map(({ name, field }) => [name, field.read()])),
    show,
  }
}

function line(name: string, field: Field, required: boolean) {
  const found = h('div', { class: 'found', role: 'alert' })
  const label = `${titled(name)}${required ? ' *' : ''}`
  const id = `form-${name}`
  const control = field.element.id === id || field.element.querySelector(`input[id='${id}']`) ? h('label', { for: id }, label) : h('span', { class: 'label' }, label)
  return { name, field, found, element: h('div', { class: 'form-line', 'data-member': name }, control, field.element, found) }
}

/** What a refusal says of the members; null for a problem that is about none of them. */
export function findingsOf(error: unknown): Finding[] | null {
  if (!(error instanceof Problem) || ![400, 409, 422].includes(error.status)) return null
  const errors = error.body.errors as Finding[] | undefined
  return errors?.length ? errors : [{ severity: 'refuse', detail: error.message || t('failed', { why: error.title }) }]
}
