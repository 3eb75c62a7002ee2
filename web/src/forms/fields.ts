import type { App } from '../app'
import { h } from '../dom'
import { coded, labelled, nameOf, t } from '../i18n'
import type { Name } from '../types'
import { resolved, type Schema } from './schema'

/** One input of a form: what it shows, and how its value is read back. */
export interface Field {
  element: HTMLElement
  read(): unknown
}

/** What a member is called: the page's word for it, or its name. */
export const titled = (name: string): string => {
  for (const family of ['field', 'column', 'filter', 'incident.member']) {
    const said = coded(family, name)
    if (said !== name) return said
  }
  return name.replaceAll('_', ' ')
}

/** Which vocabulary the codes of a member come from. */
const SUBJECTS: Record<string, string> = { specialties: 'specialty', hazards: 'hazard', amenities: 'amenity', hazard: 'hazard', topic: 'topic', responsible_for: 'topic' }

/** The input for a member of a schema with its present value; null for what a form cannot hold. */
export function fieldFor(app: App, name: string, given: Schema, value: unknown, all: Record<string, Schema>): Field | null {
  const { schema, name: type, nullable } = resolved(given, all)
  const id = `form-${name}`
  if (type === 'Name') return named(id, (value ?? {}) as Name)
  if (name === 'place') return place(app, id, value as string | null)
  if (schema.enum) return choice(id, name, schema.enum, value as string | null, nullable)
  if (schema.type === 'boolean') return flag(id, value === true)
  if (schema.type === 'integer' || schema.type === 'number') return figure(id, schema, value as number | null)
  if (schema.type === 'string' && schema.format !== 'uuid') return text(id, schema, value as string | null)
  const items = schema.items && resolved(schema.items, all)
  if (items?.name === 'Coded') return codes(id, SUBJECTS[name] ?? name, (value ?? []) as Coded[])
  if (items?.name === 'Item') return things(id, (value ?? []) as Thing[])
  if (items?.schema.type === 'string') return words(id, SUBJECTS[name] ?? name, (value ?? []) as string[])
  if (schema.properties && Object.values(schema.properties).every(({ type }) => type === 'number')) return group(app, id, schema, value as Record<string, unknown> | null, all)
  return null
}

interface Coded {
  code: string
  scheme?: string
}

interface Thing {
  name?: Name | null
  code?: Coded | null
  count?: number | null
}

function named(id: string, value: Name): Field {
  const zh = h('input', { id, maxlength: 200, value: value.zh ?? '', placeholder: '中文' })
  const en = h('input', { id: `${id}-en`, maxlength: 200, value: value.en ?? '', placeholder: 'English', 'aria-label': t('form.english') })
  return { element: h('span', { class: 'pair' }, zh, en), read: () => ({ zh: zh.value.trim() || null, en: en.value.trim() || null }) }
}

/** A place is found by typing a part of its name or code. */
function place(app: App, id: string, value: string | null): Field {
  const write = (code: string) => `${app.places.name(code)} · ${code}`
  const input = h('input', { id, list: `${id}-list`, autocomplete: 'off', value: value ? write(value) : '' })
  const list = h('datalist', { id: `${id}-list` }, app.places.all().map(({ code }) => h('option', { value: write(code) })))
  return { element: h('span', { class: 'pair' }, input, list), read: () => input.value.split('·').at(-1)!.trim() || null }
}

function choice(id: string, name: string, values: string[], value: string | null, nullable: boolean): Field {
  const family = { readiness: 'status', opening: 'status', operational: 'status', tier: 'level', ownership: 'ownership', visibility: 'visibility' }[name] ?? name
  const select = h('select', { id }, nullable && h('option', { value: '' }, '—'), values.map((code) => h('option', { value: code }, coded(family, code))))
  select.value = value ?? (nullable ? '' : select.value)
  return { element: select, read: () => select.value || null }
}

function flag(id: string, value: boolean): Field {
  const box = h('input', { id, type: 'checkbox', checked: value })
  return { element: box, read: () => box.checked }
}

function figure(id: string, { minimum, exclusiveMinimum, maximum, type }: Schema, value: number | null): Field {
  const input = h('input', { id, type: 'number', min: minimum ?? exclusiveMinimum, max: maximum, step: type === 'integer' ? 1 : 'any', value: value ?? '', placeholder: t('unknown') })
  return { element: input, read: () => (input.value === '' ? null : Number(input.value)) }
}

function text(id: string, { maxLength = 400 }: Schema, value: string | null): Field {
  const input = maxLength > 400 ? h('textarea', { id, maxlength: maxLength, rows: 2, value: value ?? '' }) : h('input', { id, maxlength: maxLength, value: value ?? '' })
  return { element: input, read: () => input.value.trim() || null }
}

/** Codes of an open list: those that the registry knows, as boxes to tick. */
function codes(id: string, subject: string, value: Coded[]): Field {
  const offered = labelled(subject)
  const known = offered.length ? offered : value.map(({ code }) => code)
  const boxes = known.map((code) => ({ code, box: h('input', { type: 'checkbox', checked: value.some((one) => one.code === code) }) }))
  const read = () => boxes.filter(({ box }) => box.checked).map(({ code }) => value.find((one) => one.code === code) ?? { code })
  return { element: h('span', { class: 'boxes', id }, boxes.map(({ code, box }) => h('label', { class: 'check' }, box, coded(subject, code)))), read }
}

/** Things with their number, one a line: “救援车 2”. */
function things(id: string, value: Thing[]): Field {
  const write = ({ name, code, count }: Thing) => `${nameOf(name ?? code?.code)}${count ? ` ${count}` : ''}`
  const area = h('textarea', { id, rows: 2, value: value.map(write).join('\n'), placeholder: t('form.things') })
  const before = area.value
  const parse = (line: string): Thing => {
    const [, said, count] = /^(.*?)(?:\s+(\d+))?$/.exec(line.trim())!
    return { ...(value.find(({ name, code }) => nameOf(name ?? code?.code) === said) ?? { name: { zh: said } }), count: count ? Number(count) : null }
  }
  return { element: area, read: () => (area.value === before ? value : area.value.split('\n').filter((line) => line.trim()).map(parse)) }
}

/** Plain codes or words, separated by commas. */
function words(id: string, subject: string, value: string[]): Field {
  const offered = labelled(subject)
  if (!offered.length) {
    const input = h('input', { id, value: value.join(', ') })
    return { element: input, read: () => input.value.split(/[,，、]/).map((one) => one.trim()).filter(Boolean) }
  }
  const { element, read } = codes(id, subject, value.map((code) => ({ code })))
  return { element, read: () => (read() as Coded[]).map(({ code }) => code) }
}

function group(app: App, id: string, schema: Schema, value: Record<string, unknown> | null, all: Record<string, Schema>): Field {
  const parts = Object.entries(schema.properties ?? {}).map(([name, part]) => ({ name, field: fieldFor(app, `${id.slice(5)}-${name}`, part, value?.[name], all)! }))
  const read = () => {
    const said = Object.fromEntries(parts.map(({ name, field }) => [name, field.read()]))
    return Object.values(said).every((one) => one === null) ? null : said
  }
  return { element: h('span', { class: 'pair' }, parts.map(({ name, field }) => h('label', {}, titled(name), field.element))), read }
}
