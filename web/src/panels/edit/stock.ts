import type { App } from '../../app'
import { now } from '../../clock'
import { fill, h } from '../../dom'
import { nameOf, t } from '../../i18n'
import type { Name, Resource } from '../../types'
import { send, write } from './write'

interface StockLine {
  scheme?: string
  item_code: string
  name: Name
  quantity: number | null
  unit: string | null
}

/** For a depot: what was counted now; a line left empty was not counted, which is not nothing. */
export function stockButton(app: App, resource: Resource, out: HTMLElement): HTMLElement | null {
  const lines = (resource.properties.stock ?? []) as StockLine[]
  if (resource.properties.kind !== 'supply_depot' || !lines.length) return null
  return h('button', { type: 'button', id: 'start-stock', onclick: () => open(app, resource, lines, out) }, t('stock.count'))
}

function open(app: App, resource: Resource, lines: StockLine[], out: HTMLElement): void {
  const inputs = lines.map((line) => ({ line, input: h('input', { type: 'number', min: 0, step: 'any', placeholder: t('stock.not_counted'), 'aria-label': nameOf(line.name) }) }))
  const save = (event: Event) => {
    event.preventDefault()
    const counts = inputs.filter(({ input }) => input.value !== '').map(({ line, input }) => ({ item_code: line.item_code, ...(line.scheme ? { scheme: line.scheme } : {}), quantity: Number(input.value) }))
    if (!counts.length) return fill(out)
    void write(app, { resource, out, mine: {}, act: () => send(app, resource, 'stock', { observed_at: now().toISOString(), counts }) })
  }
  fill(out, h('form', { id: 'stock-form', onsubmit: save }, h('table', {}, h('tr', {}, [t('stock.item'), t('stock.recorded'), t('stock.counted')].map((text) => h('th', {}, text))),
    inputs.map(({ line, input }) => h('tr', {}, h('td', {}, nameOf(line.name)), h('td', { class: 'n' }, `${line.quantity ?? t('unknown')} ${line.unit ?? ''}`), h('td', {}, input)))),
    h('div', { class: 'row' }, h('button', { type: 'submit', class: 'main', id: 'stock-save' }, t('save')), h('button', { type: 'button', onclick: () => fill(out) }, t('cancel')))))
}
